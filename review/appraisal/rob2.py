"""RoB 2 for individually randomised parallel trials: which judgement the answers of a domain lead to.

The rules are those of the tool's version of 22 August 2019. The question texts here are short wording of our
own; the official guidance (https://www.riskofbias.info) is what an assessor reads. A proposal is computed,
never typed; what holds is what a person sets. A question that the rule reaches must be answered: other
programs score such gaps in silence, here they are an error that names the question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from review.errors import ExtractionError

NAME = "RoB 2"
VERSION = "2019-08-22"


class Answer(StrEnum):
    """What an assessor answers: yes, probably yes, probably no, no, no information, not applicable."""

    Y = "Y"
    PY = "PY"
    PN = "PN"
    N = "N"
    NI = "NI"
    NA = "NA"


class Risk(StrEnum):
    """The judgement on a domain or a result."""

    LOW = "low"
    SOME = "some concerns"
    HIGH = "high"


class Effect(StrEnum):
    """The effect of interest: of being assigned to the intervention, or of adhering to it."""

    ASSIGNMENT = "assignment"
    ADHERENCE = "adherence"


@dataclass(frozen=True)
class Question:
    """A signalling question: its id, short words of our own, and which answers it takes."""

    id: str
    words: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Proposal:
    """What the rule says; the questions it read, in order; those answered that it did not read."""

    risk: Risk
    reached: tuple[str, ...]
    unread: tuple[str, ...]


class UnansweredQuestion(ExtractionError):
    """A question that the rule reaches has no answer that the rule can use."""

    def __init__(self, question: str, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{NAME} question {question} {problem}", hint=hint)
        self.question = question
        self.problem = problem


_ALWAYS = (Answer.Y, Answer.PY, Answer.PN, Answer.N, Answer.NI)
_OR_NA = (*_ALWAYS, Answer.NA)
_NO_NI = (Answer.Y, Answer.PY, Answer.PN, Answer.N, Answer.NA)
_FOLDED = {
    Answer.Y: "Y",
    Answer.PY: "Y",
    Answer.N: "N",
    Answer.PN: "N",
    Answer.NI: "NI",
    Answer.NA: "NA",
}


class _Reader:
    """Reads the answers for a rule and remembers which questions it asked."""

    def __init__(self, answers: Mapping[str, Answer | None]) -> None:
        self._answers = answers
        self.reached: list[str] = []

    def __call__(self, question: str, *, or_na: bool = False) -> str:
        """The answer to *question*, folded to Y, N, NI (or NA where *or_na*)."""
        self.reached.append(question)
        answer = self._answers.get(question)
        if answer is None:
            raise UnansweredQuestion(
                question,
                "is not answered, and the rule reaches it",
                hint="answer it, or NI where nothing is said",
            )
        if answer is Answer.NA and not or_na:
            raise UnansweredQuestion(
                question,
                "is answered NA, and the rule reaches it",
                hint="the earlier answers make it applicable: answer it, or change them",
            )
        return _FOLDED[answer]


def _d1(ask: _Reader) -> Risk:
    sequence, concealed, baseline = ask("1.1"), ask("1.2"), ask("1.3")
    if concealed == "N":
        return Risk.HIGH
    if concealed == "NI":
        return Risk.HIGH if baseline == "Y" else Risk.SOME
    return Risk.SOME if sequence == "N" or baseline == "Y" else Risk.LOW


def _d2_assignment(ask: _Reader) -> Risk:
    return worse(_deviations(ask), _analysis(ask))


def _deviations(ask: _Reader) -> Risk:
    participants, carers = ask("2.1"), ask("2.2")
    if participants == "N" and carers == "N":
        return Risk.LOW
    deviated = ask("2.3")
    if deviated != "Y":
        return Risk.LOW if deviated == "N" else Risk.SOME
    if ask("2.4") == "N":
        return Risk.SOME
    return Risk.SOME if ask("2.5") == "Y" else Risk.HIGH


def _analysis(ask: _Reader) -> Risk:
    if ask("2.6") == "Y":
        return Risk.LOW
    return Risk.SOME if ask("2.7") == "N" else Risk.HIGH


def _d2_adherence(ask: _Reader) -> Risk:
    participants, carers = ask("2.1"), ask("2.2")
    unaware = participants == "N" and carers == "N"
    if unaware or ask("2.3", or_na=True) in ("NA", "Y"):
        failures, adherence = ask("2.4", or_na=True), ask("2.5", or_na=True)
        if failures in ("NA", "N") and adherence in ("NA", "N"):
            return Risk.LOW
    return Risk.SOME if ask("2.6") == "Y" else Risk.HIGH


def _d3(ask: _Reader) -> Risk:
    if ask("3.1") == "Y" or ask("3.2") == "Y" or ask("3.3") == "N":
        return Risk.LOW
    return Risk.SOME if ask("3.4") == "N" else Risk.HIGH


def _d4(ask: _Reader) -> Risk:
    unfit, differed = ask("4.1"), ask("4.2")
    if unfit == "Y" or differed == "Y":
        return Risk.HIGH
    base = Risk.LOW if differed == "N" else Risk.SOME
    if ask("4.3") == "N" or ask("4.4") == "N":
        return base
    return Risk.SOME if ask("4.5") == "N" else Risk.HIGH


def _d5(ask: _Reader) -> Risk:
    planned, outcomes, analyses = ask("5.1"), ask("5.2"), ask("5.3")
    if "Y" in (outcomes, analyses):
        return Risk.HIGH
    if "NI" in (outcomes, analyses):
        return Risk.SOME
    return Risk.LOW if planned == "Y" else Risk.SOME


@dataclass(frozen=True)
class Domain:
    """A domain: its id, what it is about, its questions and its rule."""

    id: str
    words: str
    questions: tuple[Question, ...]
    rule: Callable[[_Reader], Risk]

    @property
    def by_id(self) -> dict[str, Question]:
        """Question id → question."""
        return {question.id: question for question in self.questions}


_AWARE = (
    Question("2.1", "participants knew their group", _ALWAYS),
    Question("2.2", "carers and deliverers knew the group", _ALWAYS),
)

D1 = Domain(
    "D1",
    "randomisation",
    (
        Question("1.1", "sequence was random", _ALWAYS),
        Question("1.2", "sequence was concealed until assignment", _ALWAYS),
        Question("1.3", "baseline differences point to a problem", _ALWAYS),
    ),
    _d1,
)
D2_ASSIGNMENT = Domain(
    "D2",
    "deviations from the intended interventions (effect of assignment)",
    (
        *_AWARE,
        Question("2.3", "the trial context caused deviations", _OR_NA),
        Question("2.4", "these deviations could change the outcome", _OR_NA),
        Question("2.5", "these deviations were balanced between groups", _OR_NA),
        Question("2.6", "analysis estimated the effect of assignment properly", _ALWAYS),
        Question("2.7", "a wrong analysis group could matter much", _OR_NA),
    ),
    _d2_assignment,
)
D2_ADHERENCE = Domain(
    "D2",
    "deviations from the intended interventions (effect of adherence)",
    (
        *_AWARE,
        Question("2.3", "other interventions were balanced", _OR_NA),
        Question("2.4", "failures of delivery could change the outcome", _OR_NA),
        Question("2.5", "non-adherence could change the outcome", _OR_NA),
        Question("2.6", "analysis estimated the effect of adherence properly", _OR_NA),
    ),
    _d2_adherence,
)
D3 = Domain(
    "D3",
    "missing outcome data",
    (
        Question("3.1", "data for (nearly) all who were randomised", _ALWAYS),
        Question("3.2", "evidence that missing data did not bias the result", _NO_NI),
        Question("3.3", "being missing could depend on the true value", _OR_NA),
        Question("3.4", "being missing probably depended on the true value", _OR_NA),
    ),
    _d3,
)
D4 = Domain(
    "D4",
    "measurement of the outcome",
    (
        Question("4.1", "method of measuring was unfit", _ALWAYS),
        Question("4.2", "measuring could differ between groups", _ALWAYS),
        Question("4.3", "assessors knew the group", _OR_NA),
        Question("4.4", "knowing could influence the assessment", _OR_NA),
        Question("4.5", "knowing probably influenced the assessment", _OR_NA),
    ),
    _d4,
)
D5 = Domain(
    "D5",
    "selection of the reported result",
    (
        Question("5.1", "analysis followed a plan made before unblinding", _ALWAYS),
        Question("5.2", "picked from several outcome measurements", _ALWAYS),
        Question("5.3", "picked from several analyses", _ALWAYS),
    ),
    _d5,
)


def domains(effect: Effect) -> tuple[Domain, ...]:
    """The five domains, with the second for the effect of interest."""
    second = D2_ASSIGNMENT if effect is Effect.ASSIGNMENT else D2_ADHERENCE
    return (D1, second, D3, D4, D5)


def propose(domain: Domain, answers: Mapping[str, Answer | None]) -> Proposal:
    """The judgement that the tool's rule gives for *answers* (question id → answer; blank: absent or None).

    Raises UnansweredQuestion when a question that the rule reaches is blank or NA, and for an answer or a
    question that the domain does not have. An unreached question may be blank or NA; a substantive answer
    there is kept in `unread`.
    """
    known = domain.by_id
    for question, answer in answers.items():
        if question not in known:
            raise UnansweredQuestion(question, f"does not belong to {domain.id}", hint=f"it has {', '.join(known)}")
        if answer is not None and answer not in known[question].answers:
            allowed = " ".join(known[question].answers)
            raise UnansweredQuestion(question, f"cannot be answered {answer.value}", hint=f"allowed: {allowed}")
    reader = _Reader(answers)
    risk = domain.rule(reader)
    unread = tuple(
        question
        for question, answer in answers.items()
        if question not in reader.reached and answer not in (None, Answer.NA)
    )
    return Proposal(risk, tuple(reader.reached), unread)


def worse(first: Risk, second: Risk) -> Risk:
    """The worse of two judgements."""
    order = list(Risk)
    return max(first, second, key=order.index)


def overall(risks: tuple[Risk, ...]) -> Risk:
    """The result's judgement from its domains: any high → high, all low → low, else some concerns."""
    if Risk.HIGH in risks:
        return Risk.HIGH
    return Risk.LOW if all(risk is Risk.LOW for risk in risks) else Risk.SOME


def must_weigh(risks: tuple[Risk, ...]) -> bool:
    """Whether a person must say if several concerns together make the result high: two or more domains with
    some.
    """
    return Risk.HIGH not in risks and sum(risk is Risk.SOME for risk in risks) >= 2
