"""PubMed through Bio.Entrez's public functions: counts, ids and records; each body is kept before it is read.

Email and key come from the environment alone (NCBI_EMAIL, NCBI_API_KEY); neither is stored, and no message
shows them. They go to NCBI and nowhere else: a redirect is not followed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from Bio import Entrez

from review.errors import EntrezError, Incomplete, UsageProblem
from review.search import signals
from review.search.exchange import open_without_leaving
from review.search.pace import pace_of
from review.search.signals import Found
from review.search.transport import Answer, Transport

TOOL = "regen-review"
MOST_IDS = 9999  # the handbook says 10,000, the server gives one less
BATCH = 200
HIGHEST_PMID = 2**27  # far above any PMID
_WIDEST_CUT = 2**24  # no use in halving the numbers that no record has yet
_CHANGED = "PubMed was updated meanwhile; run the same command again"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_KEY = re.compile(r"[A-Za-z0-9_-]{8,}")  # a shorter text could not be blotted out of what PubMed echoes
# bytes of an answer: far above 9,999 ids, the links of a batch, and 200 records of a thousand authors each
_MOST = {"esearch": 1 << 24, "elink": 1 << 26, "efetch": 1 << 29}
_SHORT = {
    "esearch": signals.incomplete_esearch,
    "efetch": signals.incomplete_efetch,
    "elink": signals.incomplete_elink,
}
_CALLS: dict[str, Callable[..., Any]] = {"esearch": Entrez.esearch, "efetch": Entrez.efetch, "elink": Entrez.elink}

Request = Mapping[str, Any]
Keep = Callable[[str, Request, Answer], None]


@dataclass(frozen=True)
class Client:
    """One conversation with PubMed. *keep* is handed endpoint, request and body of every answer as it arrives."""

    email: str = field(repr=False)
    api_key: str | None = field(default=None, repr=False)
    transport: Transport = field(default_factory=Transport)
    keep: Keep = lambda endpoint, request, answer: None

    @classmethod
    def from_environment(cls) -> Client:
        """The client that NCBI_EMAIL and NCBI_API_KEY describe.

        Raises UsageProblem without an address, and for a key that cannot be one; neither is shown.
        """
        email = os.environ.get("NCBI_EMAIL", "").strip()
        if not (_ADDRESS.fullmatch(email) and email.isprintable()):
            # not shown: a key may have been put there by mistake
            said = f"NCBI_EMAIL ({len(email)} characters) is not an address" if email else "NCBI_EMAIL is not set"
            message = f"{said}; NCBI asks for an address with each request"
            raise UsageProblem(message, hint="export NCBI_EMAIL=you@example.org (and NCBI_API_KEY, if you have one)")
        key = os.environ.get("NCBI_API_KEY", "").strip() or None
        if key is not None and not _KEY.fullmatch(key):
            message = f"NCBI_API_KEY ({len(key)} characters) is not a key: those of NCBI are 36 letters and digits"
            raise UsageProblem(message, hint="copy it anew from the settings of your NCBI account, or unset it")
        return cls(email=email, api_key=key)

    def keeping(self, keep: Keep) -> Client:
        """The same client with another place for its bodies."""
        return replace(self, keep=keep)

    def esearch(self, term: str, *, what: str, purpose: str, line: int, retmax: int = 0) -> Found:
        """Count of *term*, and up to *retmax* ids; an answer with fewer ids than are due is asked again once."""
        request = {
            "purpose": purpose,
            "line": line,
            "params": {"db": "pubmed", "term": term, "retmax": retmax},
        }
        found = signals.read_esearch(self._ask("esearch", request, what=what).body, what=what)
        if len(found.ids) < min(found.count, retmax):
            found = signals.read_esearch(self._ask("esearch", request, what=what).body, what=what, asked=retmax)
        return found

    def efetch(self, ids: Sequence[str]) -> bytes:
        """The records of *ids* as PubMed XML."""
        what = f"the fetch of {len(ids)} records from {ids[0]}"
        request = {"purpose": "fetch", "params": {"db": "pubmed", "id": ",".join(ids), "retmode": "xml"}}
        answer = self._ask("efetch", request, what=what)
        if said := signals.efetch_error(answer.body):
            message = f"PubMed answered {what} with: {said}"
            raise EntrezError(message, hint="run the same command again later")
        return answer.body

    def elink(self, ids: Sequence[str], *, linkname: str) -> bytes:
        """What *linkname* leads to from each of *ids*, as eLinkResult XML with one LinkSet for each.

        The ids are sent one by one: PubMed merges the links of ids that were joined by commas.
        """
        what = f"the links ({linkname}) of {len(ids)} records from {ids[0]}"
        params = {"dbfrom": "pubmed", "db": "pubmed", "linkname": linkname, "id": list(ids)}
        answer = self._ask("elink", {"purpose": "links", "params": params}, what=what)
        if said := signals.elink_error(answer.body):
            message = f"PubMed answered {what} with: {said}"
            raise EntrezError(message, hint="run the same command again later")
        signals.read_elink(answer.body, what=what)
        return answer.body

    def every_id(self, term: str, *, line: int) -> tuple[Found, list[str]]:
        """What PubMed says of *term*, and all its ids: at once up to 9,999, above that by ranges of PMIDs.

        Ranges of PMIDs are disjoint and always end, where ranges of dates do neither. Two halves must add up to their
        whole, and each range must bring as many different ids as were counted, all inside it; so the ids of the ranges
        add up to the first count, and none comes twice. What does not hold is asked again once; then Incomplete is
        raised, naming the range.
        """
        whole = self._range(term, 1, HIGHEST_PMID, line=line)
        return self._ids(term, 1, HIGHEST_PMID, whole, line=line)

    def _range(self, term: str, low: int, high: int, *, line: int) -> Found:
        """The answer to *term* between two PMIDs; the widest range is the term as it stands."""
        text, what = f"({term}) AND {low}:{high}[UID]", f"line #{line}, PMIDs {low} to {high}"
        if (low, high) == (1, HIGHEST_PMID):
            text, what = term, f"line #{line}"
        return self.esearch(text, what=what, purpose="ids", line=line, retmax=MOST_IDS)

    def _ids(self, term: str, low: int, high: int, found: Found, *, line: int) -> tuple[Found, list[str]]:
        """The ids of *term* between two PMIDs, for which *found* was answered; and the answer that they agree with."""
        wrong = ""
        for turn in range(2):
            if turn:
                found = self._range(term, low, high, line=line)
            ids, wrong = self._within(term, low, high, found, line=line)
            if not wrong:
                return found, ids
        raise _unsound(line, low, high, wrong)

    def _within(self, term: str, low: int, high: int, found: Found, *, line: int) -> tuple[list[str], str]:
        """The ids of one range: its own, or those of its halves; and what is wrong with them."""
        if found.count <= MOST_IDS:
            return list(found.ids), _wrong(found, low, high)
        if found.count > high - low + 1:
            return [], f"{found.count} records with {high - low + 1} PMIDs"
        middle = _cut(low, high)
        halves = [(low, middle), (middle + 1, high)]
        founds = [self._range(term, a, b, line=line) for a, b in halves]
        if wrong := _unequal(founds, found):
            return [], wrong
        parts = [self._ids(term, a, b, half, line=line) for half, (a, b) in zip(founds, halves, strict=True)]
        # a half that was asked again may have come to another count; once more would be a third time for some
        if wrong := _unequal([half for half, _ in parts], found):
            raise _unsound(line, low, high, wrong)
        return [pmid for _, ids in parts for pmid in ids], ""

    def _ask(self, endpoint: str, request: Request, *, what: str) -> Answer:
        call = _CALLS[endpoint]
        secret = {"email": self.email, "tool": TOOL, "api_key": self.api_key}
        pace = self.transport.pace or pace_of(self.api_key)
        hide = tuple(text for text in (self.api_key, self.email) if text)
        # who searches may be an author: the address in an affiliation is a fact of the record, and stays
        spare = (self.email,) if endpoint == "efetch" else ()
        return replace(self.transport, hide=hide, spare=spare, pace=pace).ask(
            lambda: call(**request["params"], **secret),
            what=what,
            short=_SHORT[endpoint],
            keep=lambda answer: self.keep(endpoint, request, answer),
            during=_on_our_terms,
            most=_MOST[endpoint],
        )


def _cut(low: int, high: int) -> int:
    """Where a range is cut in two: always at the same place, so that a run that is taken up asks the same."""
    return min((low + high) // 2, low + _WIDEST_CUT - 1)


def _unequal(halves: Sequence[Found], whole: Found) -> str:
    """What is wrong with two counts that should add up to a third."""
    if sum(half.count for half in halves) == whole.count:
        return ""
    return f"{' + '.join(str(half.count) for half in halves)} records in two halves, {whole.count} in the whole"


def _unsound(line: int, low: int, high: int, wrong: str) -> Incomplete:
    message = f"line #{line}, PMIDs {low} to {high}: {wrong}, asked twice"
    return Incomplete(message, hint=_CHANGED)


def _wrong(found: Found, low: int, high: int) -> str:
    """What is wrong with an answer that should hold all ids of a range."""
    stray = [pmid for pmid in found.ids if not low <= int(pmid) <= high]
    if len(found.ids) == len(set(found.ids)) == found.count and not stray:
        return ""
    outside = f", {len(stray)} outside ({', '.join(stray[:3])})" if stray else ""
    return f"{found.count} records were counted, {len(set(found.ids))} different ids came{outside}"


def body_sha256(body: bytes) -> str:
    """The fingerprint of a body."""
    return hashlib.sha256(body).hexdigest()


@contextmanager
def _on_our_terms() -> Iterator[None]:
    """Bio.Entrez repeats without a gap and follows redirects to anywhere; while we ask it may do neither."""
    before = Entrez.max_tries, Entrez.urlopen
    Entrez.max_tries = 1
    Entrez.urlopen = open_without_leaving
    try:
        yield
    finally:
        Entrez.max_tries, Entrez.urlopen = before
