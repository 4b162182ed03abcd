-- name: assignment
-- purpose: which record is assigned to whom today
create view v1.assignment as
with newest as (
  select a.*
  from team.assignment a
  where not exists (select 1 from team.assignment n where n.supersedes = a.assignment_id)
  qualify row_number() over (
    partition by a.source_record_id, a.stage, a.reviewer order by a.arrival desc, a.assignment_id desc
  ) = 1
)
select
  coalesce(m.record_id, a.source_record_id) as record_id,
  a.source_record_id,
  a.stage,
  a.reviewer,
  a.reviewers,
  coalesce(list_contains(s.decided_by, a.reviewer), false) as decided,
  a.who,
  a.decided_at,
  a.assignment_id
from newest a
left join v1.record_member m using (source_record_id)
left join v1.screening_state s on s.record_id = m.record_id and s.stage = a.stage
where a.kind = 'assigned';

comment on view v1.assignment is 'Assignments that stand: one row for each record, stage and person. A record without one waits for everybody.';
comment on column v1.assignment.record_id is 'The record that the source record belongs to today.';
comment on column v1.assignment.source_record_id is 'The source record that was assigned.';
comment on column v1.assignment.stage is 'title_abstract or full_text.';
comment on column v1.assignment.reviewer is 'To whom.';
comment on column v1.assignment.reviewers is 'How many are to decide on it; empty where the protocol says.';
comment on column v1.assignment.decided is 'Whether they have.';
comment on column v1.assignment.who is 'Who shared the records out.';
comment on column v1.assignment.decided_at is 'When.';
comment on column v1.assignment.assignment_id is 'The event.';
