-- name: owed
-- purpose: which reviewer still owes a decision on which record
create view v1.owed as
with assigned as (
  select a.source_record_id, a.stage, a.reviewer
  from team.assignment a
  where not exists (select 1 from team.assignment n where n.supersedes = a.assignment_id)
  qualify row_number() over (
    partition by a.source_record_id, a.stage, a.reviewer order by a.arrival desc, a.assignment_id desc
  ) = 1 and a.kind = 'assigned'
),
named as (
  select m.record_id, a.stage, a.reviewer
  from assigned a
  join v1.record_member m using (source_record_id)
),
active as (
  select distinct reviewer from screening.decision where via <> 'import'
  union
  select distinct reviewer from assigned
),
open as (
  select record_id, stage
  from v1.screening_state
  where state in ('needs_first', 'needs_second') and stage <> 'final'
),
candidate as (
  select n.reviewer, o.stage, o.record_id
  from open o
  join named n using (record_id, stage)
  union
  select a.reviewer, o.stage, o.record_id
  from open o
  cross join active a
  where not exists (select 1 from named n where n.record_id = o.record_id and n.stage = o.stage)
)
select c.reviewer, c.stage, c.record_id
from candidate c
where not exists (
  select 1 from v1.current_decision d
  where d.record_id = c.record_id and d.stage = c.stage and d.reviewer = c.reviewer
);

comment on view v1.owed is 'Who still owes a decision: those whom a record is assigned to, else everyone who has screened and has not decided on it.';
comment on column v1.owed.reviewer is 'The reviewer.';
comment on column v1.owed.stage is 'title_abstract or full_text.';
comment on column v1.owed.record_id is 'The record.';
