"""What an esearch answer says of the question: its count, its reading, and what it dropped in silence."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from review.errors import EntrezError, Incomplete

DROPPED = ("PhraseNotFound", "FieldNotFound", "QuotedPhraseNotFound")
_HARMLESS = "no items found"
# NCBI's own words for a server that is out of breath; a wrong question is never worded so
_OUTAGE = re.compile(
    r"search backend failed|couldn't resolve|could not resolve|address table is empty|timed? ?out|temporar|"
    r"try again|unable to (?:obtain|connect)|read failed|unavailable",
    re.IGNORECASE,
)
_OUR_FAULT = re.compile(r"cannot be larger|out of acceptable range", re.IGNORECASE)
_COUNT = re.compile(r"[0-9]{1,9}")
_PMID = re.compile(r"[1-9][0-9]{0,8}")
_SHOWN = 500
_LONGEST_ERROR = 20_000  # a longer answer holds records, in whose text the word may stand
_WORD = re.compile(r'"[^"]*"|\[[^\]]*\]|[()]|[^\s()"\[]+|["\[]')
# a tag as strategies write it → as translations write it; any other stands for itself
_LONG = {
    "tiab": "title/abstract",
    "ti": "title",
    "ab": "abstract",
    "tw": "text word",
    "ot": "other term",
    "all": "all fields",
    "mh": "mesh terms",
    "mesh": "mesh terms",
    "majr": "mesh major topic",
    "sh": "mesh subheading",
    "nm": "supplementary concept",
    "rn": "ec/rn number",
    "pt": "publication type",
    "la": "language",
    "sb": "filter",
    "au": "author",
    "1au": "author - first",
    "lastau": "author - last",
    "cn": "author - corporate",
    "ad": "affiliation",
    "ta": "journal",
    "jour": "journal",
    "gr": "grants and funding",
    "si": "secondary source id",
    "dp": "date - publication",
    "pdat": "date - publication",
    "edat": "date - entry",
    "crdt": "date - create",
    "mhda": "date - mesh",
    "dcom": "date - completion",
    "lr": "date - modification",
    "uid": "uid",
    "pmid": "uid",
}
_TAG = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True)
class Found:
    """One esearch answer. `dropped` are (signal, text) pairs: parts that PubMed left out of the question; `ignored`
    are the stop words that it never looks for.
    """

    count: int
    ids: tuple[str, ...]
    translation: str
    dropped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    ignored: tuple[str, ...] = ()


def read_esearch(body: bytes, *, what: str, asked: int = 0) -> Found:
    """The answer in *body* to *what*, for which *asked* ids were wanted.

    Raises EntrezError for <ERROR> and for any OutputMessage but "No items found.", and Incomplete for fewer ids
    than were due.
    """
    root = read_xml(body, what=what)
    for error in root.iter("ERROR"):
        _refuse(what, "".join(error.itertext()).strip())
    count = (root.findtext("Count") or "").strip()
    if root.tag != "eSearchResult" or not _COUNT.fullmatch(count):
        _refuse(what, f"an answer without a count: {body[:120]!r}")
    notes = tuple("".join(e.itertext()).strip() for e in root.iter("OutputMessage"))
    for note in notes:
        if not note.lower().startswith(_HARMLESS):
            _refuse(what, note)
    ids = tuple((e.text or "").strip() for e in root.findall("IdList/Id"))
    if not all(_PMID.fullmatch(pmid) for pmid in ids):
        _refuse(what, f"ids that are no PMIDs: {', '.join(ids)[:80]}")
    if len(ids) < min(int(count), asked):
        message = f"PubMed answered {what} with {len(ids)} ids for a count of {count}, {asked} were asked"
        raise Incomplete(message, hint="nothing was counted as a result; run the same command again later")
    dropped = tuple((kind, "".join(e.itertext()).strip()) for kind in DROPPED for e in root.iter(kind))
    ignored = tuple("".join(e.itertext()).strip() for e in root.iter("PhraseIgnored"))
    return Found(int(count), ids, (root.findtext("QueryTranslation") or "").strip(), dropped, notes, ignored)


def read_elink(body: bytes, *, what: str) -> ElementTree.Element:
    """The elink answer in *body* to *what*. Raises EntrezError for what is no XML, and for ids that are no PMIDs."""
    root = read_xml(body, what=what)
    ids = ((e.text or "").strip() for e in root.iter("Id"))
    if strange := [text for text in ids if text and not _PMID.fullmatch(text)]:
        _refuse(what, f"ids that are no PMIDs: {', '.join(strange)[:80]}")
    return root


def warnings(text: str, found: Found, *, before: tuple[str, int] | None) -> list[str]:
    """What a person should look at: an empty or changed reading, a missing field tag, no hits."""
    said = []
    if not found.translation:
        said.append("PubMed gave no translation of the query")
    else:
        wanted = {tag.split(":")[0].lower() for tag in _TAG.findall(text)}
        given = {tag.split(":")[0].lower() for tag in _TAG.findall(found.translation)}
        if wanted and not given:
            said.append(f"none of our field tags ({', '.join(sorted(wanted))}) is in the translation")
        elif lost := sorted(tag for tag in wanted if not given & {tag, _LONG.get(tag, tag)}):
            said.append(f"a field tag of ours is not in the translation: {', '.join(lost)}")
    if found.ignored:
        said.append(f"PubMed ignored the words {', '.join(found.ignored)}")
    if before is not None:
        translation, hits = before
        if found.translation and translation and found.translation != translation:
            changes = " ".join(translation_diff(translation, found.translation)) or "only its blanks changed"
            said.append(f"PubMed reads the line differently now: {changes}")
        if hits and not found.count:
            said.append(f"no hits, but {hits} when it last ran")
    if not found.count and not (before and before[1]):
        said.append("no hits: is a word misspelt, or a tag not the one that was meant?")
    return said


def translation_diff(before: str, now: str) -> list[str]:
    """What changed between two translations: lines `- clause` and `+ clause`, in the order of the translations.

    The clauses are cut at AND, OR, NOT and brackets, so that one changed clause of a long translation is one line.
    """
    old, new = _clauses(before), _clauses(now)
    said: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            said += [f"- {_placed(old, at)}" for at in range(a, b)]
            said += [f"+ {_placed(new, at)}" for at in range(c, d)]
    return said


def incomplete_esearch(body: bytes) -> str | None:
    """What is missing from a body that should be an esearch answer; None when it is whole."""
    missing = _incomplete(body, rb"</eSearchResult>\s*$", "esearch answer")
    if missing is None and b"<ERROR>" not in body and not re.search(rb"<Count>\s*[0-9]{1,9}\s*</Count>", body):
        return f"an answer without a count: {body[:120]!r}"
    return missing


def incomplete_efetch(body: bytes) -> str | None:
    """What is missing from a body that should be a PubmedArticleSet; None when it is whole."""
    return _incomplete(body, rb"</PubmedArticleSet>\s*$|<PubmedArticleSet\s*/>\s*$", "PubmedArticleSet")


def incomplete_elink(body: bytes) -> str | None:
    """What is missing from a body that should be an eLinkResult; None when it is whole."""
    return _incomplete(body, rb"</eLinkResult>\s*$|<eLinkResult\s*/>\s*$", "eLinkResult")


def elink_error(body: bytes) -> str | None:
    """NCBI's own words, when an elink answer is an error; one stands at the top or within a LinkSet."""
    return _error(body)


