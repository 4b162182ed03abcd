-- Calibration rounds: records on which everybody who screens decides, to find out whether the criteria are read alike.

create table screening.calibration_event (
  event_id varchar primary key,           -- of the opening: the round_id
  supersedes varchar,
  round_id varchar not null,
  kind varchar not null check (kind in ('opened', 'closed')),
  stage varchar not null check (stage in ('title_abstract', 'full_text')),
  source_record_ids varchar[],            -- opened: the records that were drawn, in the order of the draw
  reviewers varchar[],                    -- opened: who decides on all of them
  size integer,                           -- opened: how many records were asked for
  criteria_version varchar not null,      -- when it was opened, and when it was closed
  who varchar not null,
  finished boolean,                       -- closed: whether everybody had decided on all; else it was given up
  note varchar,
  decided_at timestamptz not null,
  arrival bigint not null,
  check (not (kind = 'opened' and (source_record_ids is null or reviewers is null or size is null))),
  check (not (kind = 'closed' and finished is null))
);
