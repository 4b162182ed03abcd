-- name: trials_of_condition
-- purpose: the trials of one condition, with their cell sources and numbers of figures
-- parameter condition: text
-- columns: study_id, label, year, country, design, n_randomised, cell_sources, figures, level, file
select s.study_id, s.label, s.year, s.country, s.design, s.n_randomised,
  list(distinct t.cell_source_id order by t.cell_source_id) filter (where t.cell_source_id is not null) as cell_sources,
  (select count(*) from v1.result r where r.study_id = s.study_id) as figures,
  s.level, s.file
from v1.study s
left join v1.study_cell_source t using (study_id)
where s.condition_id = $condition
group by all
order by s.year, s.study_id
