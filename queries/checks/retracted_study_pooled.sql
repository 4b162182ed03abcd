-- name: retracted_study_pooled
-- purpose: pools without retracted studies are missing, or were computed for other retractions; run review synthesize run
-- severity: error
-- columns: cell_id, study_ids, notices
--
-- A cell that pools a retracted study keeps it in its main line and has a second pool without it. That one is missing,
-- or a retraction came or was taken back since. study_ids are those that are retracted today.
with retracted as (
  select cell_id, list(distinct study_id order by study_id) as study_ids,
    list(distinct notices[1] order by notices[1]) as notices
  from v1.effect_size
  where retracted and pooled
  group by cell_id
), shown as (
  -- only those that fit the retractions of today
  select cell_id from v1.pooled_effect where subset = 'not_retracted'
), stored as (
  select cell_id from synthesis.pooled_effect where subset = 'not_retracted'
)
select cell_id, coalesce(r.study_ids, []::varchar[]) as study_ids, coalesce(r.notices, []::varchar[]) as notices
from retracted r
full join stored s using (cell_id)
where cell_id not in (select cell_id from shown)
order by cell_id
