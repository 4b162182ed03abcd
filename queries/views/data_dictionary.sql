-- name: data_dictionary
-- purpose: every view of the contract and every column, with its type and its meaning
create view v1.data_dictionary as
select
  v.view_name as view_name,
  v.comment as view_comment,
  c.column_index as column_position,
  c.column_name as column_name,
  c.data_type as data_type,
  c.comment as column_comment
from duckdb_views() v
join duckdb_columns() c
  on c.database_oid = v.database_oid and c.schema_oid = v.schema_oid and c.table_name = v.view_name
where v.schema_name = 'v1' and v.database_name = current_database();

comment on view v1.data_dictionary is 'Every view of the analysts'' contract and every column, with its type and its meaning.';
comment on column v1.data_dictionary.view_name is 'The view, in schema v1.';
comment on column v1.data_dictionary.view_comment is 'What the view holds.';
comment on column v1.data_dictionary.column_position is 'Place of the column, from 1.';
comment on column v1.data_dictionary.column_name is 'The column.';
comment on column v1.data_dictionary.data_type is 'Its DuckDB type.';
comment on column v1.data_dictionary.column_comment is 'What the column holds.';
