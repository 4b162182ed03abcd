-- name: record_link
-- purpose: typed links between records that are not duplicates (erratum, retraction, reply, preprint ...), as they stand now
create view v1.record_link as
with standing as (
  select l.*
  from dedupe.record_link l
  where not exists (select 1 from dedupe.record_link n where n.supersedes = l.link_id)
    and not l.withdrawn
)
select
  l.link_id,
  l.kind,
  coalesce(f.record_id, l.from_record) as from_record_id,
  coalesce(t.record_id, l.to_record) as to_record_id,
  l.from_record as from_source_record_id,
  l.to_record as to_source_record_id,
  l.who,
  l.note,
  l.decided_at
from standing l
left join v1.record_member f on f.source_record_id = l.from_record
left join v1.record_member t on t.source_record_id = l.to_record;

comment on view v1.record_link is 'Links between records that are not duplicates, as they stand now.';
comment on column v1.record_link.link_id is 'The event that made the link.';
comment on column v1.record_link.kind is 'erratum_of, retraction_of, reply_to, preprint_of, abstract_of, reprint_of, translation_of, part_of, protocol_of, registry_of, companion_of.';
comment on column v1.record_link.from_record_id is 'The record that is the erratum, the reply, the preprint ...';
comment on column v1.record_link.to_record_id is 'The record that it belongs to.';
comment on column v1.record_link.from_source_record_id is 'The source record that the link was made on.';
comment on column v1.record_link.to_source_record_id is 'The source record that the link was made to.';
comment on column v1.record_link.who is 'Who made the link.';
comment on column v1.record_link.note is 'Their note.';
comment on column v1.record_link.decided_at is 'When.';
