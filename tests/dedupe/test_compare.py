"""Pairs of records that print the same work are merged, traps are not, and doubt is put before a person."""

from __future__ import annotations

import random
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.dedupe.block import candidate_pairs
from review.dedupe.compare import clusters, compare, questions
from review.dedupe.evidence import abbreviates, evidence
from review.dedupe.match import PRINTED_ALIKE, strength
from review.dedupe.match import RULES as IDENTIFIED_ALIKE
from review.dedupe.normalise import COLUMNS, normalised
from review.dedupe.rules import CONFLICTS, OTHER_WORK, RULES, TO_ASK
from tests.dedupe.hard_negatives import hard_negatives

# SYNTHETIC: no such article exists
ARTICLE: dict[str, Any] = {
    "title": "Saline for invented knee pain: a made-up randomised trial",
    "authors": "Probe, Anna; Testa, B. C.; Sample, Dora",
    "year": 2015,
    "journal": "Journal of Imaginary Medicine",
    "volume": "12",
    "issue": "3",
    "pages": "226-236",
}
MARKER = "as a marker of progression in made-up tissue samples of the knees of invented patients"


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    full = [{**dict.fromkeys(COLUMNS), **row, "source_record_id": f"r{n}"} for n, row in enumerate(rows)]
    return pl.DataFrame(full, schema=COLUMNS)


