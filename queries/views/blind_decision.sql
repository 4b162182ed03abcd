-- name: blind_decision
-- purpose: the last decision that each reviewer gave while blind; agreement is computed on these only
create view v1.blind_decision as
with newest as (
  select d.*
  from screening.decision d
  where d.blind
    and not exists (select 1 from screening.decision n where n.supersedes = d.decision_id and n.blind)
  qualify row_number() over (
    partition by d.source_record_id, d.stage, d.reviewer order by d.arrival desc, d.decision_id desc
  ) = 1
)
select
  coalesce(m.record_id, d.source_record_id) as record_id,
  d.source_record_id,
  d.stage,
  d.reviewer,
  d.verdict,
  d.reason,
  d.decided_at,
  d.arrival,
  d.decision_id,
  d.criteria_version
from newest d
left join v1.record_member m using (source_record_id)
where d.verdict <> 'withdrawn'
qualify row_number() over (
  partition by coalesce(m.record_id, d.source_record_id), d.stage, d.reviewer order by d.arrival desc, d.decision_id desc
) = 1;

comment on view v1.blind_decision is 'For each record, stage and reviewer the last decision given while blind. A change of mind after sight of another''s decision is not in it.';
comment on column v1.blind_decision.record_id is 'The record.';
comment on column v1.blind_decision.source_record_id is 'The source record that the reviewer saw.';
comment on column v1.blind_decision.stage is 'title_abstract or full_text.';
comment on column v1.blind_decision.reviewer is 'Who decided.';
comment on column v1.blind_decision.verdict is 'include, exclude or unsure.';
comment on column v1.blind_decision.reason is 'Reason for exclusion.';
comment on column v1.blind_decision.decided_at is 'When.';
comment on column v1.blind_decision.arrival is 'Its place in the order of arrival.';
comment on column v1.blind_decision.decision_id is 'The event.';
comment on column v1.blind_decision.criteria_version is 'The version of the criteria that it was taken under.';
