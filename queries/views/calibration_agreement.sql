-- name: calibration_agreement
-- purpose: the four cells of every pair of reviewers in a calibration round that everybody has finished
create view v1.calibration_agreement as
with drawn as (
  select distinct round_id, stage, record_id, reviewers
  from v1.calibration_record
  where finished
),
voice as (
  select d.round_id, d.stage, d.record_id, b.reviewer, b.verdict <> 'exclude' as is_in
  from drawn d
  join v1.blind_decision b on b.record_id = d.record_id and b.stage = d.stage
  where list_contains(d.reviewers, b.reviewer)
)
select
  a.round_id,
  a.stage,
  a.reviewer as reviewer_1,
  b.reviewer as reviewer_2,
  count(*) filter (where a.is_in and b.is_in) as both_include,
  count(*) filter (where a.is_in and not b.is_in) as first_only,
  count(*) filter (where not a.is_in and b.is_in) as second_only,
  count(*) filter (where not a.is_in and not b.is_in) as both_exclude
from voice a
join voice b on b.round_id = a.round_id and b.record_id = a.record_id and a.reviewer < b.reviewer
group by a.round_id, a.stage, a.reviewer, b.reviewer;

comment on view v1.calibration_agreement is 'For each finished calibration round and pair of reviewers: records by what both said while blind; unsure counts as include. A round that somebody has not finished is not here.';
comment on column v1.calibration_agreement.round_id is 'The round.';
comment on column v1.calibration_agreement.stage is 'title_abstract or full_text.';
comment on column v1.calibration_agreement.reviewer_1 is 'The first of the pair, by name.';
comment on column v1.calibration_agreement.reviewer_2 is 'The second of the pair.';
comment on column v1.calibration_agreement.both_include is 'Records that both include.';
comment on column v1.calibration_agreement.first_only is 'Records that only the first includes.';
comment on column v1.calibration_agreement.second_only is 'Records that only the second includes.';
comment on column v1.calibration_agreement.both_exclude is 'Records that both exclude.';
