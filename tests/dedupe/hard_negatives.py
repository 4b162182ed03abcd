"""SYNTHETIC records that look like duplicates and are not, among true duplicates; every word of them is made up.

Each family is one trap that wrongly merged records in practice. `hard_negatives` yields as many records as asked for,
always the same ones for a seed, each with the work that it is a record of.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from review.dedupe.normalise import COLUMNS

Fields = dict[str, Any]

_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "xi",
    "yo",
    "zu",
    "bra",
    "cle",
    "dro",
    "fli",
    "gro",
    "pla",
    "sti",
    "tre",
]
_DESIGNS = (
    "a randomised controlled trial",
    "a prospective cohort study",
    "a double-blind comparison with saline",
    "a multicentre registry study",
    "five years of observation",
    "a pooled analysis",
)
_VERBS = ("Effect of", "Safety of", "Long-term outcome of", "Cost of", "Predictors of response to", "Use of")
JOURNALS = (
    ("Annals of Synthetic Orthopaedics", "Ann Synth Orthop"),
    ("Journal of Imaginary Medicine", "J Imagin Med"),
    ("Archives of Made-up Surgery", "Arch Made-up Surg"),
    ("International Review of Invented Trials", "Int Rev Invent Trials"),
)


class Dice(random.Random):
    """Random articles of made-up words."""

    pmids = 0

    def pmid(self) -> str:
        """One that no other record has."""
        self.pmids += 1
        return str(self.pmids)

    def word(self, syllables: int = 3) -> str:
        return "".join(self.choice(_SYLLABLES) for _ in range(syllables))

    def authors(self) -> list[str]:
        return [f"{self.word(3).title()}, {self.choice('ABCDEFGHK')}. {self.choice('ABCDEFGHK')}." for _ in range(4)]

    def article(self) -> Fields:
        first, journal = self.randrange(20, 900), self.choice(JOURNALS)[0]
        return {
            "title": f"{self.choice(_VERBS)} {self.word(4)} injection in {self.word()} {self.word()} of the "
            f"{self.word()}: {self.choice(_DESIGNS)}",
            "authors": "; ".join(self.authors()),
            "year": self.randrange(1995, 2025),
            "journal": journal,
            "volume": str(self.randrange(2, 90)),
            "issue": str(self.randrange(1, 12)),
            "pages": f"{first}-{first + self.randrange(4, 12)}",
        }

    def elsewhere(self, fields: Fields, **changes: Any) -> Fields:
        """The same authors and title at another place."""
        other = self.article()
        placed = {name: other[name] for name in ("volume", "issue", "pages")}
        return {**fields, **placed, **changes}


def _parts(dice: Dice) -> list[Fields]:
    one, first = dice.article(), dice.randrange(20, 800)
    head = one["title"].split(":")[0]
    numerals = dice.choice((("Part I", "Part II", "Part III"), ("part 1", "part 2", "part 3"), ("1", "2", "3")))
    return [
        {**one, "title": f"{head}. {numeral}", "pages": f"{first + 9 * place}-{first + 9 * place + 8}"}
        for place, numeral in enumerate(numerals)
    ]


def _parts_without_pages(dice: Dice) -> list[Fields]:
    return [{**one, "pages": None, "volume": None} for one in _parts(dice)[:2]]


def _notices(dice: Dice) -> list[Fields]:
    one = dice.article()
    forms = (
        "Erratum: {}",
        "{} (vol 37, pg 657, 2022)",
        "Retraction: {}",
        "Expression of concern: {}",
        "{}: correction",
    )
    told = dice.choice(forms).format(one["title"])
    near = {"volume": one["volume"], "year": one["year"]} if dice.random() < 0.5 else {}
    return [one, dice.elsewhere(one, title=told, **near)]


def _notice_by_type(dice: Dice) -> list[Fields]:
    one = dice.article()
    return [one, {**one, "pages": None, "publication_types": ["Published Erratum"]}]


def _letters(dice: Dice) -> list[Fields]:
    one = dice.article()
    page = int(one["pages"].split("-")[0])
    letter = {**one, "title": one["title"], "pages": f"{page}", "authors": "; ".join(dice.authors())}
    reply = {**letter, "title": f"{one['title']}: authors' reply", "pages": f"{page + 1}", "authors": one["authors"]}
    return [dice.elsewhere(one), letter, reply]


def _annual_reports(dice: Dice) -> list[Fields]:
    one, name = dice.article(), f"Annual report of the {dice.word().title()} {dice.word()} register"
    return [
        {**one, "title": f"{name} {year}" if dice.random() < 0.5 else name, "year": year, "volume": str(year - 1990)}
        | {"pages": f"{dice.randrange(1, 400)}-{dice.randrange(401, 500)}"}
        for year in range(2011, 2014)
    ]


def _editorials(dice: Dice) -> list[Fields]:
    one = dice.article()
    return [
        {**one, "title": "Editorial", "year": 2000 + n, "volume": None, "pages": str(n + 2) if n % 2 else None}
        for n in range(4)
    ]


def _sister_trials(dice: Dice) -> list[Fields]:
    one = dice.article()
    head = one["title"].split(":")[0]
    pair = dice.choice((("adults", "adolescents"), ("women", "men"), ("rats", "mice"), ("children", "adults")))
    return [dice.elsewhere(one, title=f"{head} in {group}", year=one["year"]) for group in pair]


def _same_title_other_trial(dice: Dice) -> list[Fields]:
    one, other = dice.article(), dice.article()
    numbers = [f"NCT0{place}{dice.randrange(10**6):06}" for place in range(3)]
    registered = [{**one, "registry_ids": [number]} for number in numbers]
    return [{**other, "title": one["title"]}, *registered]


def _protocol(dice: Dice) -> list[Fields]:
    one = dice.article()
    ends = ("study protocol", "rationale and design", "protocol for a trial")
    return [one, dice.elsewhere(one, title=f"{one['title']}: {dice.choice(ends)}", year=one["year"] - 1)]


def _meeting_abstract(dice: Dice) -> list[Fields]:
    one = dice.article()
    return [
        one,
        {**one, "pages": f"{dice.choice('ESP')}{dice.randrange(10, 999)}"},
        dice.elsewhere(one, pages="S12-S13"),
    ]


def _chapter(dice: Dice) -> list[Fields]:
    one = dice.article() | {"record_type": "article", "doi": f"10.5555/{dice.word(5)}"}
    reprint = {**one, "record_type": "CHAP", "journal": f"Handbook of {dice.word()}", "volume": None, "doi": None}
    book = {**reprint, "record_type": "BOOK", "pages": None, "journal": None}
    return [one, reprint, book]


def _preprint(dice: Dice) -> list[Fields]:
    one = dice.article()
    early = {"journal": "medRxiv", "volume": None, "issue": None, "pages": None, "year": one["year"]}
    return [one, {**one, **early, "doi": f"10.1101/2021.01.{dice.randrange(10**7)}"}]


def _conference(dice: Dice) -> list[Fields]:
    one = dice.article()
    held = f"Proceedings of the {dice.word()} conference on {dice.word()}"
    return [
        one,
        dice.elsewhere(one, journal=held, year=one["year"] - 1),
        {**one, "journal": held, "volume": None, "pages": "1101-1109"},
    ]


def _editions(dice: Dice) -> list[Fields]:
    one = dice.article() | {"volume": None, "issue": None, "pages": None}
    return [{**one, "year": 2011 + n} for n in range(2)]


def _one_page_of_two_journals(dice: Dice) -> list[Fields]:
    one = dice.article() | {"title": dice.choice(("Reply", "News", "Editorial", "Knee pain"))}
    one["pages"] = str(dice.randrange(1000, 10**6))  # no two families at one place by chance
    named = [{**one, "journal": journal, "authors": None} for journal, _ in JOURNALS[:2]]
    return [*named, {**one, "journal": JOURNALS[2][0], "authors": "; ".join(dice.authors())}]


def _minitrack(dice: Dice) -> list[Fields]:
    one = dice.article() | {
        "title": f"Introduction to the minitrack on {dice.word()} and {dice.word()}",
        "volume": None,
    }
    return [{**one, "year": 2021 + n, "pages": None, "doi": f"10.5555/{dice.word(6)}"} for n in range(2)]


def _identifiers(dice: Dice) -> list[Fields]:
    one = dice.article()
    return [{**one, "doi": f"10.5555/{dice.word(6)}.{n}", "pmid": dice.pmid()} for n in range(2)]


Families = tuple[Callable[[Dice], list[Fields]], ...]

FAMILIES: Families = (
    _parts, _parts_without_pages, _notices, _notice_by_type, _letters, _annual_reports, _editorials, _sister_trials,
    _same_title_other_trial, _protocol, _meeting_abstract, _chapter, _preprint, _conference, _minitrack, _identifiers,
    _editions, _one_page_of_two_journals,
)  # fmt: skip


def _again(dice: Dice, fields: Fields) -> Fields:
    """The same work as another database prints it."""
    short = dict(JOURNALS).get(fields["journal"], fields["journal"])
    first, last = fields["pages"].split("-")
    names = [name.replace(". ", "").replace(".", "").replace(",", "") for name in fields["authors"].split("; ")]
    title = dice.choice((fields["title"].upper(), f"{fields['title']} [Review] [33 refs]", fields["title"] + "."))
    return {
        **fields,
        "title": title,
        "journal": short,
        "authors": "; ".join(names),
        "pages": f"{first}-{_shortened(first, last)}",
    }


def _shortened(first: str, last: str) -> str:
    """The last page from the digit on in which it differs: 9 of 221-229, 30 of 226-230."""
    if len(first) != len(last):
        return last
    return last[next(place for place, sign in enumerate(last) if sign != first[place]) :]


def hard_negatives(
    records: int, *, seed: int = 20260101, families: Families = FAMILIES
) -> tuple[pl.DataFrame, dict[str, int]]:
    """*records* source records, and the work that each is a record of; every fifth family is a true duplicate."""
    drawn = list(_named(records, seed, families))
    rows = [{**dict.fromkeys(COLUMNS), **fields, "source_record_id": name} for name, fields, _, _ in drawn]
    return pl.DataFrame(rows, schema=COLUMNS), {name: work for name, _, work, _ in drawn}


def trap_of(records: int, *, seed: int = 20260101, families: Families = FAMILIES) -> dict[str, str]:
    """The name of the family that each record of `hard_negatives` is of."""
    return {name: family for name, _, _, family in _named(records, seed, families)}


def _named(records: int, seed: int, families: Families) -> Iterator[tuple[str, Fields, int, str]]:
    for place, (fields, work, family) in zip(range(records), _drawn(Dice(seed), families), strict=False):
        yield f"s{place:07}", fields, work, family


def _drawn(dice: Dice, families: Families) -> Iterator[tuple[Fields, int, str]]:
    work, turn = 0, 0
    while True:
        family = families[turn % len(families)]
        for fields in family(dice):
            yield fields, work, family.__name__.strip("_")
            work += 1
        if turn % 5 == 0:
            one = dice.article()
            yield one, work, "true duplicate"
            yield _again(dice, one), work, "true duplicate"
            work += 1
        turn += 1
