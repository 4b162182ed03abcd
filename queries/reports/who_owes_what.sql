-- name: who_owes_what
-- purpose: how many records each reviewer still has to decide on, at each stage
-- parameter reviewer: text, default
-- columns: reviewer, stage, records
select reviewer, stage, count(*) as records
from v1.owed
where cast($reviewer as varchar) is null or reviewer = $reviewer
group by reviewer, stage
order by reviewer, stage
