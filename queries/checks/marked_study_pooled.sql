-- name: marked_study_pooled
-- purpose: studies in a pool whose reports await classification or are of an ongoing study, and none is included
-- severity: warning
-- columns: study_id, record_ids, classification
with told as (
  select unnest(study_ids) as study_id, record_id, classification, full_text_state
  from v1.report
), marked as (
  select study_id,
    list(record_id order by record_id) filter (where classification is not null) as record_ids,
    min(classification) as classification
  from told
  group by study_id
  having bool_or(classification is not null) and not bool_or(coalesce(full_text_state = 'include', false))
)
select m.study_id, m.record_ids, m.classification
from marked m
where m.study_id in (select study_id from v1.effect_size where pooled)
order by m.study_id
