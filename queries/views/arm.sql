-- name: arm
-- purpose: the arms of studies, final
create view v1.arm as
select a.study_id, a.arm_id, a.role, a.label, a.cell_source_id, a.donor, a.processing, a.dose_as_printed,
  a.comparator_type, a.co_intervention, a.n_randomised, a.combines, a.as_printed, a.source_id, a.file, a.line
from extraction.arm a
where a.reader = 'r1';
comment on view v1.arm is 'Arms as the first reader describes them; an arm that combines others is no further group of people.';
comment on column v1.arm.study_id is 'The study.';
comment on column v1.arm.arm_id is 'Id of the arm in its study.';
comment on column v1.arm.role is 'intervention, comparator, extension or crossover; only the first two are compared.';
comment on column v1.arm.label is 'Name for people.';
comment on column v1.arm.cell_source_id is 'Cell source of the arm, or null.';
comment on column v1.arm.donor is 'autologous, allogeneic, mixed or unclear.';
comment on column v1.arm.processing is 'How the product is made.';
comment on column v1.arm.dose_as_printed is 'Dose as printed.';
comment on column v1.arm.comparator_type is 'What a comparator arm received.';
comment on column v1.arm.co_intervention is 'What the arm received beside.';
comment on column v1.arm.n_randomised is 'Number in the arm, in units of the study.';
comment on column v1.arm.combines is 'Arms whose people this arm pools.';
comment on column v1.arm.as_printed is 'The number as printed.';
comment on column v1.arm.source_id is 'Where the arm was read.';
comment on column v1.arm.file is 'File it was read from, relative to the project.';
comment on column v1.arm.line is 'Line of that file, the header being line 1.';
