"""Families of the second probe: one work as two databases really print it; each deed changes the two in place."""

from __future__ import annotations

import re
from collections.abc import Callable

from dedupe_probe_second_records import Family, Press, Record, plain, shortened


def journal_in_full(press: Press, one: Record, other: Record) -> None:
    """The journal abbreviated here and in full there, or with a subtitle and a place."""
    other["journal"] = press.rng.choice(
        ("{}", "{} : official journal of the society", "{} (London, England)", "The {}")
    )
    other["journal"] = other["journal"].format(one["full"])


def ahead_of_print(press: Press, one: Record, other: Record) -> None:
    """Online first: no volume, no issue, no pages, often the year before."""
    other |= {"volume": None, "issue": None, "pages": press.rng.choice((None, "no pagination", "1-9"))}
    other["year"] -= press.rng.randrange(2)
    other["doi"] = one["doi"] if press.rng.random() < 0.7 else None


def forms_of_pages(press: Press, one: Record, other: Record) -> None:
    """221-228, 221-8, 221–228, 221 or pp. 221-228."""
    first, last = one["pages"].split("-")
    short = shortened(one["pages"])
    other["pages"] = press.rng.choice(
        (short, f"{first}–{last}", first, f"pp. {first}-{last}", f"{first}-{last}+", f"{first}--{last}")
    )


def accents_in_names(press: Press, one: Record, other: Record) -> None:
    """Müller-Østby, Muller-Ostby, Mueller-Oestby."""
    names = (
        ("Müller", "Mueller"),
        ("Østby", "Oestby"),
        ("Jäärvelö", "Jaaervelo"),
        ("Čapková", "Capkova"),
        ("Şahinoğlu", "Sahinoglu"),
    )
    last, written = press.rng.choice(names)
    one["people"] = [(last, "Ida K."), *one["people"][1:]]
    other["people"] = [(press.rng.choice((written, plain(last))), "Ida K."), *one["people"][1:]]


def transliterated_names(press: Press, one: Record, other: Record) -> None:
    """Names from other scripts, written in two ways."""
    names = (("Yershovskiy", "Ershovsky"), ("Tchaikin", "Chaykin"), ("Al-Harbani", "Alharbani"), ("Yoshioh", "Yoshio"))
    first, second = press.rng.sample(names, 2)
    one["people"] = [(first[0], "Y. A."), *one["people"][1:], (second[0], "M.")]
    other["people"] = [(first[1], "Y. A."), *one["people"][1:-1], (second[1], "M.")]


def double_family_names(press: Press, one: Record, other: Record) -> None:
    """García-Lópezo M, Garcia Lopezo M, Lopezo MG."""
    one["people"] = [("García-Lópezo", "Marta"), ("van der Wesvik", "Jan"), *one["people"][1:]]
    way = press.rng.choice((("Garcia Lopezo", "Marta"), ("Lopezo", "Marta Garcia"), ("Garcia", "Marta Lopezo")))
    other["people"] = [
        way,
        press.rng.choice((("Wesvik", "Jan van der"), ("Van Der Wesvik", "Jan"))),
        *one["people"][2:],
    ]


def given_names_in_full(press: Press, one: Record, other: Record) -> None:
    """Initials here, given names there."""
    other["style"] = "full"


def names_swapped(press: Press, one: Record, other: Record) -> None:
    """Given name first, or the two taken for each other."""
    if press.rng.random() < 0.5:
        other["style"] = "given first"
    else:
        other |= {"style": "full", "people": [(given.rstrip("."), last) for last, given in one["people"]]}


def group_authors(press: Press, one: Record, other: Record) -> None:
    """The study group beside the authors, or in their place."""
    group = ("LUMEN Study Group", "")
    other["people"] = press.rng.choice(
        ([group], [*one["people"], group], [*one["people"][:1], ("on behalf of the LUMEN Investigators", "")])
    )


def first_authors_only(press: Press, one: Record, other: Record) -> None:
    """Three authors and et al."""
    one["people"] = press.people(9)
    other["people"] = one["people"][: press.rng.choice((1, 3, 6))] + press.rng.choice(([], [("et al", "")]))


def no_authors(press: Press, one: Record, other: Record) -> None:
    """Authors missing or anonymous on one side."""
    other["people"] = press.rng.choice(([], [("Anonymous", "")], [("[No authors listed]", "")]))


def title_in_brackets(press: Press, one: Record, other: Record) -> None:
    """A translated title in brackets, with the language behind it."""
    other["title"] = press.rng.choice(("[{}]", "[{}].", "[{}] [German]", "{} [in French]", "{} [Spanish]")).format(
        one["title"]
    )


def title_in_its_language(press: Press, one: Record, other: Record) -> None:
    """The German title there, its translation here; place and people agree, often also the DOI."""
    cell, ill = press.rng.choice(
        (("Eigenblut", "Fersenschmerz"), ("Stammzellen", "Kniearthrose"), ("Botulinumtoxin", "Tennisarm"))
    )
    other["title"] = f"{cell} bei {ill}: Ergebnisse einer kontrollierten Studie"
    one["title"] = f"[{one['title']}]"
    other["doi"] = one["doi"] if press.rng.random() < 0.6 else None


