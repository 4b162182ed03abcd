-- table: search.entry
-- key: source_record_id
-- anew after: dedupe.cluster
-- rows of: search.import_receipt by import_id
-- what an import brings may be a version of what is there already, so the whole entry is looked at again
with touched as (
  select distinct s.source, case when s.accession = s.pmid then s.accession else s.source_record_id end as entry
  from search.source_record s
  where s.source_record_id in (
    select r.source_record_id from search.import_record r where r.import_id in (select unnest($changed::varchar[])))
)
select s.source_record_id
from search.source_record s
join touched t on t.source = s.source
  and t.entry = case when s.accession = s.pmid then s.accession else s.source_record_id end
-- rows of: dedupe.duplicate_event by record_a
-- rows of: dedupe.duplicate_event by record_b
select unnest($changed::varchar[])
-- select:
with candidates as (
  select s.source_record_id, s.source, s.version, s.arrival,
    case when s.accession = s.pmid then s.accession else s.source_record_id end as entry
  from search.source_record s
  where $keys is null or s.source_record_id in (select unnest($keys::varchar[]))
), brought as (
  select
    r.source_record_id, r.import_id, r.position, i.arrival as first_seen,
    max(i.arrival) over (partition by r.source_record_id) as last_seen
  from search.import_record r
  join search.import_receipt i on i.import_id = r.import_id and i.status = 'committed'
  where $keys is null or r.source_record_id in (select unnest($keys::varchar[]))
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
select v.source_record_id, v.entry_id, v.import_id, v.position,
  -- a reading that prints no version (NBIB) is taken for one of the newest
  row_number() over (
    partition by v.source, v.entry
    order by coalesce(v.version, v.newest_version) desc nulls last, v.last_seen desc, v.arrival desc
  ) = 1 as is_latest,
  coalesce(c.record_id, v.entry_id) as record_id,
  -- the versions of an entry are one without anybody's merge
  count(*) over (partition by v.source, v.entry) > 1 or v.source_record_id in (
    select unnest([d.record_a, d.record_b]) from dedupe.duplicate_event d where d.kind = 'merge') as ever_merged
from versions v
left join dedupe.cluster c on c.source_record_id = v.entry_id
