-- name: orphan_decisions
-- purpose: decisions and report events on a record that no import brought
-- severity: error
-- columns: kind, id, source_record_id, who
select 'decision' as kind, d.decision_id as id, d.source_record_id, d.reviewer as who
from screening.decision d
where d.source_record_id not in (select source_record_id from v1.source_record)
union all
select 'adjudication', a.adjudication_id, a.source_record_id, a.decided_by
from screening.adjudication a
where a.source_record_id not in (select source_record_id from v1.source_record)
union all
select 'report event', e.event_id, e.source_record_id, e.who
from screening.report_event e
where e.source_record_id not in (select source_record_id from v1.source_record)
order by kind, id
