"""Add-on comparisons: what the arms of both sides had beside the product, so that it is product on top of it.

MSC with hyaluronic acid against placebo with hyaluronic acid estimates what MSC add to hyaluronic acid. That is
another question than MSC against placebo, and the two are not averaged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from review.synthesis.figures import Arm
from review.terms import ComparatorType

_WORDS = (
    (ComparatorType.HYALURONIC_ACID, r"hyalur|\bha\b"),
    (ComparatorType.CORTICOSTEROID, r"steroid|triamcinolone|cortisone|prednisolone|betamethasone"),
    (ComparatorType.LOCAL_ANAESTHETIC, r"anaesthetic|anesthetic|\w+caine\b"),
    (ComparatorType.PRP, r"platelet|\bprp\b|plasma rich in growth factors|\bprgf\b"),
    (ComparatorType.SURGERY, r"surg|osteotomy|\brelease\b|drilling|microfracture|rigottomy|reconstruction|arthroscop"),
    (ComparatorType.EXERCISE, r"exercise|training|physiotherap|physical therapy|rehabilitation"),
    (ComparatorType.SHOCK_WAVE, r"shock ?wave"),
    (ComparatorType.DRY_NEEDLING, r"needling"),
    (ComparatorType.AUTOLOGOUS_BLOOD, r"autologous blood"),
    (ComparatorType.USUAL_CARE, r"usual care|standard care|conventional|medical treatment|medication|splint"),
)
"""A word that fits none is a treatment of its own ("another treatment" of the protocol), under its printed name."""

_BACKGROUND = frozenset(
    {ComparatorType.USUAL_CARE, ComparatorType.EXERCISE, ComparatorType.NO_TREATMENT, ComparatorType.SURGERY}
)
"""Care that goes on in both arms of most trials; PRP and exercise against saline and exercise is PRP against saline."""


def shared_treatment(arms_a: Sequence[Arm], arms_b: Sequence[Arm]) -> str | None:
    """The treatment that both sides had beside the product and the usual care, in words, or None.

    What a comparator arm had is its co-intervention and what it is: hyaluronic acid alone was also had.
    """
    had = {name for arm in arms_b for name in (*treatments(arm.co_intervention), arm.comparator_type)}
    beside = [name for arm in arms_a for name in treatments(arm.co_intervention)]
    both = [name for name in dict.fromkeys(beside) if name in had and name not in _BACKGROUND]
    return " and ".join(name.replace("_", " ") for name in both) or None


def treatments(text: str | None) -> list[str]:
    """What a printed co-intervention names: comparator types of the protocol, else the words themselves."""
    found = []
    for part in re.split(r"[,;+]|\band\b", (text or "").lower()):
        kinds = [str(kind) for kind, pattern in _WORDS if re.search(pattern, part)]
        found += kinds or ([part.strip()] if part.strip() not in ("", "nr", "na", "none") else [])
    return found
