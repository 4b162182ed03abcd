-- name: owed
-- purpose: which reviewer still owes a decision on which record
create view v1.owed as
with active as (
  select distinct reviewer from screening.decision where via <> 'import'
  union
  select unnest(assigned_to) from v1.screening_state
)
select a.reviewer, s.stage, s.record_id
from v1.screening_state s
cross join active a
where s.state in ('needs_first', 'needs_second') and s.stage <> 'final'
  and not list_contains(s.decided_by, a.reviewer)
  and (s.open_to_all or list_contains(s.assigned_to, a.reviewer))
  and a.reviewer not in (select reviewer from v1.reviewer where left_on is not null or role not in ('owner', 'reviewer'));

comment on view v1.owed is 'Who still owes a decision: those whom a record is assigned to and, where they are fewer than it needs, everyone who has screened and has not decided on it. Whoever left the team, or has a role that does not screen, owes nothing.';
comment on column v1.owed.reviewer is 'The reviewer.';
comment on column v1.owed.stage is 'title_abstract or full_text.';
comment on column v1.owed.record_id is 'The record.';
