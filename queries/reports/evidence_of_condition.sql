-- name: evidence_of_condition
-- purpose: the lines of the evidence table for one condition
-- parameter condition: text
-- parameter subset: text, default all
-- columns: cell_id, state, trials, k, participants, measure, estimate (log scale for RR), ci_lo, ci_hi, level
select cell_id, state, trials, k, participants, measure, estimate, ci_lo, ci_hi, level
from v1.evidence_table
where condition_id = $condition and subset = $subset
order by cell_source_id, k = 0, outcome_id, comparator, time_window
