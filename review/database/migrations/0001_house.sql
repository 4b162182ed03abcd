-- The tables of every room. Each is written by one room only; the schema of a room carries its name.
-- No foreign keys: rows may arrive in any order from other sites, and `review check` looks for orphans instead.

create schema search;
create schema dedupe;
create schema team;
create schema screening;
create schema extraction;
create schema appraisal;
create schema synthesis;
create schema reporting;

-- search -------------------------------------------------------------------------------------------------------
create table search.search_run (          -- the closing row: a run without it never happened
  run_id varchar primary key,
  strategy varchar,                       -- name of the strategy, or of a search that was run elsewhere
  strategy_version varchar,
  strategy_sha256 varchar,
  mode varchar not null check (mode in ('run', 'replay', 'manual')),
  source varchar not null,                -- PubMed, Embase, CENTRAL, ClinicalTrials.gov ...
  source_kind varchar not null check (source_kind in
    ('database', 'register', 'website', 'organisation', 'citation_search', 'hand_search', 'other_method')),
  platform varchar,
  query varchar,
  limits varchar,
  searched_on date,
  run_by varchar,
  hits bigint check (hits >= 0),          -- what the source counted
  retrieved bigint check (retrieved >= 0),
  dropped_terms varchar,                  -- accepted by a person, JSON
  tool varchar,
  simulated boolean not null default false,
  finished_at timestamptz not null,
  arrival bigint not null
);
create table search.search_line (
  run_id varchar not null,
  line_no integer not null,
  label varchar,
  text varchar not null,
  hits bigint,
  query_translation varchar,
  warnings varchar,                       -- JSON
  primary key (run_id, line_no)
);
create table search.response (
  response_id varchar primary key,        -- sha256 of request and body
  run_id varchar not null,
  endpoint varchar not null,
  request varchar not null,               -- JSON, without the key
  requested_at timestamptz not null,
  http_status integer not null,
  body_sha256 varchar not null,
  body_bytes bigint not null,
  body_gz blob not null,
  arrival bigint not null
);
create table search.source_record (       -- as each source gave it; never changed
  source_record_id varchar primary key,   -- hash of source, content and occurrence
  source varchar not null,
  accession varchar,                      -- the source's own number: the PMID for PubMed
  version integer,
  record_type varchar,                    -- article, book, ...
  title varchar,
  vernacular_title varchar,
  abstract varchar,
  authors varchar,                        -- 'Last F; Last F'
  journal varchar,
  year integer,
  month varchar,
  volume varchar,
  issue varchar,
  pages varchar,
  language varchar,
  pmid varchar,
  doi varchar,
  pmcid varchar,
  registry_ids varchar[],
  publication_types varchar[],
  mesh varchar[],
  keywords varchar[],
  url varchar,
  status varchar,
  retracted boolean not null default false,
  fields varchar not null,                -- JSON: every field as the source gave it
  dialect varchar not null,
  content_sha256 varchar not null,
  arrival bigint not null
);
create table search.import_record (       -- which import brought which record
  import_id varchar not null,
  source_record_id varchar not null,
  position integer not null,
  line integer,
  primary key (import_id, source_record_id)
);
create table search.import_receipt (      -- the closing row of an import
  import_id varchar primary key,
  run_id varchar,
  file_name varchar not null,
  sha256 varchar not null,
  bytes bigint not null,
  source varchar not null,
  source_kind varchar not null,
  platform varchar,
  dialect varchar not null,
  dialect_evidence varchar,
  encoding varchar not null,
  bom boolean not null,
  newlines varchar not null,
  markers_seen bigint not null,
  records_read bigint not null,
  records_rejected bigint not null,
  records_repaired bigint not null,
  records_new bigint not null,
  filled varchar not null,                -- JSON: field → number filled
  unmapped varchar not null,              -- JSON: tag → count
  losses varchar not null,                -- JSON: [{line, reason, text}]
  repairs varchar not null,               -- JSON: [{line, rule}]
  not_understood varchar not null,        -- JSON: [{line, text}]
  loss_accepted boolean not null default false,
  status varchar not null check (status in ('committed', 'refused')),
  imported_by varchar,
  imported_at timestamptz not null,
  arrival bigint not null
);
create table search.quarantine (
  quarantine_id varchar primary key,
  import_id varchar,
  run_id varchar,
  byte_offset bigint,
  line bigint,
  reason varchar not null,
  bytes_gz blob not null,
  arrival bigint not null
);

