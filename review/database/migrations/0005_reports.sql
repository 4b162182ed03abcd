-- What happens to a report on its way: ordered, its authors asked, a translation wanted, and what cannot be classified.

-- a check cannot be altered: the table is copied into its new shape, and every event keeps its id and its arrival
create table screening.report_event_new (
  event_id varchar primary key,
  supersedes varchar,
  source_record_id varchar not null,
  kind varchar not null check (kind in (
    'sought', 'ordered', 'retrieved', 'not_retrieved',            -- retrieval
    'authors_asked', 'translation_wanted', 'translated',          -- correspondence
    'awaiting_classification', 'ongoing', 'classified',           -- classification
    'withdrawn')),
  track varchar check (track in ('retrieval', 'correspondence', 'classification')),  -- of what is withdrawn, else empty
  reason varchar,
  from_where varchar,                     -- ordered: the library, the shop, the person
  asked_on date,                          -- authors_asked: the day on which they were written to
  language varchar,                       -- translation_wanted, translated: what the report is written in
  note varchar,
  file_name varchar,                      -- text for people to read, never a place
  file_sha256 varchar,
  kept boolean,                           -- its content lies in full_texts/ under its sha256
  who varchar not null,
  decided_at timestamptz not null,
  arrival bigint not null,
  check (not (kind in ('not_retrieved', 'awaiting_classification', 'ongoing') and reason is null)),
  check (not (kind = 'ordered' and from_where is null)),
  check (not (kind = 'authors_asked' and asked_on is null)),
  check (not (kind = 'translation_wanted' and language is null)),
  check (not (kind <> 'withdrawn' and track is not null)),
  check (not (kind = 'withdrawn' and track is not null and supersedes is null)),
  check (not (coalesce(kept, false) and (kind <> 'retrieved' or file_sha256 is null)))
);
insert into screening.report_event_new
  (event_id, supersedes, source_record_id, kind, reason, file_name, file_sha256, who, decided_at, arrival)
  select event_id, supersedes, source_record_id, kind, reason, file_name, file_sha256, who, decided_at, arrival
  from screening.report_event
  order by arrival, event_id;
drop table screening.report_event;
alter table screening.report_event_new rename to report_event;
