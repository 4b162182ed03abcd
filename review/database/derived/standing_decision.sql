-- table: screening.standing_decision
-- key: source_record_id
-- rows of: screening.decision by source_record_id
select unnest($changed::varchar[])
-- rows of: screening.decision by supersedes
select source_record_id from screening.decision where decision_id in (select unnest($changed::varchar[]))
-- select:
select source_record_id, decision_id, stage, reviewer, verdict, reason, note, blind, criteria_version, model_version,
  position, via, decided_at, arrival
from (
  select d.*
  from screening.decision d
  where ($keys is null or d.source_record_id in (select unnest($keys::varchar[])))
    and not exists (select 1 from screening.decision n where n.supersedes = d.decision_id)
  qualify row_number() over (
    partition by d.source_record_id, d.stage, d.reviewer order by d.arrival desc, d.decision_id desc
  ) = 1
)
where verdict <> 'withdrawn'
