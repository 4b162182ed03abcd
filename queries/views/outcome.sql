-- name: outcome
-- purpose: the vocabulary of outcomes
create view v1.outcome as
select o.outcome_id, o.label, o.domain, o.better, o.file, o.line
from extraction.outcome o;
comment on view v1.outcome is 'Outcomes.';
comment on column v1.outcome.outcome_id is 'Id of the outcome.';
comment on column v1.outcome.label is 'Name for people.';
comment on column v1.outcome.domain is 'Domain of the core set.';
comment on column v1.outcome.better is 'Which direction is better: lower, higher, or mixed across its instruments.';
comment on column v1.outcome.file is 'File it was read from, relative to the project.';
comment on column v1.outcome.line is 'Line of that file, the header being line 1.';
