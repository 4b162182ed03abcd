-- name: reviewer
-- purpose: who is in the team, as review.toml says
create view v1.reviewer as
select reviewer, name, role, left_on, place
from team.reviewer;

comment on view v1.reviewer is 'The people of review.toml. Whoever left stays in it: their decisions count, and nobody waits for them.';
comment on column v1.reviewer.reviewer is 'Their id, as it stands on decisions.';
comment on column v1.reviewer.name is 'Their name.';
comment on column v1.reviewer.role is 'owner, reviewer, adjudicator or analyst.';
comment on column v1.reviewer.left_on is 'The day on which they left the team; empty for everybody else.';
comment on column v1.reviewer.place is 'Their place in review.toml.';