def subtitle_missing(press: Press, one: Record, other: Record) -> None:
    """The title without what follows the colon."""
    one["title"] = re.split(r"[:?] ", one["title"])[0] + ": results of the open LUMEN study at nine centres"
    other["title"] = one["title"].split(":")[0]


def signs_and_tags(press: Press, one: Record, other: Record) -> None:
    """Greek letters, tags and entities here, plain words there."""
    signs = (
        ("{}: the role of TGF-β1 and IL-1β", "{}: the role of TGF-beta1 and IL-1beta"),
        ("<i>In vivo</i> CO<sub>2</sub> &amp; {}", "In vivo CO2 & {}"),
        ("{} ± 5 µg", "{} +/- 5 mug"), ("{}: α-tocopherol", "{}: alpha-tocopherol"),
        ("“{}”—a matter of ‘time’", '"{}" - a matter of \'time\''), ("{} (≥ 6 months)", "{} (>= 6 months)"),
    )  # fmt: skip
    here, there = press.rng.choice(signs)
    one["title"], other["title"] = here.format(one["title"]), there.format(one["title"])


def all_capitals(press: Press, one: Record, other: Record) -> None:
    """Title and names in capitals."""
    other |= {"title": one["title"].upper(), "style": "caps", "journal": one["full"].upper()}


def title_cut_off(press: Press, one: Record, other: Record) -> None:
    """The title cut after some 70 characters."""
    one["title"] += " with a follow-up of at least twelve months at nine centres"
    other["title"] = one["title"][: press.rng.randrange(60, 80)].rstrip() + press.rng.choice(("", "...", " …"))


def typing_errors(press: Press, one: Record, other: Record) -> None:
    """Two slips in the title."""
    letters = list(one["title"])
    for place in press.rng.sample(range(3, len(letters) - 2), 2):
        letters[place] = press.rng.choice(("", letters[place] * 2, letters[place + 1]))
    other["title"] = "".join(letters)


def year_off_by_one(press: Press, one: Record, other: Record) -> None:
    """Online in December, printed in January."""
    other["year"] += press.rng.choice((-1, 1))


def doi_written_otherwise(press: Press, one: Record, other: Record) -> None:
    """The DOI as a link, in capitals or with a prefix."""
    other["doi"] = press.rng.choice(("https://doi.org/{}", "doi:{}", "http://dx.doi.org/{}", "{}.")).format(
        one["doi"].upper()
    )


def doi_mistyped(press: Press, one: Record, other: Record) -> None:
    """One sign of the DOI wrong; all else agrees."""
    other["doi"] = one["doi"][:-1] + str((int(one["doi"][-1]) + 1) % 10)


def central_print(press: Press, one: Record, other: Record) -> None:
    """CENTRAL's record of an article: no DOI, its own types, the registry number among the fields."""
    number = "NCT0" + press.digits(7)
    types = ["Journal Article", "Randomized Controlled Trial", "Trial registry record"]
    one["registry_ids"] = [number] if press.rng.random() < 0.5 else []
    other |= {"source": "central", "doi": None, "style": "comma", "publication_types": types, "registry_ids": [number]}
    other |= {"journal": one["full"].lower(), "pmid": one["pmid"] if press.rng.random() < 0.5 else None}


def spelling_of_two_countries(press: Press, one: Record, other: Record) -> None:
    """Randomised and randomized, oedema and edema; phase II and phase 2."""
    one["title"] += ": randomised phase II study of tumour-free paediatric anaesthesia"
    other["title"] = (
        one["title"].replace("randomised", "randomized").replace("tumour", "tumor").replace("anaes", "anes")
    )
    other["title"] = (
        other["title"].replace("paed", "ped").replace("phase II", press.rng.choice(("phase 2", "phase II")))
    )


def supplement_written_otherwise(press: Press, one: Record, other: Record) -> None:
    """Volume 12 Suppl 2; volume 12, issue SUPPL. 2; S2."""
    one["issue"] = "Suppl 2"
    way = press.rng.choice(
        ({"volume": f"{one['volume']} Suppl 2", "issue": None}, {"issue": "SUPPL. 2"}, {"issue": "S2"})
    )
    other |= way | {"pages": one["pages"]}


def article_number_or_pages(press: Press, one: Record, other: Record) -> None:
    """e12345, 12345, Article 12345 or 1-14."""
    number = press.digits(5)
    one["pages"] = f"e{number}"
    other["pages"] = press.rng.choice((number, f"Article {number}", f"e{number}-e{int(number) + 8}", "1-14", None))


def retracted_in_the_title(press: Press, one: Record, other: Record) -> None:
    """The article itself, marked as retracted by one of the two."""
    other["title"] = press.rng.choice(
        ("RETRACTED: {}", "{} (Retracted article. See vol. 9, pg. 2, 2020)", "[Retracted] {}")
    )
    other["title"] = other["title"].format(one["title"])
    one["publication_types"] = ["Journal Article", "Retracted Publication"]


