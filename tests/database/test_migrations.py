"""Migrations go forward only, once each; the old file is kept, and no row of an append-only table changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from review.database import Append, LocalStore
from review.database.migrate import SHIPPED, read_migrations
from review.errors import ExitCode, NewerStore, StoreError
from tests.database.processes import ROOT

AT = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = [
    {"label_id": f"l{n}", "source_record_id": f"r{n}", "reviewer": "ana", "label": "x", "decided_at": AT}
    for n in range(1, 6)
]
# as every append-only table migrates: a copy with the new shape, in one transaction
BY_COPY = """
create table screening.label_new (
  label_id varchar primary key, supersedes varchar, source_record_id varchar not null, reviewer varchar not null,
  label varchar not null, withdrawn boolean not null default false, decided_at timestamptz not null,
  arrival bigint not null, colour varchar not null default 'none');
insert into screening.label_new
  (label_id, supersedes, source_record_id, reviewer, label, withdrawn, decided_at, arrival)
  select label_id, supersedes, source_record_id, reviewer, label, withdrawn, decided_at, arrival from screening.label;
drop table screening.label;
alter table screening.label_new rename to label;
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the shipped migrations, to which a test adds its own."""
    place = tmp_path / "migrations"
    shutil.copytree(SHIPPED, place)
    return place


def names(path: Path, folder: Path = SHIPPED) -> list[str]:
    found = LocalStore(path, migrations_folder=folder).read(
        "select name from house.migration order by applied_at, name"
    )
    return [str(name) for name in found["name"].to_list()]


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [int(migration.name.split("_")[0]) for migration in read_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_is_recorded_with_its_fingerprint_and_the_program(store: LocalStore) -> None:
    rows = store.read("select name, sha256, program from house.migration order by name").rows()
    assert [(name, digest) for name, digest, _ in rows] == [(m.name, m.sha256) for m in read_migrations()]
    assert all(program.startswith("regen-review ") for _, _, program in rows)


def test_a_new_migration_is_applied_once_and_keeps_every_row(store: LocalStore, folder: Path) -> None:
    store.apply([Append("screening.label", LABELS)])
    before = store.read("select * from screening.label order by label_id")
    (folder / "0999_colours.sql").write_text(BY_COPY, "utf-8")

    newer = LocalStore(store.path, migrations_folder=folder)
    after = newer.read("select * from screening.label order by label_id")
    assert after.drop("colour").equals(before)
    assert set(after["colour"].to_list()) == {"none"}
    assert names(store.path, folder)[-1] == "0999_colours"
    LocalStore(store.path, migrations_folder=folder).read("select 1")
    assert names(store.path, folder).count("0999_colours") == 1


def test_the_keys_still_hold_after_a_migration_by_copy(store: LocalStore, folder: Path) -> None:
    store.apply([Append("screening.label", LABELS)])
    (folder / "0999_colours.sql").write_text(BY_COPY, "utf-8")
    newer = LocalStore(store.path, migrations_folder=folder)
    assert newer.apply([Append("screening.label", LABELS)]) == {"screening.label": 0}


def test_the_file_as_it_was_is_kept_and_opens(store: LocalStore, folder: Path) -> None:
    store.apply([Append("screening.label", LABELS)])
    (folder / "0999_colours.sql").write_text(BY_COPY, "utf-8")
    LocalStore(store.path, migrations_folder=folder).read("select 1")
    kept = store.path.with_name("review.duckdb.before-0999_colours")
    assert LocalStore(kept).read("select count(*) as n from screening.label")["n"][0] == 5
    assert "0999_colours" not in names(kept)


def test_a_migration_that_fails_changes_nothing(store: LocalStore, folder: Path) -> None:
    store.apply([Append("screening.label", LABELS)])
    (folder / "0999_broken.sql").write_text(BY_COPY + "select * from nowhere.nothing;", "utf-8")
    with pytest.raises((StoreError, duckdb.Error), match="nothing"):
        LocalStore(store.path, migrations_folder=folder).read("select 1")
    untouched = LocalStore(store.path)
    assert untouched.read("select count(*) as n from screening.label")["n"][0] == 5
    assert "colour" not in untouched.read("select * from screening.label").columns
    assert "0999_broken" not in names(store.path)


def test_a_migration_that_fails_speaks_as_the_program_does(store: LocalStore, folder: Path) -> None:
    store.read("select 1")
    (folder / "0999_broken.sql").write_text("select * from nowhere.nothing;", "utf-8")
    with pytest.raises(StoreError, match="0999_broken"):
        LocalStore(store.path, migrations_folder=folder).read("select 1")


def test_a_database_of_a_newer_program_is_refused(store: LocalStore, folder: Path) -> None:
    (folder / "0999_colours.sql").write_text(BY_COPY, "utf-8")
    LocalStore(store.path, migrations_folder=folder).read("select 1")
    before = store.path.read_bytes()
    with pytest.raises(NewerStore, match="0999_colours") as refusal:
        LocalStore(store.path).read("select 1")
    assert refusal.value.exit_code == ExitCode.NEWER_STORE == 6
    with pytest.raises(NewerStore):
        LocalStore(store.path).apply([Append("screening.label", LABELS)])
    assert store.path.read_bytes() == before


def test_a_released_migration_that_was_changed_is_refused(store: LocalStore, folder: Path) -> None:
    store.read("select 1")
    first = sorted(folder.glob("*.sql"))[0]
    first.write_text(first.read_text("utf-8") + "\n-- a late thought\n", "utf-8")
    with pytest.raises(StoreError, match="another form"):
        LocalStore(store.path, migrations_folder=folder).read("select 1")


def test_files_are_in_the_storage_format_that_both_lines_of_duckdb_read(store: LocalStore) -> None:
    store.read("select 1")
    with duckdb.connect(str(store.path), read_only=True) as con:
        tag = con.execute("select tags['storage_version'] from duckdb_databases() where not internal").fetchall()
    assert tag[0][0].startswith("v1.5.0")


def test_a_file_in_another_storage_format_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "review.duckdb"
    with duckdb.connect() as con:
        con.execute(f"attach '{path}' as other (storage_version 'v1.2.0')")
        con.execute("create table other.t (i int)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"storage format") as refusal:
        LocalStore(path).read("select 1")
    assert "STORAGE_VERSION" in refusal.value.hint
    assert path.read_bytes() == before


def test_a_file_of_the_newest_format_is_refused_by_either_line(tmp_path: Path) -> None:
    """What DuckDB 2.0 makes by itself: 2.0 opens it and is told no, 1.5 cannot open it at all."""
    path = tmp_path / "review.duckdb"
    with duckdb.connect(str(path), config={"storage_compatibility_version": "latest"}) as con:
        con.execute("create table t (i int)")
        tag = con.execute("select tags['storage_version'] from duckdb_databases() where not internal").fetchall()
    if str(tag[0][0]).startswith("v1.5.0"):
        pytest.skip("the newest format of this DuckDB is v1.5.0 itself")
    with pytest.raises(StoreError, match="storage format"):
        LocalStore(path).read("select 1")


WRITE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from review.database import Append, LocalStore
at = datetime(2026, 1, 1, tzinfo=UTC)
LocalStore(Path(sys.argv[1])).apply([Append("screening.label", [
    {"label_id": sys.argv[2], "source_record_id": "r", "reviewer": "ana", "label": "x", "decided_at": at}])])
"""