def outcome(*changes: dict[str, Any]) -> tuple[str, str]:
    """("merge", rule) or ("ask", reasons) or ("", "") for two records that differ from ARTICLE by *changes*."""
    records = frame(*({**ARTICLE, **change} for change in changes))
    found = compare(records)
    if found.merge.height:
        return "merge", found.merge["rule"][0]
    ask = questions(found, clusters(records, found))
    return ("ask", ask["reasons"][0]) if ask.height else ("", "")


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        (
            {},
            {"title": ARTICLE["title"].upper(), "journal": "J Imagin Med", "authors": "Probe A; Testa BC"},
            "title_place",
        ),
        ({}, {"pages": "226-36", "title": f"{ARTICLE['title']} [Review] [33 refs]"}, "title_place"),
        ({}, {"authors": "Xyzzy Group"}, "title_place_other_author"),
        ({"title": f"p16 {MARKER}"}, {"title": f"p16INK4a {MARKER}"}, "title_but_numbers"),
        ({}, {"title": "Saline in knee pain, a trial on invented patients"}, "place_authors_translated"),
        ({}, {"title": "Saline for invented knee pain"}, "title_part_authors_place"),
        ({}, {"volume": None, "issue": None}, "title_authors_page"),
        ({}, {"pages": None}, "title_authors_volume"),
        ({}, {"pages": "e12724"}, "title_authors_elocator"),
        ({}, {"pages": None, "volume": None}, "title_authors_journal"),
        ({"doi": "10.5555/a"}, {}, "title_place"),
        ({"registry_ids": ["NCT00000001"]}, {"registry_ids": ["ISRCTN00000001"]}, "title_place"),
        ({"pmid": "1", "doi": "10.5555/a"}, {"pmid": "1", "doi": "10.5555/b"}, "same_pmid"),
        ({"pmid": "1"}, {"pmid": "1", "title": "Otro título"}, "same_pmid"),
        ({"doi": "10.5555/a"}, {"doi": "10.5555/a", "pages": "S1", "authors": None}, "same_doi"),
        ({"pages": "1-9", "volume": None}, {}, "title_authors_journal"),  # not yet on a page
    ],
)
def test_one_work_printed_in_two_ways_is_merged(one: dict[str, Any], other: dict[str, Any], rule: str) -> None:
    assert outcome(one, other) == ("merge", rule)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"doi": "10.5555/a"}, {"doi": "10.5555/b"}, "different DOIs"),
        ({"pmid": "1"}, {"pmid": "2"}, "different PMIDs"),
        ({"doi": "10.5555/a"}, {"doi": "10.5555/a", "title": f"Erratum: {ARTICLE['title']}"}, "one is an erratum"),
        ({"doi": "10.5555/a"}, {"doi": "10.5555/a", "title": "Hips", "authors": "X"}, "different titles under one DOI"),
        ({"registry_ids": ["NCT00000001"]}, {"registry_ids": ["NCT00000002"]}, "different registry numbers"),
        ({}, {"pages": "E72"}, "one is a meeting abstract"),
        ({}, {"journal": "medRxiv", "volume": None, "pages": None}, "one is a preprint"),
        ({"record_type": "article"}, {"record_type": "CHAP"}, "one is a book or a chapter"),
        ({}, {"journal": "Proceedings of a made-up conference", "pages": None}, "one is a conference paper"),
        ({}, {"pages": "401-410"}, "different pages"),
        ({"pages": "1-12"}, {"pages": "401-409"}, "different pages"),  # the first article of the volume
        ({"pages": "1"}, {"pages": "402-409", "issue": None}, "different pages"),
        ({"pages": None}, {"issue": "9"}, "different issues"),
        (
            {"pmid": "1"},
            {"pmid": "1", "title": "Dietary sodium of schoolchildren", "authors": "Jensen, B.", "volume": "3"},
            "different titles under one PMID",
        ),
        (
            {"doi": "10.5555/a"},
            {"doi": "10.5555/a", "pages": "300-301", "authors": "Jensen, B."},
            "several works under one DOI",
        ),
        (
            {"title": "Saline for invented knees: Smith to Lee", "pages": None},
            {"title": "Saline for invented knees: Lee to Smith", "pages": None},
            "different words in the titles",
        ),
        (
            {"title": "Trial of beta saline in knees"},
            {"title": "Trial of beth saline in knees", "pages": None},
            "words",
        ),
        ({"journal": "ClinicalTrials.gov", "pages": None}, {}, "one is a registry entry"),
        ({}, {"volume": "13"}, "different volumes"),
        (
            {"title": "Saline for invented knee pain in adults", "pages": None},
            {"pages": None},
            "one names a population",
        ),
    ],
)
def test_a_person_is_asked_with_the_reason(one: dict[str, Any], other: dict[str, Any], reason: str) -> None:
    if "adults" in str(one.get("title")):
        other = {**other, "title": "Saline for invented knee pain"}
    what, reasons = outcome(one, other)
    assert what == "ask"
    assert reason in reasons


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"title": "Saline for invented knee pain. Part I"}, {"title": "Saline for invented knee pain. Part II"}),
        ({"title": "Saline for invented knee pain 1"}, {"title": "Saline for invented knee pain II"}),
        ({}, {"title": f"Erratum: {ARTICLE['title']}"}),
        ({}, {"title": f"{ARTICLE['title']}: authors' reply"}),
        ({}, {"publication_types": ["Retraction of Publication"]}),
        ({}, {"title": f"{ARTICLE['title']}: study protocol", "pages": "7-9"}),
        ({"title": "Saline for knee pain in women"}, {"title": "Saline for knee pain in men"}),
        ({"title": "Saline for knee pain in adults"}, {"title": "Saline for knee pain in adolescents"}),
        ({}, {"title": "Corticosteroids and hip fracture risk", "authors": "Other, O."}),
        ({"title": "", "authors": ""}, {"title": "", "authors": "", "pages": "1-9"}),
    ],
)
def test_two_works_are_left_alone(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert outcome(one, other) == ("", "")


HEAD = "Saline for invented knee pain"
REVIEW: dict[str, Any] = {"pages": "CD001234", "volume": None, "issue": None}


@pytest.mark.parametrize(
    "two",
    [
        ("first report", "second report"),
        ("methods", "results"),
        ("part one", "part two"),
        ("(first of two parts)", "(second of two parts)"),
        ("1ère partie", "2ème partie"),
        ("study 1", "study 2"),
        ("six-month results", "twelve-month results"),
        ("interim analysis", "final analysis"),
        ("the left side", "the right side"),
        ("smokers", "never-smokers"),
        ("hypertension", "hypotension"),
        ("hepatitis B", "hepatitis C"),
    ],
)
def test_titles_that_differ_in_a_word_are_of_two_works(two: tuple[str, str]) -> None:
    one, other = ({"title": f"{HEAD}: {end}", "pages": None} for end in two)
    assert outcome(one, other)[0] != "merge"


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"title": f"{HEAD} - Smith", "pages": "40"}, {"title": f"{HEAD} - Lee", "pages": "40"}, "different words"),
        ({"pages": "40"}, {"pages": "40", "authors": "Else, E."}, "other authors on one page"),
        ({"title": f"Erratum: {HEAD}"}, {"title": f"Retraction: {HEAD}"}, "notices of different kinds"),
        (
            {"publication_types": ["Published Erratum"]},
            {"publication_types": ["Retraction of Publication"]},
            "notices of different kinds",
        ),
        (
            {"title": f"Erratum: {HEAD}"},
            {"title": f"Erratum: {HEAD}", "pages": None},
            "two notices at different places",
        ),
        (REVIEW, {**REVIEW, "year": 2016}, "two versions of one review"),
        ({**REVIEW, "issue": "3"}, {**REVIEW, "issue": "9"}, "two versions of one review"),
        ({"title": HEAD}, {"title": f"{HEAD}: five-year follow-up", "pages": None}, "one names a later report"),
        (
            {"title": f"Effect of {HEAD} on walking", "pages": "12", "doi": "10.5555/a"},
            {"title": f"Effect of {HEAD} on sleep", "pages": "14", "doi": "10.5555/a"},
            "several works under one DOI",
        ),
    ],
)
def test_what_may_be_two_works_is_asked(one: dict[str, Any], other: dict[str, Any], reason: str) -> None:
    what, reasons = outcome(one, other)
    assert what == "ask"
    assert reason in reasons


