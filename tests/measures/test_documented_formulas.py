"""Every formula id stands on a page of docs/methods, and every id on a page is a formula."""

from __future__ import annotations

import re
from pathlib import Path

from review.measures.formulas import FORMULAS
from review.synthesis import heterogeneity

PAGES = Path(__file__).resolve().parents[2] / "docs" / "methods"


def test_the_pages_name_every_formula_and_no_other() -> None:
    text = "".join((PAGES / name).read_text("utf-8") for name in ("effect-sizes.md", "conversions.md"))
    assert set(re.findall(r"`([\w.+-]+@[\w.+-]+)`", text)) == set(FORMULAS)


def test_reml_is_cited_by_the_doi_of_its_paper() -> None:
    """Viechtbauer 2005, J Educ Behav Stat 30(3):261-293."""
    places = [PAGES / "pooling.md", Path(heterogeneity.__file__)]
    for place in places:
        assert set(re.findall(r"10\.3102/107699860\d+", place.read_text("utf-8"))) == {"10.3102/10769986030003261"}
