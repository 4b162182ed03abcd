"""What the reports read: views of schema `v1`, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from review.database import Store

if TYPE_CHECKING:
    import polars as pl

_EVIDENCE = """
select * from v1.evidence_table
where (subset = $subset or (subset = 'not_retracted' and $subset = 'all'))
  and ($outcome is null or outcome_id = $outcome or outcome_id is null)
"""
_PAIRS_WITH_OUTCOME = """
select distinct t.condition_id, t.cell_source_id
from v1.study_cell_source t
join v1.result r using (study_id)
where r.outcome_id = $outcome
"""
_GAPS = "select * from v1.gap_map where outcome_id = $outcome order by condition_id, cell_source_id"
_OUTCOMES = "select outcome_id, label from v1.outcome order by outcome_id"
_FLOW = "select * from v1.prisma_flow order by place, n desc, source"
_FLOW_CHECK = "select * from v1.prisma_check order by place"
_LINES_OF_CELL = "select * from v1.evidence_table where cell_id = $cell order by subset"
_POOLS_OF_CELL = "select * from v1.pooled_effect where cell_id = $cell order by subset"
_EFFECTS_OF_CELL = """
select e.*, s.label as study_label, s.design, s.file as study_file
from v1.effect_size e
left join v1.study s using (study_id)
where e.cell_id = $cell
order by e.pooled desc, s.year, e.study_id, e.effect_id
"""
_ROWS_OF_CELL = """
select e.effect_id, r.*
from (select effect_id, unnest(row_ids) as row_id from v1.effect_size where cell_id = $cell) e
left join v1.result r on r.row_id = e.row_id
order by e.effect_id, r.file, r.line
"""
_REMARKS_OF_CELL = """
select distinct m.*
from v1.remark m
join v1.effect_size e using (study_id)
where e.cell_id = $cell
order by m.study_id, m.file, m.line
"""
_CELL_IDS = """
select distinct cell_id from v1.effect_size
union
select distinct cell_id from v1.evidence_table
order by cell_id
"""
_TRIALS_OF_PAIR = """
select s.study_id, s.label, s.year, s.design, s.n_randomised, t.basis, s.file,
  (select count(*) from v1.result r where r.study_id = s.study_id) as figures
from v1.study_cell_source t
join v1.study s using (study_id)
where t.condition_id = $condition and t.cell_source_id = $cell_source
order by s.year, s.study_id
"""
_EFFECTS_OF_PAIR = """
select cell_id, study_id, pooled, not_pooled_because, measure, yi, ci_lo, ci_hi
from v1.effect_size
where condition_id = $condition and cell_source_id = $cell_source
order by cell_id, study_id
"""
_STUDY_NOTICES = """
select * exclude (row_ids), len(row_ids) as figures from v1.study_notice
order by label, study_id, kind, pmid, notice_pmid
"""
_NOTICES_OF_CELL = """
select n.* exclude (row_ids) from v1.study_notice n
where n.study_id in (select study_id from v1.effect_size where cell_id = $cell)
order by n.study_id, n.kind, n.pmid, n.notice_pmid
"""
_NOTICES_OF_PAIR = """
select n.* exclude (row_ids) from v1.study_notice n
where n.study_id in (
  select study_id from v1.study_cell_source where condition_id = $condition and cell_source_id = $cell_source)
order by n.study_id, n.kind, n.pmid, n.notice_pmid
"""
_RETRACTED_CELLS = """
select e.study_id, e.cell_id, e.pooled, l.cell_id is not null as compared
from v1.effect_size e
left join v1.evidence_table l on l.cell_id = e.cell_id and l.subset = 'not_retracted'
where e.retracted
order by e.study_id, e.cell_id
"""
_NOTICED = "select count(*) from v1.publication_notice"
_NOTICED_RECORDS = """
with decided as materialized ({decided}),
included as (
  select d.record_id from decided d
  where d.verdict in ('include', 'unsure') and (d.stage <> 'title_abstract' or not exists (
    select 1 from decided o where o.record_id = d.record_id and o.stage = 'full_text' and o.verdict = 'exclude'))
)
select n.kind, n.pmid, n.doi, n.notice_pmid, n.seen_at, n.words, n.record_id, r.title
from v1.notice n
join v1.record r using (record_id)
where len(n.study_ids) = 0 and n.record_id in (select record_id from included)
order by n.kind, n.pmid, n.notice_pmid, n.words
"""
_NOTICED_BY_ALL = _NOTICED_RECORDS.format(decided="select record_id, stage, state as verdict from v1.screening_state")
_NOTICED_BY_ONE = _NOTICED_RECORDS.format(
    decided="select record_id, stage, verdict from v1.current_decision where reviewer = $reviewer"
)
_DICTIONARY = "select * from v1.data_dictionary order by view_name, column_position"
# what v1.record puts together, and beside it what only the source record that stands for it tells
_REFERENCES = """
select r.record_id as reference_id, r.title, r.abstract, r.authors, r.journal, r.year, r.volume, r.issue, r.pages,
  r.pmid, r.doi, r.pmcid, r.registry_ids, r.publication_types, r.mesh, r.url, r.notices,
  s.vernacular_title, s.month, s.language, s.keywords, s.record_type, s.accession{more}
