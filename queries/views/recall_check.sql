-- name: recall_check
-- purpose: which known records a strategy found when that was checked, and line by line which it missed
create view v1.recall_check as
select
  c.check_id, c.strategy, c.strategy_version, c.strategy_sha256, c.known_name, c.known_sha256, c.known, c.in_source,
  c.found, case when c.in_source > 0 then c.found / c.in_source end as recall, c.missed, c.not_in_source,
  (select list({'line_no': l.line_no, 'label': l.label, 'found': l.found, 'missed': l.missed} order by l.line_no)
    from search.recall_line l where l.check_id = c.check_id) as lines,
  c.checked_on, c.run_by, c.tool, c.simulated, c.finished_at
from search.recall_check c;

comment on view v1.recall_check is 'Checks of a strategy against records that are known to belong. A check that was cut off is not here.';
comment on column v1.recall_check.check_id is 'Id of the check; the answers of PubMed are kept under it.';
comment on column v1.recall_check.strategy is 'Name of the strategy.';
comment on column v1.recall_check.strategy_version is 'Version that the strategy carried.';
comment on column v1.recall_check.strategy_sha256 is 'Fingerprint of the strategy file that was checked: the recall holds for this text alone.';
comment on column v1.recall_check.known_name is 'Name of the known set.';
comment on column v1.recall_check.known_sha256 is 'Fingerprint of its sorted PMIDs.';
comment on column v1.recall_check.known is 'PMIDs of the known set.';
comment on column v1.recall_check.in_source is 'Of these, how many PubMed has.';
comment on column v1.recall_check.found is 'Of those, how many the last line finds.';
comment on column v1.recall_check.recall is 'found divided by in_source, against this known set alone.';
comment on column v1.recall_check.missed is 'PMIDs that PubMed has and the last line does not find.';
comment on column v1.recall_check.not_in_source is 'PMIDs of the known set that PubMed does not have.';
comment on column v1.recall_check.lines is 'Each line: its number, its label, how many known records it finds, and the PMIDs that it misses.';
comment on column v1.recall_check.checked_on is 'Day of the check.';
comment on column v1.recall_check.run_by is 'Who checked.';
comment on column v1.recall_check.tool is 'Program and version.';
comment on column v1.recall_check.simulated is 'Whether the check belongs to a simulated example.';
comment on column v1.recall_check.finished_at is 'When the check was complete.';
