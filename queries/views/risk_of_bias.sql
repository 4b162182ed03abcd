-- name: risk_of_bias
-- purpose: For every study what was judged on its results, and 'not rated' where nobody judged anything.
create view v1.risk_of_bias as
with tool_of as (
  select
    study_id,
    label,
    design,
    case
      when starts_with(design, 'rct_') then 'RoB 2'
      when design = 'nrsi_controlled' then 'ROBINS-I'
      when design in ('single_arm', 'case_series') then 'JBI case series'
    end as tool,
    design in ('rct_crossover', 'rct_cluster', 'rct_within_person') as variant_needed
  from extraction.study
),
judged as (
  select
    study_id, reader, outcome_id, month, comparison, tool, effect,
    any_value(final) filter (where domain = 'overall') as overall,
    string_agg(domain || ' ' || final, '; ' order by domain)
      filter (where domain <> 'overall' and final is not null) as domains
  from appraisal.judgement
  where question is null
  group by study_id, reader, outcome_id, month, comparison, tool, effect
)
select
  t.study_id,
  t.label,
  t.design,
  coalesce(j.tool, t.tool) as tool,
  t.variant_needed,
  j.reader,
  j.outcome_id,
  j.month,
  j.comparison,
  j.effect,
  case when j.study_id is null then 'not rated' else 'judged' end as status,
  j.overall,
  j.domains
from tool_of t
left join judged j on j.study_id = t.study_id;
comment on view v1.risk_of_bias is 'Risk of bias: one row for each judged result of a study and each reader, or one row saying not rated.';
comment on column v1.risk_of_bias.study_id is 'The study.';
comment on column v1.risk_of_bias.label is 'Its label: first author and year.';
comment on column v1.risk_of_bias.design is 'How it assigned its participants.';
comment on column v1.risk_of_bias.tool is 'The tool that was used, or that would apply to the design; empty where the design is unclear.';
comment on column v1.risk_of_bias.variant_needed is 'True for crossover, cluster and within-person trials: RoB 2 in its parallel form does not fit them as it is.';
comment on column v1.risk_of_bias.reader is 'The folder of the reader who judged: r1, r2.';
comment on column v1.risk_of_bias.outcome_id is 'The outcome whose result was judged.';
comment on column v1.risk_of_bias.month is 'Its time, in months after treatment.';
comment on column v1.risk_of_bias.comparison is 'Its two arms.';
comment on column v1.risk_of_bias.effect is 'The effect of interest: assignment or adherence (RoB 2).';
comment on column v1.risk_of_bias.status is 'judged, or not rated.';
comment on column v1.risk_of_bias.overall is 'The judgement on the whole result, as a person set it.';
comment on column v1.risk_of_bias.domains is 'The judgement on each domain, as a person set it.';
