-- name: study
-- purpose: one line a study
create view v1.study as
with told as (
  select study_id, list(words order by retracts desc, kind, pmid, notice_pmid) as notices,
    bool_or(retracts and concerns = 'study') as retracted
  from v1.study_notice
  group by study_id
)
select s.study_id, s.label, s.first_author, s.year, s.country, s.design, s.design_as_printed,
  s.design like 'rct\_%' escape '\' as randomised,
  s.condition_id,
  case when contains(s.cell_source_id, ';') then null else s.cell_source_id end as cell_source_id,
  string_split(s.cell_source_id, ';') as cell_source_ids,
  s.registry_ids, s.unit, s.n_randomised, s.randomised_until_month, s.follow_up_months,
  s.dose_as_printed, s.comparator_as_printed, s.donor, s.level, s.overlap_with, s.funding_class, s.coi,
  s.extraction_status, s.file, s.line,
  coalesce(t.retracted, false) as retracted, coalesce(t.notices, []::varchar[]) as notices
from extraction.study s
left join told t using (study_id);
comment on view v1.study is 'Studies: an investigation with one or more reports.';
comment on column v1.study.study_id is 'Id of the study, the name of its folder.';
comment on column v1.study.label is 'Name for people.';
comment on column v1.study.first_author is 'First author as printed, or null.';
comment on column v1.study.year is 'Year of the main report.';
comment on column v1.study.country is 'Country as printed.';
comment on column v1.study.design is 'How participants were assigned.';
comment on column v1.study.design_as_printed is 'The design in the words of the place where it was read.';
comment on column v1.study.randomised is 'Whether chance assigned the participants.';
comment on column v1.study.condition_id is 'Condition as the study names it.';
comment on column v1.study.cell_source_id is 'Cell source under which the study is catalogued; null when there are several.';
comment on column v1.study.cell_source_ids is 'Every cell source under which the study is catalogued.';
comment on column v1.study.registry_ids is 'Trial registry ids.';
comment on column v1.study.unit is 'What was counted: patients, or joints of patients.';
comment on column v1.study.n_randomised is 'Number randomised, in units; null where it was not printed.';
comment on column v1.study.randomised_until_month is 'Month after which arms are no longer as randomised (crossover, unblinding).';
comment on column v1.study.follow_up_months is 'Longest follow-up in months.';
comment on column v1.study.dose_as_printed is 'Dose as printed.';
comment on column v1.study.comparator_as_printed is 'Comparator as printed.';
comment on column v1.study.donor is 'autologous, allogeneic, mixed or unclear.';
comment on column v1.study.level is 'primary when any of its sources is its own report.';
comment on column v1.study.overlap_with is 'Studies that may share patients with this one.';
comment on column v1.study.funding_class is 'Who paid.';
comment on column v1.study.coi is 'Conflicts of interest.';
comment on column v1.study.extraction_status is 'What was done to extract it.';
comment on column v1.study.file is 'File it was read from, relative to the project.';
comment on column v1.study.line is 'Line of that file, the header being line 1.';
comment on column v1.study.retracted is 'A primary report of it was retracted, or study.toml names a retraction.';
comment on column v1.study.notices is 'What PubMed says of its reports: retraction of PMID 123 (notice PMID 456) ...';
