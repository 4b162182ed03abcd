-- name: studies_called_alike
-- purpose: two studies have one label, so that a third one could move the letters of their citation keys
-- severity: warning
-- columns: file, line, study_id, label, problem
with alike as (
  select file, line, study_id, label,
    coalesce(nullif(regexp_replace(lower(strip_accents(label)), '[^a-z0-9-]', '', 'g'), ''), lower(trim(label))) as key
  from v1.study
)
select a.file, a.line, a.study_id, a.label,
  'is also the label of ' || string_agg(o.study_id, ', ' order by o.study_id) || ': write label = "' || a.label
    || case when right(a.label, 1) between '0' and '9' then '' else ' ' end || chr(96 + (1 + count(*) filter (where o.study_id < a.study_id))::int) || '"' as problem
from alike a
join alike o on o.key = a.key and o.study_id <> a.study_id
group by a.file, a.line, a.study_id, a.label
order by a.file
