-- name: duplicates_removed
-- purpose: the duplicates of box 3 of the PRISMA flow: from which source they were removed, by whom, and by which rule
--
-- Of each record one member stays: the shown one of v1.record, or, where another method brought that, the first after it
-- that a search listed.
-- Each other member was joined to it along one path of merges, and the last merge of that path removed it.
create view v1.duplicates_removed as
with recursive member as materialized (
  select
    m.record_id, m.entry_id, s.source, i.source_kind, coalesce(i.source_kind in ('database', 'register'), false) as by_search,
    row_number() over (
      partition by m.record_id
      order by coalesce(i.source_kind in ('database', 'register'), false) desc,
        v1.member_place(s.source, s.abstract, s.source_record_id)
    ) as place
  from v1.record_member m
  join v1.source_record s using (source_record_id)
  left join search.import_receipt i using (import_id)
  where s.is_latest
), edge as materialized (
  select a.entry_id as here, b.entry_id as there, j.rule, j.automatic
  from (
    select record_a, record_b, rule, automatic from dedupe.joined
    union all
    select record_b, record_a, rule, automatic from dedupe.joined) j
  join search.entry a on a.source_record_id = j.record_a
  join search.entry b on b.source_record_id = j.record_b
), walk as (
  select entry_id, null::varchar as before, null::varchar as rule, null::boolean as automatic
  from member
  where place = 1
  union
  select e.there, e.here, e.rule, e.automatic
  from walk w
  join edge e on e.here = w.entry_id
  where e.there is distinct from w.before
), joined as (
  select entry_id, arg_min(rule, before) as rule, bool_and(automatic) as automatic
  from walk
  where before is not null
  group by entry_id
)
select
  m.source,
  m.source_kind,
  case j.automatic when true then 'automation' when false then 'person' else 'not recorded' end as removed_by,
  case when j.automatic then j.rule end as rule,
  count(*) as n
from member m
left join joined j on j.entry_id = m.entry_id
where m.by_search and m.place > 1
group by all;

comment on view v1.duplicates_removed is 'Duplicates removed before screening, by source, by whom and by which rule; n adds up to box 3 of the PRISMA flow. Of each record one member stays, the others are removed from their source; versions of one entry are no duplicates, and what was undone is not counted.';
comment on column v1.duplicates_removed.source is 'The database or register that the duplicate was removed from.';
comment on column v1.duplicates_removed.source_kind is 'database or register: box 3 counts no other.';
comment on column v1.duplicates_removed.removed_by is 'automation | person | not recorded: merged by a version that did not keep it; review dedupe run mends that.';
comment on column v1.duplicates_removed.rule is 'The rule of the program; null where a person merged.';
comment on column v1.duplicates_removed.n is 'How many source records.';