from v1.record r
left join v1.source_record s on s.source_record_id = r.shown_source_record_id
{which}
order by r.position, r.record_id
"""
_ALL_REFERENCES = _REFERENCES.format(more="", which="")
_REFERENCES_OF_REPORTS = _REFERENCES.format(
    more="",
    which="""where r.pmid in (select pmid from v1.study_report where pmid is not null)
  or r.doi in (select lower(doi) from v1.study_report where doi is not null)""",
)
_REFERENCES_DECIDED = _REFERENCES.format(
    more=", d.stage, d.state, d.reason",
    which="""join (
  select record_id, 'full_text' as stage, full_text_state as state, exclusion_reason as reason
  from v1.report where full_text_state in ('include', 'exclude')
  union all
  -- a final label tells of no stage, so that an excluded record may never have been sought
  select record_id, stage, state, null from v1.screening_state
  where stage = 'final' and state = 'include'
    and record_id not in (select record_id from v1.report where full_text_state in ('include', 'exclude'))
) d on d.record_id = r.record_id""",
)
_STAGES_BEGUN = "select distinct stage from v1.screening_state where decisions > 0 or state not like 'needs%'"
_STUDY_REPORTS = """
select s.study_id, p.report_id, p.kind, p.pmid, lower(p.doi) as doi, p.registry_id, p.title, p.journal, p.year, p.url,
  p.notices, s.label, s.first_author, s.year as study_year, s.registry_ids
