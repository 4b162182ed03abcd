-- name: publication_notice
-- purpose: what PubMed and other sources say of publications today, by PMID and DOI, before it is joined to records and studies
create view v1.publication_notice as
-- kept as a table, made anew by each import: nearly every view asks for it
select pmid, doi, pmcid, kind, notice_pmid, notice_text, seen_at, source_record_id, words
from search.told_notice;

comment on view v1.publication_notice is 'What PubMed says of publications today, by PMID; and the retractions that another database alone tells, by DOI. A notice that was taken back is not here.';
comment on column v1.publication_notice.pmid is 'The publication that it is about; blank where only a record without a PMID says that it was retracted.';
comment on column v1.publication_notice.doi is 'Its DOI, by the newest reading of its record.';
comment on column v1.publication_notice.pmcid is 'Its PubMed Central number, by the newest reading of its record.';
comment on column v1.publication_notice.kind is 'retraction, partial_retraction, expression_of_concern, erratum, republication, update or deletion.';
comment on column v1.publication_notice.notice_pmid is 'The publication that says so; blank where PubMed names none.';
comment on column v1.publication_notice.notice_text is 'Where the notice was published, as printed.';
comment on column v1.publication_notice.seen_at is 'When this review first read it.';
comment on column v1.publication_notice.source_record_id is 'The record on which it was read; blank for a deletion.';
comment on column v1.publication_notice.words is 'The notice in a few words: retraction of PMID 123 (notice PMID 456).';
