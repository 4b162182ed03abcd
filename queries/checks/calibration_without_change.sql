-- name: calibration_without_change
-- purpose: a calibration round was closed with raw agreement below 80 % and the criteria stayed as they were
-- severity: warning
-- columns: round_id, stage, reviewer_1, reviewer_2, records, agreed, criteria_version
select
  a.round_id, a.stage, a.reviewer_1, a.reviewer_2,
  a.both_include + a.first_only + a.second_only + a.both_exclude as records,
  a.both_include + a.both_exclude as agreed,
  r.criteria_version
from v1.calibration_agreement a
join v1.calibration_round r using (round_id)
where not r.is_open
  and r.closing_criteria_version = r.criteria_version
  and a.both_include + a.both_exclude < 0.8 * (a.both_include + a.first_only + a.second_only + a.both_exclude)
order by r.place, a.reviewer_1, a.reviewer_2
