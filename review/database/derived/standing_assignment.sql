-- table: team.standing_assignment
-- key: source_record_id
-- anew after: team.reviewer
-- rows of: team.assignment by source_record_id
select unnest($changed::varchar[])
-- rows of: team.assignment by supersedes
select source_record_id from team.assignment where assignment_id in (select unnest($changed::varchar[]))
-- select:
select
  source_record_id,
  stage,
  reviewer,
  -- nobody waits for whoever left
  kind = 'assigned' and reviewer not in (select r.reviewer from team.reviewer r where r.left_on is not null) as assigned,
  row_number() over (partition by source_record_id, stage order by arrival desc, assignment_id desc) = 1 as is_newest,
  reviewers
from (
  select a.*
  from team.assignment a
  where ($keys is null or a.source_record_id in (select unnest($keys::varchar[])))
    and not exists (select 1 from team.assignment n where n.supersedes = a.assignment_id)
  qualify row_number() over (
    partition by a.source_record_id, a.stage, a.reviewer order by a.arrival desc, a.assignment_id desc) = 1
)
