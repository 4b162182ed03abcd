"""The record that is shown: each field by its rule, in any order of arrival; v1.record_field says the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.database import LocalStore, Replace
from review.database.views import view_files
from tests.conftest import examples, synthetic_record
from tests.screening.records import bring

FIELDS = ("title", "abstract", "authors", "journal", "year", "volume", "issue", "pages", "pmid", "doi", "pmcid",
          "registry_ids", "url", "publication_types", "mesh")  # fmt: skip
LISTS = ("registry_ids", "publication_types", "mesh")
FIRST = ("pubmed", "pubmed citation links", "medline", "crossref")
LONG = "SYNTHETIC. A long abstract of an invented trial."
NAMES = (
    "Smith J; Jones K B",
    "Smith,J.;Jones,K. B.;Doe,A.",
    "Smith; J; Jones; K B",
    "Smith John; Jones Karen; Doe Ada",
    "Smith J; et al",
    "",
    None,
)
JOURNALS = ("N Engl J Med", "New England Journal of Medicine", "The New England Journal of Medicine",
            "N Engl J Med (Boston)", "Pain", None)  # fmt: skip


def together(store: LocalStore, members: Sequence[Mapping[str, Any]], *, name: str = "i1") -> list[str]:
    """One record of *members*; their ids."""
    ids = bring(store, [{"accession": f"{name}-{place}", **one} for place, one in enumerate(members)], name=name)
    store.apply([Replace("dedupe.cluster", [{"source_record_id": one, "record_id": min(ids)} for one in ids])])
    return ids


def shown(store: LocalStore) -> dict[str, Any]:
    """The only record, which v1.record_field has to describe in the same words."""
    (record,) = store.read("select * from v1.record").to_dicts()
    described = {row["field"]: row for row in store.read("select * from v1.record_field").to_dicts()}
    assert set(described) <= set(FIELDS)
    for field in FIELDS:
        value = "; ".join(record[field]) if field in LISTS else str(record[field] or "")
        assert (described[field]["value"] if field in described else "") == value, field
    return record


def why(store: LocalStore, field: str) -> tuple[str | None, str, str, list[str]]:
    """source_record_id, source, why and other_values of a field."""
    asked = "select source_record_id, source, why, other_values from v1.record_field where field = $field"
    return store.read(asked, {"field": field}).row(0)  # type: ignore[return-value]


def key(row: Mapping[str, Any]) -> tuple[int, int, str]:
    """The place of a member, the best first; written apart from the views."""
    source = str(row["source"]).lower()
    place = FIRST.index(source) if source in FIRST else len(FIRST)
    return place, -len(row["abstract"] or ""), str(row["source_record_id"])


def whole_names(authors: str) -> int:
    """Names of two words or more."""
    names = (name.replace(",", " ").replace(".", "").strip() for name in authors.split(";"))
    count = sum(" " in name and len(name) > 3 for name in names)
    return count - ("et al" in authors.lower())


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, blank_database: Path) -> Iterator[LocalStore]:
    """A database for many small records, one after the other."""
    path = tmp_path_factory.mktemp("canonical") / "review.duckdb"
    store = LocalStore(Path(shutil.copy(blank_database, path)))
    with store.holding():
        yield store


MEMBER = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["PubMed", "MEDLINE", "Crossref", "Embase", "Scopus", "PubMed citation links"]),
        "title": st.sampled_from(["A trial", "A Trial.", "", None]),
        "abstract": st.sampled_from([None, "", "Short.", "Other.", LONG]),
        "authors": st.sampled_from(NAMES),
        "journal": st.sampled_from(JOURNALS),
        "year": st.sampled_from([None, 2019, 2020]),
        "volume": st.sampled_from([None, "12", "13"]),
        "issue": st.sampled_from([None, "3"]),
        "pages": st.sampled_from([None, "226-36", "226-236"]),
        "pmid": st.sampled_from([None, "101"]),
        "doi": st.sampled_from([None, "10.5555/a", "10.5555/b"]),
        "pmcid": st.sampled_from([None, "PMC1"]),
        "url": st.sampled_from([None, "https://example.org/a"]),
        "registry_ids": st.lists(st.sampled_from(["NCT00000001", "ISRCTN1"]), unique=True),
        "publication_types": st.lists(st.sampled_from(["Journal Article", "Review"]), unique=True),
        "mesh": st.lists(st.sampled_from(["Knee", "Pain"]), unique=True),
    }
)


@settings(max_examples=examples(5, 15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(members=st.lists(MEMBER, min_size=1, max_size=5), dice=st.randoms(use_true_random=False))
def test_the_record_is_what_the_rules_say_in_any_order(
    held: LocalStore, members: list[dict[str, Any]], dice: Any
) -> None:
    rows = [{**member, "number": number} for number, member in enumerate(members, start=1)]
    found = []
    for _ in range(2):
        for table in ("dedupe.cluster", "search.import_record", "search.import_receipt", "search.source_record"):
            held.apply([Replace(table, [])])
        together(held, rows)
        # the place in the file is of the file
        found.append({name: value for name, value in shown(held).items() if name != "position"})
        dice.shuffle(rows)
    assert found[0] == found[1]

    record = found[0]
    best = sorted(({**synthetic_record(row["number"]), **row} for row in rows), key=key)
    assert record["shown_source_record_id"] == best[0]["source_record_id"]
    assert record["members"] == len(best)
    for field in ("title", "year", "volume", "issue", "pages", "pmid", "doi", "pmcid", "url"):
        assert record[field] == next((one[field] for one in best if one[field]), None), field
    assert record["mesh"] == next((one["mesh"] for one in best if one["mesh"]), [])
    for field in ("registry_ids", "publication_types"):
        assert record[field] == sorted({word for one in best for word in one[field]})
    abstracts = [one["abstract"] for one in best if one["abstract"]]
    assert record["abstract"] == max(abstracts, key=len, default=None)
    authors = [one["authors"] for one in best if one["authors"]]
    assert record["authors"] == max(authors, key=whole_names, default=None)


@pytest.mark.parametrize("better", range(len(FIRST) - 1))
def test_a_database_that_indexes_by_hand_goes_first(store: LocalStore, better: int) -> None:
    together(
        store,
        [
            {"source": FIRST[better + 1].upper(), "title": "Of the second", "abstract": LONG},
            {"source": FIRST[better].title(), "title": "Of the first", "abstract": ""},
        ],
    )
    record = shown(store)
    assert (record["title"], record["abstract"]) == ("Of the first", LONG)
    assert why(store, "title")[2:] == (
        f"{FIRST[better].title()} first",
        [f"{FIRST[better + 1].upper()}: Of the second"],
    )
    assert why(store, "abstract")[2] == "the only one that gives it"


def test_of_other_sources_the_longest_abstract_goes_first_then_the_smallest_id(store: LocalStore) -> None:
    one, other = together(
        store,
        [
            {"source": "Embase", "title": "Short", "abstract": "Short."},
            {"source": "Scopus", "title": "Long", "abstract": LONG},
        ],
    )
    assert shown(store)["shown_source_record_id"] == other
    assert why(store, "title") == (other, "Scopus", "first by the longest abstract", ["Embase: Short"])
    assert why(store, "abstract")[2] == "longest abstract"
    assert one != other


def test_equal_members_are_told_apart_by_their_ids(store: LocalStore) -> None:
    ids = together(store, [{"source": source, "abstract": LONG} for source in ("Embase", "Scopus", "CENTRAL")])
    assert shown(store)["shown_source_record_id"] == min(ids)
    assert why(store, "abstract")[2] == "all say the same"


@pytest.mark.parametrize(
    ("first", "other", "taken"),
    [
        ("N Engl J Med", "New England Journal of Medicine", "other"),
        ("N. Engl. J. Med.", "The new England journal of medicine", "other"),
        ("Rev Med Chil", "Revista médica de Chile", "other"),
        # a name in full gives way to nothing; and another journal is not this one's full name
        ("New England Journal of Medicine", "N Engl J Med", "first"),
        ("Pain", "Pain Medicine", "first"),
        ("N Engl J Med", "N Engl J Med (Boston, Mass.)", "first"),
        ("N Engl J Med", "Medical Journal of New England", "first"),
        ("", "Pain Medicine", "other"),
        ("100% Pain_", "Pain", "first"),
    ],
)
def test_an_abbreviated_journal_is_written_out(store: LocalStore, first: str, other: str, taken: str) -> None:
    together(store, [{"source": "PubMed", "journal": first}, {"source": "Embase", "journal": other}])
    assert shown(store)["journal"] == (first if taken == "first" else other)
    if taken == "other" and first:
        assert why(store, "journal")[2] == "journal written out"


@pytest.mark.parametrize(
    ("first", "other", "taken"),
    [
        ("Smith J; et al", "Smith J; Jones K", "other"),
        ("Smith J; Jones K", "Smith J; Jones K; Doe A", "other"),
        ("Smith J; Jones K", "Smith J; Jones K; et al", "first"),
        ("Smith J; Jones K; Doe A", "Smith J; Jones K", "first"),
        ("Smith J; Jones K", "Smith John; Jones Karen", "first"),
        # lists that somebody split at the wrong places
        ("Smith J; Jones K B", "Smith; J; Jones; K B", "first"),
        ("Smith J; Jones K B", "Smith; John; Jones; Karen", "first"),
        ("Smith; J; Jones; K", "Smith J; Jones K", "other"),
        ("Smith; J. B.; Jones; K. C.", "Smith J B; Jones K", "other"),
        ("Li,W.", "Li,W.;Wu,X.", "other"),
        ("Smith J; Jones K", "Smith J Jones K;;;;", "first"),
        ("Knee Group of Testland", "Smith; Jones; Doe", "first"),
    ],
)
def test_the_list_with_the_most_whole_names_is_taken(store: LocalStore, first: str, other: str, taken: str) -> None:
    together(store, [{"source": "PubMed", "authors": first}, {"source": "Embase", "authors": other}])
    assert shown(store)["authors"] == (first if taken == "first" else other)
    assert why(store, "authors")[2] == ("most authors" if taken == "other" else "PubMed first")


def test_lists_of_all_members_are_put_together_but_mesh_is_of_one(store: LocalStore) -> None:
    together(
        store,
        [
            {"source": "PubMed", "registry_ids": ["NCT00000002"], "mesh": []},
            {"source": "Embase", "registry_ids": ["ISRCTN1", "NCT00000002"], "mesh": ["Knee"]},
            {"source": "Scopus", "mesh": ["Pain"], "abstract": ""},
        ],
    )
    record = shown(store)
    assert (record["registry_ids"], record["mesh"]) == (["ISRCTN1", "NCT00000002"], ["Knee"])
    assert why(store, "registry_ids")[1:] == ("Embase; PubMed", "all of them together", [])
    assert why(store, "mesh")[2:] == ("first by the longest abstract", ["Scopus: Pain"])


def test_an_older_version_of_an_entry_gives_no_field(store: LocalStore) -> None:
    entry = {"source": "PubMed", "pmid": "7", "accession": "7"}
    bring(store, [{**entry, "version": 1, "title": "Old", "abstract": LONG, "pages": "1-9", "number": 1}], name="i1")
    bring(store, [{**entry, "version": 2, "title": "New", "abstract": "Short.", "number": 2}], name="i2")
    record = shown(store)
    assert (record["title"], record["abstract"], record["pages"], record["members"]) == ("New", "Short.", None, 1)


def test_the_examples_records_are_described_in_the_same_words(demo: Path) -> None:
    store = LocalStore(demo / "demo" / "example" / "review.duckdb")
    listed = [
        f"select record_id, '{field}' as field, "
        + (f"array_to_string({field}, '; ')" if field in LISTS else f"{field}::varchar")
        + " as value from v1.record"
        for field in FIELDS
    ]
    told = f"select * from ({' union all '.join(listed)}) where value <> ''"
    described = "select record_id, field, value from v1.record_field"
    with store.holding():
        assert store.read(f"({told}) except ({described})").height == 0
        assert store.read(f"({described}) except ({told})").height == 0
        assert store.read("select count(*) as n from v1.record where members > 1")["n"][0] > 0


def test_the_order_of_members_and_the_count_of_names_are_written_once() -> None:
    texts = {name: path.read_text("utf-8") for name, path in view_files().items()}
    assert [name for name, text in texts.items() if "'crossref'" in text.split("create view")[0]] == ["record"]
    readers = {name for name, text in texts.items() if "v1.member_place(" in text}
    assert readers == {"record", "record_field", "duplicates_removed", "prisma_flow"}
    for name in readers - {"record", "record_field"}:
        assert "'crossref'" not in texts[name]
