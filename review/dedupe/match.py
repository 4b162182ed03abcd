"""The names of the rules that merge, from the strongest; what each asks for stands in rules.py."""

from __future__ import annotations

from typing import Final

SAME_PMID: Final = "same_pmid"
SAME_DOI: Final = "same_doi"
RULES: Final = (SAME_PMID, SAME_DOI)
PRINTED_ALIKE: Final = (
    "title_place",
    "title_place_other_author",
    "title_but_numbers",
    "title_part_authors_place",
    "place_authors_translated",
    "title_authors_page",
    "title_authors_volume",
    "title_part_authors_volume",
    "title_authors_elocator",
    "title_authors_journal",
    "same_registry_entry",
)
BY_STRENGTH: Final = {name: place for place, name in enumerate((*RULES, *PRINTED_ALIKE))}


def strength(rule: str | None) -> int:
    """The place of a rule, 0 for the strongest; a name that is none comes last."""
    return BY_STRENGTH.get(rule or "", len(BY_STRENGTH))
