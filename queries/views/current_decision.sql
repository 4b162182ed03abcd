-- name: current_decision
-- purpose: what each reviewer says now of each source record at each stage
create view v1.current_decision as
select
  coalesce(m.record_id, d.source_record_id) as record_id,
  d.source_record_id,
  d.stage,
  d.reviewer,
  d.verdict,
  d.reason,
  d.note,
  d.blind,
  d.criteria_version,
  d.model_version,
  d.position,
  d.via,
  d.decided_at,
  d.arrival,
  d.decision_id,
  coalesce(m.entry_id, d.source_record_id) as entry_id
from screening.standing_decision d
left join v1.record_member m using (source_record_id);

comment on view v1.current_decision is 'The decision that holds now, for each source record, stage and reviewer: the newest that nothing supersedes and that was not withdrawn.';
comment on column v1.current_decision.record_id is 'The record that the source record belongs to today.';
comment on column v1.current_decision.source_record_id is 'The source record that the reviewer saw.';
comment on column v1.current_decision.stage is 'title_abstract, full_text, or final (an imported label whose stage its source does not tell).';
comment on column v1.current_decision.reviewer is 'Who decided; for imported labels the name of their source.';
comment on column v1.current_decision.verdict is 'include, exclude or unsure.';
comment on column v1.current_decision.reason is 'Reason for exclusion: a code of the protocol.';
comment on column v1.current_decision.note is 'Free note.';
comment on column v1.current_decision.blind is 'Given before anything of another reviewer could be seen on that record; false where it is not known.';
comment on column v1.current_decision.criteria_version is 'The version of the criteria that it was taken under.';
comment on column v1.current_decision.model_version is 'The ranking model that put the record in its place, if any.';
comment on column v1.current_decision.position is 'Its place in the order in which this reviewer decided.';
comment on column v1.current_decision.via is 'Command line, web page or import.';
comment on column v1.current_decision.decided_at is 'When, by the clock of the machine that it was taken on.';
comment on column v1.current_decision.arrival is 'Its place in the order of arrival in this database.';
comment on column v1.current_decision.decision_id is 'The event.';
comment on column v1.current_decision.entry_id is 'The first version of what the reviewer saw: the same for all versions of one PMID from one source.';
