-- name: merge_ever_made
-- purpose: pairs of source records that were ever merged, whether or not they are one record today
create view v1.merge_ever_made as
select distinct e.record_a, e.record_b
from dedupe.duplicate_event e
where e.kind = 'merge' and e.record_a is not null
union
-- versions of one entry are one record without anybody's merge
select least(m.entry_id, m.source_record_id), greatest(m.entry_id, m.source_record_id)
from v1.record_member m
where m.entry_id <> m.source_record_id;

comment on view v1.merge_ever_made is 'Pairs of source records that were ever merged, by the program or a person, undone or not, and versions of one entry: what a reviewer learnt of one may tell of the other.';
comment on column v1.merge_ever_made.record_a is 'A source record.';
comment on column v1.merge_ever_made.record_b is 'The other one, greater than record_a.';
