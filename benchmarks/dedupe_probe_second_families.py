"""Families of the second probe: different works that look alike; all invented.

The truth of each family was written by somebody who knew bibliographic databases and had not read the rules.
A family with the truth `ask` is one where two people may differ: to merge it without asking is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dedupe_probe_second_records import SHAPES, Family, Press, Record, capital

# --- works that look alike: name → truth, where the second stands, and pairs of titles ({t} is the article's) ---

_TWINS: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "parts of one work": ("different", "near", (
        ("{t}. Part I", "{t}. Part II"), ("{t}: part 1, methods", "{t}: part 2, results"),
        ("{T} (first part)", "{T} (second part)"), ("I. {T}", "II. {T}"), ("{T} - 3", "{T} - 4"))),
    "yearly reports": ("different", "later", (
        ("The Harrow register of {cell}: annual report 2014", "The Harrow register of {cell}: annual report 2015"),
        ("Twelfth annual report of the {ill} registry", "Thirteenth annual report of the {ill} registry"),
        ("Advances in {ill} in 2016", "Advances in {ill} in 2017"))),
    "sister trials": ("different", "near", (
        ("{cell} for {ill} (REVIVE-1): a phase 3 trial", "{cell} for {ill} (REVIVE-2): a phase 3 trial"),
        ("{cell} for {ill}: the LUMEN-A study", "{cell} for {ill}: the LUMEN-B study"))),
    "phases of one programme": ("different", "away", (
        ("{cell} for {ill}: a phase I trial", "{cell} for {ill}: a phase II trial"),
        ("{cell} for {ill}: a phase 2 trial", "{cell} for {ill}: a phase 3 trial"))),
    "protocol and results": ("different", "away", (
        ("{t}", "{t}: study protocol"), ("{t}", "{t}: rationale and design"),
        ("{t}", "{t}: statistical analysis plan"))),
    "secondary analysis": ("different", "away", (
        ("{t}", "{t}: a secondary analysis"), ("{t}", "{t}: post hoc subgroup results"),
        ("{t}", "{t}: an economic evaluation"), ("{t}", "{t}: a qualitative substudy"))),
    "follow-up": ("different", "later", (
        ("{t}", "{t}: five-year follow-up"), ("{t}: 12-month results", "{t}: 24-month results"),
        ("{t}: one-year outcomes", "{t}: two-year outcomes"), ("{t}: short-term results", "{t}: long-term results"))),
    "interim and final": ("different", "later", (
        ("{t}: interim analysis", "{t}: final analysis"), ("{t}: preliminary results", "{t}: final results"),
        ("{t}: preliminary results", "{t}"))),
    "dose groups": ("different", "near", (
        ("{t}: low dose", "{t}: high dose"), ("{t} (10 million cells)", "{t} (50 million cells)"),
        ("Single injection of {cell} for {ill}", "Repeated injection of {cell} for {ill}"))),
    "children and adults": ("different", "near", (
        ("{cell} for {ill} in children", "{cell} for {ill} in adults"),
        ("{cell} in women with {ill}", "{cell} in men with {ill}"),
        ("{cell} for {ill} in adolescents", "{cell} for {ill} in the elderly"))),
    "animals and people": ("different", "away", (
        ("{cell} for {ill} in rats", "{cell} for {ill} in patients"),
        ("{cell} for {ill} in sheep", "{cell} for {ill} in dogs"),
        ("{cell} and {marker}: an in vitro study", "{cell} and {marker}: an in vivo study"))),
    "joints": ("different", "near", (
        ("{cell} for osteoarthritis of the knee: {design}", "{cell} for osteoarthritis of the hip: {design}"),
        ("{cell} for cervical radicular pain", "{cell} for lumbar radicular pain"))),
    "sides": ("different", "later", (
        ("{cell} in the left shoulder: a case report", "{cell} in the right shoulder: a case report"),
        ("Medial {ill} treated with {cell}", "Lateral {ill} treated with {cell}"))),
    "opposites": ("different", "near", (
        ("Early {cell} for {ill}", "Late {cell} for {ill}"),
        ("{cell} with exercise for {ill}", "{cell} without exercise for {ill}"),
        ("{cell} improves {end} in {ill}", "{cell} does not improve {end} in {ill}"),
        ("Autologous {cell} for {ill}", "Allogeneic {cell} for {ill}"))),
    "one trial, two outcomes": ("different", "near", (
        ("{cell} for {ill}: effects on pain", "{cell} for {ill}: effects on sleep"),
        ("Efficacy of {cell} in {ill}: {design}", "Safety of {cell} in {ill}: {design}"))),
    "cases of a weekly series": ("different", "later", (
        ("Case 12-2018: a 45-year-old woman with {ill}", "Case 31-2018: a 54-year-old woman with {ill}"),
        ("{ill}: case 3", "{ill}: case 4"))),
    "summary for lay readers": ("different", "near", (
        ("{t}", "{t}: plain language summary"), ("{t}", "Infographic. {T}"), ("{t}", "{t}: visual abstract"))),
    "expression of concern": ("different", "later", (
        ("{t}", "Expression of concern: {T}"), ("{t}", "Editor's note: {T}"),
        ("{t}", "Notice of retraction and replacement. {T}"))),
    "retraction notice": ("different", "later", (
        ("{t}", "Retraction: {T}"), ("{t}", "Retraction notice to “{T}”"), ("{t}", "Statement of retraction. {T}"),
        ("{t}", "Retraction note: {T}"), ("{t}", "Retraktion: {T}"),
        ("{t}", "{T} (Retraction of vol 31, pg 40, 2016)"))),
    "correction in front": ("different", "later", (
        ("{t}", "Erratum: {T}"), ("{t}", "Correction to: {T}"), ("{t}", "Corrigendum to “{T}”"),
        ("{t}", "Erratum zu: {T}"),
        ("{t}", "Erratum à : {T}"), ("{t}", "Fe de erratas: {T}"), ("{t}", "Errata corrige: {T}"),
        ("{t}", "Publisher Correction: {T}"),
        ("{t}", "Rettelse til: {T}"), ("{t}", "Berichtigung: {T}"), ("{t}", "Author correction: {T}"))),
    "correction behind": ("different", "later", (
        ("{t}", "{T} (vol 37, pg 657, 2022)"), ("{t}", "{T} [Corrigendum]"), ("{t}", "{T}: erratum"),
        ("{t}", "{T} (Correction of vol 12, art 33)"), ("{t}", "{T} - Addendum"), ("{t}", "{T}. Rectificatif"))),
    "correction of a correction": ("different", "later", (
        ("Correction to: {T}", "Correction to: Correction to: {T}"), ("Correction to: {T}", "Correction to: {T}"),
        ("Corrigendum: {T}", "Corrigendum to the corrigendum: {T}"))),
    "editions of a book": ("different", "away", (
        ("Handbook of {ill}, 2nd edition", "Handbook of {ill}, 3rd edition"),
        ("Atlas of {cell}. Volume 1", "Atlas of {cell}. Volume 2"))),
}  # fmt: skip

_NOTICE = re.compile("orrec|etra|rrat|rrig|Rett|Rectif|Bericht|Addend|concern")  # titles of notices without abstract


def twins(apart: str, titles: tuple[tuple[str, str], ...]) -> Callable[[Press], list[Record]]:
    """A maker of two works by the same people with a pair of *titles*."""

    def make(press: Press) -> list[Record]:
        first, second = press.rng.choice(titles)
        one = press.paper()
        words = one["topic"] | {"t": one["title"], "T": one["title"]}
        ids = ["NCT0" + press.digits(7)] if press.rng.random() < 0.3 else []
        one |= {"title": capital(first.format(**words)), "registry_ids": ids}
        other = press.twin(one, apart=apart, title=capital(second.format(**words)))
        if _NOTICE.search(second):
            start = press.rng.randrange(300, 2000)
            other |= {"abstract": None, "publication_types": ["Published Erratum"], "pages": str(start)}
        if first.startswith(("Handbook", "Atlas")):
            book = {"journal": None, "full": None, "volume": None, "issue": None, "pmid": None, "record_type": "book"}
            one |= book | {"pages": "412 p."}
            other |= book | {"pages": press.rng.choice(("412 p.", "436 p.")), "abstract": None}
        return loosely(press, one, other)

    return make


def loosely(press: Press, *records: Record) -> list[Record]:
    """*records*, each half of the time as another database prints it."""
    return [press.elsewhere(one) if press.rng.random() < 0.5 else one for one in records]


def letter_and_reply(press: Press) -> list[Record]:
    """An article, a letter about it and the authors' reply, all under its title."""
    one = press.paper()
    letter = press.twin(one, people=press.people(2), abstract=None, publication_types=["Letter", "Comment"])
    letter["title"] = press.rng.choice(("Re: {}", "{}", "Letter to the editor: {}", "Comment on: {}")).format(
        one["title"]
    )
    page = letter["pages"].split("-")[0]
    letter |= {"pages": page, "volume": str(int(one["volume"]) + 1), "year": one["year"] + 1}
    answer = letter | {"people": one["people"], "doi": press.doi(one["journal"], one["year"]), "pmid": press.digits(8)}
    answer["title"] = press.rng.choice(("{}: reply", "{}: authors' reply", "{} Reply", "Reply to: {}")).format(
        one["title"]
    )
    answer |= {"pages": page if press.rng.random() < 0.5 else str(int(page) + 1), "work": one["work"] + 10**6}
    return loosely(press, one, letter, answer)


