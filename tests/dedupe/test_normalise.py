"""Fields in comparable form: what databases do to titles, pages, names and numbers makes no difference."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from review.dedupe.normalise import COLUMNS, normalised


def one(**fields: Any) -> dict[str, Any]:
    """One normalised record with these fields; the others are empty."""
    row = {**dict.fromkeys(COLUMNS), "source_record_id": "a", **fields}
    return normalised(pl.DataFrame([row], schema=COLUMNS)).row(0, named=True)


@pytest.mark.parametrize(
    ("printed", "plain"),
    [
        ("Étude de l’arthrose — Müller", "etude de l arthrose muller"),
        ("TGF-β1 and IL-1α in synovitis", "tgf beta1 and il 1alpha in synovitis"),
        ("Weiße Ødem-Łódź trial", "weisse odem lodz trial"),
        ("H<sub>2</sub>O &amp; salt &#8211; a trial", "h 2 o salt a trial"),
        ("A synthetic trial of saline [Review] [33 refs]", "a synthetic trial of saline"),
        ("A synthetic trial of saline.[Erratum appears in J Test. 2013;27(3):377 Note: A [added]]", None),
        ("A synthetic trial of saline [published erratum appears in J Te", "a synthetic trial of saline"),
        ("A synthetic trial of saline (Provisional abstract)", "a synthetic trial of saline"),
        ("A synthetic trial of saline [in German]", "a synthetic trial of saline"),
        ("[A synthetic trial of saline]", "a synthetic trial of saline"),
        ("RETRACTED ARTICLE: A synthetic trial of saline", "a synthetic trial of saline"),
        ("Withdrawn treatment of synthetic knees", "withdrawn treatment of synthetic knees"),
        ("Knee [Review]", "knee review"),  # too little would be left
        ("[In vitro synthesis of made-up tissue]", "in vitro synthesis of made up tissue"),
        ("膝の試験", "膝の試験"),
        (None, ""),
    ],
)
def test_a_title_is_its_words(printed: str | None, plain: str | None) -> None:
    assert one(title=printed)["title"] == (plain or "") or (
        plain is None and "added" not in one(title=printed)["title"]
    )


@pytest.mark.parametrize(
    ("printed", "first", "last"),
    [
        ("221-8", "221", "228"),
        ("1221–31", "1221", "1231"),
        ("221-228", "221", "228"),
        ("pp. 12-15", "12", "15"),
        ("p 12", "12", None),
        ("01-Aug", "1", "8"),  # a spreadsheet made a date of 1-8
        ("Mar-15", "3", "15"),
        ("Suppl-29", None, "29"),
        ("Suppl 2 S33-8", "s33", "8"),
        ("S36", "s36", None),
        ("P821", "p821", None),
        ("p821-830", "821", "830"),
        ("e12724", "e12724", None),
        ("215 pp", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_pages_are_a_first_and_a_last(printed: str | None, first: str | None, last: str | None) -> None:
    found = one(pages=printed)
    assert (found["first_page"], found["last_page"]) == (first, last)


@pytest.mark.parametrize(
    ("printed", "meeting"), [("E72", True), ("S36-S37", True), ("e12724", False), ("226-236", False), (None, False)]
)
def test_a_page_with_a_letter_and_few_digits_is_of_a_meeting(printed: str | None, meeting: bool) -> None:
    assert one(pages=printed)["meeting"] is meeting


@pytest.mark.parametrize(
    ("printed", "families", "count"),
    [
        ("Smith J; Müller-Lange KA", "smith muller lange", 2),
        ("Smith, Jane A.; O'Neill, P", "smith o neill", 2),
        ("Jane Smith; Peter Jones", "smith jones", 2),
        ("Smith J, et al", "smith", 1),
        ("Li, Wu; Wu Li", "li wu", 2),
        ("", "", 0),
        (None, "", 0),
    ],
)
def test_families_are_read_from_three_ways_of_writing_names(printed: str | None, families: str, count: int) -> None:
    found = one(authors=printed)
    assert (found["families"], found["authors"]) == (families, count)


@pytest.mark.parametrize(
    ("title", "numbers", "part"),
    [
        ("Saline in the knee. Part II", "2", "2"),
        ("Saline in the knee, part two", "2", "2"),
        ("Saline in the knee: Part I", "1", "1"),
        ("A phase III trial of saline", "3", None),
        ("A phase 3 trial of saline", "3", None),
        ("Saline in the knee 2", "2", "2"),
        ("Annual report 2011", "2011", None),
        ("Vitamin D in vitro", "", None),
        ("Saline in the knee. Second report", "", "2"),
        ("Saline in the knee. Teil 2", "2", "2"),
        ("First report of a synthetic virus", "", None),
    ],
)
def test_numbers_and_parts_are_read_in_either_kind_of_numeral(title: str, numbers: str, part: str | None) -> None:
    found = one(title=title)
    assert (found["numbers"], found["part"]) == (numbers, part)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"title": "Erratum: A synthetic trial"}, "notice"),
        ({"title": "A synthetic trial: authors' reply"}, "notice"),
        ({"title": "Re: A synthetic trial"}, "notice"),
        ({"title": "A synthetic trial (vol 37, pg 657, 2022)"}, "notice"),
        ({"title": "A synthetic trial", "publication_types": ["Expression of Concern"]}, "notice"),
        ({"title": "A synthetic trial: study protocol"}, "protocol"),
        ({"journal": "bioRxiv"}, "preprint"),
        ({"doi": "10.1101/2021.01.05.425384"}, "preprint"),
        ({"record_type": "Conference Abstract"}, "meeting"),
        ({"record_type": "ABST"}, "meeting"),
        ({"record_type": "CHAP"}, "chapter"),
        ({"journal": "Proceedings of the Synthetic Conference"}, "conference"),
    ],
)
def test_what_a_text_is_can_be_seen(fields: dict[str, Any], kind: str) -> None:
    kinds = ("notice", "protocol", "preprint", "meeting", "chapter", "conference")
    found = one(**fields)
    assert [name for name in kinds if found[name]] == [kind]


def test_an_ordinary_article_is_of_no_special_kind() -> None:
    found = one(title="Immune response to saline: correction of alignment", journal="J Test", record_type="JOUR")
    assert not any(found[name] for name in ("protocol", "preprint", "meeting", "chapter", "conference"))
    for title in ("Immune response to saline in the knee", "Re-operation after saline", "RETRACTED: A synthetic trial"):
        assert not one(title=title)["notice"]
    assert not one(journal="Synthetic Clin Proc")["conference"]


def test_identifiers_have_one_spelling() -> None:
    found = one(doi="https://doi.org/10.5555/ABC.", pmid="PMID 12", registry_ids=["nct 01234567", "NCT01234567"])
    assert (found["doi"], found["pmid"], found["registry"]) == ("10.5555/abc", "12", ["NCT01234567"])


@pytest.mark.parametrize(
    "printed",
    [
        "10.1002/central/CN-00123456",
        "https://doi.org/10.1002/central/cn-1",
        "10.1111/(ISSN)1600-0447",
        "10.1111/test.2012.60.issue-4",
        "10.1371/journal.test.0000001.s001",
    ],
)
def test_a_doi_of_no_article_is_none(printed: str) -> None:
    assert one(doi=printed)["doi"] is None


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"title": "Author Correction: A synthetic trial"}, "erratum"),
        ({"title": "Fe de erratas: A synthetic trial"}, "erratum"),
        ({"title": "A synthetic trial", "publication_types": ["Retraction of Publication"]}, "retraction"),
        ({"title": "Notice of retraction: A synthetic trial"}, "retraction"),
        ({"title": "Expression of concern: A synthetic trial"}, "concern"),
        ({"title": "Authors' reply"}, "reply"),
        ({"title": "Comment on A synthetic trial"}, "comment"),
        ({"title": "A synthetic trial of corrections"}, None),
    ],
)
def test_a_notice_is_of_a_kind(fields: dict[str, Any], kind: str | None) -> None:
    assert one(**fields)["notice_kind"] == kind


def test_a_journal_has_initials_and_numbers_lose_their_zeros() -> None:
    found = one(journal="Archives of Bone & Joint", volume="Vol. 012", issue="03 Suppl")
    assert (found["journal"], found["journal_initials"]) == ("archives of bone and joint", "aobaj")
    assert (found["volume"], found["issue"]) == ("12", "3")


def test_columns_that_are_absent_count_as_empty_and_rows_are_in_the_order_of_their_ids() -> None:
    found = normalised(pl.DataFrame({"source_record_id": ["b", "a"], "title": ["Two", "One"]}))
    assert found.select("row", "id", "title").rows() == [(0, "a", "one"), (1, "b", "two")]
    assert normalised(pl.DataFrame(schema=COLUMNS)).is_empty()


@pytest.mark.parametrize(
    ("fields", "numbers"),
    [
        ({"title": "Saline for knees (NCT01234567)"}, ["NCT01234567"]),
        ({"authors": "NCT01234567"}, ["NCT01234567"]),
        (
            {"journal": "http://www.who.int/trialsearch/Trial2.aspx?TrialID=EUCTR2010-000001-11-GB"},
            ["EUCTR2010-000001-11"],
        ),
        ({"url": "https://clinicaltrials.gov/show/NCT01234567", "registry_ids": ["NCT01234567"]}, ["NCT01234567"]),
        ({"registry_ids": ["2010-000001-11", "EudraCT: 2010-000001-11"]}, ["EUCTR2010-000001-11"]),
        ({"registry_ids": ["ChiCTR-TRC-10001234"]}, ["CHICTR10001234"]),
        ({"authors": "JPRN-UMIN000001234"}, ["UMIN000001234"]),
        ({"title": "A function of 123456 invented cells"}, []),
    ],
)
def test_registry_numbers_are_read_wherever_they_stand(fields: dict[str, Any], numbers: list[str]) -> None:
    assert one(**fields)["registry"] == numbers


@pytest.mark.parametrize(
    ("fields", "ahead"),
    [
        ({"pages": "1-12", "volume": "3"}, False),
        ({"pages": "1-12", "volume": None}, True),
        ({"pages": "0-0", "volume": "3"}, True),
        ({"pages": "12-13"}, False),
    ],
)
def test_page_one_of_a_volume_is_a_page(fields: dict[str, Any], ahead: bool) -> None:
    assert one(**fields)["ahead"] is ahead


@pytest.mark.parametrize(
    ("fields", "entry"),
    [
        ({"authors": "Euctr, GB"}, True),
        ({"authors": "Nct,"}, True),
        ({"authors": "NCT03000001"}, True),
        ({"journal": "https://clinicaltrials.gov/show/NCT03000001"}, True),
        ({"record_type": "registry"}, True),
        ({"publication_types": ["Journal Article", "Trial registry record"]}, False),
        ({"authors": "Nctson, A.", "journal": "Journal of trials"}, False),
    ],
)
def test_an_entry_of_a_trial_is_known(fields: dict[str, Any], entry: bool) -> None:
    assert one(**fields)["entry_of_trial"] is entry
