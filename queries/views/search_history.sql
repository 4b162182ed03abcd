-- name: search_history
-- purpose: every finished search, and whether the records that arrived are those that the source counted
create view v1.search_history as
with arrived as (
  select i.run_id, sum(i.records_read) as imported
  from search.import_receipt i
  where i.status = 'committed' and i.run_id is not null
  group by i.run_id
)
select
  r.run_id, r.strategy, r.strategy_version, r.strategy_sha256, r.mode, r.source, r.source_kind, r.platform, r.query,
  r.limits, r.searched_on, r.run_by, r.hits, r.retrieved,
  cast(coalesce(a.imported, 0) as bigint) as imported,
  case when r.hits is null or a.imported is null then null else a.imported = r.hits end as reconciled,
  r.dropped_terms, r.tool, r.simulated, r.finished_at,
  r.pinned_to, r.updates, r.missing_pmids
from search.search_run r
left join arrived a on a.run_id = r.run_id;

comment on view v1.search_history is 'Searches that finished. A run that was killed has no closing row and is not here.';
comment on column v1.search_history.run_id is 'Id of the search.';
comment on column v1.search_history.strategy is 'Name of the strategy.';
comment on column v1.search_history.strategy_version is 'Version that the strategy carried.';
comment on column v1.search_history.strategy_sha256 is 'Fingerprint of the strategy file that ran.';
comment on column v1.search_history.mode is 'run, replay (from stored answers) or manual (run elsewhere and entered).';
comment on column v1.search_history.source is 'The database or other source.';
comment on column v1.search_history.source_kind is 'Kind of source in the words of PRISMA 2020.';
comment on column v1.search_history.platform is 'Platform, such as Ovid.';
comment on column v1.search_history.query is 'The query as it was asked.';
comment on column v1.search_history.limits is 'Limits on date, language or type.';
comment on column v1.search_history.searched_on is 'Date of the search.';
comment on column v1.search_history.run_by is 'Who searched.';
comment on column v1.search_history.hits is 'What the source counted.';
comment on column v1.search_history.retrieved is 'Records that were fetched.';
comment on column v1.search_history.imported is 'Records that committed imports of this search brought.';
comment on column v1.search_history.reconciled is 'Whether imported equals hits; blank while one of them is unknown.';
comment on column v1.search_history.dropped_terms is 'JSON: parts of the query that PubMed ignored and a person accepted.';
comment on column v1.search_history.tool is 'Program and version.';
comment on column v1.search_history.simulated is 'Whether the search belongs to a simulated example.';
comment on column v1.search_history.finished_at is 'When the search was complete.';
comment on column v1.search_history.pinned_to is 'Last entry date of the records that were asked for; blank where the search had no such bound.';
comment on column v1.search_history.updates is 'The earlier search that this one brings up to date.';
comment on column v1.search_history.missing_pmids is 'PMIDs that were found and never sent, accepted by a person.';
