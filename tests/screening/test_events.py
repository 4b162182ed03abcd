"""Events as text: out, in and out again byte for byte; the same file twice; lines that are not events."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from review.database import LocalStore
from review.dedupe import deeds, engine
from review.errors import BlindError, FormatError, UsageProblem
from review.flows.events import export_events, import_events
from review.project import Project
from review.screening import conflicts, decisions, retrieval
from review.team.protocol import record_protocol
from tests.screening.records import bring, state_of

ROWS = [{"pmid": "101", "doi": "10.1000/a"}, {"doi": "10.1000/a"}, {"pmid": "103"}]


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """Held open: these tests take many small steps."""
    with store.holding():
        yield store


@pytest.fixture
def fresh(tmp_path: Path, blank_database: Path) -> Iterator[LocalStore]:
    """Another site's database, empty."""
    other = LocalStore(Path(shutil.copy(blank_database, tmp_path / "fresh.duckdb")))
    with other.holding():
        yield other


@pytest.fixture
def busy(store: LocalStore, empty_review: Project) -> list[str]:
    """A review in which everything has happened once."""
    records = bring(store, ROWS)
    record_protocol(store, empty_review)
    engine.deduplicate(store, empty_review)
    deeds.undo(
        store, empty_review, deeds.split(store, empty_review, records[0], records[2], who="ben").event_id, who="ana"
    )
    for record, words in ((records[2], "include include"), (records[0], "include exclude")):
        for who, verdict in zip(("ana", "ben"), words.split(), strict=True):
            decisions.decide(
                store,
                empty_review,
                record=record,
                stage="title_abstract",
                reviewer=who,
                verdict=verdict,
                note="ünïcode   — “note”\nof two lines",
            )
    conflicts.adjudicate(store, empty_review, record=records[0], verdict="exclude", by="cyd")
    retrieval.not_retrieved(store, empty_review, record=records[2], who="ben", reason="no answer")
    return records


def texts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_out_in_and_out_again_is_byte_equal(
    store: LocalStore, fresh: LocalStore, empty_review: Project, busy: list[str], tmp_path: Path
) -> None:
    done = export_events(store, empty_review, tmp_path / "out")
    assert [path.name for path, _ in done.files] == ["_.jsonl", "ana.jsonl", "ben.jsonl", "cyd.jsonl", "program.jsonl"]
    first = import_events(fresh, empty_review, tmp_path / "out")
    assert first.without_record == 8  # all but the protocol and the undo of a split
    assert first.read == first.new == sum(lines for _, lines in done.files)
    export_events(fresh, empty_review, tmp_path / "again")
    assert texts(tmp_path / "again") == texts(tmp_path / "out")
    assert all(b"\r" not in text and text.endswith(b"\n") for text in texts(tmp_path / "out").values())


def test_states_come_back_with_the_records(
    store: LocalStore, fresh: LocalStore, empty_review: Project, busy: list[str], tmp_path: Path
) -> None:
    export_events(store, empty_review, tmp_path / "out")
    import_events(fresh, empty_review, tmp_path / "out")
    bring(fresh, ROWS)
    for view in ("screening_state", "record_member", "report", "agreement"):
        query = f"select * from v1.{view} order by all"
        assert fresh.read(query).rows() == store.read(query).rows()


def test_the_same_files_twice_add_nothing(
    store: LocalStore, empty_review: Project, busy: list[str], tmp_path: Path
) -> None:
    export_events(store, empty_review, tmp_path / "out")
    assert import_events(store, empty_review, tmp_path / "out").new == 0
    assert import_events(store, empty_review, tmp_path / "out" / "ana.jsonl").new == 0


def test_two_sites_meet(store: LocalStore, fresh: LocalStore, empty_review: Project, tmp_path: Path) -> None:
    (record, _, _) = bring(store, ROWS)
    bring(fresh, ROWS)
    for site, who, verdict in ((store, "ana", "include"), (fresh, "ben", "exclude")):
        decisions.decide(site, empty_review, record=record, stage="title_abstract", reviewer=who, verdict=verdict)
    export_events(fresh, empty_review, tmp_path / "ben", only="ben")
    assert import_events(store, empty_review, tmp_path / "ben").new == 1
    assert state_of(store, record) == "conflict"
    arrivals = store.read("select arrival from screening.decision order by arrival")["arrival"].to_list()
    assert arrivals == [1, 2]


def test_one_persons_export_holds_nobody_else(
    store: LocalStore, empty_review: Project, busy: list[str], tmp_path: Path
) -> None:
    export_events(store, empty_review, tmp_path / "out", only="ben")
    (path,) = (tmp_path / "out").iterdir()
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert {row.get("reviewer") or row.get("who") for row in rows} == {"ben"}


