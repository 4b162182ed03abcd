-- name: remark
-- purpose: findings that were looked at
create view v1.remark as
select m.remark_id, m.study_id, m.kind, m.subject, m.remark, m.who, m.remarked_on, m.basis, m.file, m.line
from extraction.remark m;
comment on view v1.remark is 'Findings and traps that somebody explained: what, who, when, on what basis.';
comment on column v1.remark.remark_id is 'File and line of the remark; one remark on several rows has one line for each.';
comment on column v1.remark.study_id is 'The study.';
comment on column v1.remark.kind is 'do_not_pool, sign, unit, overlap, n, label, baseline, no_identifier, contradiction or other.';
comment on column v1.remark.subject is 'study, arm:ID, report:ID, source:ID, or the row_id of a figure.';
comment on column v1.remark.remark is 'What was found.';
comment on column v1.remark.who is 'Who says so.';
comment on column v1.remark.remarked_on is 'When.';
comment on column v1.remark.basis is 'On what it rests.';
comment on column v1.remark.file is 'File it was read from, relative to the project.';
comment on column v1.remark.line is 'Line of that file, the header being line 1.';
