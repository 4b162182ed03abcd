-- name: screening_state
-- purpose: where each record stands at each stage, over the decisions on all its members and the adjudications
--
-- The store keeps it: review/database/derived/state.sql says how.
create view v1.screening_state as
select record_id, stage, state, adjudicated, reason, reasons_differ, decisions, reviewers_needed, decided_by, assigned_to,
  open_to_all
from screening.state;

comment on view v1.screening_state is 'Where each record stands at each stage. Title and abstract: every record, but those that came with a final label and no decision. Full text: reports that were included at title and abstract and retrieved or marked, and those on which enough have decided. Final: records with an imported final label.';
comment on column v1.screening_state.record_id is 'The record.';
comment on column v1.screening_state.stage is 'title_abstract, full_text or final.';
comment on column v1.screening_state.state is 'needs_first, needs_second (fewer reviewers than reviewers_needed), include, exclude or conflict. unsure counts as include; an adjudication wins until it is reopened. At full text also awaiting_classification or ongoing, which win while the report is marked so.';
comment on column v1.screening_state.adjudicated is 'An adjudication gave the state.';
comment on column v1.screening_state.reason is 'Reason for exclusion: the adjudicator''s, else the first that was given.';
comment on column v1.screening_state.reasons_differ is 'The reviewers agree on exclusion and gave different reasons.';
comment on column v1.screening_state.decisions is 'How many decisions hold now on the record''s members at this stage.';
comment on column v1.screening_state.reviewers_needed is 'How many reviewers decide on it: as its newest assignment says, else as the protocol does.';
comment on column v1.screening_state.decided_by is 'Whose decisions hold on it now.';
comment on column v1.screening_state.assigned_to is 'To whom it is assigned, but those who left the team.';
comment on column v1.screening_state.open_to_all is 'Fewer people decided or are assigned than it needs: it waits for anybody.';
