-- name: protocol
-- purpose: Every version of the protocol that was recorded, and which of them are amendments after a registration.
create view v1.protocol as
with ordered as (
  -- a reason that is given later is a second row with the same parts: the last of them stands for all
  select *, lead(parts) over (order by arrival) as next_parts, max(arrival) over () as newest
  from team.protocol_version
)
select
  version_id,
  criteria_version,
  cast(json_extract_string(parts, '$.reviewers_per_record') as integer) as reviewers_per_record,
  simulated,
  registration,
  registered_on,
  amendment,
  cast(json_extract(parts, '$.changed') as varchar[]) as changed,
  reason,
  who,
  decided_at,
  arrival = newest as is_current,
  row_number() over (order by arrival) as place
from ordered
where next_parts is distinct from parts;
comment on view v1.protocol is 'Versions of the protocol (review.toml), one row each; the current one is marked. Changes after registration are amendments.';
comment on column v1.protocol.version_id is 'Fingerprint of the protocol; ~2, ~3 where the team came back to it or gave a reason later.';
comment on column v1.protocol.criteria_version is 'The version of the eligibility criteria, as every decision carries it.';
comment on column v1.protocol.reviewers_per_record is 'How many reviewers decide on each record: 1 or 2.';
comment on column v1.protocol.simulated is 'True for the example project, whose records and decisions are made up.';
comment on column v1.protocol.registration is 'Where the protocol is registered; empty when it is not.';
comment on column v1.protocol.registered_on is 'When it was registered.';
comment on column v1.protocol.amendment is 'True when the protocol was already registered before this change.';
comment on column v1.protocol.changed is 'The parts that differ from the version before: criteria, windows, outcomes, mids, model ...';
comment on column v1.protocol.reason is 'Why it was changed, in the words of the team; empty until somebody says.';
comment on column v1.protocol.who is 'Who recorded it, where that is known.';
comment on column v1.protocol.decided_at is 'When the program first met this version.';
comment on column v1.protocol.is_current is 'True for the version in force.';
comment on column v1.protocol.place is 'First, second ... version, in the order in which they were recorded.';
