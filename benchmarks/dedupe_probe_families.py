"""SYNTHETIC traps in words that no rule was written for; every word of them is made up.

The families of `tests/dedupe/hard_negatives.py` were written beside the rules. These were written after them and run
once, to see what happens to wording that nobody has looked at.
"""

from __future__ import annotations

from typing import Any

from hard_negatives import JOURNALS, Dice, Families

Fields = dict[str, Any]


def notices(dice: Dice) -> list[Fields]:
    """What is printed about an article, at another place or in the same volume without pages."""
    one = dice.article()
    form = dice.choice(
        (
            "Author Correction: {}", "Publisher Correction: {}", "Notice of retraction: {}", "Fe de errores: {}",
            "Editorial note: {}", "Removal notice to {}", "Discussion of: {}", "Invited commentary on {}",
        )
    )  # fmt: skip
    other = {**one, "title": form.format(one["title"])}
    return [one, {**other, "pages": None} if dice.random() < 0.5 else dice.elsewhere(other, year=one["year"])]


def parts(dice: Dice) -> list[Fields]:
    """Parts of a series, counted in other words."""
    one, first = dice.article(), dice.randrange(20, 800)
    head = one["title"].split(":")[0]
    two = dice.choice(
        (
            ("Teil 1", "Teil 2"), ("First report", "Second report"), ("Study 1", "Study 2"), ("Methods", "Results"),
            ("Papers A", "Papers B"), ("Baseline", "Follow-up"), ("1ère partie", "2ème partie"),
        )
    )  # fmt: skip
    at = [f"{first}-{first + 8}", f"{first + 9}-{first + 17}"] if dice.random() < 0.7 else [None, None]
    return [{**one, "title": f"{head}. {part}", "pages": pages} for part, pages in zip(two, at, strict=True)]


def yearly(dice: Dice) -> list[Fields]:
    """A text under one title in each year, always from the same page."""
    one = dice.article()
    name = dice.choice(("The year in review: {} surgery", "{} statistics", "Abstracts of the {} society", "{} watch"))
    title, first = name.format(dice.word().title()), dice.randrange(1, 300)
    placed = [{"year": 2011 + n, "volume": str(30 + n), "pages": f"{first}-{first + 9 + n}"} for n in range(3)]
    return [{**one, "title": title, **place} for place in placed]


def sisters(dice: Dice) -> list[Fields]:
    """Two trials of one team whose titles differ by who or what was treated."""
    one = dice.article()
    head = one["title"].split(":")[0]
    two = dice.choice(
        (
            ("smokers", "never-smokers"), ("the hip", "the knee"), ("low doses", "high doses"), ("Denmark", "Sweden"),
            ("type 1 diabetes", "type 2 diabetes"), ("cats", "hamsters"), ("the morning", "the evening"),
        )
    )  # fmt: skip
    return [dice.elsewhere(one, title=f"{head} in {group}", year=one["year"]) for group in two]


def follow_ups(dice: Dice) -> list[Fields]:
    """One trial reported twice, early and late."""
    one = dice.article()
    head = one["title"].split(":")[0]
    two = dice.choice(
        (
            ("six-month results", "twelve-month results"), ("interim analysis", "final analysis"),
            ("two-year outcomes", "five-year outcomes"), ("efficacy", "safety"),
            ("primary outcome", "secondary outcomes"),
        )
    )  # fmt: skip
    return [dice.elsewhere(one, title=f"{head}: {told}", year=one["year"] + n) for n, told in enumerate(two)]


def plans(dice: Dice) -> list[Fields]:
    """A trial and its plan, without the word protocol."""
    one = dice.article()
    end = dice.choice(
        ("methods and baseline characteristics", "a study plan", "objectives and methods", "trial outline")
    )
    return [one, dice.elsewhere(one, title=f"{one['title']}. {end}", year=one["year"] - 1)]


def things_about(dice: Dice) -> list[Fields]:
    """An article, and data, a summary or a review of it under its title."""
    one = dice.article()
    form = dice.choice(("Data from: {}", "Supplementary material for {}", "Video abstract of {}", "Peer review of {}"))
    told = {"title": form.format(one["title"]), "volume": None, "issue": None, "pages": None}
    return [one, {**one, **told, "journal": dice.choice(("Figshare", "Dryad", one["journal"]))}]


def theses(dice: Dice) -> list[Fields]:
    """A thesis and the article of the same name."""
    one = dice.article()
    one["authors"] = one["authors"].split("; ")[0]
    thesis = {"journal": f"University of {dice.word().title()}", "volume": None, "issue": None, "record_type": "THES"}
    return [one, {**one, **thesis, "pages": None, "year": one["year"] - 1}]


def letters(dice: Dice) -> list[Fields]:
    """Two letters by other people on one page, under the title of the article."""
    one = dice.article()
    page = one["pages"].split("-")[1]
    letter = {**one, "pages": page, "year": one["year"]}
    return [
        one,
        *({**letter, "title": f"{one['title']} - {n}", "authors": dice.authors()[0]} for n in ("Smith", "Lee")),
    ]


def updates(dice: Dice) -> list[Fields]:
    """A living review and its update: one title, one group of authors, one number, years between."""
    one = dice.article() | {"journal": "Made-up Library of Systematic Reviews", "volume": None, "issue": None}
    number = f"CD{dice.randrange(10**6):06}"
    return [{**one, "pages": number}, {**one, "pages": f"{number}.pub2", "year": one["year"] + dice.randrange(2, 5)}]


def registrations(dice: Dice) -> list[Fields]:
    """An article and the entry of its trial in a register."""
    one = dice.article() | {"registry_ids": [f"NCT{dice.randrange(10**8):08}"]}
    return [one, {**one, "journal": "ClinicalTrials.gov", "volume": None, "issue": None, "pages": None}]


def two_meetings(dice: Dice) -> list[Fields]:
    """One abstract at two meetings of a year, in two journals."""
    one = dice.article()
    journals = dice.sample([name for name, _ in JOURNALS], 2)
    return [
        {**one, "journal": name, "volume": str(40 + n), "pages": f"A{dice.randrange(10, 999)}"}
        for n, name in enumerate(journals)
    ]


PROBE: Families = (
    notices, parts, yearly, sisters, follow_ups, plans, things_about, theses, letters,
    updates, registrations, two_meetings,
)  # fmt: skip
