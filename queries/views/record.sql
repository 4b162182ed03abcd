-- name: record
-- purpose: each record once, each field from its best source: PubMed first, the longest abstract, the journal in full
--
-- the view record_field says which source each field came from, by the same rules: docs/methods/canonical-record.md.
create view v1.record as
with told as (
  -- by the PMID, and by the DOI for what has no PMID
  select name, list(words) filter (where kind = 'retraction') as retractions,
    list(words) filter (where kind <> 'retraction') as other_notices
  from (select kind, words, unnest([pmid, doi]) as name from v1.publication_notice)
  where name is not null
  group by name
), ranked as (
  select
    m.record_id,
    s.*,
    t.retractions,
    t.other_notices,
    row_number() over best as place,
    first_value(nullif(s.journal, '') ignore nulls) over (best rows between unbounded preceding and unbounded following)
      as first_journal
  from v1.record_member m
  join v1.source_record s using (source_record_id)
  -- what has a PMID is not asked for by its DOI: two publications may bear the same
  left join told t on t.name = coalesce(s.pmid, s.doi)
  where s.is_latest
  window best as (
    partition by m.record_id
    order by coalesce(list_position(['pubmed', 'pubmed citation links', 'medline', 'crossref'], lower(s.source)), 9),
      length(coalesce(s.abstract, '')) desc, s.source_record_id
  )
), worded as (
  select *,
    case when journal <> first_journal
      then ' ' || regexp_replace(lower(strip_accents(journal)), '[^\p{L}\p{N}]+', ' ', 'g') end as words,
    case when journal <> first_journal
      then ' ' || trim(regexp_replace(lower(strip_accents(first_journal)), '[^\p{L}\p{N}]+', ' ', 'g')) end as first_words
  from ranked
)
select
  record_id,
  min(source_record_id) filter (where place = 1) as shown_source_record_id,
  count(*) as members,
  list_sort(list_distinct(list(source))) as sources,
  arg_min(title, place) filter (where title <> '') as title,
  -- of equal length, or with equally many names, the one with the better place
  arg_min(abstract, place - 1000000 * length(abstract)) filter (where abstract <> '') as abstract,
  arg_min(authors, place - 1000000 * (len(string_split(rtrim(authors, '; '), ';')) - (authors ilike '%et al%')::int))
    filter (where authors <> '') as authors,
  -- ' n engl j med' is written out by the name whose words begin so, in this order
  arg_min(journal, place - case
    when words like '%' || replace(first_words, ' ', '% ') || '%' and not contains(words, first_words)
    then 1000000 * length(journal) else 0 end) filter (where journal <> '') as journal,
  arg_min(year, place) filter (where year is not null) as year,
  arg_min(volume, place) filter (where volume <> '') as volume,
  arg_min(issue, place) filter (where issue <> '') as issue,
  arg_min(pages, place) filter (where pages <> '') as pages,
  arg_min(pmid, place) filter (where pmid <> '') as pmid,
  arg_min(doi, place) filter (where doi <> '') as doi,
  arg_min(pmcid, place) filter (where pmcid <> '') as pmcid,
  list_sort(list_distinct(flatten(list(coalesce(registry_ids, []::varchar[]))))) as registry_ids,
  arg_min(url, place) filter (where url <> '') as url,
  bool_or(coalesce(retracted, false) and pmid is null and doi is null or retractions is not null) as retracted,
  list_sort(list_distinct(flatten(list(coalesce(publication_types, []::varchar[]))))) as publication_types,
  min(position) as position,
  coalesce(arg_min(mesh, place) filter (where len(mesh) > 0), []::varchar[]) as mesh,
  coalesce(list_sort(list_distinct(flatten(list(retractions)))), []::varchar[])
    || coalesce(list_sort(list_distinct(flatten(list(other_notices)))), []::varchar[]) as notices
from worded
group by record_id;

comment on view v1.record is 'Each record once, duplicates put together. A field comes from the first member that has it: PubMed, MEDLINE, Crossref, then the longest abstract. Abstract, authors and journal have rules of their own; the view record_field says where each came from.';
comment on column v1.record.record_id is 'The record: the smallest source_record_id of its cluster.';
comment on column v1.record.shown_source_record_id is 'The source record that a screener is shown; new decisions hang on it.';
comment on column v1.record.members is 'How many source records it is made of; older versions of one and the same entry are not counted.';
comment on column v1.record.sources is 'The sources that gave it, each once.';
comment on column v1.record.title is 'Title.';
comment on column v1.record.abstract is 'Abstract: the longest that a member gives.';
comment on column v1.record.authors is 'Authors: Last F; Last F. The list with the most names.';
comment on column v1.record.journal is 'Journal; its full name where the first member abbreviates it and another writes it out.';
comment on column v1.record.year is 'Year of publication.';
comment on column v1.record.volume is 'Volume.';
comment on column v1.record.issue is 'Issue.';
comment on column v1.record.pages is 'Pages.';
comment on column v1.record.pmid is 'PubMed number.';
comment on column v1.record.doi is 'DOI, lower case, without a resolver.';
comment on column v1.record.pmcid is 'PubMed Central number.';
comment on column v1.record.registry_ids is 'Trial registry ids of all members.';
comment on column v1.record.url is 'Web address.';
comment on column v1.record.retracted is 'PubMed, or a member without a PMID, says that the publication was retracted, and nothing took it back.';
comment on column v1.record.publication_types is 'Publication types of all members.';
comment on column v1.record.mesh is 'MeSH headings of the first member that has any.';
comment on column v1.record.notices is 'What PubMed says of it: retraction of PMID 123 (notice PMID 456) ...';
comment on column v1.record.position is 'Its place in the file or response that first brought it.';