def other_python() -> str:
    """A Python that has the other line of DuckDB."""
    named = os.environ.get("REVIEW_OTHER_PYTHON", "")
    candidates = [named, str(ROOT / ".venv-duckdb15" / "bin" / "python"), str(ROOT / ".venv" / "bin" / "python")]
    for python in candidates:
        if not python or not Path(python).exists() or Path(python) == Path(sys.executable):
            continue
        asked = subprocess.run(
            [python, "-c", "import duckdb, polars; print(duckdb.__version__)"],
            capture_output=True,
            text=True,
            check=False,
        )
        if not asked.returncode and asked.stdout.split(".")[0] != duckdb.__version__.split(".")[0]:
            return python
    pytest.skip("no Python with the other line of DuckDB; .ci/run makes one, REVIEW_OTHER_PYTHON names one")


def test_either_line_of_duckdb_writes_on_what_the_other_has_written(tmp_path: Path) -> None:
    other = other_python()
    for number, (first, second) in enumerate([(sys.executable, other), (other, sys.executable)]):
        path = tmp_path / f"{number}.duckdb"
        for name, python in (("l1", first), ("l2", second), ("l3", first)):
            done = subprocess.run(
                [python, "-c", WRITE, str(path), name], cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, "")
        rows = LocalStore(path).read("select label_id from screening.label order by arrival")
        assert rows["label_id"].to_list() == ["l1", "l2", "l3"]
        comments = LocalStore(path).read("select count(comment) as n from duckdb_views() where schema_name = 'v1'")
        assert comments["n"][0] > 0
