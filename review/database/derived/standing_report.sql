-- table: screening.standing_report
-- key: source_record_id
-- anew after: dedupe.cluster
-- rows of: screening.report_event by source_record_id
select record_id from search.entry where source_record_id in (select unnest($changed::varchar[]))
-- rows of: search.import_receipt by import_id
select e.record_id
from search.import_record i
join screening.report_event r using (source_record_id)
join search.entry e using (source_record_id)
where i.import_id in (select unnest($changed::varchar[]))
-- select:
-- a word on a report is a record's: it stands here under the source record that the record is named for
select record_id as source_record_id, kind
from v1.report_event
where holds and track in ('retrieval', 'classification')
  and ($keys is null or record_id in (select unnest($keys::varchar[])))