from v1.study s
left join v1.study_report p using (study_id)
order by s.study_id, p.line
"""


def evidence_lines(store: Store, *, subset: str, outcome: str | None) -> pl.DataFrame:
    """The lines of the evidence table; with *outcome*, its cells and every line without poolable figures.

    Beside the lines of all figures stand those without retracted studies.
    """
    return store.read(_EVIDENCE, {"subset": subset, "outcome": outcome})


def pairs_with_outcome(store: Store, outcome: str) -> pl.DataFrame:
    """The conditions and cell sources of which a trial has a figure of *outcome*."""
    return store.read(_PAIRS_WITH_OUTCOME, {"outcome": outcome})


def gap_lines(store: Store, *, outcome: str) -> pl.DataFrame:
    """The gap map of one outcome, in long form."""
    return store.read(_GAPS, {"outcome": outcome})


def outcomes(store: Store) -> pl.DataFrame:
    """outcome_id and label of every outcome."""
    return store.read(_OUTCOMES)


def flow_lines(store: Store) -> pl.DataFrame:
    """The counts of the PRISMA flow."""
    return store.read(_FLOW)


def flow_checks(store: Store) -> pl.DataFrame:
    """The twelve identities, as SQL sees them."""
    return store.read(_FLOW_CHECK)


def cell_ids(store: Store) -> Sequence[str]:
    """Every id that `review explain` takes."""
    return [str(value) for value in store.read(_CELL_IDS)["cell_id"].to_list()]


def lines_of_cell(store: Store, cell: str) -> pl.DataFrame:
    """The lines of the evidence table for *cell*, one for each subset."""
    return store.read(_LINES_OF_CELL, {"cell": cell})


def pools_of_cell(store: Store, cell: str) -> pl.DataFrame:
    """The pooled numbers of *cell*."""
    return store.read(_POOLS_OF_CELL, {"cell": cell})


def effects_of_cell(store: Store, cell: str) -> pl.DataFrame:
    """The effect sizes of *cell*, those of the pool first."""
    return store.read(_EFFECTS_OF_CELL, {"cell": cell})


def rows_of_cell(store: Store, cell: str) -> pl.DataFrame:
    """The extracted rows behind the effect sizes of *cell*, with effect_id."""
    return store.read(_ROWS_OF_CELL, {"cell": cell})


def remarks_of_cell(store: Store, cell: str) -> pl.DataFrame:
    """The remarks on the studies of *cell*."""
    return store.read(_REMARKS_OF_CELL, {"cell": cell})


def trials_of_pair(store: Store, condition: str, cell_source: str) -> pl.DataFrame:
    """The trials of a condition and a cell source."""
    return store.read(_TRIALS_OF_PAIR, {"condition": condition, "cell_source": cell_source})


def effects_of_pair(store: Store, condition: str, cell_source: str) -> pl.DataFrame:
    """The effect sizes of a condition and a cell source, in any cell."""
    return store.read(_EFFECTS_OF_PAIR, {"condition": condition, "cell_source": cell_source})


def study_notices(store: Store) -> pl.DataFrame:
    """Every notice on a report of a study."""
    return store.read(_STUDY_NOTICES)


def notices_of_cell(store: Store, cell: str) -> pl.DataFrame:
    """The notices on the studies of *cell*."""
    return store.read(_NOTICES_OF_CELL, {"cell": cell})


def notices_of_pair(store: Store, condition: str, cell_source: str) -> pl.DataFrame:
    """The notices on the trials of a condition and a cell source."""
    return store.read(_NOTICES_OF_PAIR, {"condition": condition, "cell_source": cell_source})


def retracted_cells(store: Store) -> pl.DataFrame:
    """Each retracted effect: study, cell, whether it is pooled, whether the cell has a line without it."""
    return store.read(_RETRACTED_CELLS)


def noticed_records(store: Store, *, reviewer: str | None) -> pl.DataFrame:
    """Notices on included records that are no report of a study; with *reviewer*, on those that they included."""
    # most reviews have no notice, and what follows is deep
    counted = store.read(_NOTICED)
    if not counted.item():
        return counted.clear()
    if reviewer is None:
        return store.read(_NOTICED_BY_ALL)
    return store.read(_NOTICED_BY_ONE, {"reviewer": reviewer})


def dictionary_lines(store: Store) -> pl.DataFrame:
    """Every view and column of `v1` with its comment."""
    return store.read(_DICTIONARY)


def all_references(store: Store) -> pl.DataFrame:
    """Every record once, as a reference; in the order in which they came."""
    return store.read(_ALL_REFERENCES)


def references_of_reports(store: Store) -> pl.DataFrame:
    """The records that study.toml names as reports, by PMID or DOI."""
    return store.read(_REFERENCES_OF_REPORTS)


def references_decided(store: Store) -> pl.DataFrame:
    """The records that are in or out at full text, or in by a final label: with stage, state and reason."""
    return store.read(_REFERENCES_DECIDED)


def stages_begun(store: Store) -> set[str]:
    """The stages of screening at which anything was decided."""
    return {str(stage) for stage in store.read(_STAGES_BEGUN)["stage"].to_list()}


def study_reports(store: Store) -> pl.DataFrame:
    """Every report of every study, in the order of study.toml; a study without any has a line without report_id."""
    return store.read(_STUDY_REPORTS)


_RECORD_OF_ENTRY = """
select r.* from v1.record r
where r.record_id = (select any_value(record_id) from v1.record_member where entry_id = $entry)
"""
_FIELDS_OF_RECORD = """
select f.* exclude (record_id) from v1.record_field f
where f.record_id = $record
order by list_position(
  ['title', 'authors', 'journal', 'year', 'volume', 'issue', 'pages', 'pmid', 'doi', 'pmcid', 'registry_ids', 'url',
   'publication_types', 'mesh', 'abstract'], f.field)
"""
_MEMBERS_OF_RECORD = """
select s.source_record_id, s.source, s.accession, s.pmid, s.doi, s.version, s.is_latest, i.file_name,
  s.position, i.imported_at::date as imported, s.import_id
from v1.record_member m
join v1.source_record s using (source_record_id)
left join v1.import_receipt i using (import_id)
where m.record_id = $record
order by s.source_record_id <> $shown, s.is_latest desc, s.source, s.source_record_id
"""
_LINKS_OF_RECORD = """
select l.kind, if(l.from_record_id = $record, 'of', 'to this') as direction,
  if(l.from_record_id = $record, l.to_record_id, l.from_record_id) as record_id, l.who, l.note
from v1.record_link l
where $record in (l.from_record_id, l.to_record_id)
order by all
"""


def record_of_entry(store: Store, entry: str) -> pl.DataFrame:
    """The row of v1.record to which *entry* belongs."""
    return store.read(_RECORD_OF_ENTRY, {"entry": entry})


def fields_of_record(store: Store, record: str) -> pl.DataFrame:
    """Each field of *record* with its source, in the order of a reference; the abstract last."""
    return store.read(_FIELDS_OF_RECORD, {"record": record})


def members_of_record(store: Store, record: str, *, shown: str) -> pl.DataFrame:
    """The source records of *record*, older versions too; the one that is *shown* first."""
    return store.read(_MEMBERS_OF_RECORD, {"record": record, "shown": shown})


def links_of_record(store: Store, record: str) -> pl.DataFrame:
    """The links of *record*: kind, whether from it (`of`) or to it, the other record, who and why."""
    return store.read(_LINKS_OF_RECORD, {"record": record})
