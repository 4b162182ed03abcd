-- name: decisions_by_criteria
-- purpose: under which version of the criteria the decisions that hold now were taken
create view v1.decisions_by_criteria as
select
  d.stage,
  d.criteria_version,
  d.criteria_version = (select max(p.criteria_version) from v1.protocol p where p.is_current) as is_current,
  d.verdict,
  count(*) as decisions,
  count(distinct d.record_id) as records,
  count(distinct d.reviewer) as reviewers
from v1.current_decision d
group by d.stage, d.criteria_version, d.verdict;

comment on view v1.decisions_by_criteria is 'Decisions that hold now, by the version of the criteria that they were taken under: after an amendment, what may have to be looked at again.';
comment on column v1.decisions_by_criteria.stage is 'title_abstract, full_text or final.';
comment on column v1.decisions_by_criteria.criteria_version is 'The version that stands on the decisions.';
comment on column v1.decisions_by_criteria.is_current is 'Whether it is the version in force.';
comment on column v1.decisions_by_criteria.verdict is 'include, exclude or unsure.';
comment on column v1.decisions_by_criteria.decisions is 'How many decisions.';
comment on column v1.decisions_by_criteria.records is 'On how many records.';
comment on column v1.decisions_by_criteria.reviewers is 'By how many people.';
