-- name: instrument
-- purpose: instruments, their families and scale limits
create view v1.instrument as
select i.instrument_id as instrument, i.outcome_id, i.family, i.scale_min, i.scale_max, i.scale_basis, i.better, i.file, i.line
from extraction.instrument i;
comment on view v1.instrument is 'Every instrument as the rows name it. The protocol ranks families, not names.';
comment on column v1.instrument.instrument is 'Name as it stands in the rows.';
comment on column v1.instrument.outcome_id is 'The outcome it mostly measures.';
comment on column v1.instrument.family is 'Instruments that measure the same on the same scale.';
comment on column v1.instrument.scale_min is 'Lowest score, where it is the same in all rows.';
comment on column v1.instrument.scale_max is 'Highest score, where it is the same in all rows.';
comment on column v1.instrument.scale_basis is 'stated: printed where it was read; inferred: the usual limits.';
comment on column v1.instrument.better is 'Which direction is better: lower or higher.';
comment on column v1.instrument.file is 'File it was read from, relative to the project.';
comment on column v1.instrument.line is 'Line of that file, the header being line 1.';
