"""What kind of document a reference is, in the words of each format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of document: RIS type, BibTeX entry, EndNote's name and number, Web of Science letter, CSL type."""

    ris: str
    bibtex: str
    endnote: str
    number: int
    wos: str
    csl: str


ARTICLE = Kind("JOUR", "article", "Journal Article", 17, "J", "article-journal")
OTHER = Kind("GEN", "misc", "Generic", 13, "J", "document")
_KINDS = (
    (ARTICLE, "article journal-article article-journal jfull ejour inpr"),
    (Kind("BOOK", "book", "Book", 6, "B", "book"), "b ebook edbook whole"),
    (Kind("CHAP", "incollection", "Book Section", 5, "B", "chapter"), "inbook echap"),
    (
        Kind("CPAPER", "inproceedings", "Conference Paper", 47, "C", "paper-conference"),
        "conf conference proceedings abst c paper-conference",
    ),
    (Kind("THES", "phdthesis", "Thesis", 32, "B", "thesis"), "mastersthesis dissertation"),
    (Kind("RPRT", "techreport", "Report", 27, "B", "report"), "report govdoc"),
    (Kind("UNPB", "unpublished", "Unpublished Work", 34, "J", "manuscript"), "preprint"),
    (Kind("ELEC", "online", "Web Page", 12, "J", "webpage"), "web registry electronic www webpage"),
    (OTHER, "document other"),
)
_BY_WORD = {
    word.lower(): kind
    for kind, others in _KINDS
    for word in (kind.ris, kind.bibtex, kind.endnote, kind.csl, *others.split())
} | {"j": ARTICLE, "s": _KINDS[1][0], "conference proceedings": _KINDS[3][0], "book chapter": _KINDS[2][0]}
RIS_TYPES = frozenset(
    """
    ABST ADVS AGGR ANCIENT ART BILL BLOG BOOK CASE CHAP CHART CLSWK COMP CONF CPAPER CTLG DATA DBASE DICT EBOOK ECHAP
    EDBOOK EJOUR ELEC ENCYC EQUA FIGURE GEN GOVDOC GRNT HEAR ICOMM INPR JFULL JOUR LEGAL MANSCPT MAP MGZN MPCT MULTI
    MUSIC NEWS PAMP PAT PCOMM RPRT SER SLIDE SOUND STAND STAT THES UNBILL UNPB VIDEO WEB
    """.split()  # noqa: SIM905 - the types of the format, as one reads them
)


def kind_of(record_type: str | None, *, journal: str | None) -> Kind:
    """The kind that *record_type* names in any format; without one an article where there is a journal."""
    if record_type and (known := _BY_WORD.get(record_type.strip().lower())):
        return known
    return ARTICLE if journal else OTHER