-- dedupe -------------------------------------------------------------------------------------------------------
create table dedupe.duplicate_event (
  event_id varchar primary key,
  kind varchar not null check (kind in ('merge', 'split', 'lock', 'unlock', 'undo')),
  record_a varchar,
  record_b varchar,
  rule varchar,
  scores varchar,                         -- JSON
  who varchar not null,
  automatic boolean not null,
  undo_of varchar,
  supersedes varchar,
  note varchar,
  decided_at timestamptz not null,
  arrival bigint not null,
  check ((kind = 'undo') = (undo_of is not null)),
  check (kind = 'undo' or (record_a is not null and record_b is not null and record_a < record_b))
);
create table dedupe.pair_answer (
  answer_id varchar primary key,
  record_a varchar not null,
  record_b varchar not null,
  answer varchar not null,
  who varchar not null,
  note varchar,
  supersedes varchar,
  decided_at timestamptz not null,
  arrival bigint not null
);
create table dedupe.record_link (
  link_id varchar primary key,
  kind varchar not null,
  from_record varchar not null,
  to_record varchar not null,
  who varchar not null,
  note varchar,
  supersedes varchar,
  withdrawn boolean not null default false,
  decided_at timestamptz not null,
  arrival bigint not null
);
create table dedupe.cluster (             -- derived: the replay of the events
  source_record_id varchar primary key,
  record_id varchar not null
);

-- team ---------------------------------------------------------------------------------------------------------
create table team.reviewer_token (
  token_id varchar primary key,
  kind varchar not null check (kind in ('invited', 'revoked')),
  reviewer varchar not null,
  token_sha256 varchar,
  expires_at timestamptz,
  supersedes varchar,
  decided_at timestamptz not null,
  arrival bigint not null
);
create table team.session (
  session_id varchar primary key,
  kind varchar not null check (kind in ('opened', 'closed')),
  reviewer varchar not null,
  session_sha256 varchar,
  expires_at timestamptz,
  supersedes varchar,
  decided_at timestamptz not null,
  arrival bigint not null
);
create table team.assignment (
  assignment_id varchar primary key,
  source_record_id varchar not null,
  stage varchar not null,
  reviewer varchar not null,
  kind varchar not null check (kind in ('assigned', 'released')),
  supersedes varchar,
  who varchar not null,
  decided_at timestamptz not null,
  arrival bigint not null
);
create table team.protocol_version (
  version_id varchar primary key,         -- sha256 of review.toml's protocol part
  criteria_version varchar not null,
  criteria_sha256 varchar not null,
  parts varchar not null,                 -- JSON: part → sha256, to say what changed
  text varchar not null,
  registration varchar,
  registered_on date,
  reason varchar,
  amendment boolean not null,
  simulated boolean not null default false,
  who varchar,
  decided_at timestamptz not null,
  arrival bigint not null
);

