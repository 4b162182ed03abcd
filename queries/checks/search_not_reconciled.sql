-- name: search_not_reconciled
-- purpose: searches whose count differs from the records that were imported for them
-- severity: warning
-- columns: run_id, strategy, source, searched_on, hits, retrieved, imported
select run_id, strategy, source, searched_on, hits, retrieved, imported
from v1.search_history
where reconciled is false
order by searched_on, run_id
