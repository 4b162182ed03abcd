-- name: record_member
-- purpose: which source records are one record today, after the replay of the merge, split and lock events
create view v1.record_member as
select
  coalesce(c.record_id, s.source_record_id) as record_id,
  s.source_record_id
from v1.source_record s
left join dedupe.cluster c using (source_record_id);

comment on view v1.record_member is 'One row for each source record: the record that it belongs to today.';
comment on column v1.record_member.record_id is 'The record: the smallest source_record_id of its cluster.';
comment on column v1.record_member.source_record_id is 'A record as one source gave it; an older version of a record is a member too.';
