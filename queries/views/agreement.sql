-- name: agreement
-- purpose: the four cells that agreement between two reviewers is computed from: blind decisions only, calibration apart
create view v1.agreement as
with voice as (
  select b.record_id, b.stage, b.reviewer, b.verdict <> 'exclude' as is_in, b.criteria_version
  from v1.blind_decision b
  where b.stage <> 'final'
    and not exists (select 1 from v1.calibration_record c where c.record_id = b.record_id and c.stage = b.stage)
),
pair as (
  select distinct a.stage, a.reviewer as reviewer_1, b.reviewer as reviewer_2
  from (select distinct stage, reviewer from voice) a
  join (select distinct stage, reviewer from voice) b on a.stage = b.stage and a.reviewer < b.reviewer
),
heard as (
  select p.stage, p.reviewer_1, p.reviewer_2, v.record_id,
    bool_or(v.is_in) filter (where v.reviewer = p.reviewer_1) as first_in,
    bool_or(v.is_in) filter (where v.reviewer = p.reviewer_2) as second_in,
    count(distinct v.criteria_version) > 1 as criteria_differ
  from pair p
  join voice v on v.stage = p.stage and (v.reviewer = p.reviewer_1 or v.reviewer = p.reviewer_2)
  group by p.stage, p.reviewer_1, p.reviewer_2, v.record_id
)
select
  stage,
  reviewer_1,
  reviewer_2,
  count(*) filter (where first_in and second_in) as both_include,
  count(*) filter (where first_in and not second_in) as first_only,
  count(*) filter (where not first_in and second_in) as second_only,
  count(*) filter (where not first_in and not second_in) as both_exclude,
  count(*) filter (where first_in is null or second_in is null) as seen_by_one,
  count(*) filter (where criteria_differ and first_in is not null and second_in is not null) as criteria_differ
from heard
group by stage, reviewer_1, reviewer_2;

comment on view v1.agreement is 'For each stage and pair of reviewers: records by what both said while blind; unsure counts as include. Records of calibration rounds are in v1.calibration_agreement.';
comment on column v1.agreement.stage is 'title_abstract or full_text.';
comment on column v1.agreement.reviewer_1 is 'The first of the pair, by name.';
comment on column v1.agreement.reviewer_2 is 'The second of the pair.';
comment on column v1.agreement.both_include is 'Records that both include.';
comment on column v1.agreement.first_only is 'Records that only the first includes.';
comment on column v1.agreement.second_only is 'Records that only the second includes.';
comment on column v1.agreement.both_exclude is 'Records that both exclude.';
comment on column v1.agreement.criteria_differ is 'Of the records in the cells, those that the two decided on under different versions of the criteria: their disagreement may be that of the criteria.';
comment on column v1.agreement.seen_by_one is 'Records with a blind decision of only one of the two; they are in none of the cells.';
