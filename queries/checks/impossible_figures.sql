-- name: impossible_figures
-- purpose: events above n, spreads below zero, limits in the wrong order
-- severity: error
-- columns: file, line, problem
select r.file, r.line,
  case
    when r.events > r.n then 'events ' || r.events || ' above n ' || r.n
    when r.spread_kind in ('sd', 'se') and r.spread_lo < 0 then 'spread below zero: ' || r.spread_lo
    else 'lower limit above the upper one'
  end as problem
from v1.result r
where r.events > r.n
  or (r.spread_kind in ('sd', 'se') and r.spread_lo < 0)
  or r.spread_lo > r.spread_hi
  or r.lo > r.hi
order by r.file, r.line