def efetch_error(body: bytes) -> str | None:
    """NCBI's own words, when an efetch answer is an error."""
    return _error(body[:4000])


def _error(body: bytes) -> str | None:
    _, opened, rest = body.partition(b"<ERROR>")
    said, closed, _ = rest.partition(b"</ERROR>")
    return html.unescape(said.decode("utf-8", errors="replace")).strip()[:_SHOWN] if opened and closed else None


def _incomplete(body: bytes, end: bytes, name: str) -> str | None:
    """What is missing from a body that should end with *end*; an error of NCBI is whole, an outage is not."""
    if not body.strip():
        return "an empty body"
    if said := _error(body if len(body) < _LONGEST_ERROR else body[:2000]):
        return said if _OUTAGE.search(said) and not _OUR_FAULT.search(said) else None
    if re.search(end, body[-200:]):
        return None
    if re.search(rb"<!doctype html|<html", body[:500], re.IGNORECASE):
        return "a web page instead of XML"
    return f"a body that ends early or is no {name} ({len(body)} bytes)"


def _clauses(translation: str) -> list[str]:
    """The clauses and brackets of a translation, each with the operator before it."""
    clauses: list[str] = []
    fresh, end = True, 0
    for word in _WORD.finditer(translation):
        text = word.group()
        if text == ")" or fresh:
            clauses.append(text)
        else:
            clauses[-1] += text if word.start() == end else f" {text}"
        # an operator stays with what follows it; a bracket stands alone
        fresh = text in ("(", ")") or translation[word.end() :].lstrip().startswith(("AND ", "OR ", "NOT "))
        end = word.end()
    return clauses


def _placed(clauses: list[str], at: int) -> str:
    """A clause; a bracket with the clause that it stands at."""
    if clauses[at] == ")":
        return f") after {clauses[at - 1]}" if at else ")"
    if clauses[at].endswith("(") and at + 1 < len(clauses):
        return f"{clauses[at]} before {clauses[at + 1]}"
    return clauses[at]


def read_xml(body: bytes, *, what: str) -> ElementTree.Element:
    """The answer in *body* to *what* as XML. Raises EntrezError for a DOCTYPE that declares anything itself.

    NCBI's answers name their DTD and declare nothing; an entity can make one line out of anything, a million times.
    """

    def declared(name: str, system: str | None, public: str | None, internal: int) -> None:
        if internal:
            _refuse(what, "a document that declares entities of its own")

    try:
        guard = expat.ParserCreate()
        guard.StartDoctypeDeclHandler = declared
        guard.Parse(body, True)
        return ElementTree.fromstring(body)
    # an encoding that Python does not have is a LookupError, one that is no text's a ValueError
    except (expat.ExpatError, ElementTree.ParseError, LookupError, ValueError) as problem:
        message = f"PubMed's answer to {what} is not XML: {problem}"
        raise EntrezError(message) from problem


def _refuse(what: str, said: str) -> NoReturn:
    message = f"PubMed answered {what} with: {said[:_SHOWN]}"
    raise EntrezError(message, hint="nothing was counted as a result")
