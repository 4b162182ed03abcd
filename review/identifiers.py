"""PMIDs, DOIs and registry ids: found in text, checked and brought to one form."""

from __future__ import annotations

import re

# `<1661::AID-SIM968>`, `<0027:TNAOAE>`: the page and the code of an article within a SICI, and no tag of HTML
_SICI = r"<(?:[\w.+?-]{0,20}::|[\w.+?-]{0,20}\d[\w.+?-]{0,20}:)[^\s\"<>]*>"
_DOI = re.compile(rf"10\.\d{{4,9}}/(?:{_SICI}|[^\s\"<>])+", re.IGNORECASE)
_TAG_OF_HTML = r"</?(?:a|abbr|b|br|div|em|font|i|li|p|span|strong|sub|sup|td|u)\s*/?>"
_WHOLE = re.compile(
    r"\s*[\"'“‘<(\[{]*\s*(?:(?:urn:|info:)?doi\s*[:=/]?\s*)*(?:(?:https?:)?(?://)?(?:dx\.|www\.)?doi\.org/\s*(?:doi:\s*)?)?"
    rf"(10\.\d{{4,9}}/(?:(?!{_TAG_OF_HTML})[^\s\"])+)",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"&(lt|gt|amp|#60|#62|#x3c|#x3e);", re.IGNORECASE)
_SIGN_OF = {"lt": "<", "gt": ">", "amp": "&", "#60": "<", "#62": ">", "#x3c": "<", "#x3e": ">"}
_PERCENT = re.compile(r"%(2[36389BCF]|3[ABCDE]|5[BD])", re.IGNORECASE)
# a platform wrapped a SICI before its angle bracket, or behind its last semicolon
_WRAPPED = re.compile(r"(?<=[\w)])\s+(?=<[^\s<>]*::[^\s<>]*>\d)|(?<=\.CO;)\s+(?=\d)", re.IGNORECASE)
# what platforms write behind a DOI, and what says nothing
_BEHIND = re.compile(rf"(?:\s|\[(?:doi|pii)\]|\(doi\)|{_TAG_OF_HTML}|[^\w\s])*", re.IGNORECASE)
_PMID = re.compile(r"(?<!\d)(\d{1,8})(?!\d)")
# word that must stand in the text (upper case) before the slower pattern is tried → pattern
_REGISTRY = (
    ("NCT", re.compile(r"\bNCT\s?0?\d{8}\b", re.IGNORECASE)),
    ("ISRCTN", re.compile(r"\bISRCTN\s?\d{8}\b", re.IGNORECASE)),
    ("-", re.compile(r"\b(?:EudraCT:?\s*|EUCTR)?\d{4}-\d{6}-\d{2}\b", re.IGNORECASE)),
    ("CHICTR", re.compile(r"\bChiCTR[-\w]*\d{8,}\b", re.IGNORECASE)),
    *(
        (word, re.compile(rf"\b{word}{rest}\b", re.IGNORECASE))
        for word, rest in (
            ("ACTRN", r"\d{14}"),
            ("DRKS", r"\d{8}"),
            ("NTR", r"\d{3,4}"),
            ("NL", r"\d{3,4}"),
            ("IRCT", r"\w{10,}"),
            ("CTRI/", r"\d{4}/\d+/\d+"),
            ("UMIN", r"\d{9}"),
            ("JRCT", r"\w{10,}"),
            ("KCT", r"\d{7}"),
            ("TCTR", r"\d{11}"),
            ("RBR-", r"\w{6,}"),
        )
    ),
)
# capitals; every digit, and every byte beyond ASCII (maybe a digit of another script), as 0
_FOLD = bytes(48 if chr(one).isdigit() or one > 127 else ord(chr(one).upper()) for one in range(256))
# what one of the patterns needs: a long number, or one of these
_LONG = b"0000000"
_SIGNS = (b"NTR0", b"NL0", b"-000000-", b"IRCT", b"JRCT", b"CTRI/", b"RBR-")
# dotless i and long s, which count as I and S when capitals do not matter
_ODD_CAPITALS = ("\u0131", "\u017f")
_TRAILING = ".,;:'\"”’"
_PAIRS = {")": "(", "]": "[", ">": "<", "}": "{"}


