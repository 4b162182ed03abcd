-- name: calibration_round
-- purpose: the calibration rounds, and whether everybody of a round has decided on all of its records
create view v1.calibration_round as
with opened as (
  select *
  from screening.calibration_event
  where kind = 'opened'
),
closed as (
  select *
  from screening.calibration_event
  where kind = 'closed'
  qualify row_number() over (partition by round_id order by arrival, event_id) = 1
),
drawn as (
  select distinct o.round_id, o.stage, m.record_id
  from (select round_id, stage, unnest(source_record_ids) as source_record_id from opened) o
  join v1.record_member m using (source_record_id)
),
-- whoever left the team keeps nobody waiting
person as (
  select o.round_id, o.reviewer
  from (select round_id, unnest(reviewers) as reviewer from opened) o
  left join team.reviewer t using (reviewer)
  where t.left_on is null
),
-- what was said while blind stays said: whoever takes it back later has seen the others' words
said as (
  select
    d.round_id,
    d.record_id,
    e.reviewer,
    arg_max(e.verdict, e.arrival) <> 'withdrawn'
      or coalesce(arg_max(e.verdict, e.arrival) filter (where e.blind) <> 'withdrawn', false) as stands
  from drawn d
  join v1.record_member m using (record_id)
  join screening.decision e on e.source_record_id = m.source_record_id and e.stage = d.stage
  group by d.round_id, d.record_id, e.source_record_id, e.reviewer
),
missing as (
  select distinct d.round_id
  from drawn d
  join person p using (round_id)
  where not exists (
    select 1 from said s
    where s.round_id = d.round_id and s.record_id = d.record_id and s.reviewer = p.reviewer and s.stands)
)
select
  o.round_id,
  o.stage,
  (select count(*) from drawn d where d.round_id = o.round_id) as records,
  o.reviewers,
  coalesce((select list(p.reviewer order by p.reviewer) from person p where p.round_id = o.round_id), []::varchar[])
    as still_here,
  o.criteria_version,
  o.who as opened_by,
  o.decided_at as opened_at,
  o.note as opening_note,
  c.round_id is null as is_open,
  -- a round that was given up stays so, whatever is decided afterwards
  coalesce(c.finished, not exists (select 1 from missing s where s.round_id = o.round_id)) as finished,
  c.who as closed_by,
  c.decided_at as closed_at,
  c.criteria_version as closing_criteria_version,
  c.note as note,
  row_number() over (order by o.arrival, o.event_id) as place
from opened o
left join closed c using (round_id);

comment on view v1.calibration_round is 'Calibration rounds: records on which everybody who screens decides, before their decisions count for agreement.';
comment on column v1.calibration_round.round_id is 'The round: the event that opened it.';
comment on column v1.calibration_round.stage is 'title_abstract or full_text.';
comment on column v1.calibration_round.records is 'How many records were drawn, as they are merged today.';
comment on column v1.calibration_round.reviewers is 'Who decides on all of them: everybody who screened when it was opened.';
comment on column v1.calibration_round.still_here is 'Those of them who have not left the team: the round waits for them.';
comment on column v1.calibration_round.criteria_version is 'The version of the criteria when it was opened.';
comment on column v1.calibration_round.opened_by is 'Who opened it.';
comment on column v1.calibration_round.opened_at is 'When.';
comment on column v1.calibration_round.opening_note is 'What was said when it was opened.';
comment on column v1.calibration_round.is_open is 'It was not closed yet.';
comment on column v1.calibration_round.finished is 'Everybody of the round who is still in the team has decided on all of its records, for a closed round when it was closed; only then is anything of it shown.';
comment on column v1.calibration_round.closed_by is 'Who closed it.';
comment on column v1.calibration_round.closed_at is 'When.';
comment on column v1.calibration_round.closing_criteria_version is 'The version of the criteria when it was closed: another one when the round led to an amendment.';
comment on column v1.calibration_round.note is 'What came of it, in the words of the owner.';
comment on column v1.calibration_round.place is 'First, second ... round.';
