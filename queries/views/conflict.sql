-- name: conflict
-- purpose: records on which the decisions are opposed and no adjudication stands
create view v1.conflict as
select
  s.record_id,
  s.stage,
  list_sort(list_distinct(list(d.reviewer) filter (where d.verdict = 'include'))) as include_by,
  list_sort(list_distinct(list(d.reviewer) filter (where d.verdict = 'unsure'))) as unsure_by,
  list_sort(list_distinct(list(d.reviewer) filter (where d.verdict = 'exclude'))) as exclude_by,
  list_sort(list_distinct(list(d.reason) filter (where d.verdict = 'exclude' and d.reason is not null))) as reasons
from v1.screening_state s
left join v1.current_decision d using (record_id, stage)
where s.state = 'conflict'
group by s.record_id, s.stage;

comment on view v1.conflict is 'Records with opposed decisions that nobody has adjudicated; a merge of records with opposed decisions is one too.';
comment on column v1.conflict.record_id is 'The record.';
comment on column v1.conflict.stage is 'title_abstract, full_text or final.';
comment on column v1.conflict.include_by is 'Who says include.';
comment on column v1.conflict.unsure_by is 'Who is unsure; counts as include.';
comment on column v1.conflict.exclude_by is 'Who says exclude.';
comment on column v1.conflict.reasons is 'The reasons for exclusion that were given.';
