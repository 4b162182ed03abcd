"""The bytes of a PubMed article without what nobody reads: its history and its references."""

from __future__ import annotations

import re

_END = b"</MedlineCitation>"
_PAST = b"</History>"
_DATA = re.compile(rb"</MedlineCitation>\s*<PubmedData>\s*(<History>)?")
_IDS = re.compile(
    rb"\s*(?:<PublicationStatus>[^<]*</PublicationStatus>\s*)?"
    rb"(<ArticleIdList>(?:\s*<ArticleId [^<>]*>[^<]*</ArticleId>)*\s*</ArticleIdList>)\s*"
    rb"(?:<ReferenceList[\s>].*</ReferenceList>\s*)?</PubmedData>\s*</PubmedArticle>",
    re.DOTALL,
)


def what_is_read(content: bytes) -> bytes:
    """*content* without the history and the references of an article, in which nothing is read.

    They are a third of a modern record. Where a record is not built as PubMed builds it, all of it is given back,
    and so is one whose own list of ids is missing: the next such list would be that of a cited paper.
    """
    at = content.rfind(_END)
    if at < 0 or (start := _DATA.match(content, at)) is None:
        return content
    first = start.end()
    if start.group(1):
        behind = content.find(_PAST, first)
        if behind < 0:
            return content
        first = behind + len(_PAST)
    ids = _IDS.match(content, first)
    if ids is None:
        return content
    return content[: at + len(_END)] + b"<PubmedData>" + ids.group(1) + b"</PubmedData></PubmedArticle>"
