"""Who is asking, and the protocol that everybody screens by."""

from __future__ import annotations

from review.screening.blinding import is_blinded
from review.team.protocol import review_id
from review.web.api.route import Answer, ApiRoute
from review.web.roles import May
from review.web.site import Desk

_STAGES = ["title_abstract", "full_text"]
_KEYS = "1234567890"


class Me(Answer, frozen=True):
    """The person who is signed in. `blind`: the others' decisions are hidden until both are in; `csrf`: the token.

    `review` names the review for good, whatever its title becomes.
    """

    id: str
    name: str
    role: str
    screens: bool
    blind: bool
    simulated: bool
    title: str
    review: str
    csrf: str
    stages: list[str]
    may: dict[str, bool]


class Reason(Answer, frozen=True):
    """A reason for exclusion and the number key that gives it."""

    code: str
    label: str
    key: str | None


class Highlight(Answer, frozen=True):
    """The words that are marked."""

    include: list[str]
    exclude: list[str]


class Protocol(Answer, frozen=True):
    """What decides whether a record belongs into the review."""

    title: str
    question: str
    criteria_version: str
    inclusion: list[str]
    reasons: list[Reason]
    highlight: Highlight
    reviewers_per_record: int
    blind: bool


def me(desk: Desk) -> Me:
    """Who is signed in, what the role allows, and the token that every deed has to carry."""
    person = desk.reviewer
    return Me(
        id=person.id,
        name=person.name,
        role=person.role.value,
        screens=desk.may(May.SCREEN),
        blind=is_blinded(desk.store, desk.project, person.id),
        simulated=desk.project.simulated,
        title=desk.project.title,
        review=review_id(desk.store),
        csrf=desk.form_token,
        stages=_STAGES,
        may={deed.value: desk.may(deed) for deed in May},
    )


def protocol(desk: Desk) -> Protocol:
    """The question, the criteria in their present version, the reasons in their order, the words that are marked."""
    project = desk.project
    reasons = [
        Reason(code=one.code, label=one.label, key=_KEYS[place] if place < len(_KEYS) else None)
        for place, one in enumerate(project.criteria.reasons)
    ]
    words = project.highlight
    return Protocol(
        title=project.title,
        question=project.question,
        criteria_version=project.criteria.version,
        inclusion=list(project.criteria.inclusion),
        reasons=reasons,
        highlight=Highlight(include=list(words.include), exclude=list(words.exclude)),
        reviewers_per_record=project.screening.reviewers_per_record,
        blind=project.screening.blind,
    )


ROUTES = (
    ApiRoute("GET", "/api/me", me, "Who is signed in"),
    ApiRoute("GET", "/api/protocol", protocol, "Criteria, reasons and marked words"),
)
