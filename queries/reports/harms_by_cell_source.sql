-- name: harms_by_cell_source
-- purpose: adverse events as printed, by the cell source of the arm
-- parameter cell_source: text, default
-- columns: cell_source, study_id, label, arm_id, term_text, serious, events, n, as_printed, level, locator, url, file, line
select a.cell_source_id as cell_source, r.study_id, s.label, r.arm_id, r.term_text, r.serious, r.events, r.n, r.as_printed,
  r.level, r.locator, r.url, r.file, r.line
from v1.result r
join v1.study s using (study_id)
left join v1.arm a on a.study_id = r.study_id and a.arm_id = r.arm_id
where r.kind = 'adverse_event' and (cast($cell_source as varchar) is null or a.cell_source_id = $cell_source)
order by a.cell_source_id, r.study_id, r.file, r.line
