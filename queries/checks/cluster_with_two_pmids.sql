-- name: cluster_with_two_pmids
-- purpose: records that were merged although PubMed knows them by two numbers
-- severity: error
-- columns: record_id, pmids, source_record_ids
select m.record_id, list(distinct s.pmid order by s.pmid) as pmids,
  list(s.source_record_id order by s.source_record_id) as source_record_ids
from v1.record_member m
join v1.source_record s using (source_record_id)
where s.pmid is not null
group by m.record_id
having count(distinct s.pmid) > 1
order by m.record_id
