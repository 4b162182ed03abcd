"""What a record says of the trial that it reports: registry ids, trial names, people, places, sizes, products.

Nothing here decides: the signs of two records are compared in `report_proposals`, and a person answers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from review.identifiers import find_registry_ids
from review.terms import ReportKind

# capital words of titles and abstracts that name no trial; the vocabularies of the project add theirs
_NO_NAME_WORDS = """
    ACL AE AND BACKGROUND BMI CI CONCLUSION CONCLUSIONS CONSORT COVID CT DASH DNA EMG EQ FDA FOR HA HIV IASP
    IKDC IL INTERVENTION INTERVENTIONS IV KL KOOS LBP MATERIALS METHODS MRI NCT NRS NSAID NSAIDS OA OBJECTIVE
    OBJECTIVES ODI OR OUTCOMES PAIN PILOT PRISMA PURPOSE QOL RCT RCTS RESULTS RNA SAE SETTING SF SIMULATED STUDY
    SYNTHETIC TENS THE TKA TRIAL UK US USA VAS VISA WHO WITH WOMAC XML
"""
_NO_NAME = frozenset(_NO_NAME_WORDS.split())
_COUNTRIES = """
    Argentina Australia Austria Belgium Brazil Bulgaria Canada Chile China Colombia Croatia Cuba Denmark Egypt
    Finland France Germany Greece Hungary India Indonesia Iran Iraq Ireland Israel Italy Japan Jordan Lebanon
    Lithuania Malaysia Mexico Morocco Netherlands Norway Pakistan Panama Peru Philippines Poland Portugal
    Romania Russia Serbia Singapore Slovakia Slovenia Spain Sweden Switzerland Taiwan Thailand Tunisia Turkey
    Ukraine Vietnam
"""
_PLACES = {
    **{name.lower(): name for name in _COUNTRIES.split()},
    **dict.fromkeys(("usa", "united states", "united states of america"), "United States"),
    **dict.fromkeys(("uk", "united kingdom", "england", "scotland"), "United Kingdom"),
    **dict.fromkeys(("south korea", "republic of korea", "korea"), "Korea"),
    **dict.fromkeys(("saudi arabia",), "Saudi Arabia"),
    **dict.fromkeys(("new zealand",), "New Zealand"),
    **dict.fromkeys(("south africa",), "South Africa"),
    **dict.fromkeys(("the netherlands",), "Netherlands"),
    **dict.fromkeys(("türkiye", "turkiye"), "Turkey"),
}
_PLACE = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(_PLACES, key=len, reverse=True)))})\b", re.IGNORECASE)
_SITE = re.compile(
    r"\b(?:[A-Z][\w'-]+ ){1,3}(?:University|Hospital|Clinic|Institute|Medical Cent(?:er|re))(?: of(?: [A-Z][\w'-]+)+)?"
    r"|\b(?:University|Hospital|Clinic|Institute) of(?: [A-Z][\w'-]+)+"
)
_PEOPLE = (
    r"(?:patients|participants|subjects|people|adults|volunteers|individuals|women|men|knees|hips|shoulders|discs)"
)
_SIZES = (
    re.compile(rf"\b(\d{{1,2}},\d{{3}}|\d{{2,5}})\s+(?:[a-z-]+\s+){{0,4}}{_PEOPLE}\b", re.IGNORECASE),
    re.compile(rf"\b{_PEOPLE}\s*\(\s*n\s*=\s*(\d{{2,5}})\s*\)", re.IGNORECASE),
)
_NUMBER = r"(?:[-\s]?(?:\d{1,2}|I{1,3}|IV|V))?"
_CALLED = re.compile(
    rf"(?<![\w-])([A-Za-z]*[A-Z][A-Za-z]*[A-Z][A-Za-z]*(?:-[A-Z]+)?{_NUMBER})\s+"
    r"(?:(?:randomi[sz]ed|clinical|controlled|pilot|phase|multicent(?:er|re)|\d|I{1,3})\s+)*"
    r"(?:[Tt]rial|[Ss]tudy|[Ii]nvestigators|[Cc]ollaborators)\b"
)
_CAPITALS = re.compile(rf"(?<![\w-])([A-Z]{{4,}}(?:-[A-Z]+)?{_NUMBER})(?![\w-])")
_BRACKETED = re.compile(rf"\(([A-Z]{{3,}}{_NUMBER})\)")
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5"}
_GROUP = re.compile(r"\b(?:group|investigators|collaborators|consortium|network|committee|team)\b", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[A-Z]\.?-?){1,4}")
_NOT_ONE_TRIAL = ("Meta-Analysis", "Review", "Systematic Review", "Network Meta-Analysis", "Scoping Review")


@dataclass(frozen=True)
class RecordFacts:
    """A record as the database lists it; texts that are not known are blank. *members* are its source records."""

    record_id: str
    title: str = ""
    abstract: str = ""
    authors: str = ""
    year: int | None = None
    pmid: str | None = None
    doi: str | None = None
    registry_ids: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    journal: str = ""
    url: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Author:
    """A person of a list of authors: family name without accents, in small letters, and the first initial or ''."""

    family: str
    initial: str

    def same(self, other: Author) -> bool:
        """Whether it may be the same person: the family names are equal and the first initials do not differ."""
        return self.family == other.family and not (self.initial and other.initial and self.initial != other.initial)


@dataclass(frozen=True)
class TrialName:
    """`ADVANCE-2` is the stem ADVANCE with the number 2; *called* where the text says that it is a trial's name."""

    stem: str
    number: str
    called: bool

    @property
    def whole(self) -> str:
        """As one word."""
        return f"{self.stem}-{self.number}" if self.number else self.stem


