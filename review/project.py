"""Reads and checks review.toml: the protocol, its criteria, reviewers and synthesis plan."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

from review.errors import ProtocolError, UsageProblem
from review.terms import ComparatorType, EffectMeasure, Role
from review.toml_file import TomlTable, read_toml

FILE = "review.toml"


@dataclass(frozen=True)
class Registration:
    """Where and when the protocol was registered; both blank when it was not."""

    id: str
    registered_on: date | None


@dataclass(frozen=True)
class Reviewer:
    """A person of the review team; *left*: the day on which they left it, after which their decisions still count."""

    id: str
    name: str
    role: Role
    left: date | None = None

    @property
    def has_left(self) -> bool:
        """Whether they are no longer in the team: from the day on that review.toml gives."""
        return self.left is not None and self.left <= datetime.now(UTC).date()


@dataclass(frozen=True)
class Reason:
    """A reason for exclusion; the order of the protocol is the order in which they are asked."""

    code: str
    label: str


@dataclass(frozen=True)
class Criteria:
    """Who and what belongs into the review. Any change needs a new version."""

    version: str
    inclusion: tuple[str, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class ScreeningPlan:
    """How records are screened."""

    reviewers_per_record: int
    blind: bool
    calibration: int
    order: str


@dataclass(frozen=True)
class Highlight:
    """Words that the screening page marks."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """A follow-up window: a month m lies in it when over < m <= upto; upto None = no end."""

    id: str
    label: str
    over: float
    upto: float | None

    def holds(self, month: float) -> bool:
        """Whether *month* lies in the window."""
        return self.over < month and (self.upto is None or month <= self.upto)


@dataclass(frozen=True)
class ComparatorClass:
    """Comparators that the protocol treats as one."""

    id: str
    label: str
    types: tuple[ComparatorType, ...]


@dataclass(frozen=True)
class OutcomePlan:
    """How an outcome is pooled; *scale* in points for MD, *hierarchy* = instrument families, first wins."""

    outcome_id: str
    measure: EffectMeasure
    scale: tuple[float, float] | None
    hierarchy: tuple[str, ...]


@dataclass(frozen=True)
class SynthesisPlan:
    """What is pooled, and how."""

    windows: tuple[Window, ...]
    comparators: tuple[ComparatorClass, ...]
    outcomes: tuple[OutcomePlan, ...]
    tau2: str
    interval: str
    prediction: str
    correlation: float
    shared_control: str
    designs: tuple[str, ...]

    def window_of(self, month: float) -> Window | None:
        """The window in which *month* lies, or None."""
        return next((window for window in self.windows if window.holds(month)), None)

    def comparator_of(self, kind: str) -> ComparatorClass | None:
        """The class of a comparator type, or None."""
        return next((group for group in self.comparators if kind in group.types), None)

    def outcome(self, outcome_id: str) -> OutcomePlan | None:
        """The plan of an outcome, or None where the protocol pools nothing."""
        return next((plan for plan in self.outcomes if plan.outcome_id == outcome_id), None)


@dataclass(frozen=True)
class Project:
    """One directory that is one review."""

    root: Path
    title: str
    question: str
    simulated: bool
    registration: Registration
    reviewers: tuple[Reviewer, ...]
    criteria: Criteria
    screening: ScreeningPlan
    highlight: Highlight
    synthesis: SynthesisPlan
    protocol_text: str
    parts: dict[str, str]

    @property
    def database_path(self) -> Path:
        """The review's database file."""
        return self.root / "review.duckdb"

    @property
    def extracted(self) -> Path:
        """What people read off papers."""
        return self.root / "extracted"

    @property
    def queries(self) -> Path:
        """The project's own strategies, reports and checks."""
        return self.root / "queries"

    @property
    def version_sha256(self) -> str:
        """The fingerprint of everything in the protocol that matters to the result."""
        return _sha256(self.parts)

    def reviewer(self, reviewer_id: str) -> Reviewer:
        """The reviewer of that id. Raises UsageProblem when review.toml names none."""
        for person in self.reviewers:
            if person.id == reviewer_id:
                return person
        known = ", ".join(person.id for person in self.reviewers)
        message = f"{reviewer_id!r} is not a reviewer of this project; {FILE} names: {known}"
        raise UsageProblem(message, hint=f"add a [[reviewers]] table to {FILE}, or give another id")

    def reason(self, code: str) -> Reason:
        """The exclusion reason of that code. Raises UsageProblem when the protocol names none."""
        for reason in self.criteria.reasons:
            if reason.code == code:
                return reason
        known = ", ".join(reason.code for reason in self.criteria.reasons)
        message = f"{code!r} is not a reason of the protocol; allowed: {known}"
        raise UsageProblem(message, hint=f"reasons stand in {FILE} as [[criteria.reason]]")


