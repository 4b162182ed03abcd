"""Pairs that look like duplicates: side by side, and answered; the same deeds as `review dedupe queue`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from review.dedupe import answers
from review.dedupe.side_by_side import side_by_side
from review.screening.blinding import has_screened, screeners
from review.terms import LinkKind, Role
from review.web.api.route import Answer, ApiRoute, Given, Id, Key, Words
from review.web.roles import May
from review.web.site import Desk


class DuplicatesQuery(Given, frozen=True):
    """How many pairs."""

    limit: Annotated[int, Meta(ge=1, le=50)] = 10


class Field(Answer, frozen=True):
    """One field of both as printed: `=` the same, `≠` different, nothing where a side is blank."""

    name: str
    a: str
    b: str
    mark: str


class Likely(Answer, frozen=True):
    """The link that the texts suggest: *side* (a, b) is *kind* of the other."""

    kind: str
    side: str


class Pair(Answer, frozen=True):
    """Two records that look alike: the rule, what speaks against it, their fields, scores from 0 to 100."""

    record_a: str
    record_b: str
    source_a: str
    source_b: str
    beside_a: list[str]
    beside_b: list[str]
    rule: str | None
    against: str
    unsure: list[str]
    likely: Likely | None
    fields: list[Field]
    only_a: list[str]
    only_b: list[str]
    scores: dict[str, int]


class Duplicates(Answer, frozen=True):
    """The next pairs; *waiting* is how many there are in all."""

    waiting: int
    pairs: list[Pair]


class AnswerBody(Given, frozen=True):
    """merge, different, unsure, or link with its *kind*: record_a is that of record_b."""

    id: Id
    record_a: Key
    record_b: Key
    answer: Literal["merge", "different", "link", "unsure"]
    kind: LinkKind | None = None
    note: Words | None = None


class TakeBackBody(Given, frozen=True):
    """*answer* is the id of the answer that is taken back."""

    id: Id
    answer: Annotated[str, Meta(min_length=1, max_length=100)]


class PairAnswered(Answer, frozen=True):
    """The answer as it was recorded, and the records of the two sides now."""

    id: str
    answer: str
    record_a: str
    record_b: str
    new: bool
    remark: str


def duplicates(desk: Desk, query: DuplicatesQuery) -> Duplicates:
    """The pairs that wait for the person, likely ones first."""
    pairs = answers.waiting_for(desk.store, desk.project, who=desk.reviewer.id)
    return Duplicates(waiting=len(pairs), pairs=[_pair(desk, pair) for pair in pairs[: query.limit]])


def answer_pair(desk: Desk, body: AnswerBody) -> PairAnswered:
    """Answer a pair that waits for the person, or their own answer anew; an owner who does not screen, any pair."""
    done = answers.answer(
        desk.store,
        desk.project,
        body.record_a,
        body.record_b,
        answer=body.answer,
        kind=body.kind,
        who=desk.reviewer.id,
        note=body.note or None,
        answer_id=body.id,
        asked_only=not _may_join_at_will(desk),
    )
    return _answered(done)


def take_back_answer(desk: Desk, body: TakeBackBody) -> PairAnswered:
    """Take an answer back, with the merge, split or link that came of it."""
    done = answers.take_back(desk.store, desk.project, body.answer, who=desk.reviewer.id, withdrawal_id=body.id)
    return _answered(done)


def _may_join_at_will(desk: Desk) -> bool:
    person = desk.reviewer
    screens = person.id in screeners(desk.store, desk.project) or has_screened(desk.store, person.id)
    return person.role is Role.OWNER and not screens


def _pair(desk: Desk, pair: answers.Asked) -> Pair:
    seen = side_by_side(desk.store, pair.record_a, pair.record_b)
    likely = None
    if pair.suggested is not None:
        kind, entry = pair.suggested
        likely = Likely(kind=kind.value, side="a" if entry == pair.record_a else "b")
    elif seen.suggested is not None:
        likely = Likely(kind=seen.suggested[0].value, side=seen.suggested[1])
    return Pair(
        record_a=pair.record_a,
        record_b=pair.record_b,
        source_a=str(seen.a["source"] or ""),
        source_b=str(seen.b["source"] or ""),
        beside_a=list(seen.beside_a),
        beside_b=list(seen.beside_b),
        rule=pair.rule,
        against=pair.against,
        unsure=list(pair.unsure),
        likely=likely,
        fields=[Field(name=one.name, a=one.a, b=one.b, mark=one.mark) for one in seen.fields],
        only_a=list(seen.only_a),
        only_b=list(seen.only_b),
        scores=dict(seen.scores),
    )


def _answered(done: answers.Answered) -> PairAnswered:
    return PairAnswered(
        id=done.answer_id,
        answer=done.answer.value,
        record_a=done.record_a,
        record_b=done.record_b,
        new=done.new,
        remark=done.remark,
    )


ROUTES = (
    ApiRoute("GET", "/api/duplicates", duplicates, "Pairs that look like duplicates", May.SETTLE_DUPLICATES),
    ApiRoute("POST", "/api/duplicates", answer_pair, "Answer a pair", May.SETTLE_DUPLICATES),
    ApiRoute("POST", "/api/duplicates/undo", take_back_answer, "Take an answer back", May.SETTLE_DUPLICATES),
)