@pytest.mark.parametrize(
    "form",
    [
        "Author Correction: {}",
        "Publisher Correction: {}",
        "Removal notice to {}",
        "Editorial note: {}",
        "Publisher's note: {}",
        "Fe de errores: {}",
        "Errata corrige: {}",
        "Berichtigung: {}",
        "Rectificatif: {}",
        "Discussion of: {}",
        "Comment on {}",
        "Invited commentary on {}",
        "Graphical abstract: {}",  # no notice by name, but words before the whole title
    ],
)
def test_what_is_said_about_an_article_is_not_the_article(form: str) -> None:
    assert outcome({}, {"title": form.format(ARTICLE["title"]), "pages": None})[0] != "merge"


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        ({}, {"title": ARTICLE["title"].replace("invented", "invetned"), "pages": None}, "title_authors_volume"),
        ({}, {"title": f"REMOVED: {ARTICLE['title']}"}, "title_place"),
        ({"doi": "10.1002/central/CN-00123456"}, {"doi": "10.5555/a"}, "title_place"),
        ({**REVIEW, "issue": "3"}, {**REVIEW, "pages": "CD001234.pub2"}, "title_authors_page"),
        (
            {"journal": "Invented Conference on Saline Trials", "pages": None, "volume": None},
            {"journal": "INCST 2015 Proceedings", "pages": None, "volume": None},
            "title_authors_journal",
        ),
    ],
)
def test_what_parts_two_databases_does_not_part_a_work(one: dict[str, Any], other: dict[str, Any], rule: str) -> None:
    types = {"record_type": "inproceedings"} if "Conference" in str(one.get("journal")) else {}
    assert outcome({**one, **types}, {**other, **types}) == ("merge", rule)


def test_a_doi_of_the_database_ties_and_parts_no_cluster() -> None:
    entry = {**ARTICLE, "doi": "10.1002/central/CN-00123456"}
    records = frame(entry, {**ARTICLE, "doi": "10.5555/a"}, {**ARTICLE, "doi": "10.1002/central/CN-00999999"})
    assert set(clusters(records, compare(records)).record_of.values()) == {"r0"}
    others = frame(entry, {"title": "Hips of made-up horses", "doi": entry["doi"]})
    assert compare(others).merge.is_empty()


def test_a_doi_that_many_works_have_is_of_no_article() -> None:
    texts = [
        {"title": f"{word} injections in invented knees of a made-up town", "authors": f"{word}, A.", "pages": None}
        for word in ("Saline", "Glucose", "Ozone", "Water")
    ]
    assert compare(frame(*({**ARTICLE, "doi": "10.5555/s", **text} for text in texts))).merge.is_empty()


def test_a_title_that_many_volumes_have_needs_the_whole_place() -> None:
    register = {**ARTICLE, "title": "News from the made-up register", "pages": None, "issue": None}
    years = [{**register, "year": 2010 + n, "volume": str(n + 2)} for n in range(4)]
    assert compare(frame(*years)).merge.is_empty()
    same = compare(frame(*years, {**years[0], "journal": "J Imagin Med"}))
    assert same.merge.is_empty()
    assert "a title that many works have" in same.ask["reasons"][0]
    placed = {**years[0], "pages": "44-49"}
    assert compare(frame(*years, placed, placed)).merge.height == 1


def test_a_record_without_identifiers_does_not_tie_two_dois_together() -> None:
    records = frame({**ARTICLE, "doi": "10.5555/a"}, {**ARTICLE, "doi": "10.5555/b", "pages": None}, ARTICLE)
    found = compare(records)
    assert found.merge.height == 2
    made = clusters(records, found)
    assert made.record_of == {"r0": "r0", "r2": "r0"}  # the rule with less of the place gives way
    ask = questions(found, made)
    assert ask.height == 1
    assert "two DOIs, 10.5555/b and 10.5555/a" in ask["reasons"][0] or "different DOIs" in ask["reasons"][0]


