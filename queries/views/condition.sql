-- name: condition
-- purpose: the vocabulary of conditions
create view v1.condition as
select c.condition_id, c.parent_id, c.label, c.synonyms, c.umbrella, c.file, c.line
from extraction.condition c;
comment on view v1.condition is 'Conditions, with their parents. Studies stand at the condition they name; umbrellas hold none of their own.';
comment on column v1.condition.condition_id is 'Id of the condition.';
comment on column v1.condition.parent_id is 'The wider condition, or null.';
comment on column v1.condition.label is 'Name for people.';
comment on column v1.condition.synonyms is 'Other names, separated by semicolons.';
comment on column v1.condition.umbrella is 'True for a mere heading that no study is filed under.';
comment on column v1.condition.file is 'File it was read from, relative to the project.';
comment on column v1.condition.line is 'Line of that file, the header being line 1.';
