"""Every formula id stands on a page of docs/methods, and every id on a page is a formula."""

from __future__ import annotations

import re
from pathlib import Path

from review.measures.formulas import FORMULAS

PAGES = Path(__file__).resolve().parents[2] / "docs" / "methods"


def test_the_pages_name_every_formula_and_no_other() -> None:
    text = "".join((PAGES / name).read_text("utf-8") for name in ("effect-sizes.md", "conversions.md"))
    assert set(re.findall(r"`([\w.+-]+@[\w.+-]+)`", text)) == set(FORMULAS)
