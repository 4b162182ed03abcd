-- name: document_name
-- purpose: by which PMIDs, DOIs and PubMed Central numbers the reports and the secondary sources of studies are known
create view v1.document_name as
with documents as (
  select study_id, report_id, kind as report_kind, pmid, doi, url, null as other_url
  from extraction.study_report
  union all
  -- a page that study.toml ties to no report is a review or another secondary source
  select s.study_id, coalesce(p.report_id, s.source_id), coalesce(p.kind, 'secondary source'), null, null,
    s.url, s.canonical_url
  from extraction.source s
  left join extraction.study_report p on p.study_id = s.study_id and p.report_id = s.report_id
  where s.report_id is null or p.report_id is not null
), named as (
  select study_id, report_id, report_kind,
    unnest(['pmid', 'doi', 'pmid', 'pmcid', 'doi', 'pmid', 'pmcid', 'doi']) as id_kind,
    unnest([
      pmid,
      lower(doi),
      regexp_extract(url, 'ncbi\.nlm\.nih\.gov/(pubmed/)?(\d+)', 2),
      regexp_extract(url, 'PMC\d+'),
      lower(regexp_extract(url, 'doi\.org/(10\..+)$', 1)),
      regexp_extract(other_url, 'ncbi\.nlm\.nih\.gov/(pubmed/)?(\d+)', 2),
      regexp_extract(other_url, 'PMC\d+'),
      lower(regexp_extract(other_url, 'doi\.org/(10\..+)$', 1))]) as id
  from documents
)
select distinct study_id, report_id, report_kind, id_kind, id
from named
where id <> '';

comment on view v1.document_name is 'One row for each number by which a report or a secondary source of a study is known: from study.toml, and from the addresses of the report and of the pages that were read.';
comment on column v1.document_name.study_id is 'The study.';
comment on column v1.document_name.report_id is 'The report; for a secondary source its source_id.';
comment on column v1.document_name.report_kind is 'What the report is to its study; or secondary source.';
comment on column v1.document_name.id_kind is 'pmid, doi or pmcid.';
comment on column v1.document_name.id is 'The number; a DOI in lower case, without a resolver.';