-- screening ----------------------------------------------------------------------------------------------------
create table screening.decision (
  decision_id varchar primary key,
  supersedes varchar,
  source_record_id varchar not null,
  stage varchar not null check (stage in ('title_abstract', 'full_text', 'final')),
  reviewer varchar not null,
  verdict varchar not null check (verdict in ('include', 'exclude', 'unsure', 'withdrawn')),
  reason varchar,
  note varchar,
  blind boolean not null,
  criteria_version varchar not null,
  model_version varchar,
  position integer,
  via varchar not null,                   -- command line, web page, import
  decided_at timestamptz not null,
  arrival bigint not null,
  check (not (stage = 'full_text' and verdict = 'exclude' and reason is null))
);
create table screening.adjudication (
  adjudication_id varchar primary key,
  supersedes varchar,
  source_record_id varchar not null,
  stage varchar not null check (stage in ('title_abstract', 'full_text')),
  verdict varchar not null check (verdict in ('include', 'exclude', 'reopened')),
  reason varchar,
  note varchar,
  decided_by varchar not null,
  criteria_version varchar not null,
  decided_at timestamptz not null,
  arrival bigint not null,
  check (not (stage = 'full_text' and verdict = 'exclude' and reason is null))
);
create table screening.label (
  label_id varchar primary key,
  supersedes varchar,
  source_record_id varchar not null,
  reviewer varchar not null,
  label varchar not null,
  withdrawn boolean not null default false,
  decided_at timestamptz not null,
  arrival bigint not null
);
create table screening.report_event (
  event_id varchar primary key,
  supersedes varchar,
  source_record_id varchar not null,
  kind varchar not null check (kind in ('sought', 'retrieved', 'not_retrieved', 'withdrawn')),
  reason varchar,
  file_name varchar,
  file_sha256 varchar,
  who varchar not null,
  decided_at timestamptz not null,
  arrival bigint not null,
  check (not (kind = 'not_retrieved' and reason is null))
);
create table screening.model_run (
  model_version varchar primary key,
  algorithm varchar not null,
  labels bigint not null,
  trained_at timestamptz not null,
  arrival bigint not null
);
create table screening.stop_event (
  stop_id varchar primary key,
  supersedes varchar,
  stage varchar not null,
  rule varchar not null,
  target_recall double,
  confidence double,
  p double,
  who varchar not null,
  note varchar,
  decided_at timestamptz not null,
  arrival bigint not null
);

