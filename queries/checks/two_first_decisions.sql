-- name: two_first_decisions
-- purpose: one person decided twice on a record and stage without superseding the first decision
-- severity: error
-- columns: source_record_id, stage, reviewer, decisions, decision_ids
select source_record_id, stage, reviewer, count(*) as decisions, list(decision_id order by arrival) as decision_ids
from screening.decision
where supersedes is null
group by source_record_id, stage, reviewer
having count(*) > 1
order by source_record_id, stage, reviewer
