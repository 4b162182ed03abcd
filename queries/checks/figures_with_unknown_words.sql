-- name: figures_with_unknown_words
-- purpose: extracted figures whose outcome or instrument is not in the vocabulary
-- severity: error
-- columns: file, line, outcome_id, instrument
select r.file, r.line, r.outcome_id, r.instrument
from v1.result r
where not exists (select 1 from v1.outcome o where o.outcome_id = r.outcome_id)
  or not exists (select 1 from v1.instrument i where i.instrument = r.instrument)
order by r.file, r.line