def remarks_behind_the_title(press: Press, one: Record, other: Record) -> None:
    """The indexers' remarks in brackets."""
    remarks = (
        "[Erratum appears in Arch Pain Funct 2019;3(2):12]",
        "(Provisional abstract)",
        "[Review] [72 refs]",
        "[corrected]",
    )
    other["title"] = f"{one['title']} {press.rng.choice(remarks)}"


def correction_listed_twice(press: Press, one: Record, other: Record) -> None:
    """The correction itself in two databases."""
    title = one["title"]
    here, there = press.rng.choice(
        (("Erratum: {}", "Erratum to: {}"), ("Correction to: {}", "Correction: {}"), ("Erratum: {}",) * 2)
    )
    one |= {"title": here.format(title), "abstract": None, "publication_types": ["Published Erratum"]}
    other |= {"title": there.format(title), "abstract": None, "publication_types": ["Erratum"]}


def second_part_listed_twice(press: Press, one: Record, other: Record) -> None:
    """Part II and Part 2 of the same pages."""
    one["title"], other["title"] = (
        one["title"] + ". Part II: outcome",
        one["title"] + press.rng.choice((": part 2: outcome", " Part II. Outcome")),
    )


def protocol_listed_twice(press: Press, one: Record, other: Record) -> None:
    """A protocol in two databases."""
    one["title"] += ": study protocol for a randomised controlled trial"
    other["title"] = one["title"].replace("randomised", "randomized")


def congress_abstract_listed_twice(press: Press, one: Record, other: Record) -> None:
    """An abstract in Embase and in CENTRAL or the Web of Science."""
    page = press.digits(3)
    one |= {"pages": f"S{page}", "issue": "Suppl 1", "pmid": None, "source": "embase", "style": "dots"}
    one["publication_types"] = ["Conference Abstract"]
    other |= {
        "pages": press.rng.choice((f"S{page}", f"S{page}-S{page}", page)),
        "issue": press.rng.choice(("Suppl 1", "1", None)),
    }
    other |= {
        "source": "central",
        "publication_types": ["Journal article; Conference proceeding"],
        "pmid": None,
        "doi": None,
    }


def registry_entry_listed_twice(press: Press, one: Record, other: Record) -> None:
    """ClinicalTrials.gov's entry, from there and through CENTRAL."""
    number = "NCT0" + press.digits(7)
    empty = dict.fromkeys(("volume", "issue", "pages", "doi", "pmid"))
    one |= empty | {"journal": None, "registry_ids": [number], "people": [], "source": "clinicaltrials"}
    one |= {"publication_types": ["Clinical Trial Registration"], "record_type": "registry"}
    other |= empty | {
        "journal": f"https://clinicaltrials.gov/show/{number}",
        "registry_ids": [number],
        "source": "central",
    }
    other |= {
        "people": press.rng.choice(([], [(number, "")])),
        "publication_types": ["Trial registry record"],
        "abstract": None,
    }


def chapter_listed_twice(press: Press, one: Record, other: Record) -> None:
    """A book's chapter, with the book or its series as the journal."""
    one |= {
        "volume": None,
        "issue": None,
        "pmid": None,
        "record_type": "chapter",
        "journal": "Handbook of Joint Repair",
    }
    other |= {"volume": press.rng.choice((None, "1042")), "issue": None, "pmid": None, "record_type": "CHAP"}
    other["journal"] = press.rng.choice(("Handbook of joint repair, second edition", "Advances in Joint Biology", None))


def journal_missing(press: Press, one: Record, other: Record) -> None:
    """Hardly more than title, people and year."""
    other |= {
        "journal": None,
        "volume": None,
        "issue": None,
        "pages": None,
        "abstract": None,
        "doi": None,
        "pmid": None,
    }


_PRINTS: tuple[Callable[[Press, Record, Record], None], ...] = (
    journal_in_full, ahead_of_print, forms_of_pages, accents_in_names, transliterated_names, double_family_names,
    given_names_in_full, names_swapped, group_authors, first_authors_only, no_authors, title_in_brackets,
    title_in_its_language, subtitle_missing, signs_and_tags, all_capitals, title_cut_off, typing_errors,
    year_off_by_one, doi_written_otherwise, doi_mistyped, central_print, spelling_of_two_countries,
    supplement_written_otherwise, article_number_or_pages, retracted_in_the_title, remarks_behind_the_title,
    correction_listed_twice, second_part_listed_twice, protocol_listed_twice, congress_abstract_listed_twice,
    registry_entry_listed_twice, chapter_listed_twice, journal_missing,
)  # fmt: skip


def twice(change: Callable[[Press, Record, Record], None]) -> Callable[[Press], list[Record]]:
    """A maker of one work in two prints; in half of the cases no identifier is common to both."""

    def make(press: Press) -> list[Record]:
        one = press.paper()
        other = press.elsewhere(one)
        if press.rng.random() < 0.5:
            other |= {"doi": None, "pmid": None}
        change(press, one, other)
        return [one, other]

    return make


TRUE = tuple(Family(make.__name__.replace("_", " "), "same", twice(make)) for make in _PRINTS)
