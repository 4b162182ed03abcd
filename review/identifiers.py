"""PMIDs, DOIs and registry ids: found in text, checked and brought to one form."""

from __future__ import annotations

import re

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", re.IGNORECASE)
_PMID = re.compile(r"(?<!\d)(\d{1,8})(?!\d)")
# word that must stand in the text (upper case) before the slower pattern is tried → pattern
_REGISTRY = (
    ("NCT", re.compile(r"\bNCT\s?0?\d{8}\b", re.IGNORECASE)),
    ("ISRCTN", re.compile(r"\bISRCTN\s?\d{8}\b", re.IGNORECASE)),
    ("-", re.compile(r"\b(?:EudraCT:?\s*)?\d{4}-\d{6}-\d{2}\b", re.IGNORECASE)),
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
_TRAILING = ".,;:'\"”’>"


def normalise_doi(text: str | None) -> str | None:
    """The DOI in *text*, lower-cased and without a resolver, or None; `https://doi.org/10.1/A.` → `10.1/a`."""
    if not text:
        return None
    found = _DOI.search(text.replace("%2F", "/").replace("%2f", "/"))
    if found is None:
        return None
    doi = found.group(0).rstrip(_TRAILING)
    while doi.endswith(")") and doi.count(")") > doi.count("("):
        doi = doi[:-1].rstrip(_TRAILING)
    while doi.endswith("]") and doi.count("]") > doi.count("["):
        doi = doi[:-1].rstrip(_TRAILING)
    return doi.lower() or None


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
            number = re.sub(r"\s|EudraCT:?", "", match.group(0), flags=re.IGNORECASE)
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
