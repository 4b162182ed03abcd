-- name: prisma_check
-- purpose: the twelve identities that the counts of the PRISMA flow must fulfil
--
-- A term that was not counted is null and makes its identity not applicable: neither passed nor failed.
create view v1.prisma_check as
with flow as materialized (select * from v1.prisma_flow),
terms as (
  -- one line of an item that is not counted leaves the item unknown; a missing register beside a counted database does not
  select item,
    case
      when bool_and(status in ('counted', 'not applicable')) or item in ('database', 'register') then sum(n)
    end as n
  from flow
  group by item
), sources as (
  select count(*) as n, count(*) filter (where identified - removed = remaining) as adding_up
  from (
    select
      coalesce(sum(n) filter (where item in ('database', 'register')), 0) as identified,
      coalesce(sum(n) filter (where item = 'duplicates_of_source'), 0) as removed,
      coalesce(sum(n) filter (where item = 'remaining_of_source'), 0) as remaining
    from flow
    where source is not null and item in ('database', 'register', 'duplicates_of_source', 'remaining_of_source')
    group by source)
), v as (
  select
    max(n) filter (where item = 'database') as databases,
    max(n) filter (where item = 'register') as registers,
    max(n) filter (where item = 'duplicates') as duplicates,
    max(n) filter (where item = 'duplicates_by_automation') as duplicates_by_automation,
    max(n) filter (where item = 'duplicates_by_person') as duplicates_by_person,
    coalesce(max(n) filter (where item = 'duplicates_not_recorded'), 0) as duplicates_not_recorded,
    max(n) filter (where item = 'automation') as automation,
    max(n) filter (where item = 'other_removed') as other_removed,
    coalesce(max(n) filter (where item = 'awaiting_screening'), 0) as awaiting_screening,
    max(n) filter (where item = 'screened') as screened,
    max(n) filter (where item = 'excluded_human') as excluded_human,
    max(n) filter (where item = 'excluded_automation') as excluded_automation,
    max(n) filter (where item = 'sought') as sought,
    max(n) filter (where item = 'not_retrieved') as not_retrieved,
    coalesce(max(n) filter (where item = 'awaiting_retrieval'), 0) as awaiting_retrieval,
    max(n) filter (where item = 'assessed') as assessed,
    coalesce(max(n) filter (where item = 'awaiting_assessment'), 0) as awaiting_assessment,
    coalesce(max(n) filter (where item = 'awaiting_classification'), 0) as awaiting_classification,
    coalesce(max(n) filter (where item = 'ongoing'), 0) as ongoing,
    max(n) filter (where item = 'excluded_reports') as excluded_reports,
    max(n) filter (where item = 'other_identified') as other_identified,
    coalesce(max(n) filter (where item = 'other_not_sought'), 0) as other_not_sought,
    coalesce(max(n) filter (where item = 'other_awaiting_screening'), 0) as other_awaiting_screening,
    max(n) filter (where item = 'other_sought') as other_sought,
    max(n) filter (where item = 'other_not_retrieved') as other_not_retrieved,
    coalesce(max(n) filter (where item = 'other_awaiting_retrieval'), 0) as other_awaiting_retrieval,
    max(n) filter (where item = 'other_assessed') as other_assessed,
    coalesce(max(n) filter (where item = 'other_awaiting_assessment'), 0) as other_awaiting_assessment,
    coalesce(max(n) filter (where item = 'other_awaiting_classification'), 0) as other_awaiting_classification,
    coalesce(max(n) filter (where item = 'other_ongoing'), 0) as other_ongoing,
    max(n) filter (where item = 'other_excluded_reports') as other_excluded_reports,
    max(n) filter (where item = 'previous_studies') as previous_studies,
    max(n) filter (where item = 'previous_reports') as previous_reports,
    max(n) filter (where item = 'new_studies') as new_studies,
    max(n) filter (where item = 'new_reports') as new_reports,
    max(n) filter (where item = 'total_studies') as total_studies,
    max(n) filter (where item = 'total_reports') as total_reports,
    max(n) filter (where item = 'pooled_studies') as pooled_studies,
    max(n) filter (where item = 'pooled_reports') as pooled_reports
  from terms
), identities as (
  select 10 as place, '1' as identity, 'databases + registers − duplicates − automation − other − not yet screened = screened' as words,
    '=' as relation,
    case when databases is not null or registers is not null
      then coalesce(databases, 0) + coalesce(registers, 0) end
      - duplicates - automation - other_removed - awaiting_screening as left_value,
    screened as right_value
  from v
  union all
  select 20, '2', 'screened − excluded by people − excluded by automation = sought', '=',
    screened - excluded_human - excluded_automation, sought from v
  union all
  select 30, '3',
    'sought − not retrieved − not yet retrieved − not yet assessed − awaiting classification − ongoing = assessed', '=',
    sought - not_retrieved - awaiting_retrieval - awaiting_assessment - awaiting_classification - ongoing, assessed from v
  union all
  select 40, '4', 'other methods − excluded on title and abstract − not yet screened = other sought', '=',
    other_identified - other_not_sought - other_awaiting_screening, other_sought from v
  union all
  select 50, '5',
    'other sought − not retrieved − not yet retrieved − not yet assessed − awaiting classification − ongoing = other assessed',
    '=',
    other_sought - other_not_retrieved - other_awaiting_retrieval - other_awaiting_assessment
      - other_awaiting_classification - other_ongoing, other_assessed from v
  union all
  -- a route by which no record came adds nothing
  select 60, '6', '(assessed − excluded) + (other assessed − excluded) = new reports', '=',
    case when coalesce(databases, registers) is null then 0 else assessed - excluded_reports end
      + case when other_identified is null then 0 else other_assessed - other_excluded_reports end,
    new_reports from v
  union all
  select 70, '7', 'previous + new = total studies', '=', previous_studies + new_studies, total_studies from v
  union all
  select 80, '8', 'previous + new = total reports', '=', previous_reports + new_reports, total_reports from v
  union all
  select 90, '9a', 'new reports ≥ new studies', '>=', new_reports, new_studies from v
  union all
  -- 0 and 0 of a review that updates nothing hold trivially; saying so would say too much
  select 91, '9b', 'previous reports ≥ previous studies', '>=', nullif(previous_reports, 0), nullif(previous_studies, 0) from v
  union all
  select 92, '9c', 'total reports ≥ total studies', '>=', total_reports, total_studies from v
  union all
  select 100, '10a', 'studies in meta-analysis ≤ total studies', '<=', pooled_studies, total_studies from v
  union all
  select 101, '10b', 'reports in meta-analysis ≤ total reports', '<=', pooled_reports, total_reports from v
  union all
  select 110, '11', 'duplicates by automation + by people + not recorded by whom = duplicates', '=',
    duplicates_by_automation + duplicates_by_person + duplicates_not_recorded, duplicates from v
  union all
  select 120, '12', 'sources of which identified − duplicates removed = records that remain = sources', '=',
    nullif(adding_up, case when n = 0 then 0 end), nullif(n, 0) from sources
)
select place, identity, words, cast(left_value as bigint) as left_value, cast(right_value as bigint) as right_value,
  case
    when left_value is null or right_value is null then 'not applicable'
    when (relation = '=' and left_value = right_value) or (relation = '>=' and left_value >= right_value)
      or (relation = '<=' and left_value <= right_value) then 'pass'
    else 'fail'
  end as verdict
from identities;

comment on view v1.prisma_check is 'The twelve identities that the counts of the PRISMA flow must fulfil; an identity with a term that was not counted is not applicable, neither passed nor failed.';
comment on column v1.prisma_check.place is 'Order of the lines.';
comment on column v1.prisma_check.identity is 'Number of the identity; 9 and 10 have parts.';
comment on column v1.prisma_check.words is 'The identity in words.';
comment on column v1.prisma_check.left_value is 'Its left side; null where a term was not counted.';
comment on column v1.prisma_check.right_value is 'Its right side; null where it was not counted.';
comment on column v1.prisma_check.verdict is 'pass | fail | not applicable.';