def test_a_blind_reviewer_exports_nobody_elses_events(
    store: LocalStore, empty_review: Project, busy: list[str], tmp_path: Path
) -> None:
    for reviewer, only in (("ben", None), ("ana", None), ("ana", "ben")):
        with pytest.raises(BlindError, match=f"{reviewer} screens blind.*--only {reviewer}; or run it without --as"):
            export_events(store, empty_review, tmp_path / "out", only=only, reviewer=reviewer)
    assert not (tmp_path / "out").exists()
    export_events(store, empty_review, tmp_path / "own", only="ben", reviewer="ben")
    export_events(store, empty_review, tmp_path / "all", reviewer="cyd")
    assert (len(texts(tmp_path / "own")), len(texts(tmp_path / "all"))) == (1, 5)


def test_labels_of_a_source_and_records_that_come_later_are_taken(
    store: LocalStore, empty_review: Project, tmp_path: Path
) -> None:
    label = {**GOOD, "decision_id": "d2", "reviewer": "published labels", "stage": "final", "via": "import"}
    file = tmp_path / "events.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n{json.dumps(label)}\n", "utf-8")
    done = import_events(store, empty_review, file)
    assert (done.new, done.without_record) == (2, 2)


GOOD = {
    "table": "screening.decision",
    "arrival": 1,
    "blind": True,
    "criteria_version": "1",
    "decided_at": "2026-01-01T00:00:00.000000Z",
    "decision_id": "d1",
    "reviewer": "ana",
    "source_record_id": "r1",
    "stage": "title_abstract",
    "verdict": "include",
    "via": "test",
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"table": "search.source_record"}, "is not an event table"),
        ({"verdict": "perhaps"}, "verdict 'perhaps' is not allowed; allowed: include"),
        ({"verdict": None}, "verdict is missing"),
        ({"blind": "yes"}, "blind 'yes' is not a boolean"),
        ({"decided_at": "yesterday"}, "decided_at 'yesterday'"),
        ({"decided_at": "2026-01-01T00:00:00"}, "decided_at '2026-01-01T00:00:00'"),
        ({"colour": "red"}, "has no column 'colour'"),
        ({"stage": "full_text", "verdict": "exclude"}, "has no reason"),
        ({"reviewer": "eve"}, "reviewer 'eve' is not one of review.toml: ana, ben, cyd"),
        ({"reviewer": "labels", "via": "import"}, "reviewer 'labels' is not one of review.toml"),
        ({"decided_at": f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M:%S}Z"}, "is in the future"),
    ],
)
def test_a_line_that_is_no_event_is_named_and_nothing_is_written(
    store: LocalStore, empty_review: Project, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    bad = {name: value for name, value in {**GOOD, "decision_id": "d2", **change}.items() if value is not None}
    file = tmp_path / "ana.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n{json.dumps(bad)}\n", "utf-8")
    with pytest.raises(FormatError, match=rf"ana\.jsonl:2: .*{words}"):
        import_events(store, empty_review, file)
    assert store.read("select count(*) as n from screening.decision")["n"][0] == 0


def test_a_file_that_is_cut_off_is_named(store: LocalStore, empty_review: Project, tmp_path: Path) -> None:
    file = tmp_path / "ana.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n{json.dumps(GOOD)[:40]}", "utf-8")
    with pytest.raises(FormatError, match=r"ana\.jsonl:2: not a line of JSON"):
        import_events(store, empty_review, file)
    assert store.read("select count(*) as n from screening.decision")["n"][0] == 0


def test_an_event_that_was_edited_is_refused(store: LocalStore, empty_review: Project, tmp_path: Path) -> None:
    file = tmp_path / "ana.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n", "utf-8")
    import_events(store, empty_review, file)
    file.write_text(f"{json.dumps({**GOOD, 'verdict': 'exclude'})}\n", "utf-8")
    with pytest.raises(FormatError, match="says something else"):
        import_events(store, empty_review, file)


def test_an_empty_folder_is_an_error(store: LocalStore, empty_review: Project, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"holds no \.jsonl file"):
        import_events(store, empty_review, tmp_path)


