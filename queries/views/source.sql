-- name: source
-- purpose: where figures were read
create view v1.source as
select s.study_id, s.source_id, s.report_id, s.kind, s.level, s.locator, s.url, s.canonical_url, s.title, s.method, s.read_on, s.file, s.line
from extraction.source s;
comment on view v1.source is 'Sources: the page, table or record in which figures of a study were read.';
comment on column v1.source.study_id is 'The study.';
comment on column v1.source.source_id is 'Id of the source in this study.';
comment on column v1.source.report_id is 'The report it belongs to; null for a secondary source.';
comment on column v1.source.kind is 'Kind of page.';
comment on column v1.source.level is 'primary: the study''s own article, abstract or registry record; secondary: a review, news.';
comment on column v1.source.locator is 'Which part was read, with the table where the row names one.';
comment on column v1.source.url is 'The page that was read.';
comment on column v1.source.canonical_url is 'The address to cite.';
comment on column v1.source.title is 'What it is.';
comment on column v1.source.method is 'How figures were taken.';
comment on column v1.source.read_on is 'When it was read.';
comment on column v1.source.file is 'File it was read from, relative to the project.';
comment on column v1.source.line is 'Line of that file, the header being line 1.';
