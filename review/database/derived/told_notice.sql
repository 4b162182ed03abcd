-- table: search.told_notice
-- anew after: search.import_receipt
-- nothing unless: exists (from search.notice) or exists (from search.deletion) or exists (from search.source_record where retracted)
-- select:
-- every reading of a PubMed record: as a record of the review, or watched for its notices alone
with readings as (
  select r.source_record_id, i.arrival, i.imported_at
  from search.import_record r join search.import_receipt i on i.import_id = r.import_id and i.status = 'committed'
  union all
  select w.source_record_id, i.arrival, i.imported_at
  from search.watched_record w join search.import_receipt i on i.import_id = w.import_id and i.status = 'committed'
), entries as (
  -- few records bear a notice: of the others no reading is looked at. A record without a PMID is known by its DOI
  select distinct coalesce(s.pmid, s.doi) as entry
  from search.source_record s
  where s.retracted
    or s.pmid in (select n.pmid from search.notice n union all select d.pmid from search.deletion d)
    or s.source_record_id in (select source_record_id from search.notice)
    or s.doi in (select o.doi from search.source_record o where o.retracted and o.pmid is null)
), versions as materialized (
  -- PubMed's own records tell of notices, whichever search brought them; an export of another database that is
  -- silent takes none back
  select s.source_record_id, e.entry, s.pmid, s.doi, s.pmcid, s.retracted,
    case when s.dialect in ('pubmed_xml', 'nbib') then 'PubMed' else s.source end as told_by, s.version, s.arrival,
    min(r.imported_at) as seen_at, max(r.arrival) as read_last
  from search.source_record s
  join entries e on e.entry = coalesce(s.pmid, s.doi)
  join readings r on r.source_record_id = s.source_record_id
  group by all
), newest as materialized (
  select * from (
    select *, max(version) over (partition by told_by, entry) as newest_version,
      min(seen_at) filter (where retracted) over (partition by entry) as retracted_since
    from versions)
  -- a notice that a later reading of the same record no longer carries was taken back; a reading that prints no
  -- version (NBIB) is taken for one of the newest
  qualify row_number() over (
    partition by told_by, entry
    order by coalesce(version, newest_version) desc nulls last, read_last desc, retracted desc, arrival desc) = 1
), first_seen as (
  -- PubMed revises its records: a notice is as old as the first version that carried it
  select n.pmid, n.kind, coalesce(n.notice_pmid, n.notice_text, '') as notice, min(v.seen_at) as seen_at
  from search.notice n join versions v using (source_record_id)
  group by all
), named as materialized (
  -- a study may name its report by DOI alone; a name that was corrected counts no longer
  select pmid,
    first(doi order by told_by <> 'PubMed', read_last desc, source_record_id) filter (where doi <> '') as doi,
    first(pmcid order by told_by <> 'PubMed', read_last desc, source_record_id) filter (where pmcid <> '') as pmcid
  from newest
  where pmid is not null
  group by pmid
), said as (
  select n.pmid, null as doi, n.kind, n.notice_pmid, n.notice_text, w.source_record_id, f.seen_at, n.pmid = w.pmid as own
  from search.notice n
  join newest w using (source_record_id)
  join first_seen f on f.pmid = n.pmid and f.kind = n.kind and f.notice = coalesce(n.notice_pmid, n.notice_text, '')
  union all
  -- what has a DOI alone gets the PMID that PubMed gives with it
  select coalesce(w.pmid, n.pmid), case when coalesce(w.pmid, n.pmid) is null then w.doi end, 'retraction', null, null,
    w.source_record_id, w.retracted_since, true
  from newest w
  left join (select doi, min(pmid) as pmid from named group by doi having count(*) = 1) n
    on w.pmid is null and n.doi = w.doi
  where w.retracted
  union all
  select d.pmid, null, 'deletion', null, null, null, min(i.imported_at), true
  from search.deletion d join search.import_receipt i on i.import_id = d.import_id and i.status = 'committed'
  -- a record that PubMed sends again is there again
  where not exists (select 1 from versions v where v.pmid = d.pmid and v.read_last > i.arrival)
  group by d.pmid
), told as materialized (
  select * from said
  -- an article is retracted once: who names the notice is heard before who names its place, and both before a bare word
  qualify (kind <> 'retraction' or (notice_pmid is null)::int + (notice_pmid is null and notice_text is null)::int
      = min((notice_pmid is null)::int + (notice_pmid is null and notice_text is null)::int)
        over (partition by pmid, doi, kind))
    -- the article and its notice tell the same; the one with the place of publication is kept
    and row_number() over (
      partition by pmid, doi, kind, coalesce(notice_pmid, notice_text, '')
      order by not own, notice_text is null, seen_at, source_record_id) = 1
)
select t.pmid, coalesce(t.doi, n.doi) as doi, n.pmcid, t.kind, t.notice_pmid, t.notice_text, t.seen_at, t.source_record_id,
  replace(t.kind, '_', ' ') || ' of ' || coalesce('PMID ' || t.pmid, 'DOI ' || t.doi)
    || coalesce(' (notice PMID ' || t.notice_pmid || ')', '') as words
from told t
left join named n using (pmid)
