-- name: calibration_record
-- purpose: the records of the calibration rounds
create view v1.calibration_record as
with drawn as (
  select
    r.round_id, r.stage, r.is_open, r.finished, r.reviewers, r.still_here,
    unnest(e.source_record_ids) as source_record_id,
    generate_subscripts(e.source_record_ids, 1) as place
  from v1.calibration_round r
  join screening.calibration_event e on e.round_id = r.round_id and e.kind = 'opened'
)
select m.record_id, d.stage, d.round_id, d.is_open as "open", d.finished, d.reviewers, d.still_here, d.source_record_id, d.place
from drawn d
join v1.record_member m using (source_record_id);

comment on view v1.calibration_record is 'One row for each source record that was drawn for a calibration round.';
comment on column v1.calibration_record.record_id is 'The record that it belongs to today.';
comment on column v1.calibration_record.stage is 'title_abstract or full_text.';
comment on column v1.calibration_record.round_id is 'The round.';
comment on column v1.calibration_record."open" is 'The round was not closed yet.';
comment on column v1.calibration_record.finished is 'Everybody of the round has decided on all of its records.';
comment on column v1.calibration_record.reviewers is 'Who decides on all of them.';
comment on column v1.calibration_record.still_here is 'Those of them who have not left the team.';
comment on column v1.calibration_record.source_record_id is 'The source record that was drawn.';
comment on column v1.calibration_record.place is 'Its place in the draw.';
