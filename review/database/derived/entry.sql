-- table: search.entry
-- after: search.import_receipt
-- rows of: import_id
with touched as (
  -- what an import brings may be a version of what is there already, so the whole entry is looked at again
  select distinct s.source, case when s.accession = s.pmid then s.accession else s.source_record_id end as entry
  from search.source_record s
  where $changed is null or s.source_record_id in (
    select r.source_record_id from search.import_record r where r.import_id in (select unnest($changed::varchar[])))
), candidates as (
  select s.source_record_id, s.source, s.version, s.arrival, t.entry
  from search.source_record s
  join touched t on t.source = s.source
    and t.entry = case when s.accession = s.pmid then s.accession else s.source_record_id end
), brought as (
  select
    r.source_record_id, r.import_id, r.position, i.arrival as first_seen,
    max(i.arrival) over (partition by r.source_record_id) as last_seen
  from search.import_record r
  join search.import_receipt i on i.import_id = r.import_id and i.status = 'committed'
  where $changed is null or r.source_record_id in (select source_record_id from candidates)
  qualify row_number() over (partition by r.source_record_id order by i.arrival) = 1
),
-- PubMed revises its records: the versions of one PMID from one source are one entry, shown as it was read last. It is
-- known by the version that was read first, so that a revision changes no id
versions as (
  select
    c.source_record_id, c.source, c.entry, c.version, c.arrival, b.last_seen,
    first_value(c.source_record_id) over first_to_last as entry_id,
    first_value(b.import_id) over first_to_last as import_id,
    first_value(b.position) over first_to_last as position,
    max(c.version) over first_to_last as newest_version
  from candidates c
  join brought b on b.source_record_id = c.source_record_id
  window first_to_last as (
    partition by c.source, c.entry
    order by b.first_seen, c.arrival rows between unbounded preceding and unbounded following
  )
)
select source_record_id, entry_id, import_id, position,
  -- a reading that prints no version (NBIB) is taken for one of the newest
  row_number() over (
    partition by source, entry
    order by coalesce(version, newest_version) desc nulls last, last_seen desc, arrival desc
  ) = 1 as is_latest
from versions
