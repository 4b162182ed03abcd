-- A team that shares its records out, and where each record stands, kept.

alter table search.entry add column record_id varchar;       -- derived like the rest of it: the record that it belongs to
alter table search.entry add column ever_merged boolean;     -- with another source record, undone or not
alter table team.assignment add column reviewers integer;   -- how many decide on this record; empty = as the protocol says

create table team.reviewer (              -- a cache of review.toml, so that SQL knows who is who
  reviewer varchar primary key,
  name varchar not null,
  role varchar not null,
  left_on date,                           -- the day on which they left the team
  place integer not null                  -- their place in review.toml
);
create table screening.standing_decision (  -- derived: what each reviewer says now of each source record at each stage
  source_record_id varchar not null,
  decision_id varchar not null,
  stage varchar not null,
  reviewer varchar not null,
  verdict varchar not null,
  reason varchar,
  note varchar,
  blind boolean not null,
  criteria_version varchar not null,
  model_version varchar,
  position integer,
  via varchar not null,
  decided_at timestamptz not null,
  arrival bigint not null
);
create table screening.standing_adjudication (  -- derived: the adjudications that hold, but for reopenings
  source_record_id varchar not null,
  stage varchar not null,
  verdict varchar not null,
  reason varchar,
  arrival bigint not null
);
create table screening.standing_report (  -- derived: the words on reports that hold
  source_record_id varchar not null,
  kind varchar not null
);
create table screening.calibrating (      -- derived: the records of open calibration rounds
  record_id varchar not null,
  stage varchar not null,
  round_id varchar not null,
  finished boolean not null,
  reviewers varchar[] not null            -- who decide on all of them
);
create table team.standing_assignment (   -- derived: who is assigned, and how many are to decide
  source_record_id varchar not null,
  stage varchar not null,
  reviewer varchar not null,
  assigned boolean not null,              -- false: released, or they left the team
  is_newest boolean not null,             -- of this record and stage: it says how many
  reviewers integer
);
create table screening.state (            -- derived: where each record stands at each stage, and whom it waits for
  record_id varchar not null,
  stage varchar not null,
  state varchar not null,
  adjudicated boolean not null,
  reason varchar,
  reasons_differ boolean not null,
  decisions bigint not null,
  reviewers_needed integer not null,
  decided_by varchar[] not null,
  assigned_to varchar[] not null,
  open_to_all boolean not null,
  is_calibrating boolean not null,        -- of an open calibration round that is not finished
  position integer                        -- its place in the file or answer that first brought it
);
