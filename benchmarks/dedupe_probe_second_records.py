"""Invented records for the second probe of deduplication."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]  # one record as the engine takes it, with `people`, `topic` and `work` besides
People = list[tuple[str, str]]


def words(text: str) -> list[str]:
    """The words of *text*, parted by semicolons."""
    return text.split(";")


_SYLLABLES = words("bran;cor;dal;fen;gar;hol;iver;jor;kel;lum;mar;nor;ost;per;quil;ros;sel;tar;ulm;ven;wes;yar;zel;mik")
_ENDINGS = ("ardt", "berg", "ini", "ko", "mann", "ova", "quist", "sen", "sson", "ton", "vik", "wicz", "oglu", "eira")
_FIRST = words(
    "Ada;Bela;Ciro;Dina;Emil;Fara;Goran;Hana;Ivo;Jana;Karl;Lena;Milo;Nora;Otto;Pia;Rafe;Sara;Tomas;Una;Viggo"
)
_JOURNALS = (  # invented; full and abbreviated
    ("Annals of Regenerative Orthopaedics", "Ann Regen Orthop"),
    ("Archives of Pain and Function", "Arch Pain Funct"),
    ("International Journal of Cartilage Repair", "Int J Cartil Repair"),
    ("Nordic Journal of Spine Medicine", "Nord J Spine Med"),
    ("The Journal of Interventional Analgesia", "J Interv Analg"),
    ("Cell Therapy Reports and Practice", "Cell Ther Rep Pract"),
    ("European Review of Tendon Disorders", "Eur Rev Tendon Disord"),
    ("Clinical Musculoskeletal Trials", "Clin Musculoskelet Trials"),
    ("Journal of Anaesthesia & Pain Research", "J Anaesth Pain Res"),
    ("Zeitschrift für Gelenkmedizin", "Z Gelenkmed"),
    ("Biologics in Sports Injury", "Biol Sports Inj"),
    ("Open Rehabilitation Science", "Open Rehabil Sci"),
)
_CELLS = words(
    "platelet-rich plasma;bone marrow concentrate;adipose-derived stromal cells;mesenchymal stem cells;hyaluronic acid;"
    "micro-fragmented fat;umbilical cord cells;botulinum toxin;radiofrequency ablation;dry needling;ozone injection;"
    "spinal cord stimulation;nerve block;prolotherapy;shock wave therapy;autologous chondrocytes;"
    "exosomes;ketamine infusion"
)
_ILLS = words(
    "knee osteoarthritis;chronic low back pain;rotator cuff tears;lateral epicondylitis;plantar fasciitis;"
    "discogenic pain;Achilles tendinopathy;hip osteoarthritis;complex regional pain syndrome;facet joint pain;"
    "cartilage defects;postherpetic neuralgia;phantom limb pain;frozen shoulder;patellar tendinopathy;ankle sprain"
)
_ENDS = words("pain;function;quality of life;return to work;opioid use;sleep;cartilage volume;walking distance;costs")
_DESIGNS = words(
    "a randomised controlled trial;a prospective cohort study;a double-blind trial;a case series;a pilot study;"
    "a retrospective analysis;a multicentre study;a cross-over trial;a registry study;a cost-utility analysis"
)
_PLACES = words(
    "in primary care;in older adults;after failed surgery;in athletes;in rural clinics;"
    "in a military cohort;in day surgery;"
    "in manual workers;with obesity;with early disease;with central sensitisation;in a tertiary centre"
)
SHAPES = (
    "{cell} for {ill} {place}: {design}",
    "Effect of {cell} on {end} in patients with {ill} {place}",
    "{design} of {cell} {place} and {end} in {ill}",
    "Does {cell} improve {end} in {ill} {place}? {design}",
    "Predictors of {end} after {cell} for {ill} {place}",
    "{cell} versus {other} for {ill} {place}: {design}",
    "Changes of {end} and of {marker} after {cell} {place} for {ill}",
)
_SENTENCES = (
    "We studied {cell} for {ill} {place}.",
    "Between {y} and {z}, {n} participants were enrolled at {k} sites.",
    "The primary outcome was {end} at {k} weeks on a scale of 0 to 100.",
    "Mean age was {n} years and {k}% were women.",
    "The mean difference was {k}.{j} points (95% CI {j}.{k} to {n}.{j}, P = 0.0{j}).",
    "Adverse events occurred in {k} of {n} participants and none was serious.",
    "{cell} changed {end} by {k}% against {other}.",
    "Levels of {marker} fell by {n} units.",
    "Larger studies of {cell} are needed.",
    "Analyses followed a plan that was fixed in {y}.",
)


@dataclass(frozen=True)
class Family:
    """A kind of case: its truth between different works, and how one case of it is made."""

    name: str
    truth: str
    make: Callable[[Press], list[Record]]


class Press:
    """Prints invented records, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.titles: set[str] = set()
        self.works = 0

    def digits(self, count: int) -> str:
        """*count* digits, the first not 0."""
        return str(self.rng.randrange(10 ** (count - 1), 10**count))

    def people(self, count: int) -> People:
        """*count* invented people as (family name, given names)."""
        pick = self.rng.choice
        return [
            (
                (pick(_SYLLABLES) + pick([*_SYLLABLES, ""]) + pick(_ENDINGS)).title(),
                f"{pick(_FIRST)} {pick('ABCDEHJKLMT')}.",
            )
            for _ in range(count)
        ]

    def topic(self) -> dict[str, str]:
        """What a paper is about, word by word."""
        pick = self.rng.choice
        cell, other = self.rng.sample(_CELLS, 2)
        marker = pick(("IL-6", "TNF-α", "TGF-β1", "VEGF", "MMP-13", "CTX-II"))
        found = {"cell": cell, "other": other, "ill": pick(_ILLS), "end": pick(_ENDS), "place": pick(_PLACES)}
        return found | {"design": pick(_DESIGNS), "marker": marker}

    def abstract(self, topic: dict[str, str]) -> str:
        """Six sentences on *topic*."""
        draw = self.rng.randrange
        numbers = {"y": draw(2000, 2012), "z": draw(2012, 2020), "n": draw(20, 90), "k": draw(2, 50), "j": draw(1, 9)}
        return capital(" ".join(capital(one.format(**topic, **numbers)) for one in self.rng.sample(_SENTENCES, 6)))

    def paper(self, **changes: Any) -> Record:
        """A new work in PubMed's print, with *changes*."""
        topic = self.topic()
        title = capital(self.rng.choice(SHAPES).format(**topic))
        while title.lower() in self.titles:
            topic = self.topic()
            title = capital(self.rng.choice(SHAPES).format(**topic))
        self.titles.add(title.lower())
        self.works += 1
        first = self.rng.randrange(12, 2400)
        full, short = self.rng.choice(_JOURNALS)
        year = self.rng.randrange(2001, 2024)
        record = {
            "source": "pubmed", "title": title, "topic": topic, "people": self.people(self.rng.randrange(2, 9)),
            "style": "pubmed", "full": full, "journal": short, "year": year, "volume": str(year - 1985 + len(full) % 7),
            "issue": str(self.rng.randrange(1, 13)), "pages": f"{first}-{first + self.rng.randrange(4, 15)}",
            "doi": self.doi(short, year), "pmid": self.digits(8), "registry_ids": [], "abstract": self.abstract(topic),
            "publication_types": ["Journal Article"], "record_type": "article", "work": self.works,
        }  # fmt: skip
        return record | changes

    def doi(self, short: str, year: int) -> str:
        """A DOI under the prefix for examples."""
        return f"10.5555/{''.join(word[0] for word in short.split()).lower()}.{year}.{self.digits(5)}"

    def twin(self, of: Record, *, apart: str = "near", **changes: Any) -> Record:
        """Another work by the people of *of*: in its issue (`near`), a year later (`later`), or elsewhere (`away`)."""
        new = self.paper()
        made = new | {key: of[key] for key in ("people", "topic", "registry_ids", "publication_types", "title")}
        made["abstract"] = re.sub(r"\d+", lambda _: str(self.rng.randrange(2, 90)), of["abstract"] or "")
        if apart != "away":
            made |= {key: of[key] for key in ("full", "journal", "year", "volume", "issue")}
            last = int(re.findall(r"\d+", of["pages"])[-1])
            made["pages"] = f"{last + 1}-{last + self.rng.randrange(4, 9)}"
        else:
            made["year"] = of["year"] + self.rng.randrange(-1, 3)
        if apart == "later":
            made |= {"year": of["year"] + 1, "volume": str(int(of["volume"]) + 1), "pages": new["pages"]}
        made["doi"] = self.doi(made["journal"], made["year"])
        return made | changes

    def elsewhere(self, record: Record) -> Record:
        """*record* as another database prints it: place kept, names and identifiers at its will."""
        chance = self.rng.random
        other = record | {"source": self.rng.choice(("embase", "scopus", "wos", "central"))}
        other["style"] = {"embase": "dots", "scopus": "dots", "wos": "comma", "central": "pubmed"}[other["source"]]
        if other["source"] != "central":
            types = ["Article"] if record["publication_types"] == ["Journal Article"] else record["publication_types"]
            other |= {"journal": record["full"], "publication_types": types}
        if other["source"] != "embase" or chance() < 0.4:
            other["pmid"] = None
        if other["source"] == "central" or chance() < 0.3:
            other["doi"] = None
        if chance() < 0.2:
            other["abstract"] = None
        if chance() < 0.3 and other["pages"] and re.fullmatch(r"\d+-\d+", other["pages"]):
            other["pages"] = shortened(other["pages"])
        return other


def capital(text: str) -> str:
    """*text* with a capital at its front."""
    return text[:1].upper() + text[1:]


def shortened(pages: str) -> str:
    """221-228 → 221-8."""
    first, last = pages.split("-")
    same = 0
    while len(first) == len(last) and same < len(last) - 1 and first[same] == last[same]:
        same += 1
    return f"{first}-{last[same:]}"


def plain(text: str) -> str:
    """*text* without accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def printed(people: People, style: str) -> str | None:
    """The author field in one of the styles of the databases."""
    initials = [(last, "".join(word[0] for word in given.split())) for last, given in people]
    if style == "dots":
        shown = [f"{last} {'.'.join(first)}." if first else last for last, first in initials]
    elif style == "full":
        shown = [f"{last}, {given}" if given else last for last, given in people]
    elif style == "given first":
        shown = [f"{given} {last}".strip() for last, given in people]
    elif style == "comma":
        shown = [f"{last}, {first}" if first else last for last, first in initials]
    elif style == "caps":
        shown = [f"{last} {first}".upper().strip() for last, first in initials]
    else:
        shown = [f"{last} {first}".strip() for last, first in initials]
    return "; ".join(shown) or None
