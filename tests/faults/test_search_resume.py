"""A run at PubMed that is cut off, at any moment and by anything, goes on: the same records, nothing asked twice."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from review.cli import run as command
from review.database import LocalStore
from review.errors import EntrezError, ExitCode, FullDisk, Incomplete, StoreLocked, UsageProblem
from review.project import Project
from review.search import runs
from review.search.entrez import Client
from review.search.fetching import stored_pmids
from review.search.pace import Pace, Rate
from review.search.recorded import body_of_row
from review.search.strategy import Strategy, load_strategy
from review.search.transport import Transport
from tests.conftest import REPOSITORY, write_review
from tests.database.processes import HOLD, finish, start
from tests.eutils_server import Eutils, Mood, article, pointed_at, serving

pytestmark = pytest.mark.thorough

TODAY = date(2026, 11, 20)
STRATEGY = """\
name = "knee"
version = "1"
source = "PubMed"
status = "not run"

[[line]]
label = "condition"
block = "condition"
text = '"knee pain"[tiab]'

[[line]]
label = "both"
block = "search"
text = '#1 AND injection[tiab]'
"""
FOUND = list(range(11, 51))
KILLS, HITS = 10, 24

# imports once and then makes a process for each line of JSON that it reads: a fresh Python would take a second each
NURSERY = """
import json, os, sys
from pathlib import Path
from review.cli import run as command
from review.database import LocalStore
from review.project import load_project
from review.search import runs
from review.search.entrez import Client
from review.search.pace import Pace, Rate
from review.search.strategy import load_strategy
from review.search.transport import Transport
from tests.eutils_server import Eutils, pointed_at

def searched(root, port, words):
    sys.stdout = sys.stderr
    with pointed_at(Eutils(port=port)):
        if words:
            return command(["--project", str(root), *words])
        project = load_project(root)
        transport = Transport(tries=2, timeout=20, sleep=lambda seconds: None, pace=Pace(Rate(100, 0.0)))
        client = Client("nobody@example.org", "synthetic-key", transport)
        strategy = load_strategy(project.queries / "pubmed" / "knee.toml")
        runs.run(LocalStore(project.database_path), project, strategy, client=client, batch=4)
    return 0

print("ready", flush=True)
for line in iter(sys.stdin.readline, ''):
    given = json.loads(line)
    child = os.fork()
    if not child:
        os.dup2(os.open(given["words_to"], os.O_WRONLY | os.O_CREAT, 0o600), 2)
        code = searched(Path(given["root"]), given["port"], given["words"])
        sys.stderr.flush()
        os._exit(code)
    print(child, flush=True)
    sys.stdin.readline()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def reviewed(folder: Path, blank: Path) -> Path:
    """A review with the strategy and an empty database."""
    root = write_review(folder)
    (root / "queries" / "pubmed").mkdir()
    (root / "queries" / "pubmed" / "knee.toml").write_text(STRATEGY, "utf-8")
    shutil.copy(blank, root / "review.duckdb")
    return root


@pytest.fixture
def project(tmp_path: Path, blank_database: Path) -> Project:
    from review.project import load_project

    return load_project(reviewed(tmp_path / "knee", blank_database))


@pytest.fixture
def store(project: Project) -> Iterator[LocalStore]:
    """The empty database, held open."""
    store = LocalStore(project.database_path)
    with store.holding():
        yield store


@pytest.fixture
def strategy(project: Project) -> Strategy:
    return load_strategy(project.queries / "pubmed" / "knee.toml")


@pytest.fixture
def server() -> Iterator[Eutils]:
    with serving(Eutils(search=lambda term: FOUND)) as eutils, pointed_at(eutils):
        yield eutils


@pytest.fixture
def client() -> Client:
    transport = Transport(tries=2, timeout=20, sleep=lambda seconds: None, pace=Pace(Rate(100, 0.0)))
    return Client("nobody@example.org", "synthetic-key", transport)


