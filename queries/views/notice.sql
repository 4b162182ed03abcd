-- name: notice
-- purpose: what is said of publications today: retracted, of concern, corrected, republished, updated, deleted
create view v1.notice as
with told as materialized (select * from v1.publication_notice),
the_record as materialized (select record_id, pmid, doi from v1.record where pmid is not null or doi is not null),
the_name as materialized (
  select study_id, id_kind || ' ' || id as name from v1.document_name where report_kind <> 'secondary source'
)
select
  t.pmid, t.kind, t.notice_pmid, t.notice_text, t.seen_at,
  coalesce(
    (select min(r.record_id) from the_record r where r.pmid = t.pmid),
    (select min(r.record_id) from the_record r where r.doi = t.doi and (r.pmid is null or t.pmid is null))) as record_id,
  coalesce((
    select list(distinct n.study_id order by n.study_id) from the_name n
    where n.name in ('pmid ' || t.pmid, 'doi ' || t.doi, 'pmcid ' || t.pmcid)), []::varchar[]) as study_ids,
  t.source_record_id, t.words, t.doi
from told t;

comment on view v1.notice is 'What PubMed says of publications today: retraction, partial_retraction, expression_of_concern, erratum, republication, update, deletion. A notice that PubMed took back is not here.';
comment on column v1.notice.pmid is 'The publication that it is about; blank where only a record without a PMID says that it was retracted.';
comment on column v1.notice.kind is 'retraction, partial_retraction, expression_of_concern, erratum, republication, update or deletion.';
comment on column v1.notice.notice_pmid is 'The publication that says so; blank where PubMed names none.';
comment on column v1.notice.notice_text is 'Where the notice was published, as printed.';
comment on column v1.notice.seen_at is 'When this review first read it.';
comment on column v1.notice.record_id is 'The record of the review that it is about, if there is one.';
comment on column v1.notice.study_ids is 'Studies of which the publication is a report, by the PMID, the DOI or the address of it.';
comment on column v1.notice.source_record_id is 'The record on which it was read; blank for a deletion.';
comment on column v1.notice.words is 'The notice in a few words: retraction of PMID 123 (notice PMID 456).';
comment on column v1.notice.doi is 'DOI of the publication, as far as a record of it was read.';
