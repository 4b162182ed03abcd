"""Past decisions from CSV: every key, every refusal with its line, nothing half-written, once only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from review.database import LocalStore
from review.dedupe.engine import deduplicate
from review.errors import FormatError, UsageProblem
from review.project import Project
from review.screening import overview
from review.screening.conflicts import adjudicate
from review.screening.past import import_past_decisions
from tests.screening.records import bring, state_of

ABSTRACT, TEXT = "title_abstract", "full_text"


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """Held open: these tests take many small steps."""
    with store.holding():
        yield store


@pytest.fixture
def four(store: LocalStore) -> list[str]:
    return bring(
        store,
        [
            {"accession": "https://openalex.org/W1", "title": "One"},
            {"pmid": "102", "title": "Two"},
            {"doi": "10.1000/three", "title": "Three"},
            {"title": "A  title, with a comma"},
        ],
    )


def write(project: Project, text: str) -> Path:
    file = project.root / "past.csv"
    file.write_text(text, "utf-8")
    return file


def count(store: LocalStore) -> int:
    return int(store.read("select count(*) as n from screening.decision")["n"][0])


def test_final_labels_by_every_key(store: LocalStore, empty_review: Project, four: list[str]) -> None:
    file = write(
        empty_review,
        "openalex_id,pmid,doi,title,label_included\n"
        "https://openalex.org/W1,,,,1\n"
        ",https://pubmed.ncbi.nlm.nih.gov/102,,,0\n"
        ",,https://doi.org/10.1000/THREE,,1\n"
        ',,,"a title, with  a comma",0\n',
    )
    first = import_past_decisions(store, empty_review, file, stage="final", source="published labels")
    assert (first.rows, first.new, first.records, first.include, first.exclude) == (4, 4, 4, 2, 2)
    assert [state_of(store, one, "final") for one in four] == ["include", "exclude", "include", "exclude"]
    row = store.read("select distinct reviewer, blind, criteria_version, via from screening.decision").rows()
    assert row == [("published labels", False, "not stated", "import")]
    again = import_past_decisions(store, empty_review, file, stage="final", source="published labels")
    assert (again.rows, again.new, count(store)) == (4, 0, 4)


def test_two_reviewers_and_their_agreement(store: LocalStore, empty_review: Project, four: list[str]) -> None:
    rows = [
        "source_record_id,reviewer,verdict,stage,reason,blind,decided_at",
        f"{four[0]},ana,include,title_abstract,,1,2024-05-31",
        f"{four[0]},ben,exclude,title_abstract,design,1,2024-06-01T10:00:00Z",
        f"{four[1]},ana,exclude,title_abstract,,1,",
        f"{four[1]},ben,exclude,title_abstract,,1,",
    ]
    import_past_decisions(store, empty_review, write(empty_review, "\n".join(rows) + "\n"))
    assert (state_of(store, four[0]), state_of(store, four[1])) == ("conflict", "exclude")
    row = overview.agreement_table(store, empty_review).to_dicts()[0]
    assert (row["n"], row["first_only"], row["both_exclude"], row["observed"]) == (2, 1, 1, 0.5)


def test_a_corrected_file_takes_the_place_of_the_old_one(
    store: LocalStore, empty_review: Project, four: list[str]
) -> None:
    for label in ("1", "0"):
        file = write(empty_review, f"pmid,label_included\n102,{label}\n")
        import_past_decisions(store, empty_review, file, stage="final", source="labels")
    assert (state_of(store, four[1], "final"), count(store)) == ("exclude", 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pmid,verdict\n102,include\n999,include\n", "line 3: no record has pmid '999'"),
        ("pmid,verdict\n102,include\n102,exclude\n", "line 3: ana decided otherwise on it in line 2"),
        ("pmid,verdict\n102,perhaps\n", "line 2: verdict 'perhaps' is not allowed; allowed: include"),
        ("pmid,verdict\n102\n", "line 2: 1 cells, the header has 2"),
        ("pmid,verdict,reviewer\n102,include,eve\n", "line 2: reviewer 'eve' is not one of review.toml: ana, ben"),
        ("pmid,verdict,reason\n102,exclude,ugly\n", "line 2: reason 'ugly' is not one of the protocol: population"),
        ("pmid,verdict,stage\n102,exclude,full_text\n", "line 2: an exclusion at full text needs a reason"),
        ("pmid,verdict,stage\n102,exclude,third\n", "line 2: stage 'third' is not allowed"),
        ("pmid,verdict,decided_at\n102,exclude,yesterday\n", "line 2: decided_at 'yesterday'"),
        ("paper,verdict\n102,include\n", "line 1: no column names the record; allowed: source_record_id"),
        ("pmid,answer\n102,include\n", "line 1: one column with the verdict is needed: verdict or label_included"),
        ('pmid,title,verdict\n102,"a\nb",include\n999,,include\n', "line 4: no record"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(
    store: LocalStore, empty_review: Project, four: list[str], text: str, words: str
) -> None:
    who = None if "reviewer" in text else "ana"
    with pytest.raises(FormatError, match=words.replace("(", r"\(")):
        import_past_decisions(
            store, empty_review, write(empty_review, text), stage=None if "stage" in text else ABSTRACT, reviewer=who
        )
    assert count(store) == 0


def test_a_stage_must_be_told(store: LocalStore, empty_review: Project, four: list[str]) -> None:
    with pytest.raises(FormatError, match="give --stage"):
        import_past_decisions(store, empty_review, write(empty_review, "pmid,verdict\n102,include\n"))
    with pytest.raises(UsageProblem, match="exclude each other"):
        import_past_decisions(
            store, empty_review, write(empty_review, ""), stage="final", reviewer="ana", source="labels"
        )


def lines(store: LocalStore, project: Project, *rows: str, **options: str) -> int:
    """Import rows of `pmid,stage,reviewer,verdict,reason`; how many were new."""
    file = write(project, "\n".join(("pmid,stage,reviewer,verdict,reason", *rows)) + "\n")
    return import_past_decisions(store, project, file, **options).new


def test_only_people_of_the_project_decide(store: LocalStore, empty_review: Project, four: list[str]) -> None:
    file = write(empty_review, "pmid,verdict\n102,include\n")
    for options, words in (
        ({"stage": ABSTRACT}, "line 2: nobody is named who decided"),
        ({"stage": "final"}, "line 2: nobody is named who decided"),
        ({"stage": ABSTRACT, "source": "old labels"}, "line 2: 'old labels' is no person of review.toml"),
    ):
        with pytest.raises(FormatError, match=words):
            import_past_decisions(store, empty_review, file, **options)
    with pytest.raises(UsageProblem, match="'ana' is a person of the project"):
        import_past_decisions(store, empty_review, file, stage="final", source="ana")
    assert count(store) == 0


def test_a_column_does_not_contradict_what_was_said(store: LocalStore, empty_review: Project, four: list[str]) -> None:
    with pytest.raises(FormatError, match="line 2: stage 'title_abstract' contradicts --stage full_text"):
        lines(store, empty_review, "102,title_abstract,ana,include,", stage=TEXT)
    with pytest.raises(FormatError, match="line 2: reviewer 'ana' contradicts --reviewer ben"):
        lines(store, empty_review, "102,title_abstract,ana,include,", reviewer="ben")


def test_full_text_needs_an_include_here_or_in_the_file(
    store: LocalStore, empty_review: Project, four: list[str]
) -> None:
    full = ("102,full_text,ana,exclude,design", "102,full_text,ben,exclude,design")
    with pytest.raises(FormatError, match=r"line 2: .* is not included at title and abstract"):
        lines(store, empty_review, *full)
    assert lines(store, empty_review, "102,title_abstract,ana,include,") == 1
    with pytest.raises(FormatError, match=r"line 2: .* is not included at title and abstract"):
        lines(store, empty_review, "102,title_abstract,ben,exclude,", *full)
    # the order of the rows does not matter, and the same file again is harmless
    assert lines(store, empty_review, *full, "102,title_abstract,ben,unsure,") == 3
    assert lines(store, empty_review, *full, "102,title_abstract,ben,unsure,") == 0
    found = store.read("select retrieval, full_text_state, exclusion_reason from v1.report").rows()
    assert found == [("retrieved", "exclude", "design")]
    assert store.read("select kind, who from screening.report_event").rows() == [("retrieved", "ana")]
    with pytest.raises(FormatError, match=r"line 2: .* is not included at title and abstract"):
        lines(store, empty_review, "102,title_abstract,ben,exclude,")


def test_what_was_adjudicated_is_not_changed_by_a_file(
    store: LocalStore, empty_review: Project, four: list[str]
) -> None:
    lines(store, empty_review, "102,title_abstract,ana,include,", "102,title_abstract,ben,exclude,")
    adjudicate(store, empty_review, record="102", verdict="exclude", by="cyd")
    with pytest.raises(FormatError, match=r"line 2: .* was adjudicated at title_abstract"):
        lines(store, empty_review, "102,title_abstract,ben,include,")


def test_copies_of_one_record_are_one_record_after_deduplication(store: LocalStore, empty_review: Project) -> None:
    bring(store, [{"pmid": "7"}, {"pmid": "7"}])
    file = write(empty_review, "pmid,label_included\n7,1\n")
    with pytest.raises(FormatError, match="2 records answer to this row"):
        import_past_decisions(store, empty_review, file, stage="final", source="labels")
    deduplicate(store, empty_review)
    assert import_past_decisions(store, empty_review, file, stage="final", source="labels").new == 1


@pytest.mark.shared
def test_a_real_set_of_final_labels(store: LocalStore, empty_review: Project, shared_data: Path) -> None:
    from review.search.ingest import import_file

    labels = shared_data / "screening" / "Jeyaraman_2020.csv"
    if not labels.is_file():
        pytest.skip(f"{labels} is not there")
    import_file(store, labels, source="OpenAlex", source_kind="database", imported_by="ana")
    found = deduplicate(store, empty_review)
    assert found.source_records == 1175
    first = import_past_decisions(store, empty_review, labels, stage="final", source="published")
    assert (first.rows, first.include, first.exclude) == (1175, 96, 1079)
    assert import_past_decisions(store, empty_review, labels, stage="final", source="published").new == 0
    states = dict(store.read("select state, records from v1.screening_progress where stage = 'final'").rows())
    assert sum(states.values()) == found.records
    assert states["include"] == 96