def commentary_under_the_title(press: Press) -> list[Record]:
    """An invited commentary of somebody else in the same issue, with the very title."""
    one = press.paper()
    title = press.rng.choice(("{}", "Commentary on: {}", "{} Commentary", "Invited commentary: {}")).format(
        one["title"]
    )
    types = ["Comment", "Journal Article"]
    return loosely(
        press, one, press.twin(one, title=title, people=press.people(1), abstract=None, publication_types=types)
    )


def columns_and_editorials(press: Press) -> list[Record]:
    """One editor's column under one heading in two issues, without identifiers."""
    heading = press.rng.choice(
        ("Editorial", "In this issue", "From the editor", "News and views", "Journal club", "Pain today")
    )
    bare = {"title": heading, "doi": None, "pmid": None, "abstract": None, "publication_types": ["Editorial"]}
    one = press.paper(**bare, people=press.people(1))
    one["pages"] = "1-2"
    apart = press.rng.choice(("later", "near"))
    other = press.twin(one, apart=apart, **bare, pages="1-2")
    if apart == "near":
        other["issue"] = str(int(one["issue"]) + 1)
    return loosely(press, one, other)


def abstract_and_paper(press: Press) -> list[Record]:
    """A congress abstract and the paper of the same title and people."""
    paper = press.paper()
    apart = press.rng.choice(("later", "away"))
    talk = press.twin(
        paper, apart="away", publication_types=["Conference Abstract"], abstract=paper["abstract"], pmid=None
    )
    if apart == "later":
        talk |= {"journal": paper["journal"], "full": paper["full"], "volume": str(int(paper["volume"]) - 1)}
    page = press.rng.randrange(20, 400)
    talk |= {
        "year": paper["year"] - 1,
        "issue": "Suppl 1",
        "pages": f"S{page}-S{page + 1}",
        "source": "embase",
        "style": "dots",
    }
    if press.rng.random() < 0.6:
        talk["doi"] = None
    return [talk, *loosely(press, paper)]


