-- name: prisma_flow
-- purpose: the 17 boxes of the PRISMA 2020 flow diagram, counted; a box of a process that nobody did holds no number
--
-- Two routes: records that at least one database or register listed, and records that came by other methods only.
-- A route is screened (decisions on title and abstract), labelled (only final labels were imported) or untouched.
create view v1.prisma_flow as
-- read once each: a view that is named twice is planned twice, and these are deep
with the_report as materialized (select * from v1.report),
the_source_record as materialized (select * from v1.source_record),
the_member as materialized (select * from v1.record_member),
the_state as materialized (select * from v1.screening_state),
the_decision as materialized (select * from v1.current_decision),
-- the tables themselves: their views also ask for notices
the_effect as materialized (select * from synthesis.effect_size),
the_pool as materialized (select * from synthesis.pooled_effect),
the_removed as materialized (select * from v1.duplicates_removed),
latest as (
  select s.source_record_id, s.source, coalesce(i.source_kind, 'other_method') as source_kind,
    coalesce(i.source_kind in ('database', 'register'), false) as by_search,
    coalesce(m.record_id, s.source_record_id) as record_id,
    -- the member that stays where several are one record: the order of v1.record
    v1.member_place(s.source, s.abstract, s.source_record_id) as place
  from the_source_record s
  left join v1.import_receipt i on i.import_id = s.import_id
  left join the_member m on m.source_record_id = s.source_record_id
  where s.is_latest
), records as (
  select record_id, bool_or(by_search) as by_search, min(source_kind) as source_kind,
    arg_min([source_kind, source], place) filter (where by_search) as stays_with
  from latest
  group by record_id
), identified as (
  -- a search that found nothing is a search: it stands there with 0
  select source_kind, source, sum(n) as n from (
    select source_kind, source, count(*) as n from latest where by_search group by all
    union all
    select distinct source_kind, source, 0 from v1.search_history where source_kind in ('database', 'register'))
  group by source_kind, source
), by_source as (
  select source_kind, source, sum(removed) as removed, sum(remaining) as remaining from (
    select source_kind, source, 0 as removed, 0 as remaining from identified
    union all
    select source_kind, source, n, 0 from the_removed
    union all
    select stays_with[1], stays_with[2], 0, 1 from records where by_search)
  group by source_kind, source
), maker as (
  select
    (select count(*) from identified) > 0 as known,
    coalesce(sum(n) filter (where removed_by = 'automation'), 0) as automation,
    coalesce(sum(n) filter (where removed_by = 'person'), 0) as person,
    sum(n) filter (where removed_by = 'not recorded') as not_recorded
  from the_removed
), states as (
  select r.record_id, r.by_search,
    max(s.state) filter (where s.stage = 'title_abstract') as abstract_state,
    max(s.state) filter (where s.stage = 'final') as final_state
  from records r
  left join the_state s on s.record_id = r.record_id
  group by r.record_id, r.by_search
), decisions as (
  select r.by_search,
    count(*) filter (where d.stage = 'title_abstract') as on_abstract,
    count(*) filter (where d.stage = 'full_text') as on_full_text,
    count(*) filter (where d.stage = 'final') as labels
  from the_decision d
  join records r on r.record_id = d.record_id
  group by r.by_search
), screened as (
  select by_search,
    count(*) as records,
    count(*) filter (where abstract_state in ('include', 'exclude')) as abstract_done,
    count(*) filter (where abstract_state = 'exclude') as abstract_excluded,
    count(*) filter (where final_state in ('include', 'exclude')) as labelled,
    count(*) filter (where final_state = 'include') as label_included
  from states
  group by by_search
), reports as (
  select r.by_search,
    count(*) as sought,
    -- a marked report is neither included nor excluded, whatever else was noted or decided about it
    count(*) filter (where p.classification = 'awaiting_classification') as unclassified,
    count(*) filter (where p.classification = 'ongoing') as ongoing,
    count(*) filter (where p.classification is null and p.retrieval = 'not_retrieved') as not_retrieved,
    count(*) filter (where p.full_text_state in ('include', 'exclude')) as assessed,
    count(*) filter (where p.classification is null and p.retrieval = 'pending'
      and coalesce(p.full_text_state, '') not in ('include', 'exclude')) as to_retrieve,
    count(*) filter (where p.classification is null and p.retrieval = 'retrieved'
      and coalesce(p.full_text_state, '') not in ('include', 'exclude')) as to_assess,
    count(*) filter (where p.full_text_state = 'include') as included,
    count(*) filter (where p.retrieval <> 'pending' or p.classification is not null) as answered
  from the_report p
  join records r on r.record_id = p.record_id
  group by r.by_search
), reasons as (
  select r.by_search, coalesce(p.exclusion_reason, 'no reason given') as reason, count(*) as n
  from the_report p
  join records r on r.record_id = p.record_id
  where p.full_text_state = 'exclude'
  group by r.by_search, reason
), included as (
  select count(*) as reports, count(distinct study_id) as studies, count(*) filter (where study_id is null) as without_study
  from the_report
  where full_text_state = 'include'
), catalogue as (
  select
    (select count(*) from extraction.study) as studies,
    (select count(distinct report_id) from extraction.study_report) as reports,
    (select count(*) from the_source_record) as records
), pools as (
  select count(distinct e.study_id) as studies,
    (select count(distinct r.report_id) from extraction.study_report r where r.study_id in (
      select e2.study_id from the_effect e2
      join the_pool p2 on p2.cell_id = e2.cell_id and p2.subset = 'all'
      where e2.pooled and p2.k >= 2)) as reports,
    (select count(*) from the_effect) as effects
  from the_effect e
  join the_pool p on p.cell_id = e.cell_id and p.subset = 'all'
  where e.pooled and p.k >= 2
), route as (
  select w.by_search,
    case
      when coalesce(d.on_abstract, 0) > 0 then 'screened'
      when coalesce(d.labels, 0) > 0 then 'labelled'
      when coalesce(s.records, 0) > 0 then 'untouched'
      else 'absent'
    end as way,
    coalesce(d.on_full_text, 0) + coalesce(p.answered, 0) > 0 as full_text_begun,
    coalesce(s.records, 0) as records,
    coalesce(s.abstract_done, 0) as abstract_done, coalesce(s.abstract_excluded, 0) as abstract_excluded,
    coalesce(s.labelled, 0) as labelled, coalesce(s.label_included, 0) as label_included,
    coalesce(p.sought, 0) as sought, coalesce(p.not_retrieved, 0) as not_retrieved, coalesce(p.assessed, 0) as assessed,
    coalesce(p.to_retrieve, 0) as to_retrieve, coalesce(p.to_assess, 0) as to_assess,
    coalesce(p.unclassified, 0) as unclassified, coalesce(p.ongoing, 0) as ongoing
  from (values (true), (false)) w(by_search)
  left join screened s using (by_search)
  left join decisions d using (by_search)
  left join reports p using (by_search)
), totals as (
  select
    (select bool_or(way = 'screened') from route) as any_screened,
    (select bool_or(way = 'labelled') from route) as any_labelled,
    (select bool_or(full_text_begun) from route) as any_full_text,
    (select sum(label_included) from route where way = 'labelled') as label_included,
    i.reports as new_reports, i.studies as new_studies, i.without_study,
    c.studies as catalogue_studies, c.reports as catalogue_reports, c.records as catalogue_records,
    p.studies as pooled_studies, p.reports as pooled_reports, p.effects
  from included i, catalogue c, pools p
), boxes as (
  -- 1: every review here is a new one, until one says that it updates another
  select 10 as place, '1' as box, 'previous_studies' as item, 'Studies in the previous version of the review' as label,
    null as source, 0 as n, 'not applicable' as status
  union all
  select 11, '1', 'previous_reports', 'Reports of studies in the previous version of the review', null, 0, 'not applicable'
  -- 2
  union all
  select 20, '2', 'database', 'Records identified from a database', source, n, 'counted'
  from identified where source_kind = 'database'
  union all
  select 20, '2', 'database', 'Records identified from databases', null, null, 'not done'
  where not exists (select 1 from identified where source_kind = 'database')
  union all
  select 21, '2', 'register', 'Records identified from a register', source, n, 'counted'
  from identified where source_kind = 'register'
  union all
  select 21, '2', 'register', 'Records identified from registers', null, null, 'not done'
  where not exists (select 1 from identified where source_kind = 'register')
  -- 3
  union all
  select 30, '3', 'duplicates', 'Duplicate records removed before screening', null,
    case when (select count(*) from identified) > 0
      then (select count(*) from latest l where l.by_search) - (select records from route where by_search) end,
    case when (select count(*) from identified) > 0 then 'counted' else 'not done' end
  union all
  select 31, '3', 'duplicates_by_automation', 'Duplicate records removed by automation tools', null,
    case when known then automation end, case when known then 'counted' else 'not done' end
  from maker
  union all
  select 32, '3', 'duplicates_by_person', 'Duplicate records removed by people', null,
    case when known then person end, case when known then 'counted' else 'not done' end
  from maker
  union all
  select 33, '3', 'duplicates_not_recorded', 'Duplicate records removed, not recorded by whom', null, not_recorded, 'counted'
  from maker where not_recorded > 0
  union all
  select 34, '3', 'duplicates_of_source', 'Duplicate records removed, from a ' || source_kind, source, removed, 'counted'
  from by_source
  union all
  select 35, '3', 'remaining_of_source', 'Records that remain, from a ' || source_kind, source, remaining, 'counted'
  from by_source
  union all
  select 36, '3', 'automation', 'Records marked as ineligible by automation tools', null,
    case when (select count(*) from identified) > 0 then 0 end,
    case when (select count(*) from identified) > 0 then 'counted' else 'not done' end
  union all
  select 37, '3', 'other_removed', 'Records removed for other reasons', null,
    case when (select count(*) from identified) > 0 then 0 end,
    case when (select count(*) from identified) > 0 then 'counted' else 'not done' end
  -- 4, 5
  union all
  select 40, '4', 'screened', 'Records screened', null,
    case way when 'screened' then abstract_done when 'labelled' then labelled end,
    case when way in ('screened', 'labelled') then 'counted' else 'not done' end
  from route where by_search
  union all
  select 41, '4', 'awaiting_screening', 'Records not yet screened to the end', null,
    records - case way when 'screened' then abstract_done else labelled end, 'counted'
  from route where by_search and way in ('screened', 'labelled')
  union all
  select 50, '5', 'excluded_human', 'Records excluded by people', null,
    case way when 'screened' then abstract_excluded end,
    case way when 'screened' then 'counted' when 'labelled' then 'not reported by source' else 'not done' end
  from route where by_search
  union all
  select 51, '5', 'excluded_automation', 'Records excluded by automation tools', null,
    case way when 'screened' then 0 end,
    case way when 'screened' then 'counted' when 'labelled' then 'not reported by source' else 'not done' end
  from route where by_search
  -- 6, 7, 8 and, for other methods, 12, 13, 14
  union all
  select case when by_search then 60 else 121 end, case when by_search then '6' else '12' end,
    case when by_search then 'sought' else 'other_sought' end, 'Reports sought for retrieval', null,
    case way when 'screened' then sought end,
    case way when 'screened' then 'counted' when 'labelled' then 'not reported by source' else 'not done' end
  from route
  union all
  select case when by_search then 70 else 130 end, case when by_search then '7' else '13' end,
    case when by_search then 'not_retrieved' else 'other_not_retrieved' end, 'Reports not retrieved', null,
    case when way = 'screened' and full_text_begun then not_retrieved end,
    case when way = 'labelled' then 'not reported by source'
      when way = 'screened' and full_text_begun then 'counted' else 'not done' end
  from route
  union all
  select case when by_search then 71 else 131 end, case when by_search then '7' else '13' end,
    case when by_search then 'awaiting_retrieval' else 'other_awaiting_retrieval' end, 'Reports not yet retrieved', null,
    to_retrieve, 'counted'
  from route where way = 'screened' and full_text_begun
  union all
  select case when by_search then 80 else 140 end, case when by_search then '8' else '14' end,
    case when by_search then 'assessed' else 'other_assessed' end, 'Reports assessed for eligibility', null,
    case when way = 'screened' and full_text_begun then assessed end,
    case when way = 'labelled' then 'not reported by source'
      when way = 'screened' and full_text_begun then 'counted' else 'not done' end
  from route
  union all
  select case when by_search then 81 else 141 end, case when by_search then '8' else '14' end,
    case when by_search then 'awaiting_assessment' else 'other_awaiting_assessment' end,
    'Reports not yet assessed to the end', null, to_assess, 'counted'
  from route where way = 'screened' and full_text_begun
  -- outside the boxes, and only where there are some: PRISMA has none for them, Cochrane wants them told
  union all
  select case when by_search then 82 else 142 end, case when by_search then '8' else '14' end,
    case when by_search then 'awaiting_classification' else 'other_awaiting_classification' end,
    'Reports awaiting classification', null, unclassified, 'counted'
  from route where way = 'screened' and unclassified > 0
  union all
  select case when by_search then 83 else 143 end, case when by_search then '8' else '14' end,
    case when by_search then 'ongoing' else 'other_ongoing' end, 'Reports of ongoing studies', null, ongoing, 'counted'
  from route where way = 'screened' and ongoing > 0
  -- 9 and 15: a line for each reason, or one line with 0
  union all
  select case when r.by_search then 90 else 150 end, case when r.by_search then '9' else '15' end,
    case when r.by_search then 'excluded_reports' else 'other_excluded_reports' end, 'Reports excluded', x.reason, x.n, 'counted'
  from reasons x
  join route r using (by_search)
  where r.way = 'screened' and r.full_text_begun
  union all
  select case when by_search then 90 else 150 end, case when by_search then '9' else '15' end,
    case when by_search then 'excluded_reports' else 'other_excluded_reports' end, 'Reports excluded', null,
    case when way = 'screened' and full_text_begun then 0 end,
    case when way = 'labelled' then 'not reported by source'
      when way = 'screened' and full_text_begun then 'counted' else 'not done' end
  from route r
  where not (way = 'screened' and full_text_begun and exists (select 1 from reasons x where x.by_search = r.by_search))
  -- 10
  union all
  select 100, '10', 'new_studies', 'New studies included in review', null,
    case when any_full_text then new_studies end,
    case when any_full_text then 'counted' when any_labelled then 'not reported by source' else 'not done' end
  from totals
  union all
  select 101, '10', 'new_reports', 'Reports of new included studies', null,
    case when any_full_text then new_reports when any_labelled then label_included end,
    case when any_full_text or any_labelled then 'counted' else 'not done' end
  from totals
  union all
  select 102, '10', 'reports_without_study', 'Included reports not yet joined to a study', null, without_study, 'counted'
  from totals where any_full_text
  -- 11
  union all
  select 110, '11', 'other_identified', 'Records identified from other methods: ' || replace(source_kind, '_', ' '), null, count(*), 'counted'
  from records where not by_search
  group by source_kind
  union all
  -- a catalogue of studies without any record: each of its reports came by another method
  select 110, '11', 'other_identified', 'Records identified from other methods: other method', null,
    case when catalogue_records = 0 and catalogue_reports > 0 then catalogue_reports end,
    case when catalogue_records = 0 and catalogue_reports > 0 then 'counted' else 'not done' end
  from totals where not exists (select 1 from records where not by_search)
  union all
  select 120, '12', 'other_not_sought', 'Records of other methods excluded on title and abstract', null, abstract_excluded, 'counted'
  from route where not by_search and way = 'screened'
  union all
  select 122, '12', 'other_awaiting_screening', 'Records of other methods not yet screened to the end', null, records - abstract_done, 'counted'
  from route where not by_search and way = 'screened'
  -- 16
  union all
  select 160, '16', 'total_studies', 'Total studies included in review', null,
    case when any_full_text then new_studies when any_labelled then null when catalogue_studies > 0 then catalogue_studies end,
    case when any_full_text then 'counted' when any_labelled then 'not reported by source'
      when catalogue_studies > 0 then 'counted' else 'not done' end
  from totals
  union all
  select 161, '16', 'total_reports', 'Reports of total included studies', null,
    case when any_full_text then new_reports when any_labelled then label_included when catalogue_studies > 0 then catalogue_reports end,
    case when any_full_text or any_labelled or catalogue_studies > 0 then 'counted' else 'not done' end
  from totals
  -- 17
  union all
  select 170, '17', 'pooled_studies', 'Studies included in meta-analysis', null,
    case when effects > 0 then pooled_studies end, case when effects > 0 then 'counted' else 'not done' end
  from totals
  union all
  select 171, '17', 'pooled_reports', 'Reports of studies included in meta-analysis', null,
    case when effects > 0 then pooled_reports end, case when effects > 0 then 'counted' else 'not done' end
  from totals
)
select place, box, item, label, source, cast(n as bigint) as n, status
from boxes;

comment on view v1.prisma_flow is 'The 17 boxes of the PRISMA 2020 flow diagram, counted. Items that PRISMA has no box for (awaiting ..., ongoing, reports without study) stand beside the box they wait for, so that the counts of a review under way add up; duplicates are told apart by whom they were found and by source.';
comment on column v1.prisma_flow.place is 'Order of the lines.';
comment on column v1.prisma_flow.box is 'Number of the box, 1 to 17.';
comment on column v1.prisma_flow.item is 'What is counted, as one word; the identities are written in these.';
comment on column v1.prisma_flow.label is 'What is counted, in the words of PRISMA 2020.';
comment on column v1.prisma_flow.source is 'Boxes 2 and 3: the database or register; boxes 9 and 15: the reason for exclusion.';
comment on column v1.prisma_flow.n is 'The count; null where there is none.';
comment on column v1.prisma_flow.status is 'counted | not done: nothing of that process exists in the project | not reported by source: final labels were imported and do not tell | not applicable.';
