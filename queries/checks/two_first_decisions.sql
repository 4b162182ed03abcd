-- name: two_first_decisions
-- purpose: one person decided twice on a record and stage, neither decision knew of the other, and both stand
-- severity: error
-- columns: source_record_id, stage, reviewer, decisions, decision_ids
--
-- A decision after an undo is no second one: what was undone does not stand. Whoever has spoken again since then
-- has settled it.
with newest as (
  select source_record_id, stage, reviewer
  from screening.decision
  qualify row_number() over (
    partition by source_record_id, stage, reviewer order by arrival desc, decision_id desc
  ) = 1 and supersedes is null
)
select d.source_record_id, d.stage, d.reviewer, count(*) as decisions, list(d.decision_id order by d.arrival) as decision_ids
from screening.decision d
join newest using (source_record_id, stage, reviewer)
where d.verdict <> 'withdrawn'
  and not exists (select 1 from screening.decision n where n.supersedes = d.decision_id)
group by d.source_record_id, d.stage, d.reviewer
having count(*) > 1
order by d.source_record_id, d.stage, d.reviewer