@dataclass(frozen=True)
class Signs:
    """What speaks of the trial in one record."""

    registry: frozenset[str] = frozenset()
    several: tuple[str, ...] = ()
    names: frozenset[TrialName] = frozenset()
    authors: tuple[Author, ...] = ()
    countries: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    sizes: frozenset[int] = frozenset()
    products: frozenset[str] = frozenset()
    overview: str = ""


def signs_of(record: RecordFacts, *, products: Mapping[str, Iterable[str]] | None = None) -> Signs:
    """What *record* says of its trial; *products* (id → names) are the words of the project for what was given."""
    text = f"{record.title}\n{record.abstract}"
    registry, several = devoted_to(record)
    return Signs(
        registry=frozenset(registry),
        several=several,
        names=trial_names(record.title, record.abstract),
        authors=tuple(read_authors(record.authors)),
        countries=countries_in(text),
        sites=frozenset(found.group(0).removeprefix("The ") for found in _SITE.finditer(text)),
        sizes=sizes_in(text),
        products=products_in(text, products or {}),
        overview=next((kind for kind in record.publication_types if kind in _NOT_ONE_TRIAL), ""),
    )


def devoted_to(record: RecordFacts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(ids of the one trial that the record is devoted to, ids of several trials that it names): one of both is empty.

    A trial may stand in several registries. Two ids of one registry are two trials, unless the title names one of
    them, or one alone comes from the record's own field: PubMed names there what a paper is devoted to.
    """
    written = find_registry_ids(f"{record.title}\n{record.abstract}")
    everything = tuple(dict.fromkeys([*record.registry_ids, *written]))
    if trials_in(everything) <= 1:
        return everything, ()
    in_title = tuple(find_registry_ids(record.title))
    in_field = tuple(each for each in record.registry_ids if each not in written)
    for ids in (in_title, in_field):
        if ids and trials_in(ids) == 1:
            return ids, ()
    return (), everything


def registry_of(registry_id: str) -> str:
    """The registry of an id: its letters; EudraCT ids have none."""
    letters = re.match(r"[A-Z]+", registry_id.upper())
    return letters.group(0) if letters else "EudraCT"


def trials_in(ids: Iterable[str]) -> int:
    """How many trials the ids stand for at least: the most ids of one registry."""
    counts: dict[str, int] = {}
    for each in ids:
        counts[registry_of(each)] = counts.get(registry_of(each), 0) + 1
    return max(counts.values(), default=0)


def trial_names(title: str, abstract: str = "") -> frozenset[TrialName]:
    """Names of trials: `the ADVANCE-2 trial` anywhere, and a word in capitals of a title that is not all capitals.

    An abbreviation that spells the words before it, as in platelet-rich plasma (PRP), names no trial.
    """
    found = {}
    for text in (title, abstract):
        for match in _CALLED.finditer("" if _shouted(text) else text):
            name = _name(match.group(1), called=True)
            found[name.whole] = name
    if not _shouted(title):
        for pattern in (_CAPITALS, _BRACKETED):
            for match in pattern.finditer(title):
                name = _name(match.group(1), called=False)
                if not _spells(name.stem, title[: match.start()]):
                    found.setdefault(name.whole, name)
    both = f"{title}\n{abstract}"
    spelled = {
        match.group(1).upper()
        for match in re.finditer(r"\(([A-Za-z]{3,})s?\)", both)
        if _spells(match.group(1).upper(), both[: match.start()])
    }
    return frozenset(
        name
        for name in found.values()
        # factor VIII and phase IIa are no names either
        if name.stem not in _NO_NAME | spelled and len(name.stem) >= 3 and not re.fullmatch("[IVX]+[ABC]?", name.stem)
    )


def read_authors(authors: str) -> list[Author]:
    """`Last F; Last F` or `Last, F.; Last, F.` in order; groups are left out."""
    found = []
    for part in re.split(r"\s*;\s*", authors or ""):
        if not part.strip(" .") or _GROUP.search(part):
            continue
        if "," in part:
            family, _, given = part.partition(",")
        else:
            words = part.split()
            given = words[-1] if len(words) > 1 else ""
            family = " ".join(words[:-1]) if given else part
            # `Lopez Garcia AB`: everything before the initials is the family name
            if given and not _INITIALS.fullmatch(given):
                family, given = words[0], " ".join(words[1:])
        plain = re.sub(r"[^a-z]+", "", unaccented(family))
        if plain:
            found.append(Author(plain, unaccented(given).strip(" .")[:1]))
    return found


def countries_in(text: str) -> frozenset[str]:
    """The countries that *text* names, in English, each under one name."""
    # `US` and `us` are too short to tell apart
    return frozenset(_PLACES[found.group(0).lower()] for found in _PLACE.finditer(text or ""))


def sizes_in(text: str) -> frozenset[int]:
    """Numbers of people or joints: `60 patients`, `participants (n = 60)`."""
    found = (match.group(1).replace(",", "") for pattern in _SIZES for match in pattern.finditer(text))
    return frozenset(int(number) for number in found if 5 <= int(number) <= 100_000)


def products_in(text: str, products: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The ids of *products* one of whose names stands in *text*; names in capitals are read as they are."""
    small = text.lower()
    return frozenset(
        product
        for product, names in products.items()
        if any(_stands(name, text if name.isupper() else small) for name in names if len(name) > 2)
    )


def suggested_kind(record: RecordFacts, *, has_primary: bool) -> str:
    """What the record seems to be to its study, by its publication types and title; a person says what it is."""
    types, title = {kind.lower() for kind in record.publication_types}, record.title.lower()
    if "published erratum" in types or re.match(r"(?:erratum|correction|corrigendum)\b", title):
        return ReportKind.ERRATUM.value
    if types & {"retraction of publication", "retraction notice"} or re.match(r"retraction\b", title):
        return ReportKind.RETRACTION.value
    if "preprint" in types:
        return ReportKind.PREPRINT.value
    if not record.pmid and not record.doi and record.registry_ids:
        return ReportKind.REGISTRY.value
    if "clinical trial protocol" in types or re.search(r"\bprotocol\b", title):
        return ReportKind.PROTOCOL.value
    if types & {"meeting abstract", "conference abstract"} or "conference abstract" in title:
        return ReportKind.ABSTRACT.value
    if not has_primary:
        return ReportKind.PRIMARY.value
    if re.search(r"\bfollow[- ]?up\b|\blong[- ]term\b|\b(?:\d+|two|three|four|five|ten)[- ]years?\b", title):
        return ReportKind.FOLLOW_UP.value
    return ReportKind.OTHER.value


def unaccented(text: str) -> str:
    """Small letters without accents."""
    return "".join(one for one in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(one))


def _name(words: str, *, called: bool) -> TrialName:
    parts = re.fullmatch(r"(.*?)(?:[-\s](I{1,3}|IV|V)|[-\s]?(\d{1,2}))?", words.strip())
    assert parts is not None
    return TrialName(parts.group(1).upper(), _ROMAN.get(parts.group(2) or "", parts.group(3) or ""), called)


def _stands(name: str, text: str) -> bool:
    word = name if name.isupper() else name.lower()
    return word in text and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _shouted(text: str) -> bool:
    letters = [one for one in text if one.isalpha()]
    return bool(letters) and sum(one.isupper() for one in letters) > 0.6 * len(letters)


def _spells(stem: str, before: str) -> bool:
    """Whether the words just before an abbreviation begin with its letters."""
    words = re.findall(r"[A-Za-z]+", before)[-len(stem) :]
    return len(words) == len(stem) and "".join(word[0] for word in words).upper() == stem