def fetched(server: Eutils, *, since: int = 0) -> list[int]:
    """The PMIDs that were asked for, in order."""
    asked = [one for one in server.asked[since:] if one.endpoint == "efetch"]
    return [int(pmid) for one in asked for pmid in one.params["id"].split(",")]


def content(store: LocalStore) -> list[tuple[object, ...]]:
    """The records that a review sees."""
    return store.read("select source_record_id, content_sha256, pmid, title from v1.source_record order by 1").rows()


def refused_after(server: Eutils, batches: int) -> None:
    """The server closes the door after so many batches of records."""
    server.misbehave("efetch", *[Mood()] * batches, Mood(status=400, body=b"go away"))


def cut_off(
    store: LocalStore, project: Project, strategy: Strategy, client: Client, server: Eutils, *, after: int = 3
) -> None:
    """A run of ten batches that ends in the middle."""
    refused_after(server, after)
    with pytest.raises(EntrezError):
        runs.run(store, project, strategy, client=client, batch=4, today=TODAY)
    assert content(store) == []
    assert store.read("select * from v1.search_history").is_empty()


def test_a_run_is_on_record_before_its_first_question(
    store: LocalStore, project: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.misbehave("esearch", Mood(status=400, body=b"go away"))
    with pytest.raises(EntrezError):
        runs.run(store, project, strategy, client=client, run_by="ana", updates="earlier", today=TODAY)
    begun = store.read("select kind, strategy, pinned_to, updates, run_by, simulated from search.run_start").rows()
    assert begun == [("strategy", "knee", TODAY, "earlier", "ana", False)]


def test_a_run_that_was_cut_off_asks_only_for_what_is_missing_and_for_the_same_set(
    store: LocalStore, project: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    cut_off(store, project, strategy, client, server)
    server.entered = dict.fromkeys(range(51, 61), TODAY + timedelta(days=1))
    server.search = lambda term: list(range(11, 61))
    before = len(server.asked)
    said: list[str] = []
    tomorrow = TODAY + timedelta(days=1)
    result = runs.run(store, project, strategy, client=client, batch=4, today=tomorrow, say=said.append)
    assert (result.resumed, result.hits, result.retrieved, result.pinned_to) == (True, 40, 40, TODAY)
    assert fetched(server, since=before) == FOUND[12:]
    assert [one.params["term"][-23:] for one in server.asked[before:] if one.endpoint == "esearch"] == [
        "01/01:2026/11/20[edat]"[-23:].rjust(23, "/")
    ]
    assert "12 of 40 records are here (--fresh starts anew)" in said[0]
    assert store.read("select count(*) from v1.search_history").item() == 1


def test_a_finished_run_is_not_taken_up_again(
    store: LocalStore, project: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    first = runs.run(store, project, strategy, client=client)
    second = runs.run(store, project, strategy, client=client)
    assert first.run_id != second.run_id
    with pytest.raises(UsageProblem, match="has finished"):
        runs.run(store, project, strategy, client=client, run_id=first.run_id)


def _fresh(strategy: Strategy) -> dict[str, object]:
    return {"fresh": True, "today": TODAY}


def _late(strategy: Strategy) -> dict[str, object]:
    return {"today": date.max}


def _another_run_to_update(strategy: Strategy) -> dict[str, object]:
    return {"updates": "earlier", "today": TODAY}


def _changed(strategy: Strategy) -> dict[str, object]:
    strategy.path.write_text(STRATEGY.replace("injection", "infusion"), "utf-8")
    return {"today": TODAY}


@pytest.mark.parametrize("otherwise", [_fresh, _late, _another_run_to_update, _changed])
def test_a_run_starts_anew_when_told_to_when_late_and_when_it_asks_something_else(
    store: LocalStore,
    project: Project,
    strategy: Strategy,
    client: Client,
    server: Eutils,
    otherwise: Callable[[Strategy], dict[str, object]],
) -> None:
    cut_off(store, project, strategy, client, server)
    options = otherwise(strategy)
    before = len(server.asked)
    result = runs.run(store, project, load_strategy(strategy.path), client=client, batch=20, **options)  # type: ignore[arg-type]
    assert not result.resumed
    assert fetched(server, since=before) == FOUND
    # and the one that was cut off is not taken up after it
    after = len(server.asked)
    if otherwise is not _changed:
        assert not runs.run(store, project, strategy, client=client, batch=20).resumed
        assert fetched(server, since=after) == FOUND


def test_an_answer_that_was_an_error_or_was_cut_is_asked_again(
    store: LocalStore, project: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    error = b"<eSearchResult><ERROR>Search Backend failed</ERROR></eSearchResult>"
    server.misbehave("esearch", *[Mood(body=error)] * 2)
    with pytest.raises(EntrezError, match="Search Backend failed"):
        runs.run(store, project, strategy, client=client, batch=4, today=TODAY)
    # the first answer with records ends early and the second try is refused: the half one is the last of its question
    server.misbehave("efetch", Mood(cut=400, tell_length=False), Mood(status=400, body=b"go away"))
    with pytest.raises(EntrezError):
        runs.run(store, project, strategy, client=client, batch=4, today=TODAY)
    result = runs.run(store, project, strategy, client=client, batch=20, today=TODAY)
    assert (result.resumed, result.retrieved) == (True, 40)
    assert runs.replay(store, project, strategy).retrieved == 40


def test_ids_that_do_not_add_up_are_asked_anew(
    store: LocalStore, project: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    term = f"({strategy.query}) AND 1800/01/01:2026/11/20[edat]"
    twice = "".join(f"<Id>{pmid}</Id>" for pmid in [*FOUND[1:], FOUND[1]])
    server.stored[term] = (
        f"<eSearchResult><Count>40</Count><IdList>{twice}</IdList><QueryTranslation>{term}</QueryTranslation>"
        "</eSearchResult>"
    ).encode()
    with pytest.raises(Incomplete, match="40 records were counted, 39 different ids came"):
        runs.run(store, project, strategy, client=client, batch=20, today=TODAY)
    server.stored.clear()
    result = runs.run(store, project, strategy, client=client, batch=20, today=TODAY)
    assert (result.resumed, result.hits, result.retrieved) == (True, 40, 40)
    assert runs.replay(store, project, strategy).hits == 40


def test_two_runs_at_once_end_as_one(
    store: LocalStore, project: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    """The second takes up the first while it is running, and finishes before it."""
    inner: list[runs.RunResult] = []
    said: list[str] = []

    def meanwhile(done: int, total: int) -> None:
        if done == 8 and not inner:
            inner.append(runs.run(store, project, strategy, client=client, batch=4))

    outer = runs.run(store, project, strategy, client=client, batch=4, progress=meanwhile, say=said.append)
    assert inner[0].run_id == outer.run_id
    assert (inner[0].new_records, outer.retrieved) == (40, 40)
    assert any("another process took up the run" in words for words in said)
    assert len(content(store)) == 40
    assert store.read("select count(*) from v1.search_history").item() == 1
    assert store.read("select markers_seen, records_read, records_new from v1.import_receipt").rows() == [(40, 40, 40)]
    assert runs.replay(store, project, strategy).retrieved == 40


BEGIN = """
import sys
from datetime import date
from pathlib import Path
from review.database import LocalStore
from review.search.resume import begin
from review.search.strategy import load_strategy

root = Path(sys.argv[1])
store = LocalStore(root / "review.duckdb")
strategy = load_strategy(root / "queries" / "pubmed" / "knee.toml")
store.read("select 1")
print("ready", flush=True)
for line in iter(sys.stdin.readline, ""):
    how = {"run_id": None, "fresh": False, "run_by": None, "simulated": False, "say": lambda words: None}
    began = begin(store, strategy, updates=line.strip(), today=date(2026, 11, 20), **how)
    print(began.run_id, flush=True)
"""


def test_two_processes_that_start_in_the_same_moment_begin_one_run(tmp_path: Path, blank_database: Path) -> None:
    root = reviewed(tmp_path / "knee", blank_database)
    both = [start(BEGIN, root) for _ in range(2)]
    try:
        assert [one.stdout.readline() for one in both if one.stdout] == ["ready\n"] * 2
        for number in range(8):
            for one in both:
                assert one.stdin is not None
                one.stdin.write(f"{number}\n")
                one.stdin.flush()
            ids = {one.stdout.readline() for one in both if one.stdout}
            assert len(ids) == 1
            assert "\n" not in ids
    finally:
        for one in both:
            finish(one)
    assert LocalStore(root / "review.duckdb").read("select * from search.run_start").height == 8


@dataclass
class Nursery:
    """Makes processes that search, and says which."""

    process: subprocess.Popen[str]
    port: int
    words_to: Path

    def begin(self, root: Path, *words: str) -> int:
        """The id of a new process that runs the strategy in *root*, or the command *words*."""
        self.words_to.unlink(missing_ok=True)
        self._tell({"root": str(root), "port": self.port, "words": words, "words_to": str(self.words_to)})
        return int(self._hear())

    def end(self) -> int:
        """How the process ended: 0, its exit code, or minus the signal. Until it is asked for, the id stays taken."""
        self._tell({})
        return int(self._hear())

    def _tell(self, given: dict[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()

    def _hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@pytest.fixture
def nursery(server: Eutils, tmp_path: Path) -> Iterator[Nursery]:
    """Processes of their own that ask the server of this test."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "NCBI_EMAIL": "nobody@example.org",
        "NCBI_API_KEY": "synthetic-key",
        "REVIEW_CACHE": str(tmp_path / "cache"),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        yield Nursery(process, server.port, tmp_path / "words.txt")


def _counted_again(server: Eutils, since: int) -> bool:
    """Whether the records are there and were counted again: what is left is the closing."""
    asked = server.asked[since:]
    fetches = [place for place, one in enumerate(asked) if one.endpoint == "efetch"]
    return bool(fetches) and fetches[-1] < len(asked) - 1


def _until(happened: Callable[[], bool], process: int) -> None:
    """Wait for it, or for the end of the process."""
    limit = time.monotonic() + 30
    while not happened() and time.monotonic() < limit:
        # a process that has ended stays until the nursery is asked for its end; Linux says so here
        if Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.002)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux whether a process still lives")
def test_a_run_killed_at_ten_random_moments_brings_the_same_records(
    nursery: Nursery, server: Eutils, tmp_path: Path, blank_database: Path, project: Project, client: Client
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    server.search = lambda term: FOUND[:HITS]
    server.write = lambda pmid: time.sleep(0.004) or article(pmid)  # type: ignore[func-returns-value]
    untouched = LocalStore(project.database_path)
    runs.run(untouched, project, load_strategy(project.queries / "pubmed" / "knee.toml"), client=client)
    expected = content(untouched)
    kills = 0
    for chain in range(12):
        root = reviewed(tmp_path / f"killed-{chain}", blank_database)
        store = LocalStore(root / "review.duckdb")
        stored: set[str] = set()
        ended, closed = -9, False
        while ended == -9 and not closed:
            since = len(server.asked)
            process = nursery.begin(root)
            if kills < KILLS:
                more = chance.randint(1, 6)
                late = chance.random() < 0.3
                _until(
                    lambda: _counted_again(server, since) if late else len(server.asked) >= since + more,  # noqa: B023
                    process,
                )
                time.sleep(chance.uniform(0, 0.06))
                os.kill(process, signal.SIGKILL)
            ended = nursery.end()
            kills += ended == -9
            assert ended in (0, -9), nursery.words_to.read_text()
            assert not stored & {str(pmid) for pmid in fetched(server, since=since)}
            with store.reading():
                # a process may be killed after its closing row: then the run is whole, and the next would be another
                closed = bool(store.read("select count(*) from v1.search_history").item())
                assert content(store) == (expected if closed else [])
                bodies = store.read("select * from search.response").to_dicts()
                stored = stored_pmids(body_of_row(row) for row in bodies)
        with store.reading():
            assert store.read("select hits, retrieved, imported from v1.search_history").rows() == [(HITS, HITS, HITS)]
            receipts = store.read("select markers_seen, records_read, records_new from v1.import_receipt").rows()
            assert receipts == [(HITS, HITS, HITS)]
        if kills >= KILLS:
            break
    assert kills >= KILLS


def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(
    nursery: Nursery, server: Eutils, tmp_path: Path, blank_database: Path
) -> None:
    root = reviewed(tmp_path / "interrupted", blank_database)
    server.write = lambda pmid: time.sleep(0.01) or article(pmid)  # type: ignore[func-returns-value]
    process = nursery.begin(root, "search", "run", "knee")
    _until(lambda: bool(server.of("efetch")), process)
    os.kill(process, signal.SIGINT)
    assert nursery.end() == ExitCode.INTERRUPTED
    said = nursery.words_to.read_text()
    assert "the same command goes on from there: review search run knee" in said
    assert "Traceback" not in said
    server.write = article
    nursery.begin(root, "search", "run", "knee")
    assert nursery.end() == ExitCode.OK
    said = nursery.words_to.read_text()
    assert "taking up run" in said
    assert "40 of 40 records are here\n" in said
    assert len(content(LocalStore(root / "review.duckdb"))) == 40


def test_a_database_that_is_locked_in_the_middle_of_a_run(
    project: Project,
    client: Client,
    server: Eutils,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strategy = load_strategy(project.queries / "pubmed" / "knee.toml")
    holders: list[subprocess.Popen[str]] = []

    def held(pmid: int) -> str:
        if pmid == 31:
            holders.append(start(HOLD, project.database_path))
            assert holders[0].stdout is not None
            holders[0].stdout.readline()
        return article(pmid)

    server.write = held
    try:
        with pytest.raises(StoreLocked, match=r"locked by process \d+"):
            runs.run(LocalStore(project.database_path, wait=0.1), project, strategy, client=client, batch=20)
    finally:
        for holder in holders:
            finish(holder)
    server.write = article
    store, before = LocalStore(project.database_path), len(server.asked)
    assert content(store) == []
    assert runs.run(store, project, strategy, client=client, batch=20).retrieved == 40
    assert fetched(server, since=before) == FOUND[20:]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MB, where the machine lets us mount one."""
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("a small file system can be mounted by root only")
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"this machine does not let us mount a small file system: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_fills_up_in_the_middle_of_a_run(
    small_disk: Path, blank_database: Path, project: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    path = small_disk / "review.duckdb"
    shutil.copy(blank_database, path)
    (small_disk / "filler").write_bytes(b"\0" * (48 * 1024 * 1024 - path.stat().st_size - 3 * 1024 * 1024))
    chance = random.Random(1)
    noise = {pmid: chance.randbytes(50_000).hex() for pmid in FOUND}
    server.write = lambda pmid: article(pmid, title=noise[pmid])
    with pytest.raises(FullDisk, match="no space left"):
        runs.run(LocalStore(path), project, strategy, client=client, batch=4)
    (small_disk / "filler").unlink()
    store, before = LocalStore(path), len(server.asked)
    assert content(store) == []
    kept = stored_pmids(body_of_row(row) for row in store.read("select * from search.response").to_dicts())
    assert kept
    assert runs.run(store, project, strategy, client=client, batch=4).retrieved == 40
    assert {str(pmid) for pmid in fetched(server, since=before)} == {str(pmid) for pmid in FOUND} - kept


def test_a_count_leaves_nothing_to_be_taken_up(
    project: Project,
    server: Eutils,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NCBI_EMAIL", "nobody@example.org")
    monkeypatch.setenv("NCBI_API_KEY", "synthetic-key")
    monkeypatch.setenv("REVIEW_CACHE", str(tmp_path / "cache"))
    assert command(["--project", str(project.root), "search", "run", "knee", "--count-only", "--format", "csv"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines() == ["no,label,hits,warnings", '1,condition,40,""', '2,both,40,""']
    assert "2 questions asked, nothing fetched; a run takes 5 requests" in shown.err
    assert LocalStore(project.database_path).read("select * from search.run_start").is_empty()
