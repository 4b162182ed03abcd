-- name: citation_link
-- purpose: which seed of a citation search led to which record
create view v1.citation_link as
with the_record as materialized (
  select s.pmid, min(m.record_id) as record_id
  from v1.source_record s
  join v1.record_member m using (source_record_id)
  where s.pmid is not null
  group by s.pmid
)
select l.run_id, l.direction, l.seed_pmid, l.pmid, r.record_id
from search.citation_link l
left join the_record r on r.pmid = l.pmid;

comment on view v1.citation_link is 'Links that citation searches at PubMed followed, one row for each seed and linked paper. Only those of finished runs.';
comment on column v1.citation_link.run_id is 'The citation search, as in v1.search_history.';
comment on column v1.citation_link.direction is 'backward: the seed cites the paper; forward: the paper cites the seed.';
comment on column v1.citation_link.seed_pmid is 'PubMed number of the seed.';
comment on column v1.citation_link.pmid is 'PubMed number of the linked paper.';
comment on column v1.citation_link.record_id is 'The record of the review with that number; blank where PubMed did not send it.';
