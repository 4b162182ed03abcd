-- name: study_report
-- purpose: the reports of studies
create view v1.study_report as
with told as (
  select study_id, report_id, list(words order by retracts desc, kind, pmid, notice_pmid) as notices
  from v1.study_notice
  group by study_id, report_id
)
select p.report_id, p.study_id, p.kind, p.pmid, p.doi, p.registry_id, p.title, p.journal, p.year, p.url, p.file, p.line,
  coalesce(t.notices, []::varchar[]) as notices
from extraction.study_report p
left join told t using (study_id, report_id);
comment on view v1.study_report is 'Reports: the documents of a study. study.toml is the truth of which report belongs to which study.';
comment on column v1.study_report.report_id is 'PMID:, DOI:, a registry id, or SRC: and a source where no identifier was printed.';
comment on column v1.study_report.study_id is 'The study.';
comment on column v1.study_report.kind is 'What the report is to its study.';
comment on column v1.study_report.pmid is 'PubMed id.';
comment on column v1.study_report.doi is 'DOI.';
comment on column v1.study_report.registry_id is 'Trial registry id.';
comment on column v1.study_report.title is 'Title.';
comment on column v1.study_report.journal is 'Journal.';
comment on column v1.study_report.year is 'Year.';
comment on column v1.study_report.url is 'Address.';
comment on column v1.study_report.file is 'File it was read from, relative to the project.';
comment on column v1.study_report.line is 'Line of that file, the header being line 1.';
comment on column v1.study_report.notices is 'What PubMed says of it: retraction of PMID 123 (notice PMID 456) ...';
