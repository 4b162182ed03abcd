"""Which reports may tell of one study: what is proposed, how strongly, and what is said against it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.extraction.report_proposals import LinkFact, Proposal, Proposed, Strength, StudyFacts, propose
from review.extraction.trial_signs import (
    Author,
    RecordFacts,
    countries_in,
    devoted_to,
    read_authors,
    sizes_in,
    suggested_kind,
    trial_names,
    trials_in,
)

PRODUCTS = {"prp": ("Platelet-rich plasma", "PRP"), "bmac": ("Bone-marrow aspirate concentrate", "BMAC")}
MAIN = RecordFacts(
    "r1",
    title="Cells for knee pain: a randomised trial",
    abstract="In Spain 60 patients received platelet-rich plasma. NCT00000001.",
    authors="Alder A; Birch B; Cedar C; Dogwood D",
    year=2016,
    pmid="1",
    registry_ids=("NCT00000001",),
)
# nothing in common with MAIN but its people: each test adds what it is about
LATER = RecordFacts("r2", title="Two-year follow-up", authors="Birch B; Alder A; Elm E", year=2019, pmid="2")
STUDY = StudyFacts("alder2016", label="Alder 2016", registry=("NCT00000001",), kinds=("primary",), records=(MAIN,))


def only(found: Proposed) -> Proposal:
    assert len(found.rows) == 1, found.rows
    return found.rows[0]


def test_the_same_registry_id_is_strong() -> None:
    record = RecordFacts("r2", title="Follow-up", abstract="Registered as nct00000001.", pmid="2")
    row = only(propose([record], [STUDY]))
    assert (row.record_id, row.study_id, row.strength) == ("r2", "alder2016", Strength.STRONG)
    assert row.reasons == ("same registry id NCT00000001",)
    assert row.kind == "follow_up"


def test_a_record_that_names_three_trials_is_not_proposed_by_them() -> None:
    record = RecordFacts("r2", title="A programme", abstract="NCT00000001, NCT00000002 and NCT00000003.", pmid="2")
    found = propose([record], [STUDY])
    assert found.rows == ()
    assert found.several == {"r2": 3}
    assert found.alone == ("r2",)


def test_where_something_else_proposes_it_the_several_trials_are_said_against_it() -> None:
    record = replace(LATER, abstract="Spain. NCT00000001, NCT00000002 and NCT00000003.")
    row = only(propose([record], [STUDY]))
    assert row.strength is Strength.POSSIBLE
    assert "record r2 names 3 trials: NCT00000001, NCT00000002, NCT00000003" in row.against
    assert not any("registry" in reason for reason in row.reasons)


@pytest.mark.parametrize(
    ("record", "devoted"),
    [
        (RecordFacts("r", title="Of NCT00000002", abstract="After NCT00000001."), ("NCT00000002",)),
        (
            RecordFacts("r", abstract="NCT00000001 and NCT00000002.", registry_ids=("NCT00000003",)),
            ("NCT00000003",),
        ),
        (RecordFacts("r", abstract="NCT00000001, EudraCT 2010-012345-12."), ("NCT00000001", "2010-012345-12")),
        (RecordFacts("r", abstract="NCT00000001 and NCT00000002."), ()),
        (RecordFacts("r"), ()),
    ],
)
def test_to_which_trial_a_record_is_devoted(record: RecordFacts, devoted: tuple[str, ...]) -> None:
    assert devoted_to(record)[0] == devoted


def test_one_trial_may_stand_in_several_registries() -> None:
    assert trials_in(["NCT00000001", "ISRCTN12345678", "2010-012345-12"]) == 1
    assert trials_in(["NCT00000001", "NCT00000002", "ISRCTN12345678"]) == 2
    assert trials_in([]) == 0


def test_sister_trials_share_authors_and_are_contradicted_by_their_ids() -> None:
    sister = replace(LATER, abstract="In Spain 60 patients received platelet-rich plasma. NCT00000002.")
    row = only(propose([sister], [STUDY], products=PRODUCTS))
    assert row.strength is Strength.CONTRADICTED
    assert row.against == ("different registry ids NCT00000001 and NCT00000002: not the same trial",)


def test_ids_of_two_registries_contradict_nothing() -> None:
    record = replace(LATER, abstract="In Spain. ISRCTN12345678.")
    assert only(propose([record], [STUDY])).against == ()


def test_the_same_trial_name_is_likely() -> None:
    one = RecordFacts("r1", title="Results of the ADVANCE trial")
    two = RecordFacts("r2", title="Costs of care", abstract="A sub-study of the ADVANCE randomized trial.")
    row = only(propose([one, two], []))
    assert (row.strength, row.reasons) == (Strength.LIKELY, ("same trial name ADVANCE",))
    assert row.study_id is None
    assert {row.record_id, row.other} == {"r1", "r2"}


def test_numbers_behind_one_name_are_sister_trials() -> None:
    one = RecordFacts("r1", title="The ADVANCE-1 trial", authors="Alder A; Birch B", abstract="In Spain.")
    two = RecordFacts("r2", title="The ADVANCE II trial", authors="Alder A; Birch B", abstract="In Spain.")
    row = only(propose([one, two], []))
    assert row.strength is Strength.CONTRADICTED
    assert row.against == ("ADVANCE-1 and ADVANCE-2: sister trials have different numbers",)


def test_a_name_of_the_label_of_a_study_counts() -> None:
    record = RecordFacts("r2", title="MILES: cells against steroid")
    row = only(propose([record], [StudyFacts("miles2023", label="MILES 2023")]))
    assert row.reasons == ("same trial name MILES",)


@pytest.mark.parametrize(
    ("title", "abstract", "names"),
    [
        ("Effect of platelet-rich plasma (PRP) on pain", "The PRP study.", set()),
        ("PLATELETS AND PAIN: THE RANDOMIZED TRIAL", "", set()),
        ("A RCT study with WOMAC", "The RCT trial.", set()),
        ("Factor VIII in a phase I/IIa trial", "", set()),
        ("Cells in backs (RESTORE)", "", {"RESTORE"}),
        ("x", "the ReSPINE trial", {"RESPINE"}),
        ("x", "the ADIPOA-2 phase 2 trial", {"ADIPOA-2"}),
        ("PROMISE II: a trial", "", {"PROMISE-2"}),
    ],
)
def test_what_is_the_name_of_a_trial(title: str, abstract: str, names: set[str]) -> None:
    assert {name.whole for name in trial_names(title, abstract)} == names


def test_a_word_of_the_vocabulary_is_no_name() -> None:
    one, two = (RecordFacts(each, title=f"BMAC in {each}") for each in ("knees", "hips"))
    assert propose([one, two], [], products=PRODUCTS).rows == ()


def test_a_word_in_capitals_that_many_bear_is_a_word_of_the_field() -> None:
    assert propose([RecordFacts(f"r{n}", title=f"LIPUS in pain {n}") for n in range(6)], []).rows == ()


def test_two_authors_need_a_fact_beside_them() -> None:
    assert propose([LATER], [STUDY]).rows == ()
    row = only(propose([replace(LATER, abstract="In Spain.")], [STUDY]))
    assert row.strength is Strength.POSSIBLE
    assert row.reasons == ("2 shared authors: alder, birch", "same country Spain")


def test_two_authors_and_two_facts_are_likely() -> None:
    row = only(propose([replace(LATER, abstract="In Spain 60 patients.")], [STUDY]))
    assert row.strength is Strength.LIKELY
    assert row.reasons[1:] == ("same country Spain", "same size 60")


def test_the_first_or_the_last_author_must_be_shared() -> None:
    middle = replace(LATER, authors="Elm E; Birch B; Cedar C; Fir F", abstract="In Spain 60 patients.")
    assert propose([middle], [STUDY]).rows == ()


def test_one_shared_author_is_nothing() -> None:
    alone = replace(LATER, authors="Alder A; Elm E", abstract="In Spain 60 patients received PRP.")
    assert propose([alone], [STUDY], products=PRODUCTS).rows == ()


def test_namesakes_with_other_initials_are_other_people() -> None:
    others = replace(LATER, authors="Alder X; Birch Y", abstract="In Spain 60 patients.")
    assert propose([others], [STUDY]).rows == ()


def test_what_differs_is_named() -> None:
    record = replace(LATER, abstract="In Italy and Spain 45 patients received BMAC.")
    study = replace(STUDY, records=(replace(MAIN, abstract=MAIN.abstract.replace("Spain", "Spain, Hospital Real")),))
    found = propose([replace(record, registry_ids=("NCT00000001",))], [study], products=PRODUCTS)
    row = only(found)
    assert row.strength is Strength.STRONG
    assert row.against == (
        "sizes differ: 60 and 45",
        "products differ: Platelet-rich plasma and Bone-marrow aspirate concentrate",
    )


def test_a_study_that_names_its_first_author_only_needs_two_facts() -> None:
    study = StudyFacts("alder2016", first_author="Alder", country="Spain", n_randomised=60, kinds=("primary",))
    assert propose([replace(LATER, abstract="In Spain.")], [study]).rows == ()
    row = only(propose([replace(LATER, abstract="In Spain 60 patients.")], [study]))
    assert row.strength is Strength.POSSIBLE
    assert "the one author that the study names" in row.reasons[0]


def test_two_studies_with_one_registry_id_may_be_one() -> None:
    twin = StudyFacts("birch2019", registry=("NCT00000001",))
    row = only(propose([], [STUDY, twin]))
    assert (row.record_id, row.study_id, row.other, row.kind) == (None, "alder2016", "birch2019", None)


def test_studies_that_a_person_told_apart_are_not_proposed() -> None:
    twin = StudyFacts("birch2019", registry=("NCT00000001",), overlap_with=("alder2016",))
    assert propose([], [STUDY, twin]).rows == ()


def test_a_link_between_the_records_is_strong_whatever_else() -> None:
    protocol = RecordFacts("r9", title="Study protocol", registry_ids=("NCT00000009",), pmid="9")
    row = only(propose([protocol], [STUDY], links=[LinkFact("protocol_of", "r9", "r1", "ana")]))
    assert row.strength is Strength.STRONG
    assert row.reasons == ("linked by ana: r9 protocol_of r1",)
    assert row.against[0].startswith("different registry ids")
    assert row.kind == "protocol"


def test_the_strongest_come_first_and_of_two_records_the_later_is_the_further_report() -> None:
    registered = RecordFacts("r5", abstract="NCT00000001", pmid="5")
    one = RecordFacts("r7", title="The BRIDGE trial", year=2021)
    two = RecordFacts("r6", title="More of the BRIDGE trial", year=2024)
    rows = propose([two, one, registered], [STUDY]).rows
    assert [row.record_id for row in rows] == ["r5", "r6"]
    assert (rows[1].other, rows[1].study_id) == ("r7", None)


def test_overviews_are_named_as_such() -> None:
    overview = RecordFacts("r5", abstract="NCT00000001", publication_types=("Journal Article", "Meta-Analysis"))
    assert only(propose([overview], [STUDY])).against == ("record r5 is a Meta-Analysis",)


@given(st.permutations(["r1", "r2", "r3", "r4"]))
def test_the_order_of_the_records_changes_nothing(order: list[str]) -> None:
    records = {
        "r1": MAIN,
        "r2": replace(LATER, abstract="In Spain 60 patients."),
        "r3": RecordFacts("r3", abstract="NCT00000001"),
        "r4": RecordFacts("r4", title="The BRIDGE trial", year=2018),
    }
    first = propose([records[each] for each in sorted(order)], [])
    again = propose([records[each] for each in order], [])
    assert {frozenset((row.record_id, row.other)) for row in again.rows} == {
        frozenset((row.record_id, row.other)) for row in first.rows
    }
    assert len(first.rows) == 2


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_records_of_any_letters_break_nothing(title: str, abstract: str, authors: str) -> None:
    record = RecordFacts("r", title=title, abstract=abstract, authors=authors)
    propose([record, MAIN], [STUDY], products=PRODUCTS)


@pytest.mark.parametrize(
    ("authors", "read"),
    [
        ("Lamo-Espinosa J; López García AB", [("lamoespinosa", "j"), ("lopezgarcia", "a")]),
        ("Müller, H.; van der Berg, C.", [("muller", "h"), ("vanderberg", "c")]),
        ("Alder A; MILES Study Group", [("alder", "a")]),
        ("Alder", [("alder", "")]),
        ("", []),
    ],
)
def test_authors_are_read_in_both_ways_of_writing(authors: str, read: list[tuple[str, str]]) -> None:
    assert read_authors(authors) == [Author(*each) for each in read]


def test_sizes_and_countries_are_read_from_the_text() -> None:
    assert sizes_in("60 adult patients with 120 knees; participants (n = 1200); aged 18 years") == {60, 120, 1200}
    assert countries_in("from the United States and england, not us") == {"United States", "United Kingdom"}


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (RecordFacts("r", title="Correction: cells", pmid="1"), "erratum"),
        (RecordFacts("r", title="Cells", pmid="1", publication_types=("Preprint",)), "preprint"),
        (RecordFacts("r", title="Cells", registry_ids=("NCT00000001",)), "registry"),
        (RecordFacts("r", title="Five-year results", pmid="1"), "follow_up"),
        (RecordFacts("r", title="Costs", pmid="1"), "other"),
    ],
)
def test_the_kind_that_a_record_suggests(record: RecordFacts, kind: str) -> None:
    assert suggested_kind(record, has_primary=True) == kind
