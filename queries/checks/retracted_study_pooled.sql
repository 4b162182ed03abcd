-- name: retracted_study_pooled
-- purpose: retracted studies are pooled, and no pool without them was computed since; run review synthesize run
-- severity: error
-- columns: cell_id, study_ids, notices
--
-- A cell with a retracted study keeps it in its main line and has a second pool without it. The second is missing, or
-- still holds an effect that was retracted since.
with retracted as (
  select cell_id, effect_id, study_id, notices, pooled from v1.effect_size where retracted
)
select r.cell_id, list(distinct r.study_id order by r.study_id) as study_ids,
  list(distinct r.notices[1] order by r.notices[1]) as notices
from retracted r
left join v1.pooled_effect p on p.cell_id = r.cell_id and p.subset = 'not_retracted'
where r.pooled and (p.cell_id is null or list_contains(p.effect_ids, r.effect_id))
group by r.cell_id
order by r.cell_id
