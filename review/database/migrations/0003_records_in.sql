-- What nearly every view asks for is kept, and how records became one.

create table search.told_notice (         -- derived: what is said of publications today
  pmid varchar,
  doi varchar,
  pmcid varchar,
  kind varchar not null,
  notice_pmid varchar,
  notice_text varchar,
  seen_at timestamptz,
  source_record_id varchar,
  words varchar not null
);
create table search.entry (               -- derived: which source records are versions of one, and which was read last
  source_record_id varchar not null,
  entry_id varchar not null,
  import_id varchar not null,
  position integer not null,
  is_latest boolean not null
);
create table dedupe.joined (              -- derived: the edges that made the clusters, one fewer than members
  record_a varchar not null,
  record_b varchar not null,
  record_id varchar not null,
  event_id varchar not null,
  rule varchar,
  automatic boolean not null
);