@pytest.mark.parametrize("shared", [{"pmid": "1"}, {"doi": "10.5555/a"}])
def test_a_shared_identifier_vouches_for_two_registry_numbers(shared: dict[str, Any]) -> None:
    two = [{**ARTICLE, **shared, "registry_ids": [f"NCT0000000{n}"]} for n in range(2)]
    records = frame(*two)
    assert set(clusters(records, compare(records)).record_of.values()) == {"r0"}


def test_a_record_without_pages_does_not_tie_two_places_together() -> None:
    records = frame({**ARTICLE, "pages": "1221-1229"}, {**ARTICLE, "pages": "401-409"}, {**ARTICLE, "pages": None})
    found = compare(records)
    assert found.merge.height == 2
    made = clusters(records, found)
    assert len(set(made.record_of.values())) == 1
    assert len(made.record_of) == 2
    assert "the cluster would hold two pages" in questions(found, made)["reasons"][0]


def test_a_short_title_does_not_tie_two_longer_ones_together() -> None:
    bare = {**ARTICLE, "pages": None, "title": HEAD}
    records = frame(bare, *({**bare, "title": f"{HEAD}: {place} of the body"} for place in ("elbow", "other side")))
    found = compare(records)
    assert found.merge.height == 1
    assert "the record would hold r1 and r2: different words in the titles" in "".join(found.ask["reasons"])


def test_titles_and_author_lists_of_a_book_s_length_are_compared_to_an_end() -> None:
    long = {name: "".join(f"{word}{n} " for n in range(200_000)) for name, word in (("a", "cell"), ("b", "stem"))}
    texts = [
        {"title": f"{long[one]} {n}", "authors": f"Probe, A.; {long[one]}", "pages": None}
        for one in "ab"
        for n in range(3)
    ]
    found = compare(frame(*({**ARTICLE, **text} for text in texts)))
    assert found.merge.is_empty()  # they differ, beyond what is looked at
    equal = compare(frame(*({**ARTICLE, **texts[0]} for _ in range(2))))
    assert equal.merge.height == 1


def test_sici_dois_of_one_issue_are_of_as_many_articles() -> None:
    doi = "10.1002/(sici)1097-0258(19980815/30)17:15/16<{}::aid-sim{}>3.0.co;2-2"
    one, other = (
        {"doi": doi.format(page, page), "title": "Editorial", "pages": str(page), "authors": name}
        for page, name in ((1661, "Smith, J."), (1700, "Brown, A."))
    )
    assert outcome(one, other) == ("", "")
    assert outcome(one, {**one, "pages": None}) == ("merge", "same_doi")
    cut = {"doi": doi.split("<")[0]}
    assert outcome({**one, **cut}, {**other, **cut}) == ("", "")


def test_no_hard_negative_is_merged_and_every_true_duplicate_is() -> None:
    records, works = hard_negatives(1000)
    found = compare(records)
    made = clusters(records, found)
    held: dict[str, set[int]] = defaultdict(set)
    for one, work in works.items():
        held[made.find(one)].add(work)
    assert [sorted(found) for found in held.values() if len(found) > 1] == []
    assert len(held) == len(set(works.values()))


@settings(max_examples=8)
@given(st.integers(0, 10**6))
def test_the_order_of_records_does_not_matter_and_a_second_run_finds_the_same(seed: int) -> None:
    records, _ = hard_negatives(120, seed=seed % 5)
    shuffled = records.sample(fraction=1, shuffle=True, seed=seed)
    first, second = compare(records), compare(shuffled)
    assert first.merge.sort("id_a", "id_b").equals(second.merge.sort("id_a", "id_b"))
    assert first.ask.equals(second.ask)
    made, again = clusters(records, first), clusters(shuffled, second)
    assert made.record_of == again.record_of
    assert questions(first, made).equals(questions(second, again))


def test_what_is_left_out_before_it_is_measured_could_be_neither_merged_nor_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice = random.Random(9)
    rows = hard_negatives(1500, seed=9)[0].to_dicts()
    for row in rows:  # records that hold what others say
        for name in ("title", "pages", "volume", "doi", "authors", "journal"):
            if dice.random() < 0.15:
                row[name] = dice.choice((None, "", dice.choice(rows)[name]))
        if row["title"] and dice.random() < 0.3:
            words = row["title"].split()
            cut, mixed = words[: dice.randrange(1, len(words) + 1)], dice.sample(words, len(words))
            row["title"] = " ".join(dice.choice((cut, mixed)))
    records = pl.DataFrame(rows, schema=COLUMNS)
    quick = compare(records)
    assert quick.merge.height > 20
    assert quick.ask.height > 100
    monkeypatch.setattr("review.dedupe.compare.evidence", partial(evidence, every_pair=True))
    slow = compare(records)
    assert quick.merge.equals(slow.merge)
    assert quick.ask.equals(slow.ask)


