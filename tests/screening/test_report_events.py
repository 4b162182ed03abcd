"""Events of reports as text: every kind leaves and comes back; what no command would note is refused by its line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from review.database import LocalStore
from review.errors import FormatError
from review.flows.events import export_events, import_events
from review.project import Project
from review.screening import decisions, retrieval
from review.terms import ReportEventKind
from tests.screening.records import bring

ROWS = [{"pmid": "101"}, {"pmid": "102"}]


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
def busy(store: LocalStore, empty_review: Project) -> None:
    """A review in which everything has happened to a report."""
    bring(store, ROWS)
    for record in ("101", "102"):
        for who in ("ana", "ben"):
            decisions.decide(
                store, empty_review, record=record, stage="title_abstract", reviewer=who, verdict="include"
            )
    words: dict[str, Any] = {"store": store, "project": empty_review, "record": "101", "who": "ana"}
    retrieval.seek(**words)
    retrieval.order(**words, source="“the” shop —\nof two lines")
    retrieval.ask_authors(**words, asked_on=date(2026, 3, 31), note="second letter")
    retrieval.want_translation(**words, language="中文")
    retrieval.translated(**words)
    retrieval.await_classification(**words, reason="no methods")
    retrieval.classified(**words)
    retrieval.mark_ongoing(**words, reason="recruiting")
    retrieval.not_retrieved(**words, reason="no answer")
    retrieval.attach(**words, name="a.pdf", content=b"%PDF-1.7")
    retrieval.ask_authors(**{**words, "record": "102"}, asked_on=date(2026, 3, 30))
    retrieval.withdraw(**{**words, "record": "102", "who": "ben"}, track="correspondence")


def test_every_kind_leaves_and_comes_back_byte_for_byte(
    store: LocalStore, fresh: LocalStore, empty_review: Project, busy: None, tmp_path: Path
) -> None:
    kinds = set(store.read("select kind from screening.report_event")["kind"])
    assert kinds == {kind.value for kind in ReportEventKind}
    export_events(store, empty_review, tmp_path / "out")
    done = import_events(fresh, empty_review, tmp_path / "out")
    assert done.read == done.new
    export_events(fresh, empty_review, tmp_path / "again")
    out, again = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("out", "again"))
    assert out == again
    bring(fresh, ROWS)
    for view in ("report", "report_event", "screening_state"):
        query = f"select * from v1.{view} order by all"
        assert fresh.read(query).rows() == store.read(query).rows()
    assert import_events(store, empty_review, tmp_path / "out").new == 0


GOOD = {
    "table": "screening.report_event", "event_id": "x1", "source_record_id": "r", "who": "ana", "arrival": 1,
    "decided_at": "2026-01-01T12:00:00.000000Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kind": "lost"}, "kind 'lost' is not allowed; allowed: sought, ordered"),
        ({"kind": "ordered"}, "an order does not say from where"),
        ({"kind": "not_retrieved"}, "has no reason"),
        ({"kind": "authors_asked"}, "authors were asked on no day"),
        ({"kind": "authors_asked", "asked_on": "soon"}, "asked_on 'soon' is not a date"),
        ({"kind": "translation_wanted"}, "from no language"),
        ({"kind": "awaiting_classification"}, "has no reason"),
        ({"kind": "ongoing"}, "has no reason"),
        ({"kind": "sought", "track": "retrieval"}, "track goes with kind withdrawn"),
        ({"kind": "withdrawn", "track": "letters"}, "track 'letters' is not allowed"),
        ({"kind": "withdrawn", "track": "retrieval"}, "names in supersedes what it takes back"),
        ({"kind": "retrieved", "file_sha256": "../../review.toml"}, "is not a sha256"),
        ({"kind": "retrieved", "file_sha256": "A" * 64}, "is not a sha256"),
        ({"kind": "retrieved", "kept": True}, "kept goes with kind retrieved and a file_sha256"),
        ({"kind": "sought", "kept": True, "file_sha256": "a" * 64}, "kept goes with kind retrieved"),
        ({"kind": "retrieved", "file_name": "\ud800.pdf"}, "half a character"),
        ({"kind": "retrieved", "place": "/etc"}, "has no column 'place'"),
    ],
)
def test_what_no_command_would_note_is_refused_with_its_line(
    fresh: LocalStore, empty_review: Project, tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    file = tmp_path / "ana.jsonl"
    file.write_text(json.dumps({**GOOD, **change}) + "\n", "utf-8")
    with pytest.raises(FormatError, match=rf"ana\.jsonl:1: .*{problem}"):
        import_events(fresh, empty_review, file)
    assert fresh.read("select count(*) as n from screening.report_event")["n"][0] == 0
