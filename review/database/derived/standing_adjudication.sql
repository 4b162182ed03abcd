-- table: screening.standing_adjudication
-- key: source_record_id
-- rows of: screening.adjudication by source_record_id
select unnest($changed::varchar[])
-- rows of: screening.adjudication by supersedes
select source_record_id from screening.adjudication where adjudication_id in (select unnest($changed::varchar[]))
-- select:
select source_record_id, stage, verdict, reason, arrival
from (
  select a.*
  from screening.adjudication a
  where ($keys is null or a.source_record_id in (select unnest($keys::varchar[])))
    and not exists (select 1 from screening.adjudication n where n.supersedes = a.adjudication_id)
  qualify row_number() over (
    partition by a.source_record_id, a.stage order by a.arrival desc, a.adjudication_id desc) = 1
)
where verdict <> 'reopened'
