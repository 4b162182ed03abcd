-- name: synthesis_state
-- purpose: which load of the extracted files stands now, and which one the effects were computed from
create view v1.synthesis_state as
select
  l.load_id, l.loaded_at,
  r.rebuild_id, r.load_id as built_from_load, r.protocol_sha256, r.formula_version, r.built_at
from (select 1 as one) as state
left join (select load_id, loaded_at from extraction.load order by loaded_at desc limit 1) l on true
left join (select * from synthesis.rebuild order by built_at desc limit 1) r on true;

comment on view v1.synthesis_state is 'One row: the newest load and the newest rebuild; they differ when the effects are stale.';
comment on column v1.synthesis_state.load_id is 'Fingerprint of the extracted files that are loaded.';
comment on column v1.synthesis_state.loaded_at is 'When they were loaded.';
comment on column v1.synthesis_state.rebuild_id is 'Fingerprint of everything that went into the effects: files, protocol, formulas.';
comment on column v1.synthesis_state.built_from_load is 'The load that the effects were computed from.';
comment on column v1.synthesis_state.protocol_sha256 is 'Fingerprint of the protocol''s synthesis parts at that time.';
comment on column v1.synthesis_state.formula_version is 'Version of the formulas.';
comment on column v1.synthesis_state.built_at is 'When the effects were computed.';
