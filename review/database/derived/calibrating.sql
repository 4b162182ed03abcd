-- table: screening.calibrating
-- key: record_id
-- anew after: dedupe.cluster, team.reviewer, screening.calibration_event
-- nothing unless: exists (from screening.calibration_event)
-- rows of: screening.decision by source_record_id
-- one decision may finish the round, and then all of its records move
select o.record_id
from search.entry e
join screening.calibrating c using (record_id)
join screening.calibrating o using (round_id)
where e.source_record_id in (select unnest($changed::varchar[]))
-- rows of: search.import_receipt by import_id
-- events may have come before their records: what an import brings may leave a round unfinished
with brought as (
  select e.record_id from search.import_record i join search.entry e using (source_record_id)
  where i.import_id in (select unnest($changed::varchar[]))
)
select record_id from brought
union all
select o.record_id
from brought
join v1.calibration_record c using (record_id)
join v1.calibration_record o using (round_id)
where c."open"
-- select:
select record_id, stage, round_id, bool_and(finished) as finished, any_value(still_here) as reviewers
from v1.calibration_record
where "open" and ($keys is null or record_id in (select unnest($keys::varchar[])))
group by record_id, stage, round_id
