-- name: record_member
-- purpose: which source records are one record today, after the replay of the merge, split and lock events
create view v1.record_member as
with brought as (
  select r.source_record_id, min(i.arrival) as first_seen
  from search.import_record r
  join search.import_receipt i on i.import_id = r.import_id and i.status = 'committed'
  group by r.source_record_id
),
-- what a source says of one of its own numbers, however often it revised it, is one entry: nobody has to find that
-- out. It is known by the version that was read first, so that a revision changes no id
entries as (
  select
    s.source_record_id,
    first_value(s.source_record_id) over (
      partition by s.source, case when s.accession = s.pmid then s.accession else s.source_record_id end
      order by b.first_seen, s.arrival
    ) as entry_id
  from search.source_record s
  join brought b on b.source_record_id = s.source_record_id
)
select
  coalesce(c.record_id, e.entry_id) as record_id,
  e.source_record_id,
  e.entry_id
from entries e
left join dedupe.cluster c on c.source_record_id = e.entry_id;

comment on view v1.record_member is 'One row for each source record: the record that it belongs to today.';
comment on column v1.record_member.record_id is 'The record: the smallest entry_id of its cluster. A new version of a record does not change it.';
comment on column v1.record_member.source_record_id is 'A record as one source gave it; an older version of a record is a member too.';
comment on column v1.record_member.entry_id is 'The version of it that was read first: all versions of one PMID from one source have the same.';
