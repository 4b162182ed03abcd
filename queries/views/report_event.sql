-- name: report_event
-- purpose: what was ever noted about each report, and what of it holds
--
-- The tracks of a report do not overwrite each other. In retrieval and in classification the newest event holds; in
-- correspondence the newest about the authors and the newest about a translation. `withdrawn` takes back the one event
-- that it supersedes, and what that had replaced holds again. One without a track is of an earlier version of the
-- program: it is itself the newest word on retrieval, so that the report is pending.
create view v1.report_event as
with noted as materialized (
  select m.record_id, e.*,
    e.kind = 'withdrawn' and e.track is not null as takes_back,
    case
      when e.kind = 'authors_asked' then 'authors'
      when e.kind in ('translation_wanted', 'translated') then 'translation'
      when e.kind in ('awaiting_classification', 'ongoing', 'classified') then 'classification'
      else 'retrieval'
    end as line
  from screening.report_event e
  join v1.record_member m using (source_record_id)
),
taken_back as (
  select distinct supersedes as event_id from screening.report_event where kind = 'withdrawn' and track is not null
),
replaced as (
  select distinct o.supersedes as event_id
  from screening.report_event o
  where o.supersedes is not null and not (o.kind = 'withdrawn' and o.track is not null)
    and o.event_id not in (select event_id from taken_back)
),
newest as (
  select record_id, event_id
  from noted
  where not takes_back
    and event_id not in (select event_id from taken_back)
    and event_id not in (select event_id from replaced)
  qualify row_number() over (partition by record_id, line order by arrival desc, event_id desc) = 1
)
select
  n.record_id,
  n.event_id,
  n.supersedes,
  n.source_record_id,
  case
    when n.kind = 'withdrawn' then coalesce(n.track, 'retrieval')
    when n.line in ('authors', 'translation') then 'correspondence'
    else n.line
  end as track,
  n.kind,
  n.reason,
  n.from_where,
  n.asked_on,
  n.language,
  n.note,
  n.file_name,
  n.file_sha256,
  coalesce(n.kept, false) as kept,
  n.who,
  n.decided_at,
  n.arrival,
  t.event_id is not null as taken_back,
  n.kind <> 'withdrawn' and w.event_id is not null as holds
from noted n
left join taken_back t on t.event_id = n.event_id
left join newest w on w.record_id = n.record_id and w.event_id = n.event_id;

comment on view v1.report_event is 'What was ever noted about each report: retrieval (sought, ordered, retrieved, not_retrieved), correspondence (authors_asked, translation_wanted, translated), classification (awaiting_classification, ongoing, classified), and what was withdrawn.';
comment on column v1.report_event.record_id is 'The record that describes the report today.';
comment on column v1.report_event.event_id is 'The event.';
comment on column v1.report_event.supersedes is 'The event that it takes the place of, or takes back.';
comment on column v1.report_event.source_record_id is 'The source record that it was noted on.';
comment on column v1.report_event.track is 'retrieval, correspondence or classification; of an event that takes back, the track of what it takes back.';
comment on column v1.report_event.kind is 'sought, ordered, retrieved, not_retrieved, authors_asked, translation_wanted, translated, awaiting_classification, ongoing, classified or withdrawn.';
comment on column v1.report_event.reason is 'Why it was not retrieved, or cannot be classified, in words.';
comment on column v1.report_event.from_where is 'Where it was ordered from.';
comment on column v1.report_event.asked_on is 'The day on which the authors were asked.';
comment on column v1.report_event.language is 'The language that it is written in, where a translation is wanted or made.';
comment on column v1.report_event.note is 'A free note.';
comment on column v1.report_event.file_name is 'The name that the file of the report had: text for people, never a place.';
comment on column v1.report_event.file_sha256 is 'sha256 of the file of the report.';
comment on column v1.report_event.kept is 'The file lies in full_texts/ of the project, under its sha256.';
comment on column v1.report_event.who is 'Who noted it.';
comment on column v1.report_event.decided_at is 'When it was noted.';
comment on column v1.report_event.arrival is 'Order of arrival.';
comment on column v1.report_event.taken_back is 'A later event has taken it back.';
comment on column v1.report_event.holds is 'It holds now: the newest of its kind of word, neither replaced nor taken back.';
