-- name: record_field
-- purpose: each field of each record: its value, the source that it came from, why that one, and what the other members say
--
-- The rules are the macros of v1.record; a test holds the two equal.
create view v1.record_field as
with ranked as (
  select
    m.record_id, s.*,
    row_number() over best as place,
    first_value(nullif(s.journal, '') ignore nulls) over (best rows between unbounded preceding and unbounded following)
      as first_journal,
    first_value(nullif(s.authors, '') ignore nulls) over (best rows between unbounded preceding and unbounded following)
      as first_authors
  from v1.record_member m
  join v1.source_record s using (source_record_id)
  where s.is_latest
  window best as (
    partition by m.record_id
    order by v1.member_place(s.source, s.abstract, s.source_record_id)
  )
), said as (
  select record_id, source_record_id, source, place,
    unnest([
      {field: 'title', given: [title], merit: 0},
      {field: 'abstract', given: [abstract], merit: length(abstract)},
      {field: 'authors', given: [authors], merit: v1.more_names(authors, first_authors)},
      {field: 'journal', given: [journal], merit: v1.written_out(journal, first_journal)},
      {field: 'year', given: [year::varchar], merit: 0},
      {field: 'volume', given: [volume], merit: 0},
      {field: 'issue', given: [issue], merit: 0},
      {field: 'pages', given: [pages], merit: 0},
      {field: 'pmid', given: [pmid], merit: 0},
      {field: 'doi', given: [doi], merit: 0},
      {field: 'pmcid', given: [pmcid], merit: 0},
      {field: 'registry_ids', given: registry_ids, merit: 0},
      {field: 'url', given: [url], merit: 0},
      {field: 'publication_types', given: publication_types, merit: 0},
      {field: 'mesh', given: mesh, merit: 0}
    ], recursive := true)
  from ranked
), given as (
  -- the best first; of equal length, or with equally many names, the one with the better place
  select record_id, source_record_id, source, place, field, given, array_to_string(given, '; ') as value, merit,
    row_number() over (partition by record_id, field order by merit desc, place) as choice
  from said
  where array_to_string(given, '; ') <> ''
), told as (
  select record_id, field, field in ('registry_ids', 'publication_types') as joined,
    count(*) as members,
    count(distinct value) as different,
    arg_min(value, choice) as value,
    list_sort(list_distinct(flatten(list(given)))) as all_given,
    arg_min(source_record_id, choice) as source_record_id,
    arg_min(source, choice) as source,
    list_sort(list_distinct(list(source))) as sources,
    arg_min(place, choice) > min(place) as overtook,
    list({source: source, value: value} order by choice) as words
  from given
  group by record_id, field
)
select
  record_id,
  field,
  case when joined then array_to_string(all_given, '; ') else value end as value,
  case when not joined or members = 1 then source_record_id end as source_record_id,
  case when joined then array_to_string(sources, '; ') else source end as source,
  case
    when members = 1 then 'the only one that gives it'
    when joined then 'all of them together'
    when different = 1 then 'all say the same'
    when field = 'abstract' then 'longest abstract'
    when field = 'authors' and overtook then 'most authors'
    when field = 'journal' and overtook then 'journal written out'
    when lower(source) in ('pubmed', 'pubmed citation links', 'medline', 'crossref') then source || ' first'
    else 'first by the longest abstract'
  end as why,
  case when joined then 0 else len(list_filter(words, lambda one: one.value <> told.value)) end as others,
  case when joined then []::varchar[] else
    list_transform(list_filter(words, lambda one: one.value <> told.value), lambda one: one.source || ': ' || one.value)
  end as other_values
from told;

comment on view v1.record_field is 'Each field of each record, as v1.record has it: value, source, the rule that chose it, and what the other members say. A field that no member gives has no row.';
comment on column v1.record_field.record_id is 'The record.';
comment on column v1.record_field.field is 'Column of v1.record.';
comment on column v1.record_field.value is 'Its value as text; lists are joined by semicolons.';
comment on column v1.record_field.source_record_id is 'The member that it came from; null where several gave it together.';
comment on column v1.record_field.source is 'The source of that member; all of them where several gave it together.';
comment on column v1.record_field.why is 'The rule: the only one that gives it, all say the same, all of them together, longest abstract, most authors, journal written out, PubMed first (MEDLINE, Crossref), first by the longest abstract.';
comment on column v1.record_field.others is 'How many other members give another value.';
comment on column v1.record_field.other_values is 'What they give, as source: value.';
