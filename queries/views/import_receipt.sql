-- name: import_receipt
-- purpose: every import of a file or of a search, committed or refused, with what was read and lost
create view v1.import_receipt as
select
  i.import_id, i.run_id, i.file_name, i.sha256, i.bytes, i.source, i.source_kind, i.platform, i.dialect,
  i.dialect_evidence, i.encoding, i.bom, i.newlines, i.markers_seen, i.records_read, i.records_rejected,
  i.records_repaired, i.records_new, i.filled, i.unmapped, i.losses, i.repairs, i.not_understood, i.loss_accepted,
  i.status, i.imported_by, i.imported_at
from search.import_receipt i;

comment on view v1.import_receipt is 'Receipts of imports. In a committed one markers seen = records read + rejected (+ those that a selection set aside, in unmapped), unless loss was accepted.';
comment on column v1.import_receipt.import_id is 'Id: follows from source, file and outcome.';
comment on column v1.import_receipt.run_id is 'The search that the file belongs to, if it was named.';
comment on column v1.import_receipt.file_name is 'Name of the file, or of the search.';
comment on column v1.import_receipt.sha256 is 'Fingerprint of the file, or of all bodies of the search.';
comment on column v1.import_receipt.bytes is 'Size in bytes.';
comment on column v1.import_receipt.source is 'The database or other source.';
comment on column v1.import_receipt.source_kind is 'Kind of source in the words of PRISMA 2020.';
comment on column v1.import_receipt.platform is 'Platform, such as Ovid.';
comment on column v1.import_receipt.dialect is 'The file format that was read.';
comment on column v1.import_receipt.dialect_evidence is 'The markers that proved the format.';
comment on column v1.import_receipt.encoding is 'Encoding of the text.';
comment on column v1.import_receipt.bom is 'Whether the file begins with a byte order mark.';
comment on column v1.import_receipt.newlines is 'Kinds of newlines and how many of each.';
comment on column v1.import_receipt.markers_seen is 'Record markers, counted apart from reading.';
comment on column v1.import_receipt.records_read is 'Records read.';
comment on column v1.import_receipt.records_rejected is 'Records that could not be read; they are in the quarantine.';
comment on column v1.import_receipt.records_repaired is 'Records read although a rule of the format was broken.';
comment on column v1.import_receipt.records_new is 'Records that were not there before.';
comment on column v1.import_receipt.filled is 'JSON: column to how many records fill it.';
comment on column v1.import_receipt.unmapped is 'JSON: tag to how often, for tags that fill no column.';
comment on column v1.import_receipt.losses is 'JSON: each loss with line or byte and reason.';
comment on column v1.import_receipt.repairs is 'JSON: each repair with line and rule.';
comment on column v1.import_receipt.not_understood is 'JSON: lines that belong to no record.';
comment on column v1.import_receipt.loss_accepted is 'Whether a person accepted that markers and records differ.';
comment on column v1.import_receipt.status is 'committed, or refused: then nothing of it was kept.';
comment on column v1.import_receipt.imported_by is 'Who imported.';
comment on column v1.import_receipt.imported_at is 'When.';
