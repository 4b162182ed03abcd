-- name: pooled_effects_stale
-- purpose: the pools were computed from another load of extracted/ than the newest; run review synthesize
-- severity: error
-- columns: pools_from_load, newest_load, loaded_at
select r.load_id as pools_from_load, l.load_id as newest_load, l.loaded_at
from (select load_id from synthesis.rebuild order by built_at desc limit 1) r
cross join (select load_id, loaded_at from extraction.load order by loaded_at desc limit 1) l
where r.load_id is distinct from l.load_id
