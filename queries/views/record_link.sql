-- name: record_link
-- purpose: typed links between records that are not duplicates (erratum, retraction, reply, preprint ...), as they stand now
create view v1.record_link as
with kinds(notice, kind) as (values
  ('retraction', 'retraction_of'), ('partial_retraction', 'retraction_of'), ('erratum', 'erratum_of'),
  ('republication', 'reprint_of'), ('update', 'companion_of')
), paired as (
  select n.pmid, n.notice_pmid, n.kind, n.notice_text, n.seen_at
  from v1.publication_notice n
  where n.pmid is not null and n.notice_pmid is not null
), present as (
  select s.pmid, min(m.entry_id) as entry_id,
    bool_or(list_contains(s.publication_types, 'Corrected and Republished Article')) as republished
  from v1.source_record s
  join v1.record_member m using (source_record_id)
  where s.is_latest and s.pmid in (select pmid from paired union all select notice_pmid from paired)
  group by s.pmid
), told as (
  select k.kind, n.notice_pmid, n.pmid, f.entry_id as from_record, t.entry_id as to_record, n.notice_text, n.seen_at
  from paired n
  join present f on f.pmid = n.notice_pmid
  join present t on t.pmid = n.pmid
  -- an article that was retracted and printed anew: its notice is the new print
  join kinds k on k.notice = case when n.kind = 'retraction' and f.republished then 'republication' else n.kind end
  qualify row_number() over (partition by k.kind, n.notice_pmid, n.pmid order by n.seen_at, n.notice_text) = 1
), said as (
  select link_id, kind, from_record, to_record, who, note, decided_at from dedupe.record_link where not withdrawn
  union all
  select concat_ws('-', 'pubmed', kind, notice_pmid, pmid), kind, from_record, to_record, 'PubMed', notice_text, seen_at
  from told
), standing as (
  select * from said
  where not exists (select 1 from dedupe.record_link n where n.supersedes = said.link_id)
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
left join v1.record_member t on t.source_record_id = l.to_record
-- whoever merged the two later said that there is nothing to link
where coalesce(f.record_id, l.from_record) <> coalesce(t.record_id, l.to_record);

comment on view v1.record_link is 'Links between records that are not duplicates, as they stand now: those that people made, and those that PubMed tells where both records are here. A link of two people, or of a person and PubMed, is two rows.';
comment on column v1.record_link.link_id is 'The event that made the link; pubmed-KIND-PMID-PMID where PubMed tells it.';
comment on column v1.record_link.kind is 'erratum_of, retraction_of, reply_to, preprint_of, abstract_of, reprint_of, translation_of, part_of, protocol_of, registry_of, companion_of.';
comment on column v1.record_link.from_record_id is 'The record that is the erratum, the reply, the preprint ...';
comment on column v1.record_link.to_record_id is 'The record that it belongs to.';
comment on column v1.record_link.from_source_record_id is 'The source record that the link was made on.';
comment on column v1.record_link.to_source_record_id is 'The source record that the link was made to.';
comment on column v1.record_link.who is 'Who made the link: a person of review.toml, or PubMed.';
comment on column v1.record_link.note is 'Their note; of PubMed the place where the notice was published.';
comment on column v1.record_link.decided_at is 'When; of PubMed when this review first read it.';
