"""The formats in which references are written, and what each can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from review.errors import UsageProblem
from review.search.written.bibtex import held_by_bibtex, write_bibtex
from review.search.written.csl_json import write_csl_json
from review.search.written.endnote_xml import held_by_endnote_xml, write_endnote_xml
from review.search.written.nbib import held_by_nbib, write_nbib
from review.search.written.reference import Reference
from review.search.written.ris import held_by_ris, write_ris
from review.search.written.table import held_by_table, write_csv, write_tsv
from review.search.written.wos import held_by_wos, write_wos

_WRITERS: Mapping[str, Callable[[Iterable[Reference]], str]] = {
    "ris": write_ris,
    "bibtex": write_bibtex,
    "csl-json": write_csl_json,
    "nbib": write_nbib,
    "endnote-xml": write_endnote_xml,
    "wos": write_wos,
    "csv": write_csv,
    "tsv": write_tsv,
}
FORMATS = tuple(_WRITERS)
# the formats that are read back, and by which reader
READ_BACK: Mapping[str, str] = {name: name.replace("-", "_") for name in FORMATS if name != "csl-json"}
ENDINGS: Mapping[str, str] = {
    ".ris": "ris",
    ".bib": "bibtex",
    ".json": "csl-json",
    ".nbib": "nbib",
    ".xml": "endnote-xml",
    ".ciw": "wos",
    ".csv": "csv",
    ".tsv": "tsv",
}
_HELD: Mapping[str, Callable[[Reference], Reference]] = {
    "ris": held_by_ris,
    "bibtex": held_by_bibtex,
    "nbib": held_by_nbib,
    "endnote-xml": held_by_endnote_xml,
    "wos": held_by_wos,
    "csv": held_by_table,
    "tsv": held_by_table,
}
_FOLDED = {"ris": "line breaks become blanks", "bibtex": "single blanks", "csl-json": "line breaks become blanks",
           "nbib": "line breaks become blanks", "endnote-xml": "single blanks", "wos": "line breaks become blanks",
           "csv": "as it is", "tsv": "as it is"}  # fmt: skip
_MESH = {"nbib": "headings without qualifiers", "csv": "yes", "tsv": "yes"}
_TYPE = {"nbib": "all are articles", "csv": "yes", "tsv": "yes"}
_NOTE = {"ris": "written (N1)", "bibtex": "written (annote)", "csl-json": "written (note)", "nbib": "written (GN)",
         "endnote-xml": "written (notes)", "wos": "written (NT)", "csv": "written", "tsv": "written"}  # fmt: skip
_LABEL = {"ris": "written (ID, LB)", "bibtex": "written (key)", "csl-json": "written (citation-label)",
          "nbib": "no", "endnote-xml": "written (label)", "wos": "no", "csv": "written", "tsv": "written"}  # fmt: skip
_YES = dict.fromkeys(FORMATS, "yes") | {"csl-json": "written"}
# column → format → yes, no, or how: `written` is what stands in the file and no reader takes into a column
HOLDS: Mapping[str, Mapping[str, str]] = {
    **{name: _YES for name in ("title", "authors", "journal", "year", "volume", "issue", "pages", "pmid", "doi")},
    "abstract": _YES,
    "vernacular_title": _YES | {"csl-json": "written (custom)"},
    "month": _YES | dict.fromkeys(("ris", "bibtex", "nbib", "endnote-xml", "wos"), "with its year"),
    "language": _YES,
    "pmcid": _YES | {"wos": "no"},
    "registry_ids": _YES,
    "publication_types": _YES | {"csl-json": "written (genre)"},
    "mesh": {name: _MESH.get(name, "among the keywords") for name in FORMATS},
    "keywords": _YES,
    "url": _YES | {"nbib": "PubMed's, by the PMID", "wos": "no"},
    "accession": _YES
    | {"csl-json": "written (custom)"}
    | dict.fromkeys(("nbib", "endnote-xml"), "where there is no PMID"),
    "record_type": {name: _TYPE.get(name, "in its words") for name in FORMATS},
    "label": _LABEL,
    "note": _NOTE,
    "blanks and lines": _FOLDED,
}


def write_references(references: Iterable[Reference], format: str, *, simulated: bool = False) -> str:
    """*references* as the text of a file in one of FORMATS; what a format cannot hold is left out, see HOLDS.

    A table of a *simulated* project has a column that says so; elsewhere the notes have to. Raises UsageProblem for
    another format.
    """
    if format == "csv":
        return write_csv(references, simulated=simulated)
    if format == "tsv":
        return write_tsv(references, simulated=simulated)
    if format not in _WRITERS:
        message = f"{format!r} is no format of references; allowed: {', '.join(FORMATS)}"
        raise UsageProblem(message)
    return _WRITERS[format](references)


def format_of_file(name: str, format: str | None) -> str:
    """The format that the file *name* is written in: *format*, or what its ending says.

    Raises UsageProblem where the two contradict each other, and where neither says it.
    """
    ending = f".{name.rpartition('.')[2].lower()}" if "." in name else ""
    said = ENDINGS.get(ending)
    if format is not None and said not in (None, format):
        message = f"{name} ends in {ending}, which is {said}, and --format says {format}"
        raise UsageProblem(message, hint="leave out --format, or give the file the other ending")
    if format is None and said is None:
        shown = f"ends in {ending}" if ending else "has no ending"
        message = f"{name} {shown}; allowed here: {', '.join(ENDINGS)}"
        raise UsageProblem(message, hint=f"the ending of the file says its format, or --format: {', '.join(FORMATS)}")
    return format or said or ""


def held_by(reference: Reference, format: str) -> Reference:
    """What of *reference* comes back when a file in *format* is read; KeyError for csl-json, which is not read."""
    return _HELD[format](reference)
