-- table: screening.state
-- key: record_id
-- anew after: dedupe.cluster, team.protocol_version, team.reviewer, screening.calibration_event
-- rows of: screening.decision by source_record_id
-- one decision may finish a calibration round, and then all of its records move
with mine as (select record_id from search.entry where source_record_id in (select unnest($changed::varchar[])))
select record_id from mine
union all
select o.record_id from mine join screening.calibrating c using (record_id) join screening.calibrating o using (round_id)
-- rows of: screening.adjudication by source_record_id
-- rows of: screening.report_event by source_record_id
-- rows of: team.assignment by source_record_id
select record_id from search.entry where source_record_id in (select unnest($changed::varchar[]))
-- rows of: search.import_receipt by import_id
with brought as (
  select e.record_id from search.import_record i join search.entry e using (source_record_id)
  where i.import_id in (select unnest($changed::varchar[]))
)
select record_id from brought
union all
select o.record_id from brought join screening.calibrating c using (record_id) join screening.calibrating o using (round_id)
-- rows of: screening.decision by supersedes
select e.record_id from screening.decision d join search.entry e using (source_record_id)
where d.decision_id in (select unnest($changed::varchar[]))
-- rows of: screening.adjudication by supersedes
select e.record_id from screening.adjudication a join search.entry e using (source_record_id)
where a.adjudication_id in (select unnest($changed::varchar[]))
-- rows of: screening.report_event by supersedes
select e.record_id from screening.report_event r join search.entry e using (source_record_id)
where r.event_id in (select unnest($changed::varchar[]))
-- rows of: team.assignment by supersedes
select e.record_id from team.assignment a join search.entry e using (source_record_id)
where a.assignment_id in (select unnest($changed::varchar[]))
-- select:
with protocol as (
  select coalesce(cast(json_extract_string(arg_max(parts, arrival), '$.reviewers_per_record') as integer), 2) as reviewers
  from team.protocol_version
),
member as materialized (
  select record_id, source_record_id, is_latest, position
  from search.entry
  where $keys is null or record_id in (select unnest($keys::varchar[]))
),
-- everything that bears on a source record, one beside the other, so that one pass over them is enough
word as (
  select source_record_id, stage, 'decision' as what, reviewer, verdict, reason, arrival, null::integer as reviewers
  from screening.standing_decision
  union all
  select source_record_id, stage, 'adjudication', null, verdict, reason, arrival, null
  from screening.standing_adjudication
  union all
  select source_record_id, stage, case when assigned then 'assigned' end, reviewer, null, null, null,
    case when is_newest then coalesce(reviewers, (select reviewers from protocol)) end
  from team.standing_assignment
  union all
  -- records of a calibration round wait for everybody of the round, until all have decided on all of them
  select record_id, stage, 'held', unnest(reviewers), null, null, null, null
  from screening.calibrating
  where not finished
),
heard as (
  select m.record_id, w.stage, w.what, w.reviewer, w.verdict, w.reason, w.arrival, w.reviewers
  from member m
  join word w using (source_record_id)
  union all
  select record_id, 'title_abstract', 'here', null, null, null, position, null from member where is_latest
  union all
  -- a word on a report is a record's, and a record may be named for a source record that is not here yet
  select m.record_id, 'full_text', 'report', null, r.kind, null, null, null
  from (select distinct record_id from member) m
  join screening.standing_report r on r.source_record_id = m.record_id
),
said as (
  select
    record_id,
    stage,
    list_sort(list_distinct(coalesce(list(reviewer) filter (where what = 'decision'), []::varchar[]))) as decided_by,
    list_sort(list_distinct(coalesce(list(reviewer) filter (where what = 'assigned'), []::varchar[]))) as assigned_to,
    list_sort(list_distinct(list(reviewer) filter (where what = 'held'))) as held_by,
    coalesce(max(reviewers), (select reviewers from protocol)) as reviewers_needed,
    count(*) filter (where what = 'decision') as decisions,
    bool_and(verdict <> 'exclude') filter (where what = 'decision') as all_in,
    bool_and(verdict = 'exclude') filter (where what = 'decision') as all_out,
    arg_min(reason, arrival) filter (where what = 'decision' and verdict = 'exclude') as reason,
    coalesce(min(reason) filter (where what = 'decision' and verdict = 'exclude')
      <> max(reason) filter (where what = 'decision' and verdict = 'exclude'), false) as reasons_differ,
    min(verdict) filter (where what = 'adjudication') as ruling,
    max(verdict) filter (where what = 'adjudication') as other_ruling,
    -- an include has no reason, and an older exclude must not lend it one
    nullif(arg_max(coalesce(reason, ''), arrival) filter (where what = 'adjudication'), '') as ruling_reason,
    bool_or(verdict = 'retrieved') filter (where what = 'report') as is_retrieved,
    max(verdict) filter (where what = 'report' and verdict in ('awaiting_classification', 'ongoing')) as marked,
    min(arrival) filter (where what = 'here') as position
  from heard
  group by record_id, stage
),
judged as (
  select
    *,
    case
      when ruling = other_ruling then ruling
      when ruling <> other_ruling then 'conflict'
      when decisions = 0 then null
      when held_by is not null then 'needs_second'
      when stage <> 'final' and len(decided_by) < reviewers_needed then 'needs_second'
      when all_in then 'include'
      when all_out then 'exclude'
      else 'conflict'
    end as judgement
  from said
),
placed as (
  select
    *,
    min(position) over record as first_position,
    coalesce(bool_or(stage = 'final' and judgement is not null) over record, false) as has_label,
    coalesce(bool_or(stage = 'title_abstract' and judgement = 'include') over record, false) as went_on
  from judged
  window record as (partition by record_id)
)
select
  record_id,
  stage,
  -- a report that cannot be classified yet is neither included nor excluded, and waits for no reviewer
  coalesce(marked, judgement, 'needs_first') as state,
  coalesce(ruling = other_ruling, false) as adjudicated,
  case when judgement = 'exclude' and marked is null then case when ruling is null then reason else ruling_reason end end
    as reason,
  coalesce(judgement = 'exclude' and marked is null and ruling is null and reasons_differ, false) as reasons_differ,
  decisions,
  coalesce(len(held_by), reviewers_needed) as reviewers_needed,
  decided_by,
  coalesce(held_by, assigned_to) as assigned_to,
  -- where fewer are assigned than it needs, it waits for everybody else too
  held_by is null and len(list_distinct(decided_by || assigned_to)) < reviewers_needed as open_to_all,
  held_by is not null as is_calibrating,
  first_position as position
from placed
where first_position is not null
  -- whether somebody has decided shows in no queue: while a report is not here, or not included any more, it waits for nobody
  and (judgement is not null and (stage <> 'full_text' or judgement <> 'needs_second')
    or stage = 'title_abstract' and not has_label
    or stage = 'full_text' and went_on and (marked is not null or coalesce(is_retrieved, false)))
