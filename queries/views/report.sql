-- name: report
-- purpose: the reports that were to be sought, whether they were retrieved, what full-text screening said, and their study
create view v1.report as
-- read once each: a view that is named twice is planned twice, and these are deep
with the_record as materialized (select * from v1.record),
the_state as materialized (select * from v1.screening_state),
the_member as materialized (select * from v1.record_member),
the_event as materialized (select * from v1.report_event),
event as (
  select * from the_event where holds and track = 'retrieval'
),
-- what was ordered stays told when it has come, or never will
ordered as (
  select * from the_event
  where kind = 'ordered' and not taken_back
  qualify row_number() over (partition by record_id order by arrival desc, event_id desc) = 1
),
asked as (
  select * from the_event where holds and kind = 'authors_asked'
),
translation as (
  select * from the_event where holds and kind in ('translation_wanted', 'translated')
),
mark as (
  select * from the_event where holds and kind in ('awaiting_classification', 'ongoing')
),
-- what was noted or decided about a report rests on the include: it is silent while there is none
included as (
  select record_id from the_state where stage = 'title_abstract' and state = 'include'
),
text_state as (
  select record_id, state, reason, decisions from the_state where stage = 'full_text'
),
joined_study as (
  select r.record_id, s.study_id
  from the_record r join extraction.study_report s on s.pmid = r.pmid
  union
  select r.record_id, s.study_id
  from the_record r join extraction.study_report s on lower(s.doi) = r.doi
  union
  -- an entry of a trial register, or a record without any number
  select r.record_id, s.study_id
  from the_record r
  join extraction.study_report s
    on r.pmid is null and r.doi is null and s.pmid is null and s.doi is null
    and len(r.registry_ids) = 1 and coalesce(s.registry_id, s.report_id) = r.registry_ids[1]
  union
  select m.record_id, s.study_id
  from the_member m join extraction.study_report s on s.report_id = 'SRC:' || m.source_record_id
),
study as (
  select record_id, min(study_id) as study_id, list_sort(list(study_id)) as study_ids
  from joined_study
  group by record_id
)
select
  r.record_id,
  r.pmid,
  r.doi,
  r.title,
  true as sought,
  case
    -- whoever decided on it has read it, whatever is noted beside
    when t.decisions > 0 then 'retrieved'
    when e.kind in ('retrieved', 'not_retrieved') then e.kind
    else 'pending'
  end as retrieval,
  case when e.kind = 'not_retrieved' and coalesce(t.decisions, 0) = 0 then e.reason end as not_retrieved_reason,
  -- the mark wins in v1.screening_state already
  t.state as full_text_state,
  t.reason as exclusion_reason,
  s.study_id,
  coalesce(s.study_ids, []::varchar[]) as study_ids,
  r.retracted,
  r.notices,
  k.kind as classification,
  k.reason as classification_reason,
  o.from_where as ordered_from,
  cast(o.decided_at as date) as ordered_on,
  o.who as ordered_by,
  a.asked_on as authors_asked_on,
  a.who as authors_asked_by,
  coalesce(l.kind = 'translation_wanted', false) as translation_wanted,
  l.language,
  case when e.kind = 'retrieved' then e.file_name end as file_name,
  case when e.kind = 'retrieved' then e.file_sha256 end as file_sha256,
  coalesce(e.kind = 'retrieved' and e.kept, false) as file_kept
from the_record r
join included using (record_id)
left join text_state t using (record_id)
left join event e using (record_id)
left join study s using (record_id)
left join ordered o using (record_id)
left join asked a using (record_id)
left join translation l using (record_id)
left join mark k using (record_id);

comment on view v1.report is 'Reports to be sought: the records that are included at title and abstract now. What was decided about the report of another record counts again when it is included again.';
comment on column v1.report.record_id is 'The record that describes the report.';
comment on column v1.report.pmid is 'PubMed number.';
comment on column v1.report.doi is 'DOI.';
comment on column v1.report.title is 'Title.';
comment on column v1.report.sought is 'The report was to be sought: an include at title and abstract makes it so.';
comment on column v1.report.retrieval is 'retrieved, not_retrieved or pending; a report on which enough have decided at full text was retrieved.';
comment on column v1.report.not_retrieved_reason is 'Why it was not retrieved.';
comment on column v1.report.full_text_state is 'needs_first, needs_second, include, exclude or conflict; null before full-text screening. awaiting_classification or ongoing while it is marked so: then it is neither included nor excluded.';
comment on column v1.report.exclusion_reason is 'The one reason for exclusion at full text: a code of the protocol.';
comment on column v1.report.study_id is 'The study that the report belongs to, by PMID or DOI of study.toml; the first where there are several. Found by the PMID, DOI, registry number or SRC: id in study.toml.';
comment on column v1.report.study_ids is 'All studies that the report belongs to.';
comment on column v1.report.retracted is 'The publication was retracted.';
comment on column v1.report.notices is 'What PubMed says of it: retraction of PMID 123 (notice PMID 456) ...';
comment on column v1.report.classification is 'awaiting_classification: nobody can say yet whether it is eligible; ongoing: the study has not ended. Null where no such mark stands.';
comment on column v1.report.classification_reason is 'Why it is marked so, in words.';
comment on column v1.report.ordered_from is 'Where it was last ordered from.';
comment on column v1.report.ordered_on is 'The day (UTC) on which that was noted.';
comment on column v1.report.ordered_by is 'Who ordered it.';
comment on column v1.report.authors_asked_on is 'The day on which its authors were last asked.';
comment on column v1.report.authors_asked_by is 'Who noted that.';
comment on column v1.report.translation_wanted is 'A translation is wanted and not there yet.';
comment on column v1.report.language is 'The language that it is written in, where a translation was wanted or made.';
comment on column v1.report.file_name is 'The name that the file of the retrieved report had: text for people, never a place.';
comment on column v1.report.file_sha256 is 'sha256 of that file.';
comment on column v1.report.file_kept is 'That file lies in full_texts/ of the project, under its sha256.';
