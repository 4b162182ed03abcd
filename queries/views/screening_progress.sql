-- name: screening_progress
-- purpose: how many records stand in which state at each stage
create view v1.screening_progress as
select stage, state, count(*) as records
from v1.screening_state
group by stage, state;

comment on view v1.screening_progress is 'Records by stage and state.';
comment on column v1.screening_progress.stage is 'title_abstract, full_text or final.';
comment on column v1.screening_progress.state is 'needs_first, needs_second, include, exclude, conflict, awaiting_classification or ongoing.';
comment on column v1.screening_progress.records is 'How many records.';