DUPLICATE = {
    "table": "dedupe.duplicate_event",
    "arrival": 1,
    "automatic": False,
    "decided_at": "2026-01-01T00:00:00Z",
    "event_id": "e1",
    "kind": "merge",
    "record_a": "r1",
    "record_b": "r2",
    "rule": "person",
    "who": "ana",
}
UNDO = {**DUPLICATE, "kind": "undo", "record_a": None, "record_b": None, "rule": None, "undo_of": "e1"}
LINK = {
    "table": "dedupe.record_link",
    "arrival": 1,
    "decided_at": "2026-01-01T00:00:00Z",
    "from_record": "r1",
    "kind": "erratum_of",
    "link_id": "l1",
    "to_record": "r2",
    "who": "ana",
    "withdrawn": False,
}
BACK = {**LINK, "link_id": "l2", "from_record": "r2", "to_record": "r1"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{**DUPLICATE, "automatic": True}], "1: automatic is for the program alone: who is 'ana', allowed: program"),
        ([{**DUPLICATE, "automatic": True, "who": "program"}], "1: an automatic merge with rule 'person'"),
        ([{**DUPLICATE, "automatic": True, "who": "program", "kind": "lock"}], "1: the program does not lock"),
        ([{**DUPLICATE, "rule": "shared_doi"}], "1: rule 'shared_doi' with automatic false; allowed: person"),
        ([DUPLICATE, {**UNDO, "event_id": "u", "automatic": True, "who": "program"}], "2: the program undoes 'e1'"),
        ([{**UNDO, "event_id": "u", "undo_of": "u"}], "1: undo_of 'u' goes round in a ring"),
        (
            [{**UNDO, "event_id": "u1", "undo_of": "u2"}, {**UNDO, "event_id": "u2", "undo_of": "u1"}],
            "1: undo_of 'u2' goes round in a ring",
        ),
        ([{**LINK, "to_record": "r1"}], "1: from_record and to_record are one record"),
        ([LINK, BACK], "1: r1 erratum_of r2 goes round in a ring: r2 erratum_of r1 stands .link l2"),
        (
            [LINK, {**BACK, "to_record": "r3"}, {**BACK, "link_id": "l3", "from_record": "r3"}],
            "1: r1 erratum_of r2 goes round in a ring: r3 erratum_of r1 stands",
        ),
        ([{**DUPLICATE, "event_id": "e1\x1b[31m"}], "1: event_id 'e1.*' holds a control character"),
        ([{**LINK, "link_id": "l1\nl2"}], "1: link_id 'l1.*' holds a control character or a line end"),
        ([{**DUPLICATE, "event_id": "e" * 201}], "1: event_id 'e*' has 201 characters; allowed are 200"),
        ([{**DUPLICATE, "event_id": " "}], "1: event_id ' ' is blank"),
        ([{**DUPLICATE, "supersedes": "\x85"}], "1: supersedes '.*' is blank"),
        ([GOOD, {**DUPLICATE, "note": "half \ud800"}], "2: note holds half a character"),
        ([{**DUPLICATE, "arrival": 1 << 63}], "1: arrival 9223372036854775808 is not a bigint"),
    ],
)
def test_what_no_command_would_write_is_refused_with_its_line(
    store: LocalStore, empty_review: Project, tmp_path: Path, rows: list[dict[str, object]], words: str
) -> None:
    bring(store, ROWS)
    file = tmp_path / "ana.jsonl"
    lines = [{name: value for name, value in row.items() if value is not None} for row in rows]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    with pytest.raises(FormatError, match=rf"ana\.jsonl:{words}"):
        import_events(store, empty_review, file)
    for table in ("screening.decision", "dedupe.duplicate_event", "dedupe.record_link"):
        assert store.read(f"select count(*) as n from {table}")["n"][0] == 0


def test_a_ring_with_what_is_here_is_refused_and_a_withdrawn_link_makes_none(
    store: LocalStore, empty_review: Project, tmp_path: Path
) -> None:
    gone = {**LINK, "link_id": "l3", "supersedes": "l1", "withdrawn": True}
    files = {
        "first": [LINK, {**UNDO, "undo_of": "e2"}],
        "back": [BACK],
        "undo": [{**UNDO, "event_id": "e2"}],
        "both": [gone, BACK],
    }
    for name, rows in files.items():
        (tmp_path / name).write_text("".join(f"{json.dumps(_full(row))}\n" for row in rows), "utf-8")
    assert import_events(store, empty_review, tmp_path / "first").new == 2
    with pytest.raises(FormatError, match="back:1: r2 erratum_of r1 goes round in a ring: r1 erratum_of r2 stands"):
        import_events(store, empty_review, tmp_path / "back")
    with pytest.raises(FormatError, match="undo:1: undo_of 'e1' goes round in a ring"):
        import_events(store, empty_review, tmp_path / "undo")
    assert import_events(store, empty_review, tmp_path / "both").new == 2


def _full(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value is not None}


def test_a_line_of_brackets_is_no_traceback(store: LocalStore, empty_review: Project, tmp_path: Path) -> None:
    file = tmp_path / "ana.jsonl"
    file.write_text("[" * 100_000, "utf-8")
    with pytest.raises(FormatError, match=r"ana\.jsonl:1: not a line of JSON: brackets within brackets"):
        import_events(store, empty_review, file)


def test_events_are_not_exported_among_the_reviews_own_files(
    store: LocalStore, empty_review: Project, busy: list[str]
) -> None:
    with pytest.raises(UsageProblem, match=r"_\.jsonl is among what people read off papers; nothing was written"):
        export_events(store, empty_review, empty_review.extracted)
    assert not list(empty_review.extracted.glob("*.jsonl"))
