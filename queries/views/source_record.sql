-- name: source_record
-- purpose: every record as its source gave it, when a committed import brought it
create view v1.source_record as
select
  s.source_record_id, s.source, s.accession, s.version, s.record_type, s.title, s.vernacular_title, s.abstract,
  s.authors, s.journal, s.year, s.month, s.volume, s.issue, s.pages, s.language, s.pmid, s.doi, s.pmcid,
  s.registry_ids, s.publication_types, s.mesh, s.keywords, s.url, s.status, s.retracted, s.dialect,
  s.content_sha256, e.import_id, e.is_latest, e.position
from search.source_record s
join search.entry e on e.source_record_id = s.source_record_id;

comment on view v1.source_record is 'Records as each source gave them; only those that a committed import brought.';
comment on column v1.source_record.source_record_id is 'Hash of source, content and occurrence: the same on any machine.';
comment on column v1.source_record.source is 'The database or other source that listed the record.';
comment on column v1.source_record.accession is 'The number of the record in its source; the PMID for PubMed.';
comment on column v1.source_record.version is 'The version that PubMed prints with a PMID.';
comment on column v1.source_record.record_type is 'Article, book, or the type as the source calls it.';
comment on column v1.source_record.title is 'Title.';
comment on column v1.source_record.vernacular_title is 'Title in the language of the paper, where it is not English.';
comment on column v1.source_record.abstract is 'Abstract; labelled parts stand on lines of their own.';
comment on column v1.source_record.authors is 'Authors in order, separated by semicolons.';
comment on column v1.source_record.journal is 'Journal, or the book that holds the chapter.';
comment on column v1.source_record.year is 'Year of publication.';
comment on column v1.source_record.month is 'Month or season as printed.';
comment on column v1.source_record.volume is 'Volume.';
comment on column v1.source_record.issue is 'Issue.';
comment on column v1.source_record.pages is 'Pages or article number as given.';
comment on column v1.source_record.language is 'Language as given.';
comment on column v1.source_record.pmid is 'PubMed number.';
comment on column v1.source_record.doi is 'DOI, lower case, without a resolver.';
comment on column v1.source_record.pmcid is 'PubMed Central number.';
comment on column v1.source_record.registry_ids is 'Trial registry numbers that the record names.';
comment on column v1.source_record.publication_types is 'Publication types.';
comment on column v1.source_record.mesh is 'MeSH terms.';
comment on column v1.source_record.keywords is 'Keywords of the authors.';
comment on column v1.source_record.url is 'Address of the record.';
comment on column v1.source_record.status is 'Status at PubMed.';
comment on column v1.source_record.retracted is 'Whether the source says that the article was retracted.';
comment on column v1.source_record.dialect is 'The file format that was read.';
comment on column v1.source_record.content_sha256 is 'Fingerprint of everything that the source gave.';
comment on column v1.source_record.import_id is 'The committed import that first brought it, in whichever version.';
comment on column v1.source_record.is_latest is 'Whether this is the newest reading of its entry in that source; older ones are kept.';
comment on column v1.source_record.position is 'Its place in that file or answer.';
