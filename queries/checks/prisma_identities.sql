-- name: prisma_identities
-- purpose: counts of the PRISMA flow that do not add up
-- severity: error
-- columns: identity, words, left_value, right_value
select identity, words, left_value, right_value
from v1.prisma_check
where verdict = 'fail'
order by place
