-- name: study_under_umbrella
-- purpose: studies and arms filed under a mere heading of the vocabulary
-- severity: error
-- columns: file, line, study_id, filed_under
select s.file, s.line, s.study_id, s.condition_id as filed_under
from v1.study s
join v1.condition c using (condition_id)
where c.umbrella
union all
select a.file, a.line, a.study_id, a.cell_source_id as filed_under
from v1.arm a
join v1.cell_source c using (cell_source_id)
where c.umbrella or c.axis
order by 1, 2
