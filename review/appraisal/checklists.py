"""Which tool a study's design calls for, and the parts and words of each tool.

Only RoB 2 has a rule here (rob2.py). For the others a person sets every level; nothing is added up to a
verdict, because cut-offs differ from paper to paper. The wording of the items stays with their publishers.
"""

from __future__ import annotations

from dataclasses import dataclass

from review.appraisal import rob2
from review.terms import Design


@dataclass(frozen=True)
class Tool:
    """A tool: what it asks (question → words), what may be answered, its domains, and the levels a person
    sets.
    """

    name: str
    version: str
    questions: dict[str, str]
    answers: tuple[str, ...]
    domains: dict[str, str]
    levels: tuple[str, ...]
    guidance: str


ROB2 = Tool(
    name=rob2.NAME,
    version=rob2.VERSION,
    questions={},
    answers=tuple(answer.value for answer in rob2.Answer),
    domains={domain.id: domain.words for domain in rob2.domains(rob2.Effect.ASSIGNMENT)},
    levels=tuple(risk.value for risk in rob2.Risk),
    guidance="https://www.riskofbias.info",
)
ROBINS_I = Tool(
    name="ROBINS-I",
    version="2",
    questions={},
    answers=(),
    domains={
        "D1": "confounding",
        "D2": "classification of interventions",
        "D3": "selection of participants",
        "D4": "missing data",
        "D5": "measurement of the outcome",
        "D6": "selection of the reported result",
    },
    levels=("low", "low except for confounding", "moderate", "serious", "critical"),
    guidance="https://www.riskofbias.info",
)
JBI_CASE_SERIES = Tool(
    name="JBI case series",
    version="2020",
    questions={str(item): f"item {item}" for item in range(1, 11)},
    answers=("yes", "no", "unclear", "NA"),
    domains={},
    levels=("include", "exclude", "seek further information"),
    guidance="https://jbi.global/critical-appraisal-tools",
)
MINORS = Tool(
    name="MINORS",
    version="2003",
    questions={
        str(item): f"item {item}" + (" (comparative studies only)" if item > 8 else "") for item in range(1, 13)
    },
    answers=("0", "1", "2"),
    domains={},
    levels=("low", "moderate", "high"),
    guidance="https://doi.org/10.1046/j.1445-2197.2003.02748.x",
)
TOOLS = {tool.name: tool for tool in (ROB2, ROBINS_I, JBI_CASE_SERIES, MINORS)}

# The parallel-group form is used for a crossover or cluster trial only with a note: its own form has one
# domain more.
VARIANT_NEEDED = (Design.RCT_CROSSOVER, Design.RCT_CLUSTER, Design.RCT_WITHIN_PERSON)


def tools_for(design: Design) -> tuple[Tool, ...]:
    """The tools that may be used for a design, the default first; none where the design is unclear."""
    if design.randomised:
        return (ROB2,)
    if design is Design.NRSI_CONTROLLED:
        return (ROBINS_I,)
    if design in (Design.SINGLE_ARM, Design.CASE_SERIES):
        return (JBI_CASE_SERIES, MINORS)
    return ()


def minors_ideal(*, comparative: bool) -> int:
    """The highest sum of a MINORS list: 16 for eight items, 24 for twelve."""
    return 24 if comparative else 16
