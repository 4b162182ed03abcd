"""PubMed through Bio.Entrez's public functions: counts, ids and records; each body is kept before it is read.

Email and key come from the environment alone (NCBI_EMAIL, NCBI_API_KEY); neither is stored, and no message
shows them.
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
from review.search.signals import Found
from review.search.transport import Answer, Transport

TOOL = "regen-review"
MOST_IDS = 9999  # the handbook says 10,000, the server gives one less
BATCH = 200
HIGHEST_PMID = 2**27  # far above any PMID; halving finds the used range in a few questions
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_SHORT = {"esearch": signals.incomplete_esearch, "efetch": signals.incomplete_efetch}
_CALLS: dict[str, Callable[..., Any]] = {"esearch": Entrez.esearch, "efetch": Entrez.efetch}

Request = Mapping[str, Any]
Keep = Callable[[str, Request, Answer], None]


@dataclass(frozen=True)
class Client:
    """One conversation with PubMed. *keep* is handed endpoint, request and body of every answer as it arrives."""

    email: str
    api_key: str | None = None
    transport: Transport = field(default_factory=Transport)
    keep: Keep = lambda endpoint, request, answer: None

    @classmethod
    def from_environment(cls) -> Client:
        """The client that NCBI_EMAIL and NCBI_API_KEY describe. Raises UsageProblem without an address."""
        email = os.environ.get("NCBI_EMAIL", "").strip()
        if not _ADDRESS.fullmatch(email):
            said = f"NCBI_EMAIL={email} is not an address" if email else "NCBI_EMAIL is not set"
            message = f"{said}; NCBI asks for an address with each request"
            raise UsageProblem(message, hint="export NCBI_EMAIL=you@example.org (and NCBI_API_KEY, if you have one)")
        key = os.environ.get("NCBI_API_KEY", "").strip() or None
        return cls(email=email, api_key=key)

    def keeping(self, keep: Keep) -> Client:
        """The same client with another place for its bodies."""
        return replace(self, keep=keep)

    def esearch(self, term: str, *, what: str, purpose: str, line: int, retmax: int = 0) -> Found:
        """Count of *term*, and up to *retmax* ids."""
        request = {
            "purpose": purpose,
            "line": line,
            "params": {"db": "pubmed", "term": term, "retmax": retmax},
        }
        answer = self._ask("esearch", request, what=what)
        return signals.read_esearch(answer.body, what=what, asked=retmax)

    def efetch(self, ids: Sequence[str]) -> bytes:
        """The records of *ids* as PubMed XML."""
        what = f"the fetch of {len(ids)} records from {ids[0]}"
        request = {"purpose": "fetch", "params": {"db": "pubmed", "id": ",".join(ids), "retmode": "xml"}}
        answer = self._ask("efetch", request, what=what)
        if said := signals.efetch_error(answer.body):
            message = f"PubMed answered {what} with: {said}"
            raise EntrezError(message, hint="run the same command again later")
        return answer.body

    def every_id(self, term: str, *, line: int) -> tuple[Found, list[str]]:
        """What PubMed says of *term*, and all its ids: at once up to 9,999, above that by halving the range
        of PMIDs.

        Ranges of PMIDs are disjoint and always end, where ranges of dates do neither. Raises Incomplete,
        naming the range, when two halves do not add up to the whole or an id lies outside its range.
        """
        whole = self.esearch(term, what=f"line #{line}", purpose="ids", line=line, retmax=MOST_IDS)
        ids = list(whole.ids)
        if whole.count > MOST_IDS:
            ids = list(self._halved(term, 1, HIGHEST_PMID, whole.count, line=line))
        if len(set(ids)) != whole.count:
            message = f"line #{line}: {whole.count} records were counted, {len(set(ids))} different ids came"
            raise Incomplete(message, hint="PubMed was updated meanwhile; run the same command again")
        return whole, ids

    def _halved(self, term: str, low: int, high: int, expected: int, *, line: int) -> Iterator[str]:
        """The ids of *term* between two PMIDs, of which *expected* were counted."""
        middle = (low + high) // 2
        halves = [(low, middle), (middle + 1, high)]
        asked = [f"({term}) AND {a}:{b}[UID]" for a, b in halves]
        founds = [
            self.esearch(text, what=f"line #{line}, PMIDs {a} to {b}", purpose="ids", line=line, retmax=MOST_IDS)
            for text, (a, b) in zip(asked, halves, strict=True)
        ]
        if sum(found.count for found in founds) != expected:
            counts = " + ".join(str(found.count) for found in founds)
            message = f"line #{line}, PMIDs {low} to {high}: {counts} records in two halves, {expected} in the whole"
            raise Incomplete(message, hint="PubMed was updated meanwhile; run the same command again")
        for found, (a, b) in zip(founds, halves, strict=True):
            if found.count > MOST_IDS:
                yield from self._halved(term, a, b, found.count, line=line)
                continue
            stray = [pmid for pmid in found.ids if not a <= int(pmid) <= b]
            if stray or len(found.ids) != found.count:
                counts = f"{found.count} counted, {len(found.ids)} ids came, {stray[:3]} outside"
                message = f"line #{line}, PMIDs {a} to {b}: {counts}"
                raise Incomplete(message, hint="run the same command again later")
            yield from found.ids

    def _ask(self, endpoint: str, request: Request, *, what: str) -> Answer:
        call = _CALLS[endpoint]
        secret = {"email": self.email, "tool": TOOL, "api_key": self.api_key}
        transport = replace(self.transport, hide=self.api_key)
        with _one_try():
            return transport.ask(
                lambda: call(**request["params"], **secret),
                what=what,
                short=_SHORT[endpoint],
                keep=lambda answer: self.keep(endpoint, request, answer),
            )


def body_sha256(body: bytes) -> str:
    """The fingerprint of a body."""
    return hashlib.sha256(body).hexdigest()


@contextmanager
def _one_try() -> Iterator[None]:
    """Bio.Entrez repeats without a gap; while we ask it may not."""
    before = Entrez.max_tries
    Entrez.max_tries = 1
    try:
        yield
    finally:
        Entrez.max_tries = before
