-- name: search_history
-- purpose: every search: when, where, how many were found, how many were imported
-- columns: searched_on, source, platform, strategy, mode, hits, retrieved, imported, reconciled, query
select searched_on, source, platform, strategy, mode, hits, retrieved, imported, reconciled, query
from v1.search_history
order by searched_on, source, run_id