def normalise_doi(text: str | None) -> str | None:
    """The DOI in *text*, lower-cased and without a resolver, or None; `https://doi.org/10.1/A.` → `10.1/a`.

    A text that begins with its DOI is taken to the first blank; in any other text a `<` ends it that no SICI has.
    """
    found = _found(text)
    return found[0].lower() if found else None


def behind_doi(text: str) -> str:
    """What stands behind the DOI of a field and is none of what platforms write there: `10.1/a b [doi]` → `b [doi]`."""
    found = _found(text)
    return "" if found is None or _BEHIND.fullmatch(found[1]) else found[1].strip()


def _found(text: str | None) -> tuple[str, str] | None:
    """(DOI as printed, the text behind it); None where *text* has no DOI."""
    if not text or "10." not in text:
        return None
    if "&" in text or "%" in text:
        text = _PERCENT.sub(lambda sign: chr(int(sign.group(1), 16)), unescaped(text))
    if "<" in text or ".CO;" in text.upper():
        text = _WRAPPED.sub("", text)
    found = _WHOLE.match(text)
    doi, end = (found.group(1), found.end()) if found else ("", 0)
    if found is None:
        inside = _DOI.search(text)
        if inside is None:
            return None
        doi, end = inside.group(0), inside.end()
    bare = doi.rstrip(_TRAILING)
    while (opening := _PAIRS.get(bare[-1:])) and bare.count(bare[-1]) > bare.count(opening):
        bare = bare[:-1].rstrip(_TRAILING)
    return (bare, text[end:]) if "/" in bare.rstrip("/") else None


def unescaped(text: str) -> str:
    """*text* with the angle brackets and ampersands that HTML had escaped, once or twice."""
    for _ in range(2):
        text = _ESCAPED.sub(lambda sign: _SIGN_OF[sign.group(1).lower()], text)
    return text


def normalise_pmid(text: str | int | None) -> str | None:
    """The PMID in *text* (a bare number, `PMID: 123`, or a PubMed address), without leading zeros, or None."""
    if text is None:
        return None
    words = str(text).strip()
    if not words:
        return None
    if not re.fullmatch(r"(?:pmid\s*:?\s*)?\d{1,8}(?:\s*\[.*\])?", words, re.IGNORECASE) and (
        "pubmed" not in words.lower() and "/pmid" not in words.lower()
    ):
        return None
    found = _PMID.search(words)
    return str(int(found.group(1))) if found and int(found.group(1)) > 0 else None


def find_registry_ids(text: str | None) -> list[str]:
    """Every trial registry id in *text*, upper-cased, in order, each once."""
    if not text:
        return []
    folded = text.encode("utf-8", "replace").translate(_FOLD)
    if (
        _LONG not in folded
        and not any(sign in folded for sign in _SIGNS)
        and (text.isascii() or not any(letter in text for letter in _ODD_CAPITALS))
    ):
        return []
    found: dict[int, str] = {}
    upper = text.upper()
    for word, pattern in _REGISTRY:
        if word not in upper:
            continue
        for match in pattern.finditer(text):
            number = re.sub(r"\s|EudraCT:?|EUCTR", "", match.group(0), flags=re.IGNORECASE)
            found.setdefault(match.start(), number.upper())
    return list(dict.fromkeys(found[at] for at in sorted(found)))


def report_id(*, pmid: str | None = None, doi: str | None = None, registry_id: str | None = None) -> str | None:
    """The id of a report by its strongest identifier: `PMID:1`, `DOI:10.1/a`, `NCT01234567`; None without any."""
    if number := normalise_pmid(pmid):
        return f"PMID:{number}"
    if name := normalise_doi(doi):
        return f"DOI:{name}"
    ids = find_registry_ids(registry_id)
    return ids[0] if ids else None