def find_root(start: Path) -> Path:
    """The nearest folder at or above *start* that holds review.toml. Raises UsageProblem when there is none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / FILE).is_file():
            return folder
    message = f"no {FILE} in {start.resolve()} or above it"
    raise UsageProblem(message, hint="make a review with: review init NAME, or point at one with --project DIR")


def load_project(root: Path) -> Project:
    """The project in *root*. Raises ProtocolError for the first thing in review.toml that is not allowed."""
    path = root / FILE
    if not path.is_file():
        message = f"no {FILE} in {root}"
        raise UsageProblem(message, hint="make a review with: review init NAME")
    top, text = read_toml(path)
    project = _read(top, root=root, text=text)
    top.refuse_unknown()
    return project


def _read(top: TomlTable, *, root: Path, text: str) -> Project:
    registration = top.table("registration", required=False)
    criteria = top.table("criteria")
    screening = top.table("screening")
    highlight = top.table("highlight", required=False)
    synthesis = top.table("synthesis")
    people = tuple(
        Reviewer(
            id=person.slug("id"),
            name=person.text("name"),
            role=Role(person.choice("role", [role.value for role in Role])),
            left=person.day("left"),
        )
        for person in top.tables("reviewers")
    )
    top.refuse_repeats("reviewers", [person.id for person in people])
    reasons = tuple(Reason(item.slug("code"), item.text("label")) for item in criteria.tables("reason"))
    criteria.refuse_repeats("reason", [reason.code for reason in reasons])
    plan = _read_synthesis(synthesis)
    wording = Criteria(criteria.text("version"), criteria.texts("inclusion"), reasons)
    how = ScreeningPlan(
        reviewers_per_record=screening.whole("reviewers_per_record", least=1, most=2),
        blind=screening.flag("blind", default=True),
        calibration=screening.whole("calibration", least=0, default=0),
        order=screening.choice("order", ["random", "file"], default="random"),
    )
    words = Highlight(highlight.texts("include", default=()), highlight.texts("exclude", default=()))
    registered = Registration(registration.text("id", default=""), registration.day("registered_on"))
    question = top.text("question")
    project = Project(
        root=root.resolve(),
        title=top.text("title"),
        question=question,
        simulated=top.flag("simulated", default=False),
        registration=registered,
        reviewers=people,
        criteria=wording,
        screening=how,
        highlight=words,
        synthesis=plan,
        protocol_text=text,
        parts={
            "question": _sha256(question),
            "criteria": _sha256([wording.inclusion, [[r.code, r.label] for r in reasons]]),
            "criteria_version": wording.version,
            "reviewers_per_record": str(how.reviewers_per_record),
            "screening": _sha256([how.blind, how.calibration, how.order]),
            "windows": _sha256([[w.id, w.label, w.over, w.upto] for w in plan.windows]),
            "comparators": _sha256([[c.id, c.label, list(c.types)] for c in plan.comparators]),
            "outcomes": _sha256([[o.outcome_id, o.measure, o.scale, o.hierarchy] for o in plan.outcomes]),
            "model": _sha256(
                [plan.tau2, plan.interval, plan.prediction, plan.correlation, plan.shared_control, plan.designs]
            ),
            "registration": f"{registered.id} {registered.registered_on or ''}".strip(),
        },
    )
    for part in (registration, criteria, screening, highlight):
        part.refuse_unknown()
    return project


def _read_synthesis(table: TomlTable) -> SynthesisPlan:
    windows = []
    for item in table.tables("window"):
        window = Window(item.slug("id"), item.text("label"), item.number("over", least=0), item.number_or_none("upto"))
        if window.upto is not None and window.upto <= window.over:
            item.refuse("upto", window.upto, f"more than over = {window.over:g}")
        windows.append(window)
    table.refuse_repeats("window", [window.id for window in windows])
    for one, other in pairwise(windows):
        if one.upto is None or other.over < one.upto:
            message = f"{table.path}: windows {one.id!r} and {other.id!r} overlap"
            raise ProtocolError(message, hint="list windows in order; each begins where the one before ends")
    comparators = tuple(
        ComparatorClass(
            item.slug("id"),
            item.text("label"),
            tuple(ComparatorType(word) for word in item.choices("types", [kind.value for kind in ComparatorType])),
        )
        for item in table.tables("comparator")
    )
    table.refuse_repeats("comparator", [group.id for group in comparators])
    table.refuse_repeats("comparator types", [kind for group in comparators for kind in group.types])
    outcomes = []
    for item in table.tables("outcome"):
        measure = EffectMeasure(item.choice("measure", [kind.value for kind in EffectMeasure]))
        scale = item.span("scale")
        if measure is EffectMeasure.MD and scale is None:
            item.refuse("scale", None, "two numbers such as [0, 100], because measure is MD")
        outcomes.append(OutcomePlan(item.slug("outcome"), measure, scale, item.texts("hierarchy")))
    table.refuse_repeats("outcome", [plan.outcome_id for plan in outcomes])
    plan = SynthesisPlan(
        windows=tuple(windows),
        comparators=comparators,
        outcomes=tuple(outcomes),
        tau2=table.choice("tau2", ["REML", "DL", "PM"], default="REML"),
        interval=table.choice("interval", ["HKSJ", "z"], default="HKSJ"),
        prediction=table.choice("prediction", ["t_k-2", "t_k-1", "z"], default="t_k-2"),
        correlation=table.number("correlation", least=-1, most=1, default=0.5),
        shared_control=table.choice("shared_control", ["combine"], default="combine"),
        designs=tuple(table.choices("designs", ["randomised"], default=("randomised",))),
    )
    table.refuse_unknown()
    return plan


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
