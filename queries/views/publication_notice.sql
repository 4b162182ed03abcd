-- name: publication_notice
-- purpose: what PubMed says of publications today, by PMID and DOI, before it is joined to records and studies
create view v1.publication_notice as
-- every reading of a PubMed record: as a record of the review, or watched for its notices alone
with readings as (
  select r.source_record_id, i.arrival, i.imported_at
  from search.import_record r join search.import_receipt i on i.import_id = r.import_id and i.status = 'committed'
  union all
  select w.source_record_id, i.arrival, i.imported_at
  from search.watched_record w join search.import_receipt i on i.import_id = w.import_id and i.status = 'committed'
), entries as (
  -- few records bear a notice: of the others no reading is looked at
  select distinct s.pmid
  from search.source_record s
  where s.pmid is not null
    and (s.retracted or s.source_record_id in (select source_record_id from search.notice))
), versions as materialized (
  -- PubMed's own records tell of notices, whichever search brought them; an export of another database that is
  -- silent takes none back
  select s.source_record_id, s.pmid, s.retracted,
    case when s.dialect in ('pubmed_xml', 'nbib') then 'PubMed' else s.source end as told_by, s.version, s.arrival,
    min(r.imported_at) as seen_at, max(r.arrival) as read_last
  from search.source_record s
  join entries e on e.pmid = s.pmid
  join readings r on r.source_record_id = s.source_record_id
  group by all
), newest as materialized (
  select * from versions
  -- a notice that a later reading of the same record no longer carries was taken back
  qualify row_number() over (
    partition by told_by, pmid order by version desc nulls last, read_last desc, arrival desc) = 1
), first_seen as (
  -- PubMed revises its records: a notice is as old as the first version that carried it
  select n.pmid, n.kind, coalesce(n.notice_pmid, n.notice_text, '') as notice, min(v.seen_at) as seen_at
  from search.notice n join versions v using (source_record_id)
  group by all
), said as (
  select n.pmid, n.kind, n.notice_pmid, n.notice_text, w.source_record_id, f.seen_at
  from search.notice n
  join newest w using (source_record_id)
  join first_seen f on f.pmid = n.pmid and f.kind = n.kind and f.notice = coalesce(n.notice_pmid, n.notice_text, '')
  union all
  select w.pmid, 'retraction', null, null, w.source_record_id,
    (select min(v.seen_at) from versions v where v.pmid = w.pmid and v.retracted)
  from newest w
  where w.retracted and not exists (
    select 1 from search.notice n join newest o using (source_record_id) where n.pmid = w.pmid and n.kind = 'retraction')
  union all
  select d.pmid, 'deletion', null, null, null, min(i.imported_at)
  from search.deletion d join search.import_receipt i on i.import_id = d.import_id and i.status = 'committed'
  -- a record that PubMed sends again is there again
  where not exists (
    select 1 from readings r join search.source_record s using (source_record_id)
    where s.pmid = d.pmid and r.arrival > i.arrival)
  group by d.pmid
), told as materialized (
  -- the article and its notice tell the same; the one with the place of publication is kept
  select * from said
  qualify row_number() over (
    partition by pmid, kind, coalesce(notice_pmid, notice_text, '')
    order by notice_text is null, seen_at, source_record_id) = 1
), named as (
  -- a study may name its report by DOI alone
  select pmid, min(doi) as doi, min(pmcid) as pmcid
  from search.source_record
  where pmid in (select pmid from told)
  group by pmid
)
select t.pmid, n.doi, n.pmcid, t.kind, t.notice_pmid, t.notice_text, t.seen_at, t.source_record_id,
  replace(t.kind, '_', ' ') || ' of PMID ' || t.pmid || coalesce(' (notice PMID ' || t.notice_pmid || ')', '') as words
from told t
left join named n using (pmid);

comment on view v1.publication_notice is 'What PubMed says of publications today, by PMID. A notice that PubMed took back is not here.';
comment on column v1.publication_notice.pmid is 'The publication that it is about.';
comment on column v1.publication_notice.doi is 'Its DOI, as far as a record of it was read.';
comment on column v1.publication_notice.pmcid is 'Its PubMed Central number, as far as a record of it was read.';
comment on column v1.publication_notice.kind is 'retraction, partial_retraction, expression_of_concern, erratum, republication, update or deletion.';
comment on column v1.publication_notice.notice_pmid is 'The publication that says so; blank where PubMed names none.';
comment on column v1.publication_notice.notice_text is 'Where the notice was published, as printed.';
comment on column v1.publication_notice.seen_at is 'When this review first read it.';
comment on column v1.publication_notice.source_record_id is 'The record on which it was read; blank for a deletion.';
comment on column v1.publication_notice.words is 'The notice in a few words: retraction of PMID 123 (notice PMID 456).';
