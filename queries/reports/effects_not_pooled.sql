-- name: effects_not_pooled
-- purpose: effect sizes that stay out of the pool of their cell, and why
-- parameter condition: text, default
-- columns: cell_id, study_id, measure, yi, ci_lo, ci_hi, not_pooled_because
select cell_id, study_id, measure, yi, ci_lo, ci_hi, not_pooled_because
from v1.effect_size
where not pooled and (cast($condition as varchar) is null or condition_id = $condition)
order by cell_id, study_id