def two_congresses(press: Press) -> list[Record]:
    """The abstract of one trial at two congresses, with one title."""
    talk = {"publication_types": ["Conference Abstract"], "pmid": None, "issue": "Suppl 2", "source": "embase"}
    one = press.paper(**talk, pages=f"{press.digits(3)}A")
    other = press.twin(one, apart=press.rng.choice(("later", "away")), **talk, abstract=one["abstract"])
    other["pages"] = f"S{press.digits(3)}"
    for each in (one, other):
        each["doi"] = each["doi"] if press.rng.random() < 0.4 else None
    return loosely(press, one, other)


def abstracts_on_one_page(press: Press) -> list[Record]:
    """Two abstracts of one group on one page, both with the DOI of the supplement or with none."""
    one = press.paper(
        publication_types=["Conference Abstract"], pmid=None, issue="Suppl 1", pages="S112", source="embase"
    )
    one["doi"] = one["doi"] if press.rng.random() < 0.5 else None
    kept = {key: one[key] for key in ("doi", "pages", "issue", "source", "pmid")}
    other = press.twin(one, **kept)
    words = one["topic"] | {
        "place": press.topic()["place"],
        "end": press.topic()["end"],
        "cell": press.topic()["other"],
    }
    title = capital(press.rng.choice(SHAPES).format(**words))
    return [one, other | {"title": title + (": second cohort" if title == one["title"] else "")}]


