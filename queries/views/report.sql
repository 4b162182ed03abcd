-- name: report
-- purpose: the reports that were to be sought, whether they were retrieved, what full-text screening said, and their study
create view v1.report as
-- read once each: a view that is named twice is planned twice, and these are deep
with the_record as materialized (select * from v1.record),
the_state as materialized (select * from v1.screening_state),
the_member as materialized (select * from v1.record_member),
newest as (
  select e.*, m.record_id
  from screening.report_event e
  join the_member m using (source_record_id)
  where not exists (select 1 from screening.report_event n where n.supersedes = e.event_id)
  qualify row_number() over (partition by m.record_id order by e.arrival desc, e.event_id desc) = 1
),
event as (
  select * from newest where kind <> 'withdrawn'
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
    when e.kind in ('retrieved', 'not_retrieved') then e.kind
    when t.decisions > 0 then 'retrieved'
    else 'pending'
  end as retrieval,
  case when e.kind = 'not_retrieved' then e.reason end as not_retrieved_reason,
  t.state as full_text_state,
  t.reason as exclusion_reason,
  s.study_id,
  coalesce(s.study_ids, []::varchar[]) as study_ids,
  r.retracted,
  r.notices
from the_record r
join included using (record_id)
left join text_state t using (record_id)
left join event e using (record_id)
left join study s using (record_id);

comment on view v1.report is 'Reports to be sought: the records that are included at title and abstract now. What was decided about the report of another record counts again when it is included again.';
comment on column v1.report.record_id is 'The record that describes the report.';
comment on column v1.report.pmid is 'PubMed number.';
comment on column v1.report.doi is 'DOI.';
comment on column v1.report.title is 'Title.';
comment on column v1.report.sought is 'The report was to be sought: an include at title and abstract makes it so.';
comment on column v1.report.retrieval is 'retrieved, not_retrieved or pending; a report with a full-text decision was retrieved.';
comment on column v1.report.not_retrieved_reason is 'Why it was not retrieved.';
comment on column v1.report.full_text_state is 'needs_first, needs_second, include, exclude or conflict; null before full-text screening.';
comment on column v1.report.exclusion_reason is 'The one reason for exclusion at full text: a code of the protocol.';
comment on column v1.report.study_id is 'The study that the report belongs to, by PMID or DOI of study.toml; the first where there are several. Found by the PMID, DOI, registry number or SRC: id in study.toml.';
comment on column v1.report.study_ids is 'All studies that the report belongs to.';
comment on column v1.report.retracted is 'The publication was retracted.';
comment on column v1.report.notices is 'What PubMed says of it: retraction of PMID 123 (notice PMID 456) ...';