def test_candidates_grow_with_the_records_and_not_with_their_square() -> None:
    same = frame(*([{**ARTICLE, "abstract": "synthetic " * 9}] * 500))
    assert candidate_pairs(normalised(same)).height < 500 * 5
    made = clusters(same, compare(same))
    assert len(set(made.record_of.values())) == 1
    assert len(made.record_of) == 500


def test_records_of_nothing_make_no_pairs() -> None:
    assert compare(pl.DataFrame(schema=COLUMNS)).merge.is_empty()
    empty = frame({}, {}, {})
    found = compare(empty)
    assert (found.merge.height, found.ask.height) == (0, 0)
    assert questions(found, clusters(empty, found)).is_empty()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({n: st.none() | st.text(max_size=12) for n in ("title", "authors", "pages", "doi")}))
)
def test_no_text_stops_the_comparison(rows: list[dict[str, Any]]) -> None:
    records = frame(*rows)
    found = compare(records)
    assert len(set(clusters(records, found).record_of)) <= len(rows)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("annals of synthetic orthopaedics", "ann synth orthop", True),
        ("journal of pain", "j pain", True),
        ("journal of pain", "journal of knee", False),
        ("", "", False),
    ],
)
def test_an_abbreviated_journal_is_known(one: str, other: str, same: bool) -> None:
    assert abbreviates(one, other) is same


def test_the_rules_stand_in_the_order_of_their_strength() -> None:
    assert list(RULES) == sorted(RULES, key=strength)
    assert {*IDENTIFIED_ALIKE, *PRINTED_ALIKE} <= set(RULES)


def test_every_rule_and_reason_is_described() -> None:
    text = (Path(__file__).parents[2] / "docs" / "methods" / "deduplication.md").read_text("utf-8")
    assert [name for name in (*RULES, *OTHER_WORK, *TO_ASK, *CONFLICTS) if name not in text] == []


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "found", "missed"),
    [("cytology_screening", 768, 4), ("respiratory", 428, 8), ("stroke", 311, 3)],
)
def test_the_labelled_sets_keep_their_counts(shared_data: Path, name: str, found: int, missed: int) -> None:
    folder = shared_data / "dedup" / f"bibdedupe_{name}"
    if not folder.is_dir():
        pytest.skip(f"the labelled sets are not in {shared_data}; set REVIEW_SHARED_DATA to where they are")
    read = pl.read_csv(folder / "records_pre_merged.csv", infer_schema=False).rename({"ID": "source_record_id"})
    if name == "respiratory":  # its `number` is a running number
        read = read.drop("number")
    records = read.with_columns(authors=pl.col("author").str.replace_all(" and ", "; ", literal=True))
    records = records.rename({"number": "issue"}, strict=False)
    groups = [line.split(";") for line in pl.read_csv(folder / "merged_record_ids.csv")["merged_ids"].to_list()]
    entity = {one: place for place, group in enumerate(groups) for one in group}
    plain = normalised(records)
    candidates = {tuple(plain["id"].gather(list(pair)).to_list()) for pair in candidate_pairs(plain).iter_rows()}
    true = {(a, b) for group in groups for a in group for b in group if a < b}
    assert true <= candidates
    made = clusters(records, compare(records))
    members: dict[str, list[str]] = defaultdict(list)
    for one in records["source_record_id"].to_list():
        members[made.find(one)].append(one)
    parts = [(len(group), len({entity.get(one, one) for one in group})) for group in members.values()]
    assert sum(works - 1 for _, works in parts) == 0
    right = sum(size - works for size, works in parts)
    assert (right, sum(len(group) - 1 for group in groups) - right) == (found, missed)


def test_shuffled_events_of_the_program_make_the_same_clusters() -> None:
    records, _ = hard_negatives(300)
    found = compare(records)
    dice = random.Random(7)
    order = dice.sample(range(found.merge.height), found.merge.height)
    shuffled = type(found)(found.merge[order], found.ask)
    assert clusters(records, shuffled).record_of == clusters(records, found).record_of