def preprint_and_article(press: Press) -> list[Record]:
    """A preprint and the journal's article, with one title and one abstract."""
    paper = press.paper()
    server = {
        "journal": "medRxiv",
        "full": "medRxiv : the preprint server for health sciences",
        "volume": None,
        "issue": None,
    }
    early = paper | server | {"pages": None, "publication_types": ["Preprint"], "pmid": press.digits(8)}
    early |= {
        "doi": f"10.1101/2021.0{press.digits(1)}.1{press.digits(1)}.{press.digits(8)}",
        "work": paper["work"] + 10**6,
    }
    return [early | {"year": paper["year"] - press.rng.randrange(2)}, *loosely(press, paper)]


def versions_of_a_preprint(press: Press) -> list[Record]:
    """Versions 1 and 2 of a preprint, each with its DOI."""
    number = press.digits(7)
    server = {
        "journal": "Research Square",
        "full": "Research Square",
        "volume": None,
        "issue": None,
        "pages": None,
        "pmid": None,
    }
    one = press.paper(**server, publication_types=["Preprint"], doi=f"10.21203/rs.3.rs-{number}/v1")
    return [one, one | {"doi": f"10.21203/rs.3.rs-{number}/v2", "work": one["work"] + 10**6}]


def update_of_a_review(press: Press) -> list[Record]:
    """A systematic review and its update, with one title and the DOI's ending raised."""
    home = {"journal": "Cochrane Database Syst Rev", "full": "Cochrane Database of Systematic Reviews", "volume": None}
    number = press.digits(5)
    one = press.paper(
        **home, pages=f"CD0{number}", doi=f"10.1002/14651858.CD0{number}.pub2", publication_types=["Review"]
    )
    other = press.twin(one, apart="away", **home, pages=one["pages"], doi=one["doi"][:-1] + "3", year=one["year"] + 3)
    other["people"] = one["people"][:-1] + press.people(1)
    return loosely(press, one, other)


def two_groups_one_title(press: Press) -> list[Record]:
    """Two groups that gave their reviews one title, in one year."""
    title = capital("{cell} for {ill}: a systematic review and meta-analysis".format(**press.topic()))
    one = press.paper(title=title)
    other = press.twin(one, apart="away", people=press.people(5), year=one["year"])
    return loosely(press, one, other | {"abstract": press.abstract(one["topic"])})


def book_and_chapter(press: Press) -> list[Record]:
    """A book and its chapter of the same title by its editor."""
    one = press.paper(volume=None, issue=None, journal=None, full=None, pmid=None, pages="412 p.", record_type="book")
    one["title"] = capital("{cell} in {ill}".format(**one["topic"]))
    chapter = one | {"journal": one["title"], "full": one["title"], "pages": "1-18", "record_type": "chapter"}
    chapter |= {
        "doi": one["doi"] + "_1",
        "title": one["title"] + press.rng.choice(("", ": introduction", ": conclusion")),
    }
    return [one, chapter | {"people": one["people"][:1], "work": one["work"] + 10**6, "source": "scopus"}]


def language_editions(press: Press) -> list[Record]:
    """The English and the Chinese edition of a journal, each with its article, pages and DOI."""
    one = press.paper()
    title = press.rng.choice((f"[{one['title']}]", one["title"], f"{one['title']} [in Chinese]"))
    return [
        one,
        *loosely(press, press.twin(one, apart="away", title=title, year=one["year"], abstract=one["abstract"])),
    ]