-- extraction: a cache of the files under extracted/ ----------------------------------------------------------------
create table extraction.load (            -- the closing row of a load
  load_id varchar primary key,            -- sha256 over the files
  files bigint not null,
  rows bigint not null,
  loaded_at timestamptz not null
);
create table extraction.file (
  path varchar primary key,               -- relative to the project
  sha256 varchar not null,
  study_id varchar,
  reader varchar,
  rows bigint not null
);
create table extraction.condition (
  condition_id varchar primary key, parent_id varchar, label varchar not null, synonyms varchar, umbrella boolean not null,
  file varchar not null, line integer not null
);
create table extraction.cell_source (
  cell_source_id varchar primary key, parent_id varchar, label varchar not null, synonyms varchar,
  umbrella boolean not null, axis boolean not null, file varchar not null, line integer not null
);
create table extraction.outcome (
  outcome_id varchar primary key, label varchar not null, domain varchar, better varchar not null,
  file varchar not null, line integer not null
);
create table extraction.instrument (
  instrument_id varchar primary key,      -- the name as it stands in the rows
  outcome_id varchar, family varchar, scale_min double, scale_max double, scale_basis varchar, better varchar,
  file varchar not null, line integer not null
);
create table extraction.mid (
  mid_id varchar primary key, instrument_family varchar not null, scale_min double, scale_max double, mid double,
  kind varchar, population varchar, source varchar, file varchar not null, line integer not null
);
create table extraction.study (
  study_id varchar primary key,
  label varchar not null,
  first_author varchar, year integer, country varchar,
  design varchar not null, design_as_printed varchar,
  condition_id varchar not null,
  cell_source_id varchar,                 -- as trials are catalogued; arms carry their own
  registry_ids varchar[],
  unit varchar not null,
  n_randomised integer check (n_randomised > 0),
  randomised_until_month double,
  follow_up_months double,
  dose_as_printed varchar, comparator_as_printed varchar, donor varchar,
  level varchar not null,
  overlap_with varchar[],
  funding_class varchar, coi varchar,
  extraction_status varchar not null,
  file varchar not null, line integer not null
);
create table extraction.study_report (
  report_id varchar not null, study_id varchar not null, kind varchar not null,
  pmid varchar, doi varchar, registry_id varchar, title varchar, journal varchar, year integer, url varchar,
  file varchar not null, line integer not null,
  primary key (report_id, study_id)
);
create table extraction.source (
  source_id varchar not null, study_id varchar not null, report_id varchar, kind varchar not null, level varchar not null,
  locator varchar not null, url varchar, canonical_url varchar, title varchar, method varchar, read_on date,
  file varchar not null, line integer not null,
  primary key (study_id, source_id)
);
create table extraction.arm (
  study_id varchar not null, reader varchar not null, arm_id varchar not null,
  role varchar not null, label varchar not null, cell_source_id varchar, donor varchar, processing varchar,
  dose_as_printed varchar, comparator_type varchar, co_intervention varchar,
  n_randomised integer check (n_randomised > 0), combines varchar[],
  as_printed varchar, source_id varchar,
  file varchar not null, line integer not null,
  primary key (study_id, reader, arm_id)
);
create table extraction.result_continuous (
  row_id varchar primary key,             -- '<path>:<line>'
  study_id varchar not null, reader varchar not null, arm_id varchar not null, outcome_id varchar not null,
  instrument varchar not null, scale_min double, scale_max double, better varchar not null,
  time_value double, time_unit varchar, month double, measure varchar not null, analysis varchar not null,
  n integer check (n > 0), center double, center_kind varchar,
  spread_lo double, spread_hi double, spread_kind varchar not null,
  adjusted_for varchar, imputed boolean, digitised boolean,
  as_printed varchar not null, n_as_printed varchar, n_source_id varchar, source_id varchar not null, remark varchar,
  file varchar not null, line integer not null
);
create table extraction.result_binary (
  row_id varchar primary key,
  study_id varchar not null, reader varchar not null, arm_id varchar not null, outcome_id varchar not null,
  instrument varchar, better varchar not null,
  time_value double, time_unit varchar, month double, analysis varchar not null,
  events integer check (events >= 0), n integer check (n > 0), pct_printed double, pct_lo double, pct_hi double, definition varchar,
  as_printed varchar not null, n_as_printed varchar, n_source_id varchar, source_id varchar not null, remark varchar,
  file varchar not null, line integer not null,
  check (events is null or n is null or events <= n)
);
create table extraction.result_contrast (
  row_id varchar primary key,
  study_id varchar not null, reader varchar not null, outcome_id varchar not null, instrument varchar,
  scale_min double, scale_max double, better varchar not null,
  arm_a varchar not null, arm_b varchar not null,
  time_value double, time_unit varchar, month double, measure varchar not null, kind varchar not null,
  est double, lo double, hi double, p_text varchar, adjusted boolean not null,
  as_printed varchar not null, source_id varchar not null, remark varchar,
  file varchar not null, line integer not null
);
create table extraction.adverse_event (
  row_id varchar primary key,
  study_id varchar not null, reader varchar not null, arm_id varchar not null, outcome_id varchar not null,
  term_text varchar not null, serious varchar, related varchar,
  time_value double, time_unit varchar, month double,
  events integer check (events >= 0), n integer check (n > 0), pct_printed double, ascertainment varchar,
  as_printed varchar not null, n_as_printed varchar, n_source_id varchar, source_id varchar not null, remark varchar,
  file varchar not null, line integer not null,
  check (events is null or n is null or events <= n)
);
create table extraction.remark (
  remark_id varchar primary key,          -- '<path>:<line>'
  study_id varchar not null, kind varchar not null, subject varchar not null, remark varchar not null,
  who varchar not null, remarked_on date not null, basis varchar not null,
  file varchar not null, line integer not null
);
create table extraction.consensus (
  consensus_id varchar primary key,
  study_id varchar not null, table_name varchar not null, row_key varchar not null, field varchar not null,
  r1 varchar, r2 varchar, final varchar, who varchar, decided_on date, reason varchar,
  file varchar not null, line integer not null
);

