-- name: study_notice
-- purpose: which notices concern which study, and how much of it (docs/methods/retractions.md)
create view v1.study_notice as
with told as materialized (
  select t.*, unnest(['pmid ' || t.pmid, 'doi ' || t.doi, 'pmcid ' || t.pmcid]) as name from v1.publication_notice t
), known as materialized (
  select n.study_id, n.report_id, n.report_kind, t.* exclude (name)
  from v1.document_name n join told t on t.name = n.id_kind || ' ' || n.id
), found as materialized (
  select row_number() over () as found_id, f.*, n.pmid is not null as is_report,
    -- the report that took the place of a retracted one is read for itself
    coalesce(f.kind = 'retraction' and n.replaces, false) as republished
  from (
    -- several pages of one review are one secondary source
    select study_id, report_kind, min(report_id) as report_id, list(distinct report_id) as places,
      pmid, doi, kind, notice_pmid, notice_text, seen_at, words
    from known
    group by study_id, report_kind, case when report_kind <> 'secondary source' then report_id end,
      pmid, doi, kind, notice_pmid, notice_text, seen_at, words
    union all
    -- study.toml itself may name a retraction that PubMed does not list
    select p.study_id, 'retraction', p.report_id, [p.report_id], null, null, 'retraction', p.pmid, p.title, null,
      'retraction (' || p.report_id || ')'
    from extraction.study_report p
    where p.kind = 'retraction'
      and not exists (
        select 1 from known k
        where k.study_id = p.study_id and k.kind = 'retraction' and k.report_kind <> 'secondary source'
          and (k.notice_pmid = p.pmid or p.pmid is null))
  ) f
  left join (
    select study_id, pmid, bool_or(kind in ('primary', 'follow_up')) as replaces
    from extraction.study_report
    group by study_id, pmid
  ) n on n.study_id = f.study_id and n.pmid = f.notice_pmid
), printed as (
  select row_id, study_id, source_id, n_source_id from extraction.result_continuous
  union all
  select row_id, study_id, source_id, n_source_id from extraction.result_binary
  union all
  select row_id, study_id, source_id, null from extraction.result_contrast
  union all
  select row_id, study_id, source_id, n_source_id from extraction.adverse_event
), figures as materialized (
  select s.study_id, coalesce(s.report_id, s.source_id) as report_id, replace(p.row_id, '#final', '') as row_id
  from printed p
  join extraction.source s on s.study_id = p.study_id and (s.source_id = p.source_id or s.source_id = p.n_source_id)
  where p.study_id in (select study_id from found)
), concerned as (
  select f.found_id, count(distinct g.row_id) as figures,
    list(distinct g.row_id order by g.row_id) filter (where
      (f.report_kind in ('primary', 'retraction') and not f.republished) or list_contains(f.places, g.report_id)
    ) as row_ids
  from found f
  join figures g on g.study_id = f.study_id
  group by f.found_id
), when_read as (
  select f.found_id, max(s.read_on) as read_on
  from found f
  join extraction.source s on s.study_id = f.study_id and list_contains(f.places, coalesce(s.report_id, s.source_id))
  group by f.found_id
), judged as (
  select f.*,
    case
      when f.report_kind in ('primary', 'retraction') and not f.republished then 'study'
      when f.report_kind = 'secondary source' then 'source'
      when c.row_ids is not null then 'figures'
      else 'nothing'
    end as concerns,
    -- days are compared: read_on has no time
    f.kind in ('erratum', 'republication', 'update') and not f.is_report
      and coalesce(cast(f.seen_at as date) > w.read_on, true) as check_figures,
    coalesce(c.row_ids, []::varchar[]) as row_ids,
    coalesce(len(c.row_ids) = c.figures, false) as all_figures
  from found f
  left join concerned c using (found_id)
  left join when_read w using (found_id)
)
select j.study_id, s.label, j.report_id, report_kind, pmid, kind, notice_pmid, notice_text, seen_at, concerns,
  kind = 'retraction' and concerns in ('study', 'figures') as retracts,
  check_figures,
  words || case concerns
      when 'figures' then ', ' || replace(report_kind, '_', ' ') || ' report'
      when 'nothing' then ', ' || replace(report_kind, '_', ' ') || ' report from which no figure was read'
      when 'source' then ', secondary source ' || report_id
      else '' end
    || case when republished then ', republished since' else '' end
    || case when check_figures then ', seen after the figures were read: check them' else '' end as words,
  row_ids, doi, all_figures
from judged j
left join extraction.study s using (study_id);

comment on view v1.study_notice is 'One row for each study and notice on one of its reports, and what the notice concerns.';
comment on column v1.study_notice.study_id is 'The study.';
comment on column v1.study_notice.label is 'Its name for people.';
comment on column v1.study_notice.report_id is 'The report of it that the notice is about; for a secondary source its source_id, the first of them where several pages of it were read.';
comment on column v1.study_notice.report_kind is 'What the report is to its study; or secondary source.';
comment on column v1.study_notice.pmid is 'PMID of the report; blank where study.toml itself names the retraction, or a record without a PMID does.';
comment on column v1.study_notice.kind is 'retraction, partial_retraction, expression_of_concern, erratum, republication, update or deletion.';
comment on column v1.study_notice.notice_pmid is 'The publication that says so; blank where PubMed names none.';
comment on column v1.study_notice.notice_text is 'Where the notice was published, as printed.';
comment on column v1.study_notice.seen_at is 'When this review first read it.';
comment on column v1.study_notice.concerns is 'study: a primary report that was not republished, so all of the study; figures: those that were read from this report; source: figures read in a secondary source; nothing: no figure was read from it.';
comment on column v1.study_notice.retracts is 'A retraction that takes figures with it: effects of them stay out of the subset not_retracted.';
comment on column v1.study_notice.check_figures is 'A correction that was seen after the figures were read, and that is not itself a report of the study.';
comment on column v1.study_notice.words is 'The notice in a few words.';
comment on column v1.study_notice.row_ids is 'The figures that it concerns: those of the whole study, or those that were read, or whose n was read, in this report.';
comment on column v1.study_notice.doi is 'DOI of the report, as far as a record of it was read.';
comment on column v1.study_notice.all_figures is 'Whether these are all figures of the study.';
