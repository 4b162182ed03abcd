-- name: cell_source
-- purpose: the vocabulary of cell sources
create view v1.cell_source as
select c.cell_source_id, c.parent_id, c.label, c.synonyms, c.umbrella, c.axis, c.file, c.line
from extraction.cell_source c;
comment on view v1.cell_source is 'Cell sources and other products, with their parents.';
comment on column v1.cell_source.cell_source_id is 'Id of the cell source.';
comment on column v1.cell_source.parent_id is 'The wider product, or null.';
comment on column v1.cell_source.label is 'Name for people.';
comment on column v1.cell_source.synonyms is 'Other names, separated by semicolons.';
comment on column v1.cell_source.umbrella is 'True for a mere heading that no study is filed under.';
comment on column v1.cell_source.axis is 'True for the two donor words, which are no products.';
comment on column v1.cell_source.file is 'File it was read from, relative to the project.';
comment on column v1.cell_source.line is 'Line of that file, the header being line 1.';
