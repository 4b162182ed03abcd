"""The PRISMA 2020 flow: 17 boxes counted by SQL, twelve identities checked before anybody draws them.

Source of the boxes: Page et al. 2021, 10.1136/bmj.n71, flow diagram for updated reviews with other methods.
The identities are arithmetic over values; one with a term that nobody counted (None) is not applicable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from review.database import Store
from review.errors import CheckFailed
from review.project import Project
from review.reporting import store as reads
from review.reporting.notices import retracted_note
from review.reporting.table import SIMULATED, Column, Row, Table

if TYPE_CHECKING:
    import polars as pl

Verdict = Literal["pass", "fail", "not applicable"]
Relation = Literal["=", ">=", "<="]
COUNTED = ("counted", "not applicable")

# what waits, and what few reviews have: absent is 0
_WAITING = (
    "duplicates_not_recorded",
    "awaiting_screening",
    "awaiting_retrieval",
    "awaiting_assessment",
    "awaiting_classification",
    "ongoing",
    "other_not_sought",
    "other_awaiting_screening",
    "other_awaiting_retrieval",
    "other_awaiting_assessment",
    "other_awaiting_classification",
    "other_ongoing",
)
# of the reports sought, those that were not assessed to the end
_BEFORE_ASSESSED = (
    "not_retrieved",
    "awaiting_retrieval",
    "awaiting_assessment",
    "awaiting_classification",
    "ongoing",
)
_WORDS = {
    "database": "databases",
    "register": "registers",
    "duplicates_by_automation": "duplicates by automation",
    "duplicates_by_person": "by people",
    "duplicates_not_recorded": "not recorded by whom",
    "sources_adding_up": "sources where identified − removed = remaining",
    "automation": "automation",
    "other_removed": "other reasons",
    "excluded_human": "excluded by people",
    "excluded_automation": "excluded by automation",
    "other_identified": "other methods",
    "other_not_sought": "excluded on title and abstract",
}


@dataclass(frozen=True)
class Identity:
    """One identity, its two sides (None where a term was not counted) and the words of a message."""

    number: str
    left: int | None
    relation: Relation
    right: int | None
    terms: str
    right_term: str

    @property
    def verdict(self) -> Verdict:
        """Whether the two sides stand in their relation."""
        if self.left is None or self.right is None:
            return "not applicable"
        holds = {"=": self.left == self.right, ">=": self.left >= self.right, "<=": self.left <= self.right}
        return "pass" if holds[self.relation] else "fail"

    @property
    def message(self) -> str:
        """What is wrong: `identity 3: sought 138 − not retrieved 6 = 132, but assessed is 131`."""
        if self.relation == "=":
            return f"identity {self.number}: {self.terms} = {self.left}, but {self.right_term} is {self.right}"
        sign = "fewer" if self.relation == ">=" else "more"
        return f"identity {self.number}: {self.terms} is {sign} than {self.right_term} {self.right}"


def check_identities(values: Mapping[str, int | None]) -> tuple[Identity, ...]:
    """The twelve identities over *values*: item of `v1.prisma_flow` → count, None where nobody counted.

    Items that wait (not yet screened, retrieved, assessed, classified) count as 0 where they are absent.
    """
    v = {**{name: values.get(name) for name in _ITEMS}, **{name: values.get(name) or 0 for name in _WAITING}}
    searched = v["database"] is not None or v["register"] is not None
    if searched:
        v["database"], v["register"] = v["database"] or 0, v["register"] or 0
    # a route by which no record came adds nothing to the included reports
    found = _minus(v, "assessed", "excluded_reports") if searched else 0
    other = _minus(v, "other_assessed", "other_excluded_reports") if v["other_identified"] is not None else 0
    both = None if found is None or other is None else found + other
    return (
        _sum(
            v,
            "1",
            ("database", "register"),
            ("duplicates", "automation", "other_removed", "awaiting_screening"),
            "screened",
        ),
        _sum(v, "2", ("screened",), ("excluded_human", "excluded_automation"), "sought"),
        _sum(v, "3", ("sought",), _BEFORE_ASSESSED, "assessed"),
        _sum(v, "4", ("other_identified",), ("other_not_sought", "other_awaiting_screening"), "other_sought"),
        _sum(
            v,
            "5",
            ("other_sought",),
            tuple(f"other_{item}" for item in _BEFORE_ASSESSED),
            "other_assessed",
        ),
        Identity("6", both, "=", v["new_reports"], f"assessed − excluded {found} + other {other}", "new reports"),
        _sum(v, "7", ("previous_studies", "new_studies"), (), "total_studies"),
        _sum(v, "8", ("previous_reports", "new_reports"), (), "total_reports"),
        _pair(v, "9a", "new_reports", ">=", "new_studies"),
        # 0 and 0 of a review that updates nothing hold trivially; saying so would say too much
        _pair({name: v[name] or None for name in v}, "9b", "previous_reports", ">=", "previous_studies"),
        _pair(v, "9c", "total_reports", ">=", "total_studies"),
        _pair(v, "10a", "pooled_studies", "<=", "total_studies"),
        _pair(v, "10b", "pooled_reports", "<=", "total_reports"),
        _sum(
            v,
            "11",
            ("duplicates_by_automation", "duplicates_by_person", "duplicates_not_recorded"),
            (),
            "duplicates",
        ),
        _pair(v, "12", "sources_adding_up", "=", "sources"),
    )


def flow_values(lines: pl.DataFrame) -> dict[str, int | None]:
    """Item → count over the lines of `v1.prisma_flow`; one line that is not counted leaves its item unknown.

    A missing register beside a counted database (or the other way round) is a route that was not taken:
    the counted lines are the sum. `sources` and `sources_adding_up` count those of which identified less removed
    remains.
    """
    values: dict[str, int | None] = {}
    for item in dict.fromkeys(lines["item"].to_list()):
        mine = [row for row in lines.iter_rows(named=True) if row["item"] == item]
        counted = [row["n"] for row in mine if row["status"] in COUNTED]
        complete = len(counted) == len(mine) or item in ("database", "register")
        values[item] = sum(counted) if counted and complete else None
    values.update(_sources(lines))
    return values


def flow_table(store: Store, project: Project) -> tuple[Table, tuple[Identity, ...], pl.DataFrame]:
    """The flow as a table, its identities, and the raw lines of `v1.prisma_flow`."""
    import polars as pl

    lines = reads.flow_lines(store)
    identities = check_identities(flow_values(lines))
    labels = {reason.code: reason.label for reason in project.criteria.reasons}
    rows = []
    for line in lines.iter_rows(named=True):
        detail = labels.get(line["source"] or "", line["source"] or "")
        label = f"{line['label']}: {detail}" if detail else line["label"]
        count = str(line["n"]) if line["status"] == "counted" else line["status"]
        rows.append(Row((line["box"], label, count)))
    if project.simulated:
        lines = lines.with_columns(pl.lit("SIMULATED").alias("simulated"))
    table = Table(
        caption=f"PRISMA 2020 flow: {project.title}",
        columns=(Column("box", "Box"), Column("label", "What"), Column("n", "n", kind="number")),
        rows=tuple(rows),
        notes=tuple(filter(None, (*_identity_notes(identities), *_words_used(rows), retracted_note(store)))),
        banner=SIMULATED if project.simulated else "",
    )
    return table, identities, lines


def refuse_violations(identities: tuple[Identity, ...]) -> None:
    """Raise CheckFailed with every identity that does not hold."""
    broken = [identity.message for identity in identities if identity.verdict == "fail"]
    if broken:
        message = "counts do not add up: " + "; ".join(broken)
        raise CheckFailed(message, hint="review check lists orphan decisions and studies without an included report")


_ITEMS = (
    "database",
    "register",
    "duplicates",
    "duplicates_by_automation",
    "duplicates_by_person",
    "sources",
    "sources_adding_up",
    "automation",
    "other_removed",
    "screened",
    "excluded_human",
    "excluded_automation",
    "sought",
    "not_retrieved",
    "assessed",
    "excluded_reports",
    "other_identified",
    "other_sought",
    "other_not_retrieved",
    "other_assessed",
    "other_excluded_reports",
    "previous_studies",
    "previous_reports",
    "new_studies",
    "new_reports",
    "total_studies",
    "total_reports",
    "pooled_studies",
    "pooled_reports",
)


_SIGNS = {"database": 1, "register": 1, "duplicates_of_source": -1, "remaining_of_source": -1}


def _sources(lines: pl.DataFrame) -> dict[str, int | None]:
    rest: dict[str, int] = {}
    for line in lines.iter_rows(named=True):
        if line["item"] in _SIGNS and line["source"] is not None:
            rest[line["source"]] = rest.get(line["source"], 0) + _SIGNS[line["item"]] * line["n"]
    return {"sources": len(rest) or None, "sources_adding_up": list(rest.values()).count(0) if rest else None}


def _words(item: str) -> str:
    return _WORDS.get(item, item.removeprefix("other_").replace("_", " "))


def _minus(v: Mapping[str, int | None], plus: str, minus: str) -> int | None:
    one, other = v[plus], v[minus]
    return None if one is None or other is None else one - other


def _sum(
    v: Mapping[str, int | None], number: str, plus: tuple[str, ...], minus: tuple[str, ...], right: str
) -> Identity:
    terms = " + ".join(f"{_words(item)} {v[item]}" for item in plus)
    # a waiting term of 0 says nothing; it is left out of the message
    terms += "".join(f" − {_words(item)} {v[item]}" for item in minus if v[item] or item not in _WAITING)
    sides = [(v[item], 1) for item in plus] + [(v[item], -1) for item in minus]
    left = 0
    for count, sign in sides:
        if count is None:
            return Identity(number, None, "=", v[right], terms, _words(right))
        left += sign * count
    return Identity(number, left, "=", v[right], terms, _words(right))


def _pair(v: Mapping[str, int | None], number: str, left: str, relation: Relation, right: str) -> Identity:
    return Identity(number, v[left], relation, v[right], f"{_words(left)} {v[left]}", _words(right))


def _identity_notes(identities: tuple[Identity, ...]) -> tuple[str, ...]:
    def numbers(verdict: Verdict) -> str:
        return ", ".join(identity.number for identity in identities if identity.verdict == verdict) or "none"

    broken = tuple(identity.message for identity in identities if identity.verdict == "fail")
    holding = f"Identities that hold: {numbers('pass')}."
    open_ = f"Identities not applicable, because a term was not counted: {numbers('not applicable')}."
    return (holding, open_, *(f"Counts do not add up: {text}" for text in broken))


def _words_used(rows: list[Row]) -> tuple[str, ...]:
    meanings = {
        "not done": "not done: nothing of that process exists in this project.",
        "not reported by source": "not reported by source: only final labels were imported.",
        "not applicable": "not applicable: this review does not update an earlier one.",
    }
    used = {row.cells[2] for row in rows}
    return tuple(text for word, text in meanings.items() if word in used)
