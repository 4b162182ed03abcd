-- name: record
-- purpose: each record once, each field from its best source: PubMed first, the longest abstract, the journal in full
--
-- the view record_field says which source each field came from, by the same rules: docs/methods/canonical-record.md.
-- the rules are macros, so that each stands once; other views read them from here
create macro v1.member_place(source, abstract, source_record_id) as {
  named: coalesce(list_position(['pubmed', 'pubmed citation links', 'medline', 'crossref'], lower(source)), 9),
  shortness: -length(coalesce(abstract, '')),
  id: source_record_id
};

-- 'Smith J' and 'Smith,J.' are whole names; 'Smith; J; Jones; K. B.' holds none, and 'et al' is none
create macro v1.whole_names(authors) as
  len(list_filter(
    list_transform(string_split(translate(authors, ',.', ' '), ';'), lambda one: trim(one)),
    lambda one: contains(one, ' ') and length(one) > 3))
  - (authors ilike '%et al%')::int;

create macro v1.more_names(authors, first_authors) as
  case when authors <> first_authors then v1.whole_names(authors) - v1.whole_names(first_authors) else 0 end;

create macro v1.journal_words(journal) as
  trim(regexp_replace(lower(strip_accents(journal)), '[^\p{L}\p{N}]+', ' ', 'g'));

-- 'n engl j med' is written out by the name whose words begin so, in this order
create macro v1.written_out(journal, first_journal) as
  case when journal <> first_journal
    and ' ' || v1.journal_words(journal) || ' ' like '% ' || replace(v1.journal_words(first_journal), ' ', '% ') || '%'
    and not contains(' ' || v1.journal_words(journal), ' ' || v1.journal_words(first_journal))
  then length(journal) else 0 end;

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
      as first_journal,
    first_value(nullif(s.authors, '') ignore nulls) over (best rows between unbounded preceding and unbounded following)
      as first_authors
  from v1.record_member m
  join v1.source_record s using (source_record_id)
  -- what has a PMID is not asked for by its DOI: two publications may bear the same
  left join told t on t.name = coalesce(s.pmid, s.doi)
  where s.is_latest
  window best as (
    partition by m.record_id
    order by v1.member_place(s.source, s.abstract, s.source_record_id)
  )
)
select
  record_id,
  min(source_record_id) filter (where place = 1) as shown_source_record_id,
  count(*) as members,
  list_sort(list_distinct(list(source))) as sources,
  arg_min(title, place) filter (where title <> '') as title,
  -- of equal length, or with equally many names, the one with the better place
  arg_min(abstract, place - 1000000 * length(abstract)) filter (where abstract <> '') as abstract,
  arg_min(authors, place - 1000000 * v1.more_names(authors, first_authors)) filter (where authors <> '') as authors,
  arg_min(journal, place - 1000000 * v1.written_out(journal, first_journal)) filter (where journal <> '') as journal,
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
from ranked
group by record_id;

comment on view v1.record is 'Each record once, duplicates put together. A field comes from the first member that has it: PubMed, MEDLINE, Crossref, then the longest abstract. Abstract, authors and journal have rules of their own; the view record_field says where each came from.';
comment on column v1.record.record_id is 'The record: the smallest source_record_id of its cluster.';
comment on column v1.record.shown_source_record_id is 'The source record that a screener is shown; new decisions hang on it.';
comment on column v1.record.members is 'How many source records it is made of; older versions of one and the same entry are not counted.';
comment on column v1.record.sources is 'The sources that gave it, each once.';
comment on column v1.record.title is 'Title.';
comment on column v1.record.abstract is 'Abstract: the longest that a member gives.';
comment on column v1.record.authors is 'Authors: Last F; Last F. The list with the most whole names.';
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
