-- name: merge_deed
-- purpose: who said when of which pair of source records that they are one or are not, undos included
create view v1.merge_deed as
with recursive
-- an undo is a deed on the pair that what it undoes was about
deed as (
  select who, decided_at, record_a, record_b, undo_of
  from dedupe.duplicate_event
  where not automatic
  union
  select d.who, d.decided_at, e.record_a, e.record_b, e.undo_of
  from deed d
  join dedupe.duplicate_event e on e.event_id = d.undo_of
)
select distinct record_a, record_b, who, decided_at as done_at
from deed
where record_a is not null;

comment on view v1.merge_deed is 'One row for each time that a person merged, split or locked two source records, or undid that: whoever joins and parts records may learn what others decided on them.';
comment on column v1.merge_deed.record_a is 'A source record.';
comment on column v1.merge_deed.record_b is 'The other one, greater than record_a.';
comment on column v1.merge_deed.who is 'Who did it.';
comment on column v1.merge_deed.done_at is 'When.';
