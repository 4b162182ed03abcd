-- name: decision_under_unknown_criteria
-- purpose: decisions under a version of the criteria that the protocol never had
-- severity: warning
-- columns: decision_id, source_record_id, stage, reviewer, criteria_version
select decision_id, source_record_id, stage, reviewer, criteria_version
from screening.decision
where stage <> 'final' and criteria_version not in (select criteria_version from v1.protocol)
order by arrival
