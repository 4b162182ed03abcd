-- name: notice
-- purpose: what PubMed says of publications today: retracted, of concern, corrected, republished, updated, deleted
create view v1.notice as
-- every reading of a PubMed record: as a record of the review, or watched for its notices alone
with readings as (
  select r.source_record_id, i.arrival, i.imported_at
  from search.import_record r join search.import_receipt i on i.import_id = r.import_id and i.status = 'committed'
  union all
  select w.source_record_id, i.arrival, i.imported_at
  from search.watched_record w join search.import_receipt i on i.import_id = w.import_id and i.status = 'committed'
), newest as (
  select s.source_record_id, s.pmid, s.retracted, min(r.imported_at) as seen_at
  from readings r join search.source_record s using (source_record_id)
  where s.pmid is not null
  group by s.source_record_id, s.source, s.pmid, s.retracted, s.version, s.arrival
  -- a notice that a later reading of the same record no longer carries was taken back
  qualify row_number() over (
    partition by s.source, s.pmid order by s.version desc nulls last, max(r.arrival) desc, s.arrival desc) = 1
), said as (
  select n.pmid, n.kind, n.notice_pmid, n.notice_text, w.source_record_id, w.seen_at
  from search.notice n join newest w using (source_record_id)
  union all
  select w.pmid, 'retraction', null, null, w.source_record_id, w.seen_at
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
), told as (
  -- the article and its notice tell the same; the one with the place of publication is kept
  select * from said
  qualify row_number() over (
    partition by pmid, kind, notice_pmid order by notice_text is null, seen_at, source_record_id) = 1
), the_record as materialized (select record_id, pmid, members from v1.record where pmid is not null)
select
  t.pmid, t.kind, t.notice_pmid, t.notice_text, t.seen_at,
  (select min(r.record_id) from the_record r where r.pmid = t.pmid) as record_id,
  coalesce((
    select list(distinct p.study_id order by p.study_id) from extraction.study_report p where p.pmid = t.pmid),
    []::varchar[]) as study_ids,
  t.source_record_id
from told t;

comment on view v1.notice is 'What PubMed says of publications today: retraction, partial_retraction, expression_of_concern, erratum, republication, update, deletion. A notice that PubMed took back is not here.';
comment on column v1.notice.pmid is 'The publication that it is about.';
comment on column v1.notice.kind is 'retraction, partial_retraction, expression_of_concern, erratum, republication, update or deletion.';
comment on column v1.notice.notice_pmid is 'The publication that says so; blank where PubMed names none.';
comment on column v1.notice.notice_text is 'Where the notice was published, as printed.';
comment on column v1.notice.seen_at is 'When this review first read it.';
comment on column v1.notice.record_id is 'The record of the review that it is about, if there is one.';
comment on column v1.notice.study_ids is 'Studies of which the publication is a report.';
comment on column v1.notice.source_record_id is 'The record on which it was read; blank for a deletion.';