-- appraisal ----------------------------------------------------------------------------------------------------
create table appraisal.judgement (        -- a cache of judgements.toml
  judgement_id varchar primary key,       -- '<path>#<result>/<domain>/<question>'
  study_id varchar not null, reader varchar not null, outcome_id varchar, month double, comparison varchar,
  tool varchar not null, tool_version varchar not null, effect varchar, domain varchar not null, question varchar,
  answer varchar, source_id varchar, words varchar,   -- words: what was read there, or 'no information: searched ...'
  proposal varchar, final varchar, override_reason varchar,
  file varchar not null, line integer not null
);
create table appraisal.certainty_decision (
  decision_id varchar primary key,
  supersedes varchar,
  cell_id varchar not null,
  certainty varchar not null check (certainty in ('high', 'moderate', 'low', 'very_low', 'withdrawn')),
  reasons varchar not null,               -- JSON: domain → {levels, reason}
  who varchar not null,
  decided_at timestamptz not null,
  arrival bigint not null
);

-- synthesis: derived --------------------------------------------------------------------------------------------
create table synthesis.rebuild (          -- the closing row: hash of everything that went in
  rebuild_id varchar primary key,
  load_id varchar, protocol_sha256 varchar, formula_version varchar not null, built_at timestamptz not null
);
create table synthesis.effect_size (
  effect_id varchar primary key,          -- '<cell_id>#<study_id>#<subset-independent comparison>'
  cell_id varchar not null,
  study_id varchar not null,
  condition_id varchar not null, cell_source_id varchar not null, comparator varchar not null, outcome_id varchar not null,
  time_window varchar not null,
  arms_a varchar[] not null, arms_b varchar[] not null,
  instrument varchar, month double, value_kind varchar not null,   -- final, change, events
  measure varchar, yi double, vi double, ci_lo double, ci_hi double,
  n_a integer, n_b integer, mean_a double, sd_a double, mean_b double, sd_b double, events_a integer, events_b integer,
  formula varchar not null,               -- ids of the formulas used, in order
  level varchar not null,                 -- secondary when any row used is
  randomised boolean not null,
  unit varchar not null,
  flags varchar[] not null,
  pooled boolean not null,                -- goes into the pool of its cell
  not_pooled_because varchar,
  row_ids varchar[] not null,
  check (pooled = (not_pooled_because is null)),
  check (not pooled or (yi is not null and vi > 0))
);
create table synthesis.pooled_effect (
  cell_id varchar not null,
  subset varchar not null check (subset in ('all', 'primary')),
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
create table synthesis.influence (
  cell_id varchar not null, subset varchar not null, left_out varchar not null, estimate double, ci_lo double, ci_hi double, tau2 double,
  primary key (cell_id, subset, left_out)
);
create table synthesis.regression (
  cell_id varchar not null, subset varchar not null, moderator varchar not null, term varchar not null,
  estimate double, se double, ci_lo double, ci_hi double, p double,
  primary key (cell_id, subset, moderator, term)
);
create table synthesis.certainty_proposal (
  cell_id varchar not null, domain varchar not null, levels integer, numbers varchar not null,
  primary key (cell_id, domain)
);

-- reporting ----------------------------------------------------------------------------------------------------
create table reporting.claim (
  claim_id varchar primary key, page varchar not null, paraphrase varchar not null, claim_type varchar, testable varchar,
  direction varchar, timeframe varchar, file varchar not null, line integer not null
);
create table reporting.claim_cell (
  claim_id varchar not null, cell_id varchar not null, primary key (claim_id, cell_id)
);
create table reporting.snapshot (
  snapshot_id varchar primary key, taken_at timestamptz not null, path varchar not null, sha256 varchar not null, arrival bigint not null
);
