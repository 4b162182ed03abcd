"""Which notice stands today, and which figures it concerns: readings, names of reports, retracted sources.

All records, studies and notices here are SYNTHETIC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from review.database import Append, LocalStore
from review.reporting.notices import notice_lines
from tests.conftest import synthetic_receipt, synthetic_record

PMID, DOI = "90000001", "10.5555/synthetic.1"
DAY = datetime(2026, 11, 20, 9, tzinfo=UTC)
PLACE = {"file": "study.toml", "line": 1}
Notice = tuple[str, str, str | None, str | None]
_FIGURE = {"reader": "r1", "arm_id": "prp", "outcome_id": "pain", "better": "higher", "analysis": "itt"}


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """The empty database, held open."""
    with store.holding():
        yield store


def read(store: LocalStore, number: int, *, notices: Sequence[Notice] = (), **fields: Any) -> None:
    """An import of one record, the *number*th text of it; a notice is (kind, about, notice PMID, place)."""
    record = synthetic_record(number) | fields
    name = str(store.read("select count(*) from search.import_receipt").item())
    key = record["source_record_id"]
    columns = ("kind", "pmid", "notice_pmid", "notice_text")
    told = [
        {"source_record_id": key, "position": place, **dict(zip(columns, notice, strict=True))}
        for place, notice in enumerate(notices, start=1)
    ]
    store.apply(
        [
            Append("search.source_record", [record]),
            Append("search.notice", told),
            Append("search.import_record", [{"import_id": name, "source_record_id": key, "position": 1}]),
            Append("search.import_receipt", [synthetic_receipt(name, records=1, at=DAY)]),
        ]
    )


def of_pubmed(**fields: Any) -> dict[str, Any]:
    """The fields of a record of PubMed."""
    return {"source": "PubMed", "accession": PMID, "pmid": PMID, "dialect": "pubmed_xml", "version": 1} | fields


def report(store: LocalStore, study: str = "alpha", *, label: str = "", **fields: Any) -> None:
    """A study that has one report, with one page that was read for two figures."""
    known = {"report_id": "SRC:A", "kind": "primary"} | fields
    page: dict[str, Any] = {"source_id": "A", "kind": "article", "level": "primary", "locator": "p. 1"} | PLACE
    page["read_on"] = date(2026, 11, 20)
    url = known.pop("page", None)
    store.apply(
        [
            Append("extraction.study", [a_study(study, label)]),
            Append("extraction.study_report", [{**known, "study_id": study, **PLACE}]),
            Append("extraction.source", [{**page, "study_id": study, "report_id": known["report_id"], "url": url}]),
            Append("extraction.result_binary", [figure(study, 1, "A"), figure(study, 2, "A")]),
        ]
    )


def a_study(study: str, label: str) -> dict[str, Any]:
    words = {"design": "rct_parallel", "condition_id": "knee_oa", "unit": "patient", "level": "primary"}
    return {"study_id": study, "label": label or study.capitalize(), **words, "extraction_status": "simulated", **PLACE}


def figure(study: str, number: int, source: str) -> dict[str, Any]:
    told = {"row_id": f"{study}:{number}", "study_id": study, "as_printed": "3 of 20", "source_id": source}
    return _FIGURE | told | PLACE


def page_of_a_review(store: LocalStore, study: str, source: str, **address: str) -> None:
    told = {"source_id": source, "study_id": study, "kind": "review", "level": "secondary", "locator": "Table 2"}
    store.apply([Append("extraction.source", [{**told, **address, **PLACE}])])


def kinds(store: LocalStore) -> list[tuple[Any, ...]]:
    return store.read("select pmid, kind, notice_pmid from v1.publication_notice order by all").rows()


def concerned(store: LocalStore, *columns: str) -> list[tuple[Any, ...]]:
    return store.read(f"select {', '.join(columns)} from v1.study_notice order by all").rows()


def lines(store: LocalStore) -> str:
    return "\n".join(notice_lines(store))


# which reading stands -----------------------------------------------------------------------------------------


def test_a_later_reading_without_a_version_replaces_one_with_it(store: LocalStore) -> None:
    """An NBIB export prints no version of its records."""
    read(store, 1, **of_pubmed())
    read(store, 2, notices=[("retraction", PMID, "90000099", None)], **of_pubmed(dialect="nbib", version=None))
    assert kinds(store) == [(PMID, "retraction", "90000099")]
    assert store.read("select dialect from v1.source_record where is_latest").rows() == [("nbib",)]
    assert store.read("select retracted from v1.record").rows() == [(True,)]
    read(store, 3, **of_pubmed(title="as it is now"))
    assert kinds(store) == []
    assert store.read("select title from v1.source_record where is_latest").rows() == [("as it is now",)]


def test_an_older_version_that_is_read_later_takes_nothing_back(store: LocalStore) -> None:
    read(store, 1, notices=[("retraction", PMID, "90000099", None)], **of_pubmed(version=2))
    read(store, 2, **of_pubmed(version=1))
    assert kinds(store) == [(PMID, "retraction", "90000099")]
    assert store.read("select version from v1.source_record where is_latest").rows() == [(2,)]


def test_the_article_without_the_number_of_its_notice_and_the_notice_are_one_retraction(store: LocalStore) -> None:
    read(store, 1, notices=[("retraction", PMID, None, "J Synth. 2026;9:1")], **of_pubmed(retracted=True))
    assert kinds(store) == [(PMID, "retraction", None)]
    notice = of_pubmed(pmid="90000099", accession="90000099")
    read(store, 2, notices=[("retraction", PMID, "90000099", "J Synth. 2020;1:1")], **notice)
    assert kinds(store) == [(PMID, "retraction", "90000099")]
    read(store, 3, notices=[("erratum", PMID, None, "one"), ("erratum", PMID, None, "two")], **of_pubmed())
    assert [kind for _, kind, _ in kinds(store)] == ["erratum", "erratum", "retraction"]


def test_a_corrected_doi_names_the_wrong_study_no_longer(store: LocalStore) -> None:
    said: list[Notice] = [("retraction", PMID, "90000099", None)]
    read(store, 1, notices=said, **of_pubmed(doi="10.5555/another", pmcid="PMC1"))
    report(store, "right", doi=DOI)
    report(store, "wrong", doi="10.5555/another")
    assert concerned(store, "study_id") == [("wrong",)]
    read(store, 2, notices=said, **of_pubmed(doi=DOI, pmcid="PMC2"))
    assert concerned(store, "study_id") == [("right",)]
    assert store.read("select doi, pmcid from v1.publication_notice").rows() == [(DOI, "PMC2")]


# a record without a PMID --------------------------------------------------------------------------------------


def test_a_record_that_says_retracted_by_doi_alone_reaches_its_study(store: LocalStore) -> None:
    report(store, doi=DOI.upper())
    assert concerned(store, "study_id") == []
    read(store, 1, source="Embase", doi=DOI, retracted=True)
    assert concerned(store, "study_id", "pmid", "doi", "retracts", "words") == [
        ("alpha", None, DOI, True, f"retraction of DOI {DOI}")
    ]
    assert store.read("select retracted from v1.study").rows() == [(True,)]
    assert store.read("select retracted, notices from v1.record").rows() == [(True, [f"retraction of DOI {DOI}"])]
    record, studies = store.read("select record_id, study_ids from v1.notice").row(0)
    assert (record, studies) == (synthetic_record(1)["source_record_id"], ["alpha"])
    assert "retracted: Alpha (DOI 10.5555/synthetic.1; seen 2026-11-20): in no cell" in lines(store)
    # a record of another database that is silent takes nothing back; a later one of the same does
    read(store, 2, source="Scopus", doi=DOI)
    assert concerned(store, "retracts") == [(True,)]
    read(store, 3, source="Embase", doi=DOI)
    assert concerned(store, "retracts") == []
    assert store.read("select bool_or(retracted) from v1.record").item() is False


def test_a_doi_leads_to_the_pmid_that_pubmed_gives_with_it(store: LocalStore) -> None:
    """The study names its PMID alone, the record that was retracted its DOI alone."""
    report(store, pmid=PMID)
    read(store, 1, source="Embase", doi=DOI, retracted=True)
    assert concerned(store, "study_id") == []
    read(store, 2, **of_pubmed(doi=DOI))
    assert concerned(store, "study_id", "pmid", "retracts") == [("alpha", PMID, True)]
    # PubMed names the notice: that is the same retraction
    read(store, 3, notices=[("retraction", PMID, "90000099", None)], **of_pubmed(doi=DOI))
    assert concerned(store, "pmid", "notice_pmid") == [(PMID, "90000099")]


def test_a_notice_reaches_a_record_that_is_known_by_doi_alone(store: LocalStore) -> None:
    read(store, 1, source="Embase", doi=DOI)
    number = store.read("select record_id from v1.record").item()
    said: list[Notice] = [("retraction", PMID, "90000099", None)]
    read(store, 2, notices=said, **of_pubmed(doi=DOI))
    found = store.read("select record_id, retracted from v1.record").rows()
    assert (number, True) in found


# how a report is known ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "known",
    [
        {"url": "https://pmc.ncbi.nlm.nih.gov/articles/PMC77/"},
        {"page": "https://pmc.ncbi.nlm.nih.gov/articles/PMC77/#tab2"},
        {"url": f"https://pubmed.ncbi.nlm.nih.gov/{PMID}/"},
        {"url": f"https://doi.org/{DOI.upper()}"},
        {"doi": DOI},
    ],
)
def test_a_primary_report_is_found_by_its_address(store: LocalStore, known: dict[str, str]) -> None:
    report(store, **known)
    read(store, 1, notices=[("retraction", PMID, "90000099", None)], **of_pubmed(doi=DOI, pmcid="PMC77"))
    assert concerned(store, "report_id", "report_kind", "concerns") == [("SRC:A", "primary", "study")]
    assert store.read("select study_ids from v1.notice").item().to_list() == ["alpha"]


# what is concerned --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "concerns"), [("primary", "figures"), ("retraction", "study")])
def test_of_a_republished_report_only_the_figures_that_were_read_from_the_old_one_fall(
    store: LocalStore, kind: str, concerns: str
) -> None:
    """Unless what study.toml names is the notice of the retraction."""
    report(store, pmid=PMID, report_id="PMID:1")
    newer = {"report_id": "PMID:2", "study_id": "alpha", "kind": kind, "pmid": "90000099", **PLACE}
    page = {"source_id": "B", "study_id": "alpha", "report_id": "PMID:2", "kind": "article", "level": "primary"}
    store.apply(
        [
            Append("extraction.study_report", [newer]),
            Append("extraction.source", [{**page, "locator": "p. 1", **PLACE}]),
            Append("extraction.result_binary", [figure("alpha", 3, "B")]),
        ]
    )
    read(store, 1, notices=[("retraction", PMID, "90000099", None)], **of_pubmed())
    rows = ["alpha:1", "alpha:2"] if concerns == "figures" else ["alpha:1", "alpha:2", "alpha:3"]
    assert concerned(store, "report_id", "concerns", "retracts", "row_ids") == [("PMID:1", concerns, True, rows)]
    assert store.read("select retracted from v1.study").item() is (concerns == "study")


@pytest.mark.parametrize(("seen", "check"), [(date(2026, 11, 19), True), (date(2026, 11, 20), False)])
def test_a_correction_of_the_day_of_reading_is_not_one_that_came_after(
    store: LocalStore, seen: date, check: bool
) -> None:
    """The figures were read on *seen*, the correction came in the morning of the 20th."""
    report(store, pmid=PMID, report_id="PMID:1")
    named = {"report_id": "PMID:2", "study_id": "beta", "kind": "primary", "pmid": PMID, **PLACE}
    newer = {"source_id": "B", "study_id": "beta", "report_id": "PMID:2", "kind": "article", "level": "primary"}
    store.apply(
        [
            Append("extraction.study_report", [named]),
            Append("extraction.source", [{**newer, "locator": "p. 1", "read_on": seen, **PLACE}]),
        ]
    )
    read(store, 1, notices=[("erratum", PMID, "90000099", None)], **of_pubmed())
    assert concerned(store, "study_id", "check_figures") == [("alpha", False), ("beta", check)]


def test_a_retracted_review_is_one_line_that_says_how_much_rests_on_it(store: LocalStore) -> None:
    for name in ("alpha", "beta", "delta", "gamma"):
        report(store, name)
        page_of_a_review(store, name, "R1", url=f"https://pubmed.ncbi.nlm.nih.gov/{PMID}/")
        page_of_a_review(store, name, "R2", url="https://example.org/t2", canonical_url=f"https://doi.org/{DOI}")
    named = [figure("alpha", 3, "R1"), figure("alpha", 4, "R2"), figure("beta", 3, "R2"), figure("gamma", 3, "R1")]
    store.apply([Append("extraction.result_binary", named)])
    read(store, 1, notices=[("retraction", PMID, "90000099", None)], **of_pubmed(doi=DOI))
    assert concerned(store, "study_id", "report_id", "len(row_ids)", "all_figures", "retracts") == [
        ("alpha", "R1", 2, False, False), ("beta", "R1", 1, False, False), ("delta", "R1", 0, False, False),
        ("gamma", "R1", 1, False, False),
    ]  # fmt: skip
    place = f"PMID {PMID}; notice PMID 90000099, seen 2026-11-20"
    assert lines(store) == (
        f"retracted secondary source ({place}): 3 studies rest on it: Alpha, Beta, Gamma (0 with all figures)"
    )


def test_a_study_that_rests_wholly_on_a_retracted_review_is_counted_so(store: LocalStore) -> None:
    store.apply([Append("extraction.study", [a_study("alpha", "")])])
    page_of_a_review(store, "alpha", "R1", url=f"https://pubmed.ncbi.nlm.nih.gov/{PMID}/")
    store.apply([Append("extraction.result_binary", [figure("alpha", 1, "R1")])])
    read(store, 1, notices=[("retraction", PMID, None, None)], **of_pubmed())
    assert concerned(store, "concerns", "all_figures", "retracts") == [("source", True, False)]
    assert "1 study rests on it: Alpha (1 with all figures)" in lines(store)
