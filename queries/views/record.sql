-- name: record
-- purpose: each record once, its fields taken from its best source: PubMed first, then the longest abstract
create view v1.record as
with told as materialized (select pmid, doi, kind, words from v1.publication_notice),
ranked as (
  select
    m.record_id,
    s.*,
    -- what has a PMID is not asked for by its DOI: two publications may bear the same
    coalesce(s.pmid, s.doi) as known_by,
    row_number() over (
      partition by m.record_id
      order by (s.source = 'PubMed') desc, length(coalesce(s.abstract, '')) desc, s.source_record_id
    ) as place
  from v1.record_member m
  join v1.source_record s using (source_record_id)
  where s.is_latest
)
select
  record_id,
  min(source_record_id) filter (where place = 1) as shown_source_record_id,
  count(*) as members,
  list_sort(list_distinct(list(source))) as sources,
  arg_min(title, place) filter (where title <> '') as title,
  arg_min(abstract, place) filter (where abstract <> '') as abstract,
  arg_min(authors, place) filter (where authors <> '') as authors,
  arg_min(journal, place) filter (where journal <> '') as journal,
  arg_min(year, place) filter (where year is not null) as year,
  arg_min(volume, place) filter (where volume <> '') as volume,
  arg_min(issue, place) filter (where issue <> '') as issue,
  arg_min(pages, place) filter (where pages <> '') as pages,
  arg_min(pmid, place) filter (where pmid <> '') as pmid,
  arg_min(doi, place) filter (where doi <> '') as doi,
  arg_min(pmcid, place) filter (where pmcid <> '') as pmcid,
  list_sort(list_distinct(flatten(list(coalesce(registry_ids, []::varchar[]))))) as registry_ids,
  arg_min(url, place) filter (where url <> '') as url,
  bool_or(coalesce(retracted, false)) filter (where pmid is null and doi is null) is true
    or bool_or(coalesce(known_by in (select unnest([pmid, doi]) from told where kind = 'retraction'), false)) as retracted,
  list_sort(list_distinct(flatten(list(coalesce(publication_types, []::varchar[]))))) as publication_types,
  min(position) as position,
  coalesce(arg_min(mesh, place) filter (where len(mesh) > 0), []::varchar[]) as mesh,
  coalesce((
    select list(t.words order by t.kind <> 'retraction', t.kind, t.words) from told t
    where list_contains(list(ranked.known_by), t.pmid) or list_contains(list(ranked.known_by), t.doi)), []::varchar[]) as notices
from ranked
group by record_id;

comment on view v1.record is 'Each record once, duplicates put together. Each field comes from the first member that has it: PubMed, then the longest abstract.';
comment on column v1.record.record_id is 'The record: the smallest source_record_id of its cluster.';
comment on column v1.record.shown_source_record_id is 'The source record that a screener is shown; new decisions hang on it.';
comment on column v1.record.members is 'How many source records it is made of; older versions of one and the same entry are not counted.';
comment on column v1.record.sources is 'The sources that gave it, each once.';
comment on column v1.record.title is 'Title.';
comment on column v1.record.abstract is 'Abstract.';
comment on column v1.record.authors is 'Authors: Last F; Last F.';
comment on column v1.record.journal is 'Journal.';
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
