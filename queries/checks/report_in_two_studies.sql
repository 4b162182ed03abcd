-- name: report_in_two_studies
-- purpose: a report with an identifier of its own that two studies claim
-- severity: error
-- columns: file, line, report_id, studies
select min(p.file) as file, min(p.line) as line, p.report_id, list(distinct p.study_id order by p.study_id) as studies
from v1.study_report p
where not starts_with(p.report_id, 'SRC:')
group by p.report_id
having count(distinct p.study_id) > 1
order by p.report_id