def reprint(press: Press) -> list[Record]:
    """An article printed again by another journal, in the next year."""
    one = press.paper()
    title = one["title"] + press.rng.choice(("", " (reprinted)", ". 2015 classic article"))
    other = press.twin(
        one, apart="away", title=title, abstract=one["abstract"], year=one["year"] + press.rng.randrange(5)
    )
    return loosely(press, one, other)


def printed_at_once_in_two_journals(press: Press) -> list[Record]:
    """A consensus that two journals printed in one month, each with its DOI."""
    one = press.paper()
    one["title"] = capital("{cell} for {ill}: a consensus statement of the Meridian group".format(**one["topic"]))
    return loosely(press, one, press.twin(one, apart="away", year=one["year"], abstract=one["abstract"]))


def entry(press: Press, number: str, one: Record) -> Record:
    """The registry's entry *number* of the trial that *one* reports."""
    empty = dict.fromkeys(("volume", "issue", "pages", "doi", "pmid", "journal", "full"))
    site = {
        "source": "clinicaltrials",
        "registry_ids": [number],
        "people": [],
        "work": one["work"] + 10**6 + len(number),
    }
    types = {"publication_types": ["Clinical Trial Registration"], "record_type": "registry"}
    return one | empty | site | types | {"year": one["year"] - 3, "abstract": press.abstract(one["topic"])}


def registry_entry_and_article(press: Press) -> list[Record]:
    """A trial's entry in a registry and its article, with one title."""
    one = press.paper(registry_ids=["NCT0" + press.digits(7)])
    return [entry(press, one["registry_ids"][0], one), *loosely(press, one)]


def two_registries(press: Press) -> list[Record]:
    """One trial in two registries."""
    one = press.paper()
    return [entry(press, "NCT0" + press.digits(7), one), entry(press, "ISRCTN" + press.digits(8), one)]


def dissertation_and_article(press: Press) -> list[Record]:
    """A thesis and the article of the same title by its author."""
    one = press.paper()
    thesis = press.twin(one, apart="away", people=one["people"][:1], volume=None, issue=None, pages="164 p.", pmid=None)
    return [one, thesis | {"journal": "University of Ostermark", "full": "University of Ostermark", "doi": None}]


def notice_between_two_prints(press: Press) -> list[Record]:
    """An article in two databases and its correction without a DOI, which may draw the three together."""
    one = press.paper()
    title = press.rng.choice(("Correction to: {}", "{} (vol 9, pg 12, 2018)", "{}: erratum")).format(one["title"])
    notice = press.twin(one, title=title, doi=None, pmid=None, abstract=None, pages=one["pages"].split("-")[0] + "e")
    return [one, notice | {"publication_types": ["Correction"], "source": "wos"}, press.elsewhere(one)]


def one_doi_for_two(press: Press) -> list[Record]:
    """Two articles of one issue that an export gave one DOI by mistake."""
    one = press.paper()
    other = press.twin(one, doi=one["doi"], people=press.people(4), abstract=None)
    return [one, other | {"title": capital(press.rng.choice(SHAPES).format(**press.topic())) + " (short report)"}]


_HARD = (
    ("different", letter_and_reply), ("different", commentary_under_the_title), ("different", columns_and_editorials),
    ("different", abstract_and_paper), ("different", two_congresses), ("different", abstracts_on_one_page),
    ("different", preprint_and_article), ("ask", versions_of_a_preprint), ("different", update_of_a_review),
    ("different", two_groups_one_title), ("different", book_and_chapter), ("ask", language_editions), ("ask", reprint),
    ("ask", printed_at_once_in_two_journals), ("different", registry_entry_and_article), ("ask", two_registries),
    ("ask", dissertation_and_article), ("different", notice_between_two_prints), ("different", one_doi_for_two),
)  # fmt: skip
HARD = tuple(Family(name, truth, twins(apart, titles)) for name, (truth, apart, titles) in _TWINS.items()) + tuple(
    Family(make.__name__.replace("_", " "), truth, make) for truth, make in _HARD
)
