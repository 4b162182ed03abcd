"""A recorded folder may come from a stranger: it rewrites no run of this review, and nothing in it is believed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from review.database import Append, LocalStore
from review.errors import FormatError, ReviewError, UsageProblem
from review.paths import packaged
from review.project import Project
from review.search import runs
from review.search.recorded import read_folder
from review.search.strategy import Strategy, load_strategy

DEMO = packaged("demo", "example")
RUN = "simulated-search-1"


@pytest.fixture(scope="module")
def strategy() -> Strategy:
    return load_strategy(DEMO / "queries" / "pubmed" / "example.toml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recorded run of the simulated example."""
    return Path(shutil.copytree(DEMO / "recorded", tmp_path / "recorded"))


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    with store.holding():
        yield store


def change(folder: Path, mend: Callable[[dict[str, Any]], object]) -> None:
    """Let *mend* alter the manifest."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    mend(manifest)
    path.write_text(json.dumps(manifest), "utf-8")


def forge(folder: Path) -> None:
    """Put another title into a body, with a true sha256, said to be asked a moment ago."""

    def mend(manifest: dict[str, Any]) -> None:
        entry = next(one for one in manifest["responses"] if one["endpoint"] == "efetch")
        body = (folder / entry["file"]).read_bytes().replace(b"<ArticleTitle>", b"<ArticleTitle>FORGED ", 1)
        assert b"FORGED" in body
        (folder / entry["file"]).write_bytes(body)
        entry["sha256"] = hashlib.sha256(body).hexdigest()
        entry["requested_at"] = datetime.now(UTC).isoformat()

    change(folder, mend)


def whole(store: LocalStore) -> list[list[tuple[Any, ...]]]:
    """Every row that a search writes."""
    tables = ("search_run", "response", "source_record", "import_record", "import_receipt", "search_line", "notice")
    return [store.read(f"select * from search.{name} order by all").rows() for name in tables]


def test_a_forged_folder_does_not_rewrite_a_closed_run(
    store: LocalStore, empty_review: Project, strategy: Strategy, folder: Path
) -> None:
    runs.replay_folder(store, empty_review, strategy, folder)
    before = whole(store)
    forge(folder)
    with pytest.raises(UsageProblem, match=rf"run {RUN} of this review.*nothing was written.*another run_id"):
        runs.replay_folder(store, empty_review, strategy, folder)
    assert whole(store) == before
    change(folder, lambda manifest: manifest.update(run_id="of-my-own"))
    runs.replay_folder(store, empty_review, strategy, folder)
    assert store.read("select run_id from v1.search_history order by 1")["run_id"].to_list() == ["of-my-own", RUN]


def test_the_same_folder_and_an_export_of_the_same_run_change_nothing(
    store: LocalStore, empty_review: Project, strategy: Strategy, folder: Path, tmp_path: Path
) -> None:
    first = runs.replay_folder(store, empty_review, strategy, folder)
    before = whole(store)
    change(folder, lambda manifest: manifest.update(updates="another-run", simulated=False))
    assert runs.replay_folder(store, empty_review, strategy, folder).retrieved == first.retrieved
    runs.export_run(store, RUN, tmp_path / "export")
    assert runs.replay_folder(store, empty_review, strategy, tmp_path / "export").hits == first.hits
    assert whole(store) == before


def test_a_folder_adds_nothing_to_a_run_that_was_only_begun(
    store: LocalStore, empty_review: Project, strategy: Strategy, folder: Path
) -> None:
    start = {
        "run_id": RUN, "kind": "strategy", "strategy": strategy.name, "strategy_sha256": strategy.sha256,
        "simulated": False, "started_at": datetime.now(UTC),
    }  # fmt: skip
    store.apply([Append("search.run_start", [start])])
    with pytest.raises(UsageProblem, match="other answers than the run"):
        runs.replay_folder(store, empty_review, strategy, folder)
    assert store.read("select * from search.response").is_empty()


def test_a_replay_that_was_cut_off_goes_on(
    store: LocalStore, empty_review: Project, strategy: Strategy, folder: Path, tmp_path: Path
) -> None:
    part = Path(shutil.copytree(folder, tmp_path / "part"))
    change(part, lambda manifest: manifest["responses"].__delitem__(slice(1, None)))
    with pytest.raises(ReviewError):
        runs.replay_folder(store, empty_review, strategy, part)
    assert store.read("select count(*) from search.response").item() == 1
    assert runs.replay_folder(store, empty_review, strategy, folder).retrieved > 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"5", "format is 5"),
        (b"null", "format is None"),
        (b'"x"', "format is 'x'"),
        (b"[" * 200_000, "nested too deeply"),
        (b"9" * 10_000, "is not JSON"),
        (b"\xff\xfe{}", "is not UTF-8"),
        (b"", "is not JSON"),
        (b'{"format": "regen-review recorded run 1", "responses": 5}', "responses is 5; allowed: a list"),
        (b'{"format": "regen-review recorded run 1", "responses": {"a": 1}}', "responses is .*; allowed: a list"),
        (b'{"format": "regen-review recorded run 1", "responses": "abc"}', "responses is 'abc'; allowed: a list"),
        (b'[1]', "response 1 is 1; allowed: endpoint, request"),
        (b'{"format": "regen-review recorded run 1", "responses": [NaN]}', "NaN is no number"),
        (b'{"format": "regen-review recorded run 1", "responses": [' + b"1," * 100_000 + b"1]}", "at most 50,000"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_none_is_one_sentence(folder: Path, content: bytes, words: str) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(FormatError, match=words) as refusal:
        read_folder(folder)
    assert len(str(refusal.value)) < 600


# the day after tomorrow, without the moment: both test processes must give the test one name
TOMORROW = (datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=3)).isoformat()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("run_id", "\ud800"), ("run_id", "x" * 100_000), ("run_id", "../../x"), ("run_id", "a\x1b[2J"),
        ("run_id", "a\0b"), ("run_id", {"a": 1}), ("run_id", 5), ("run_id", ""),
        ("updates", {"a": 1}), ("updates", "\0"), ("strategy", 5), ("strategy", "\ud800"), ("strategy", "x" * 201),
        ("strategy_version", "\x1b[2J"), ("simulated", "false"), ("simulated", 0), ("pinned_to", 5),
        ("pinned_to", "9999-99-99"),
    ],
)  # fmt: skip
def test_a_wrong_word_in_a_manifest_is_named_with_what_is_allowed(folder: Path, key: str, value: object) -> None:
    change(folder, lambda manifest: manifest.update({key: value}))
    with pytest.raises(FormatError, match=f"{key} is .*; allowed: ") as refusal:
        read_folder(folder)
    said = str(refusal.value)
    assert len(said) < 600 and said.isprintable()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("file", "a\0b"), ("file", "\ud800"), ("file", "../x"), ("file", "/etc/passwd"), ("file", ".."), ("file", ""),
        ("file", "a" * 5_000), ("file", 5), ("file", "..\\x"),
        ("http_status", 1e30), ("http_status", 10**30), ("http_status", -1), ("http_status", "200"),
        ("http_status", True), ("http_status", 200.0), ("http_status", None),
        ("requested_at", "9999-01-01T00:00:00+00:00"), ("requested_at", TOMORROW), ("requested_at", "2026-01-01"),
        ("requested_at", "0001-01-01T00:00:00+23:59"), ("requested_at", "9999-12-31T23:59:59-23:59"),
        ("requested_at", 5), ("requested_at", None),
        ("endpoint", "evil\x1b[2J"), ("endpoint", "x" * 1_000), ("endpoint", None),
        ("request", {"a": "\ud800"}), ("request", [1]), ("request", None), ("request", "x"),
    ],
)  # fmt: skip
def test_a_wrong_word_of_a_response_is_named_with_what_is_allowed(folder: Path, key: str, value: object) -> None:
    change(folder, lambda manifest: manifest["responses"][0].update({key: value}))
    with pytest.raises(FormatError, match=f"response 1: {key} is .*; allowed: ") as refusal:
        read_folder(folder)
    said = str(refusal.value)
    assert len(said) < 600 and said.isprintable()


def test_a_link_a_pipe_and_a_file_of_holes_are_not_read(folder: Path) -> None:
    body = folder / json.loads((folder / "manifest.json").read_text("utf-8"))["responses"][0]["file"]
    kept = Path(shutil.move(body, folder / "kept"))
    body.symlink_to(kept)
    with pytest.raises(FormatError, match=r"is no regular file.*neither links nor pipes"):
        read_folder(folder)
    body.unlink()
    os.mkfifo(body)
    with pytest.raises(FormatError, match="is no regular file"):
        read_folder(folder)
    body.unlink()
    with body.open("wb") as file:
        file.truncate(3_000_000_000)
    with pytest.raises(FormatError, match=r"3,000,000,000 bytes; allowed: at most 536,870,912"):
        read_folder(folder)
    body.unlink()
    with pytest.raises(FormatError, match=r"response 1: .* cannot be read: No such file"):
        read_folder(folder)
    manifest = folder / "manifest.json"
    manifest.rename(folder / "other.json")
    manifest.symlink_to(folder / "other.json")
    with pytest.raises(FormatError, match="is no regular file"):
        read_folder(folder)
