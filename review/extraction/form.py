"""The form of the extraction files: their columns, what each may hold, and the table each goes to.

Blank, NR and NA are the three missing words: not yet extracted, looked for and not reported, not applicable.
The files keep the difference; the tables hold no value for any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from review.terms import (
    CenterKind,
    ComparatorType,
    ContrastKind,
    Level,
    Measure,
    SpreadKind,
)

MISSING = frozenset({"", "NR", "NA"})
READERS = ("r1", "r2")
TIME_UNITS = ("days", "weeks", "months", "years", "final")
ANALYSES = ("itt", "mitt", "pp", "completers", "as_reported")
DONORS = ("autologous", "allogeneic", "mixed", "unclear")
PROCESSING = (
    "culture_expanded",
    "concentrate",
    "svf",
    "micro_fragmented",
    "platelet_product",
    "gene_modified",
    "minimally_manipulated",
    "unclear",
)
METHODS = ("text", "table", "figure_digitised", "author_email")
REMARK_KINDS = (
    "do_not_pool",
    "sign",
    "unit",
    "overlap",
    "n",
    "label",
    "baseline",
    "no_identifier",
    "contradiction",
    "other",
)


class Kind(StrEnum):
    """What a cell of a file holds."""

    TEXT = "text"
    SLUG = "id"
    NUMBER = "number"
    WHOLE = "whole number"
    CHOICE = "one of a list"
    FLAG = "yes or no"
    DAY = "date"
    LIST = "ids with ;"


@dataclass(frozen=True)
class Column:
    """One column of a file; *table_column* is its name in the database where that differs."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    allowed: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    table_column: str = ""

    @property
    def target(self) -> str:
        """The column's name in the database."""
        return self.table_column or self.name


