-- What keeps a search complete and alive: runs that were begun, notices, withdrawn citations, watched records, recall.

alter table search.search_run add column pinned_to date;           -- ids were asked up to this entry date
alter table search.search_run add column updates varchar;          -- the run that this one brings up to date
alter table search.search_run add column missing_pmids varchar[];  -- found and never sent; accepted by a person

create table search.run_start (           -- written before the first question; without a closing row it was cut off
  run_id varchar primary key,
  kind varchar not null check (kind in ('strategy', 'citations', 'watch')),
  strategy varchar not null,
  strategy_sha256 varchar not null,       -- of what is asked: a run is only taken up again with the same
  pinned_to date,
  updates varchar,
  run_by varchar,
  simulated boolean not null default false,
  started_at timestamptz not null,
  arrival bigint not null
);
create table search.notice (              -- what a record says of retractions, corrections, updates: its own and others'
  source_record_id varchar not null,
  position integer not null,
  kind varchar not null check (kind in
    ('retraction', 'partial_retraction', 'expression_of_concern', 'erratum', 'republication', 'update')),
  pmid varchar not null,                  -- the publication that it is about
  notice_pmid varchar,                    -- the publication that says so
  notice_text varchar,                    -- where it was published, as printed
  primary key (source_record_id, position)
);
create table search.deletion (            -- DeleteCitation: PMIDs that PubMed withdrew
  import_id varchar not null,
  pmid varchar not null,
  primary key (import_id, pmid)
);
create table search.watched_record (      -- read again for its notices alone: it is no record of the review
  import_id varchar not null,
  source_record_id varchar not null,
  primary key (import_id, source_record_id)
);
create table search.citation_link (       -- which seed led to which record
  run_id varchar not null,
  direction varchar not null check (direction in ('backward', 'forward')),
  seed_pmid varchar not null,
  pmid varchar not null,
  primary key (run_id, direction, seed_pmid, pmid)
);
create table search.recall_check (        -- the closing row of a check against records that are known to belong
  check_id varchar primary key,
  strategy varchar not null,
  strategy_version varchar not null,
  strategy_sha256 varchar not null,
  known_name varchar not null,
  known_sha256 varchar not null,          -- of the sorted PMIDs
  known bigint not null,
  in_source bigint not null,              -- of these, how many PubMed has
  found bigint not null,                  -- of those, how many the last line finds
  missed varchar[] not null,
  not_in_source varchar[] not null,
  checked_on date not null,
  run_by varchar,
  tool varchar not null,
  simulated boolean not null default false,
  finished_at timestamptz not null,
  arrival bigint not null
);
create table search.recall_line (
  check_id varchar not null,
  line_no integer not null,
  label varchar,
  text varchar not null,
  found bigint not null,
  missed varchar[] not null,
  primary key (check_id, line_no)
);

-- databases of 0.1.0 hold the notices inside the fields of their PubMed records
insert into search.notice
with listed as (
  select
    s.source_record_id, s.pmid,
    unnest(from_json(json_extract(s.fields, '$.comments_corrections'),
      '[{"type":"VARCHAR","pmid":"VARCHAR","source":"VARCHAR"}]')) as c
  from search.source_record s
  where s.dialect = 'pubmed_xml' and s.pmid is not null and json_extract(s.fields, '$.comments_corrections') is not null
), kinds(ref_type, kind, own) as (values
  ('RetractionIn', 'retraction', true), ('RetractionOf', 'retraction', false),
  ('RetractedandRepublishedIn', 'retraction', true), ('RetractedandRepublishedFrom', 'retraction', false),
  ('PartialRetractionIn', 'partial_retraction', true), ('PartialRetractionOf', 'partial_retraction', false),
  ('ExpressionOfConcernIn', 'expression_of_concern', true), ('ExpressionOfConcernFor', 'expression_of_concern', false),
  ('ErratumIn', 'erratum', true), ('ErratumFor', 'erratum', false),
  ('CorrectedandRepublishedIn', 'republication', true), ('CorrectedandRepublishedFrom', 'republication', false),
  ('RepublishedIn', 'republication', true), ('RepublishedFrom', 'republication', false),
  ('UpdateIn', 'update', true), ('UpdateOf', 'update', false)
)
select
  l.source_record_id,
  row_number() over (partition by l.source_record_id order by l.c.type, l.c.pmid, l.c.source),
  k.kind,
  case when k.own then l.pmid else l.c.pmid end,
  case when k.own then l.c.pmid else l.pmid end,
  l.c.source
from listed l join kinds k on k.ref_type = l.c.type
where k.own or coalesce(l.c.pmid, '') <> '';

-- a third subset of figures; the table is derived, and its rows stay as they are until the next rebuild
create table synthesis.pooled_effect_wider (
  cell_id varchar not null,
  subset varchar not null check (subset in ('all', 'primary', 'not_retracted')),
  condition_id varchar not null, cell_source_id varchar not null, comparator varchar not null, outcome_id varchar not null,
  time_window varchar not null, measure varchar not null,
  k integer not null, participants integer not null,
  estimate double, ci_lo double, ci_hi double, se double, p double,
  pi_lo double, pi_hi double, pi_method varchar,
  tau2 double, tau2_method varchar, tau2_lo double, tau2_hi double, i2 double, i2_tau2 double, q double, q_p double,
  ci_method varchar, common_lo double, common_hi double,
  warnings varchar[] not null,
  effect_ids varchar[] not null,
  primary key (cell_id, subset)
);
insert into synthesis.pooled_effect_wider select * from synthesis.pooled_effect;
drop table synthesis.pooled_effect;
alter table synthesis.pooled_effect_wider rename to pooled_effect;
