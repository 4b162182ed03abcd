-- name: certainty
-- purpose: The certainty that a person gave to each cell; 'not rated' where nobody did.
create view v1.certainty as
with cell as (
  select distinct cell_id from synthesis.pooled_effect
),
standing as (
  select d.*
  from appraisal.certainty_decision d
  where d.certainty <> 'withdrawn'
    and not exists (select 1 from appraisal.certainty_decision later where later.supersedes = d.decision_id)
  qualify row_number() over (partition by d.cell_id order by d.arrival desc) = 1
)
select
  c.cell_id,
  coalesce(s.certainty, 'not rated') as certainty,
  s.reasons,
  s.who,
  s.decided_at,
  s.decision_id
from cell c
left join standing s on s.cell_id = c.cell_id;
comment on view v1.certainty is 'Certainty of the evidence (GRADE): one row for each cell.';
comment on column v1.certainty.cell_id is 'condition/cell_source/comparator/outcome/window.';
comment on column v1.certainty.certainty is 'high, moderate, low, very_low, or not rated.';
comment on column v1.certainty.reasons is 'JSON: domain, how many levels it moved the certainty, and why.';
comment on column v1.certainty.who is 'Who rated it.';
comment on column v1.certainty.decided_at is 'When.';
comment on column v1.certainty.decision_id is 'The event that holds.';
