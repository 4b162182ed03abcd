"""A record as the terminal shows it to whoever screens: highlighted words, labelled parts, one fact a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from review.cli.output import Line

if TYPE_CHECKING:
    from review.project import Criteria, Highlight
    from review.screening.queue import Card

_STYLES = {"include": "bold green", "exclude": "bold red"}
_AUTHORS = 6  # of more, the first of them and how many there are


def card_lines(card: Card, highlight: Highlight, *, heading: str, labels: Iterable[dict[str, Any]] = ()) -> list[Line]:
    """The record with what the reviewer may see of decisions and labels."""
    from review.screening.highlight import marked, sections

    def words(text: str, style: str | None = None) -> Line:
        return [(piece, _STYLES.get(kind or "", style)) for piece, kind in marked(_flat(text), highlight)]

    fields = card.fields
    lines: list[Line] = [[("", None)], [(heading, "dim")]]
    if card.retracted:
        lines.append([("RETRACTED", "bold red")])
    lines.append(words(str(fields.get("title") or "(no title)"), "bold"))
    lines += [[(line, None)] for line in (_authors(fields.get("authors")), _source(fields)) if line]
    if card.publication_types:
        lines.append([(f"types: {'; '.join(card.publication_types)}", "dim")])
    parts = sections(str(fields.get("abstract") or ""))
    for label, text in parts:
        if label:
            lines.append([(label, "bold")])
        lines += [words(line) for line in text.splitlines() if line.strip()]
    if not parts:
        lines.append([("(no abstract)", "dim")])
    for name in ("mesh", "keywords"):
        if found := getattr(card, name, None):
            lines.append([(f"{name}: ", "dim"), *words("; ".join(map(str, found)))])
    for link in card.links:
        other = f"{link['other'][:8]} {link['title'] or '(no title)'}"
        kind = str(link["kind"]).replace("_", " ")
        lines.append([(f"this is {kind} {other}" if link["of_other"] else f"{other} is {kind} this", None)])
    for one in labels:
        lines.append([(f"label: {one['label']}" + ("" if one["mine"] else f" ({one['reviewer']})"), "cyan")])
    for row in card.decisions:
        said = [row["reviewer"], row["verdict"], row["reason"] or "", row["note"] or ""]
        lines.append([(f"decision: {'  '.join(word for word in said if word)}", "cyan")])
    return lines


def address_lines(card: Card) -> list[str]:
    """Where the record can be read: addresses that are made of its identifiers, and its own of the web."""
    fields = card.fields
    found = []
    if str(fields.get("pmid") or "").isdigit():
        found.append(f"https://pubmed.ncbi.nlm.nih.gov/{fields['pmid']}/")
    if fields.get("doi"):
        found.append(f"https://doi.org/{quote(str(fields['doi']), safe='/:;().-_')}")
    if pmcid := getattr(card, "pmcid", None):
        found.append(f"https://pmc.ncbi.nlm.nih.gov/articles/{quote(str(pmcid))}/")
    found += [f"https://clinicaltrials.gov/study/{one}" for one in getattr(card, "registry_ids", ()) if _is_nct(one)]
    own = str(fields.get("url") or "")
    if own.startswith(("http://", "https://")) and own not in found:
        found.append(own)
    return found


def criteria_lines(criteria: Criteria) -> list[Line]:
    """What belongs into the review, and the reasons for exclusion under their keys."""
    lines: list[Line] = [[(f"Criteria, version {criteria.version}", "bold")]]
    lines += [[("+ ", "green"), (_flat(one), None)] for one in criteria.inclusion]
    return [*lines, *reason_lines(criteria)]


def reason_lines(criteria: Criteria) -> list[Line]:
    """The reasons for exclusion, the first nine with the digit that gives them."""
    return [
        [(f"{place} " if place < 10 else "  ", "bold"), (f"{reason.code}: {reason.label}", None)]
        for place, reason in enumerate(criteria.reasons, start=1)
    ]


def _flat(words: str) -> str:
    """*words* on one line: a record must not draw a screen of its own."""
    return " ".join(words.split())


def _authors(authors: Any) -> str:
    names = [name.strip() for name in str(authors or "").split(";") if name.strip()]
    if len(names) <= _AUTHORS:
        return "; ".join(names)
    return f"{'; '.join(names[: _AUTHORS - 1])}; and {len(names) - _AUTHORS + 1} more"


def _source(fields: dict[str, Any]) -> str:
    """`J Test Med 2019;12(3):1-9 · PMID 123 · 10.1000/1`."""
    get = {name: _flat(str(fields[name])) for name in ("year", "volume", "issue", "pages") if fields.get(name)}
    issue = f"({get['issue']})" if "issue" in get else ""
    place = f"{get.get('volume', '')}{issue}" + (f":{get['pages']}" if "pages" in get else "")
    printed = ";".join(part for part in (get.get("year", ""), place) if part)
    journal = " ".join(part for part in (_flat(str(fields.get("journal") or "")), printed) if part)
    pmid = f"PMID {fields['pmid']}" if fields.get("pmid") else ""
    return " · ".join(part for part in (journal, pmid, _flat(str(fields.get("doi") or ""))) if part)


def _is_nct(one: Any) -> bool:
    return str(one).startswith("NCT") and str(one)[3:].isdigit()
