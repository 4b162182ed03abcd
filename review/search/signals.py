"""What an esearch answer says of the question: its count, its reading, and what it dropped in silence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn
from xml.etree import ElementTree

from review.errors import EntrezError

DROPPED = ("PhraseNotFound", "FieldNotFound", "QuotedPhraseNotFound")
_HARMLESS = "no items found"
_DOCTYPE = re.compile(rb"<!DOCTYPE[^>\[]*(?:\[.*?\])?[^>]*>", re.DOTALL)
_TAG = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True)
class Found:
    """One esearch answer. `dropped` are (signal, text) pairs: parts that PubMed left out of the question."""

    count: int
    ids: tuple[str, ...]
    translation: str
    dropped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def read_esearch(body: bytes, *, what: str, asked: int = 0) -> Found:
    """The answer in *body* to *what*, for which *asked* ids were wanted.

    Raises EntrezError for <ERROR>, for any OutputMessage but "No items found." and for fewer ids than were
    due.
    """
    root = _root(body, what)
    for error in root.iter("ERROR"):
        _refuse(what, "".join(error.itertext()).strip())
    count = root.findtext("Count") or ""
    if root.tag != "eSearchResult" or not count.isdigit():
        _refuse(what, f"an answer without a count: {body[:120]!r}")
    notes = tuple("".join(e.itertext()).strip() for e in root.iter("OutputMessage"))
    for note in notes:
        if not note.lower().startswith(_HARMLESS):
            _refuse(what, note)
    ids = tuple((e.text or "").strip() for e in root.findall("IdList/Id"))
    if len(ids) < min(int(count), asked):
        _refuse(what, f"{len(ids)} ids for a count of {count}, {asked} were asked")
    dropped = tuple((kind, "".join(e.itertext()).strip()) for kind in DROPPED for e in root.iter(kind))
    return Found(int(count), ids, (root.findtext("QueryTranslation") or "").strip(), dropped, notes)


def warnings(text: str, found: Found, *, before: tuple[str, int] | None) -> list[str]:
    """What a person should look at: an empty or changed reading, a missing field tag, hits that went away."""
    said = []
    if not found.translation:
        said.append("PubMed gave no translation of the query")
    else:
        wanted = {tag.split(":")[0].lower() for tag in _TAG.findall(text)}
        if wanted and not _TAG.search(found.translation):
            said.append(f"none of our field tags ({', '.join(sorted(wanted))}) is in the translation")
    if before is not None:
        translation, hits = before
        if found.translation and translation and found.translation != translation:
            said.append(f"PubMed reads the line differently now: before {translation!r}, now {found.translation!r}")
        if hits and not found.count:
            said.append(f"no hits, but {hits} when it last ran")
    return said


def incomplete_esearch(body: bytes) -> str | None:
    """What is missing from a body that should be an esearch answer; None when it is whole."""
    if not body.strip():
        return "an empty body"
    if b"<ERROR>" in body or b"</eSearchResult>" in body:
        return None
    if re.search(rb"<!doctype html|<html", body[:500], re.IGNORECASE):
        return "a web page instead of XML"
    return f"a body that ends early or is no esearch answer ({len(body)} bytes)"


def incomplete_efetch(body: bytes) -> str | None:
    """What is missing from a body that should be a PubmedArticleSet; None when it is whole."""
    if not body.strip():
        return "an empty body"
    if b"<ERROR>" in body[:2000] or re.search(rb"</PubmedArticleSet>\s*$|<PubmedArticleSet\s*/>\s*$", body):
        return None
    if re.search(rb"<!doctype html|<html", body[:500], re.IGNORECASE):
        return "a web page instead of XML"
    return f"a body that ends early or is no PubmedArticleSet ({len(body)} bytes)"


def efetch_error(body: bytes) -> str | None:
    """NCBI's own words, when an efetch answer is an error."""
    found = re.search(rb"<ERROR>(.*?)</ERROR>", body[:4000], re.DOTALL)
    return found.group(1).decode("utf-8", errors="replace").strip() if found else None


def _root(body: bytes, what: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(_DOCTYPE.sub(b"", body, count=1))
    except ElementTree.ParseError as problem:
        message = f"PubMed's answer to {what} is not XML: {problem}"
        raise EntrezError(message) from problem


def _refuse(what: str, said: str) -> NoReturn:
    message = f"PubMed answered {what} with: {said}"
    raise EntrezError(message, hint="nothing was counted as a result")
