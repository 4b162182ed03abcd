-- name: study_notice
-- purpose: which notices concern which study, and how much of it (docs/methods/retractions.md)
create view v1.study_notice as
with told as materialized (select * from v1.publication_notice),
found as (
  select p.study_id, p.report_id, p.kind as report_kind, t.*
  from extraction.study_report p join told t on t.pmid = p.pmid
  union
  select p.study_id, p.report_id, p.kind, t.*
  from extraction.study_report p join told t on t.doi = lower(p.doi)
  union
  -- the page of a review or another secondary source from which figures were read
  select s.study_id, s.source_id, 'secondary source', t.*
  from extraction.source s
  join told t on regexp_extract(coalesce(s.canonical_url, s.url), 'pubmed\.ncbi\.nlm\.nih\.gov/(\d+)', 1) = t.pmid
    or regexp_extract(coalesce(s.canonical_url, s.url), 'PMC\d+') = t.pmcid
    or lower(regexp_extract(coalesce(s.canonical_url, s.url), 'doi\.org/(10\..+)$', 1)) = t.doi
  where s.report_id is null
  union
  -- study.toml itself may name a retraction that PubMed does not list
  select p.study_id, p.report_id, 'retraction', null, null, null, 'retraction', p.pmid, p.title, null, null,
    'retraction (' || p.report_id || ')'
  from extraction.study_report p
  where p.kind = 'retraction'
    and not exists (
      select 1 from told t join extraction.study_report o on o.study_id = p.study_id and (o.pmid = t.pmid or lower(o.doi) = t.doi)
      where t.kind = 'retraction' and (t.notice_pmid = p.pmid or p.pmid is null))
), printed as (
  select row_id, study_id, source_id, n_source_id from extraction.result_continuous
  union all
  select row_id, study_id, source_id, n_source_id from extraction.result_binary
  union all
  select row_id, study_id, source_id, null from extraction.result_contrast
  union all
  select row_id, study_id, source_id, n_source_id from extraction.adverse_event
), figures as (
  select s.study_id, coalesce(s.report_id, s.source_id) as report_id, replace(p.row_id, '#final', '') as row_id
  from printed p
  join extraction.source s on s.study_id = p.study_id and (s.source_id = p.source_id or s.source_id = p.n_source_id)
  where p.study_id in (select study_id from found)
), concerned as (
  select f.study_id, f.report_id, list(distinct g.row_id order by g.row_id) as row_ids
  from found f
  join figures g on g.study_id = f.study_id and (f.report_kind in ('primary', 'retraction') or g.report_id = f.report_id)
  group by f.study_id, f.report_id
), judged as (
  select f.*,
    case
      when f.report_kind in ('primary', 'retraction') then 'study'
      when f.report_kind = 'secondary source' then 'source'
      when c.row_ids is not null then 'figures'
      else 'nothing'
    end as concerns,
    f.kind in ('erratum', 'republication', 'update')
      and coalesce(f.seen_at > (
        select max(s.read_on) from extraction.source s
        where s.study_id = f.study_id and f.report_id in (s.report_id, s.source_id)), true)
      and not exists (
        select 1 from extraction.study_report p where p.study_id = f.study_id and p.pmid = f.notice_pmid) as check_figures,
    coalesce(c.row_ids, []::varchar[]) as row_ids
  from found f
  left join concerned c on c.study_id = f.study_id and c.report_id = f.report_id
)
select j.study_id, s.label, j.report_id, report_kind, pmid, kind, notice_pmid, notice_text, seen_at, concerns,
  kind = 'retraction' and concerns in ('study', 'figures') as retracts,
  check_figures,
  words || case concerns
      when 'figures' then ', ' || replace(report_kind, '_', ' ') || ' report'
      when 'nothing' then ', ' || replace(report_kind, '_', ' ') || ' from which no figure was read'
      when 'source' then ', secondary source ' || report_id
      else '' end
    || case when check_figures then ', seen after the figures were read: check them' else '' end as words,
  row_ids
from judged j
left join extraction.study s using (study_id);

comment on view v1.study_notice is 'One row for each study and notice on one of its reports, and what the notice concerns.';
comment on column v1.study_notice.study_id is 'The study.';
comment on column v1.study_notice.label is 'Its name for people.';
comment on column v1.study_notice.report_id is 'The report of it that the notice is about; for a secondary source its source_id.';
comment on column v1.study_notice.report_kind is 'What the report is to its study; or secondary source.';
comment on column v1.study_notice.pmid is 'PMID of the report; blank where study.toml itself names the retraction.';
comment on column v1.study_notice.kind is 'retraction, partial_retraction, expression_of_concern, erratum, republication, update or deletion.';
comment on column v1.study_notice.notice_pmid is 'The publication that says so; blank where PubMed names none.';
comment on column v1.study_notice.notice_text is 'Where the notice was published, as printed.';
comment on column v1.study_notice.seen_at is 'When this review first read it.';
comment on column v1.study_notice.concerns is 'study: a primary report, so all of the study; figures: those that were read from this report; source: figures read in a secondary source; nothing: no figure was read from it.';
comment on column v1.study_notice.retracts is 'A retraction that takes figures with it: effects of them stay out of the subset not_retracted.';
comment on column v1.study_notice.check_figures is 'A correction that was seen after the figures were read, and that is not itself a report of the study.';
comment on column v1.study_notice.words is 'The notice in a few words.';
comment on column v1.study_notice.row_ids is 'The figures that it concerns: those of the whole study, or those that were read, or whose n was read, in this report.';
