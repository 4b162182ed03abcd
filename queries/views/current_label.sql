-- name: current_label
-- purpose: the labels that reviewers have put on records
create view v1.current_label as
with newest as (
  select l.*
  from screening.label l
  where not exists (select 1 from screening.label n where n.supersedes = l.label_id)
  qualify row_number() over (
    partition by l.source_record_id, l.reviewer, l.label order by l.arrival desc, l.label_id desc
  ) = 1
)
select
  coalesce(m.record_id, l.source_record_id) as record_id,
  l.source_record_id,
  coalesce(m.entry_id, l.source_record_id) as entry_id,
  l.reviewer,
  l.label,
  l.decided_at,
  l.arrival,
  l.label_id
from newest l
left join v1.record_member m using (source_record_id)
where not l.withdrawn;

comment on view v1.current_label is 'The labels that reviewers have put on records and not taken off again.';
comment on column v1.current_label.record_id is 'The record that the source record belongs to today.';
comment on column v1.current_label.source_record_id is 'The source record that the reviewer saw.';
comment on column v1.current_label.entry_id is 'The first version of what the reviewer saw.';
comment on column v1.current_label.reviewer is 'Whose label it is.';
comment on column v1.current_label.label is 'A free word or a few.';
comment on column v1.current_label.decided_at is 'When it was put.';
comment on column v1.current_label.arrival is 'Its place in the order of arrival.';
comment on column v1.current_label.label_id is 'The event.';
