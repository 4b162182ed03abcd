"""A record as a page shows it: texts in pieces, each with the list whose word it is; addresses that we made ourselves.

Nothing here is markup. Records are written by strangers; whoever shows a piece shows it as text.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from review.project import Project
from review.screening.highlight import marked, sections
from review.screening.queue import Card
from review.web.api.route import Answer

Piece = tuple[str, str | None]


class Part(Answer, frozen=True):
    """A part of a structured abstract; *label* is `METHODS` or the like."""

    label: str | None
    parts: list[Piece]


class Link(Answer, frozen=True):
    """Another record that is no duplicate: `erratum_of` and in words what it is to this one."""

    kind: str
    words: str
    record: str


class Label(Answer, frozen=True):
    """A label, and whether it is the person's own."""

    label: str
    mine: bool


class Said(Answer, frozen=True):
    """The person's own decision that holds."""

    verdict: str
    reason: str | None
    note: str | None
    decision: str
    stage: str


class Visible(Answer, frozen=True):
    """A decision that the person may see."""

    reviewer: str
    stage: str
    verdict: str
    reason: str | None
    note: str | None
    decided_at: datetime | None


class Ruling(Answer, frozen=True):
    """An adjudication that holds."""

    decided_by: str
    stage: str
    verdict: str
    reason: str | None
    note: str | None
    decided_at: datetime | None


class FullText(Answer, frozen=True):
    """The PDF of the report that is kept here."""

    file_name: str
    url: str


class Address(Answer, frozen=True):
    """A link to a known place; made here of an identifier, never taken from a record."""

    label: str
    url: str


class CardView(Answer, frozen=True):
    """A record, as far as this person may see it. Pieces of text: [words, include | exclude | null]."""

    record: str
    stage: str | None
    title: list[Piece]
    abstract: list[Part]
    authors: str
    journal: str
    year: int | None
    volume: str
    issue: str
    pages: str
    pmid: str
    doi: str
    pmcid: str
    registry_ids: list[str]
    url: str
    mesh: list[str]
    keywords: list[str]
    publication_types: list[str]
    retracted: bool
    notices: list[str]
    links: list[Link]
    labels: list[Label]
    own: Said | None
    decisions: list[Visible]
    adjudications: list[Ruling]
    full_text: FullText | None
    addresses: list[Address]


def card_view(card: Card, project: Project, *, full_text: FullText | None = None) -> CardView:
    """*card* as JSON; *full_text* is the file that is kept of it."""
    fields = card.fields
    words = {name: str(fields.get(name) or "") for name in ("authors", "journal", "volume", "issue", "pages")}
    ids = {"pmid": str(fields.get("pmid") or ""), "doi": str(fields.get("doi") or ""), "pmcid": card.pmcid or ""}
    return CardView(
        record=card.record_id,
        stage=card.stage.value if card.stage else None,
        title=marked(str(fields.get("title") or ""), project.highlight),
        abstract=[
            Part(label=label, parts=marked(text, project.highlight))
            for label, text in sections(str(fields.get("abstract") or ""))
        ],
        **words,
        year=fields.get("year"),
        **ids,
        registry_ids=card.registry_ids,
        url=_web(str(fields.get("url") or "")),
        mesh=card.mesh,
        keywords=card.keywords,
        publication_types=card.publication_types,
        retracted=card.retracted,
        notices=card.notices,
        links=[_link(row) for row in card.links],
        labels=[Label(label=one["label"], mine=one["mine"]) for one in card.labels],
        own=_own(card.own),
        decisions=[_visible(row) for row in card.decisions],
        adjudications=[Ruling(**{name: row[name] for name in Ruling.__struct_fields__}) for row in card.adjudications],
        full_text=full_text,
        addresses=addresses(**ids, registry_ids=card.registry_ids),
    )


def addresses(*, pmid: str, doi: str, pmcid: str, registry_ids: list[str]) -> list[Address]:
    """Where the record can be read: PubMed, DOI, registries, PubMed Central; only of identifiers that look like one."""
    found = []
    if re.fullmatch(r"[1-9][0-9]{0,8}", pmid):
        found.append(Address(label="PubMed", url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"))
    if re.match(r"10\.[0-9]{4,9}/", doi):
        found.append(Address(label="DOI", url=f"https://doi.org/{quote(doi, safe='/:;().-_')}"))
    if re.fullmatch(r"PMC[0-9]{1,9}", pmcid):
        found.append(Address(label="PubMed Central", url=f"https://pmc.ncbi.nlm.nih.gov/articles/{pmcid}/"))
    for one in registry_ids:
        if re.fullmatch(r"NCT[0-9]{8}", one):
            found.append(Address(label=one, url=f"https://clinicaltrials.gov/study/{one}"))
        elif re.fullmatch(r"ISRCTN[0-9]{4,12}", one):
            found.append(Address(label=one, url=f"https://www.isrctn.com/{one}"))
        elif re.fullmatch(r"[A-Za-z0-9./-]{4,40}", one):
            url = f"https://trialsearch.who.int/Trial2.aspx?TrialID={quote(one, safe='')}"
            found.append(Address(label=one, url=url))
    return found


def _web(url: str) -> str:
    """The record's own address, when it is one of the web; a `javascript:` would run as ours."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def _link(row: dict[str, Any]) -> Link:
    kind = str(row["kind"]).replace("_", " ")
    title = row["title"] or "(no title)"
    words = f"This is {kind} that: {title}" if row["of_other"] else f"That is {kind} this: {title}"
    return Link(kind=row["kind"], words=words, record=row["other"])


def _own(row: dict[str, Any] | None) -> Said | None:
    if row is None:
        return None
    return Said(
        verdict=row["verdict"],
        reason=row["reason"],
        note=row["note"],
        decision=row["decision_id"],
        stage=row["stage"],
    )


def _visible(row: dict[str, Any]) -> Visible:
    return Visible(
        reviewer=row["reviewer"],
        stage=row["stage"],
        verdict=row["verdict"],
        reason=row["reason"],
        note=row["note"],
        decided_at=row["decided_at"],
    )
