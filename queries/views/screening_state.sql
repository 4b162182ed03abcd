-- name: screening_state
-- purpose: where each record stands at each stage, over the decisions on all its members and the adjudications
create view v1.screening_state as
-- read once each: a view that is named twice is planned twice, and these are deep
with the_member as materialized (select * from v1.record_member),
required as (
  select coalesce((select max(p.reviewers_per_record) from v1.protocol p where p.is_current), 2) as reviewers
),
present as (
  select distinct m.record_id
  from the_member m
  join v1.source_record s using (source_record_id)
  where s.is_latest
),
decided as (
  select
    record_id,
    stage,
    count(distinct reviewer) as reviewers,
    count(*) as decisions,
    bool_and(verdict <> 'exclude') as all_in,
    bool_and(verdict = 'exclude') as all_out,
    count(distinct reason) filter (where verdict = 'exclude') > 1 as reasons_differ,
    first(reason order by arrival) filter (where verdict = 'exclude' and reason is not null) as reason
  from v1.current_decision
  group by record_id, stage
),
newest_ruling as (
  select a.*
  from screening.adjudication a
  where not exists (select 1 from screening.adjudication n where n.supersedes = a.adjudication_id)
  qualify row_number() over (
    partition by a.source_record_id, a.stage order by a.arrival desc, a.adjudication_id desc
  ) = 1
),
ruled as (
  select
    m.record_id,
    a.stage,
    count(distinct a.verdict) as verdicts,
    last(a.verdict order by a.arrival) as verdict,
    last(a.reason order by a.arrival) as reason
  from newest_ruling a
  join the_member m using (source_record_id)
  where a.verdict <> 'reopened'
  group by m.record_id, a.stage
),
judged as (
  select
    record_id,
    stage,
    case
      when r.verdicts = 1 then r.verdict
      when r.verdicts > 1 then 'conflict'
      when stage <> 'final' and d.reviewers < (select reviewers from required) then 'needs_second'
      when d.all_in then 'include'
      when d.all_out then 'exclude'
      else 'conflict'
    end as state,
    coalesce(r.verdicts = 1, false) as adjudicated,
    case when r.verdicts = 1 then r.reason when r.verdicts is null and d.all_out then d.reason end as reason,
    coalesce(r.verdicts is null and d.all_out and d.reasons_differ, false) as reasons_differ,
    coalesce(d.decisions, 0) as decisions
  from decided d
  full outer join ruled r using (record_id, stage)
),
report_event as (
  select m.record_id, last(e.kind order by e.arrival) as kind
  from screening.report_event e
  join the_member m using (source_record_id)
  where not exists (select 1 from screening.report_event n where n.supersedes = e.event_id)
  group by m.record_id
),
due as (
  select p.record_id, 'title_abstract' as stage
  from present p
  where not exists (select 1 from judged j where j.record_id = p.record_id and j.stage = 'final')
  union
  select j.record_id, 'full_text' as stage
  from judged j
  join report_event e using (record_id)
  where j.stage = 'title_abstract' and j.state = 'include' and e.kind = 'retrieved'
  union
  select j.record_id, j.stage
  from judged j
)
select
  d.record_id,
  d.stage,
  coalesce(j.state, 'needs_first') as state,
  coalesce(j.adjudicated, false) as adjudicated,
  case when j.state = 'exclude' then j.reason end as reason,
  coalesce(j.state = 'exclude' and j.reasons_differ, false) as reasons_differ,
  coalesce(j.decisions, 0) as decisions
from due d
join present p using (record_id)
left join judged j using (record_id, stage);

comment on view v1.screening_state is 'Where each record stands at each stage. Title and abstract: every record, but those that came with a final label and no decision. Full text: reports that were included at title and abstract and retrieved, and those with a decision. Final: records with an imported final label.';
comment on column v1.screening_state.record_id is 'The record.';
comment on column v1.screening_state.stage is 'title_abstract, full_text or final.';
comment on column v1.screening_state.state is 'needs_first, needs_second (fewer reviewers than the protocol asks for), include, exclude or conflict. unsure counts as include; an adjudication wins until it is reopened.';
comment on column v1.screening_state.adjudicated is 'An adjudication gave the state.';
comment on column v1.screening_state.reason is 'Reason for exclusion: the adjudicator''s, else the first that was given.';
comment on column v1.screening_state.reasons_differ is 'The reviewers agree on exclusion and gave different reasons.';
comment on column v1.screening_state.decisions is 'How many decisions hold now on the record''s members at this stage.';
