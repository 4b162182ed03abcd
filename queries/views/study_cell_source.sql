-- name: study_cell_source
-- purpose: which trial tested which cell source: by its intervention arms, or as catalogued where it has no such arm
create view v1.study_cell_source as
-- the table itself: v1.study also asks for notices, and views that read this one would ask many times
with the_study as (
  select study_id, condition_id, string_split(cell_source_id, ';') as cell_source_ids from extraction.study
), by_arm as (
  select distinct a.study_id, a.cell_source_id
  from v1.arm a
  where a.role = 'intervention' and a.cell_source_id is not null
)
select s.study_id, s.condition_id, b.cell_source_id, 'arm' as basis
from the_study s
join by_arm b using (study_id)
union all
select s.study_id, s.condition_id, trim(u.cell_source_id) as cell_source_id, 'study' as basis
from the_study s
cross join unnest(s.cell_source_ids) as u(cell_source_id)
where not exists (select 1 from by_arm b where b.study_id = s.study_id);

comment on view v1.study_cell_source is 'Which trial tested which cell source: by its intervention arms, or as catalogued where it has no such arm.';
comment on column v1.study_cell_source.study_id is 'The study.';
comment on column v1.study_cell_source.condition_id is 'The condition, at the leaf that the study names.';
comment on column v1.study_cell_source.cell_source_id is 'The cell source, at the leaf that the arm names.';
comment on column v1.study_cell_source.basis is 'arm: an intervention arm names the source; study: the trial is only catalogued under it.';