@dataclass(frozen=True)
class Form:
    """One kind of file: its table and its columns. *key* names the columns that tell two rows apart."""

    name: str
    table: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The header line."""
        return tuple(column.name for column in self.columns)


def _words(kind: type[StrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in kind)


def _choice(name: str, allowed: tuple[str, ...], *, required: bool = False) -> Column:
    return Column(name, Kind.CHOICE, required=required, allowed=allowed)


def _slug(name: str, target: str = "", *, required: bool = True) -> Column:
    return Column(name, Kind.SLUG, required=required, table_column=target)


_BETTER = _choice("better", ("lower", "higher"), required=True)
_OUTCOME = _slug("outcome", "outcome_id")
_SCALE = (Column("scale_min", Kind.NUMBER), Column("scale_max", Kind.NUMBER))
_TIME = (
    Column("time_value", Kind.NUMBER, least=0),
    _choice("time_unit", TIME_UNITS),
    Column("month", Kind.NUMBER, least=0),
)
_N = Column("n", Kind.WHOLE, least=1)
_EVENTS = Column("events", Kind.WHOLE, least=0)
_PERCENT = Column("pct_printed", Kind.NUMBER, least=0, most=100)
_PRINTED = Column("as_printed", required=True)
_N_PRINTED = (Column("n_as_printed"), _slug("n_source_id", required=False))
_SOURCE = _slug("source_id")
_REMARK = Column("remark")

CONTINUOUS = Form(
    "continuous",
    "extraction.result_continuous",
    (
        _slug("arm_id"),
        _OUTCOME,
        Column("instrument", required=True),
        *_SCALE,
        _BETTER,
        *_TIME,
        _choice("measure", _words(Measure), required=True),
        _choice("analysis", ANALYSES, required=True),
        _N,
        Column("center", Kind.NUMBER),
        _choice("center_kind", _words(CenterKind)),
        Column("spread_lo", Kind.NUMBER),
        Column("spread_hi", Kind.NUMBER),
        _choice("spread_kind", _words(SpreadKind), required=True),
        Column("adjusted_for"),
        Column("imputed", Kind.FLAG),
        Column("digitised", Kind.FLAG),
        _PRINTED,
        *_N_PRINTED,
        _SOURCE,
        _REMARK,
    ),
    ("arm_id", "instrument", "month", "measure", "source_id"),
)
BINARY = Form(
    "binary",
    "extraction.result_binary",
    (
        _slug("arm_id"),
        _OUTCOME,
        Column("instrument", required=True),
        _BETTER,
        *_TIME,
        _choice("analysis", ANALYSES, required=True),
        _EVENTS,
        _N,
        _PERCENT,
        Column("pct_lo", Kind.NUMBER, least=0, most=100),
        Column("pct_hi", Kind.NUMBER, least=0, most=100),
        Column("definition"),
        _PRINTED,
        *_N_PRINTED,
        _SOURCE,
        _REMARK,
    ),
    ("arm_id", "instrument", "month", "source_id"),
)
CONTRASTS = Form(
    "contrasts",
    "extraction.result_contrast",
    (
        _slug("arm_a"),
        _slug("arm_b"),
        _OUTCOME,
        Column("instrument", required=True),
        *_SCALE,
        _BETTER,
        *_TIME,
        _choice("measure", _words(Measure), required=True),
        _choice("kind", _words(ContrastKind), required=True),
        Column("est", Kind.NUMBER),
        Column("lo", Kind.NUMBER),
        Column("hi", Kind.NUMBER),
        Column("p_text"),
        Column("adjusted", Kind.FLAG, required=True),
        _PRINTED,
        _SOURCE,
        _REMARK,
    ),
    ("arm_a", "arm_b", "instrument", "month", "measure", "source_id"),
)
ADVERSE_EVENTS = Form(
    "adverse_events",
    "extraction.adverse_event",
    (
        _slug("arm_id"),
        _OUTCOME,
        Column("term_text", required=True),
        _choice("serious", ("yes", "no")),
        _choice("related", ("yes", "no")),
        *_TIME,
        _EVENTS,
        _N,
        _PERCENT,
        Column("ascertainment"),
        _PRINTED,
        *_N_PRINTED,
        _SOURCE,
        _REMARK,
    ),
    ("arm_id", "term_text", "month", "source_id"),
)
ARMS = Form(
    "arms",
    "extraction.arm",
    (
        _slug("arm_id"),
        _slug("cell_source", "cell_source_id", required=False),
        _choice("donor", DONORS),
        _choice("processing", PROCESSING),
        Column("dose_as_printed"),
        _choice("comparator_type", _words(ComparatorType)),
        Column("co_intervention"),
        Column("n_randomised", Kind.WHOLE, least=1),
        Column("combines", Kind.LIST),
        Column("as_printed"),
        _SOURCE,
    ),
    ("arm_id",),
)
SOURCES = Form(
    "sources",
    "extraction.source",
    (
        _SOURCE,
        Column("report_id"),
        Column("kind", required=True),
        _choice("level", _words(Level), required=True),
        Column("locator", required=True),
        Column("url"),
        Column("canonical_url"),
        Column("title"),
        _choice("method", METHODS),
        Column("read_on", Kind.DAY),
    ),
    ("source_id",),
)
REMARKS = Form(
    "remarks",
    "extraction.remark",
    (
        _choice("kind", REMARK_KINDS, required=True),
        Column("subject", required=True),
        Column("remark", required=True),
        Column("who", required=True),
        Column("remarked_on", Kind.DAY, required=True),
        Column("basis", required=True),
    ),
    ("kind", "subject", "remark"),
)
CONSENSUS = Form(
    "consensus",
    "extraction.consensus",
    (
        Column("table", required=True, table_column="table_name"),
        Column("key", required=True, table_column="row_key"),
        Column("field", required=True),
        Column("r1"),
        Column("r2"),
        Column("final"),
        Column("by", required=True, table_column="who"),
        Column("date", Kind.DAY, required=True, table_column="decided_on"),
        Column("reason", required=True),
    ),
    ("table", "key", "field"),
)
RESULTS = (CONTINUOUS, BINARY, CONTRASTS, ADVERSE_EVENTS)
READER_FORMS = (ARMS, *RESULTS)

_UMBRELLA = Column("umbrella", Kind.FLAG, required=True)
_PARENT = _slug("parent_id", required=False)
CONDITION = Form(
    "condition",
    "extraction.condition",
    (_slug("condition_id"), _PARENT, Column("label", required=True), Column("synonyms"), _UMBRELLA),
    ("condition_id",),
)
CELL_SOURCE = Form(
    "cell_source",
    "extraction.cell_source",
    (
        _slug("cell_source_id"),
        _PARENT,
        Column("label", required=True),
        Column("synonyms"),
        _UMBRELLA,
        Column("axis", Kind.FLAG, required=True),
    ),
    ("cell_source_id",),
)
OUTCOME = Form(
    "outcome",
    "extraction.outcome",
    (
        _slug("outcome_id"),
        Column("label", required=True),
        Column("domain"),
        _choice("better", ("lower", "higher", "mixed"), required=True),
    ),
    ("outcome_id",),
)
INSTRUMENT = Form(
    "instrument",
    "extraction.instrument",
    (
        Column("instrument", required=True, table_column="instrument_id"),
        _slug("outcome_id"),
        _slug("family"),
        *_SCALE,
        _choice("scale_basis", ("stated", "inferred")),
        _choice("better", ("lower", "higher")),
    ),
    ("instrument",),
)
MID = Form(
    "mid",
    "extraction.mid",
    (
        _slug("instrument_family"),
        *_SCALE,
        Column("mid", Kind.NUMBER, least=0),
        _choice(
            "kind",
            (
                "anchor_within_person",
                "anchor_between_group",
                "distribution",
                "consensus",
                "percent_of_baseline",
                "unclear",
            ),
        ),
        Column("population"),
        Column("source", required=True),
    ),
    ("instrument_family", "kind", "population", "mid"),
)
VOCABULARIES = (CONDITION, CELL_SOURCE, OUTCOME, INSTRUMENT, MID)
