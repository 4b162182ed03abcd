-- name: record_member
-- purpose: which source records are one record today, after the replay of the merge, split and lock events
create view v1.record_member as
-- what a source says of one of its own numbers, however often it revised it, is one entry: nobody has to find that out
select record_id, source_record_id, entry_id, ever_merged
from search.entry;

comment on view v1.record_member is 'One row for each source record: the record that it belongs to today.';
comment on column v1.record_member.record_id is 'The record: the smallest entry_id of its cluster. A new version of a record does not change it.';
comment on column v1.record_member.source_record_id is 'A record as one source gave it; an older version of a record is a member too.';
comment on column v1.record_member.entry_id is 'The version of it that was read first: all versions of one PMID from one source have the same.';
comment on column v1.record_member.ever_merged is 'Whether it was ever merged with another source record, undone or not, or has versions.';
