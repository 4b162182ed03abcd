"""Commands beside the server: they reach the database through it, see one moment, and survive its coming and going."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from review.database import Append, LocalStore, OwnerStore, Replace, RoutedStore, open_owned, open_store, wire
from review.database.served import AT_ONCE, ServedStore, ServerGone
from review.database.side_file import Serving, announce, found, withdraw
from review.errors import QueryRefused, StoreError, StoreLocked
from review.web.server import take_port
from review.web.store_door import MOST_LOOKS, make_door
from tests.conftest import synthetic_receipt, synthetic_record

AT = datetime(2026, 1, 1, tzinfo=UTC)


def label(number: object) -> dict[str, object]:
    return {"label_id": str(number), "source_record_id": "s", "reviewer": "ana", "label": "x", "decided_at": AT}


@contextmanager
def served(path: Path) -> Iterator[OwnerStore]:
    """A server that holds the database, in this process; commands find it as they find any."""
    store = open_owned(path)
    taken = take_port("127.0.0.1", 0)
    serving = announce(path, port=taken.getsockname()[1])
    config = uvicorn.Config(make_door(store, token=serving.token), log_level="error", lifespan="on", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
    thread.start()
    try:
        yield store
    finally:
        server.should_exit = True
        thread.join()
        taken.close()
        withdraw(path, serving)
        store.close()


@pytest.fixture
def path(tmp_path: Path, blank_database: Path) -> Path:
    return Path(shutil.copy(blank_database, tmp_path / "review.duckdb"))


@pytest.fixture
def owner(path: Path) -> Iterator[OwnerStore]:
    with served(path) as store:
        yield store


@pytest.fixture
def command(owner: OwnerStore) -> RoutedStore:
    """The store of a command beside the server."""
    return open_store(owner.path)


def count(store: LocalStore | RoutedStore | OwnerStore | ServedStore) -> int:
    return int(store.read("select count(*) as n from screening.label")["n"][0])


def test_a_command_reads_and_writes_through_the_server(owner: OwnerStore, command: RoutedStore) -> None:
    assert isinstance(command.server(), ServedStore)
    assert command.apply([Append("screening.label", [label(1), label(2)])]) == {"screening.label": 2}
    assert command.apply([Append("screening.label", [label(2)])]) == {"screening.label": 0}
    assert count(owner) == 2
    rows = command.read("select label_id, decided_at from screening.label where label_id = $id", {"id": "2"}).to_dicts()
    assert rows == [{"label_id": "2", "decided_at": AT}]


def test_a_replaced_table_is_replaced_through_the_server(owner: OwnerStore, command: RoutedStore) -> None:
    rows = [{"source_record_id": one, "record_id": "a"} for one in "ab"]
    command.apply([Replace("dedupe.cluster", rows)])
    command.apply([Replace("dedupe.cluster", [{"source_record_id": "b", "record_id": "z"}], {"source_record_id": "b"})])
    assert owner.read("select * from dedupe.cluster order by 1").rows() == [("a", "a"), ("b", "z")]


def test_a_look_through_the_server_stays_at_its_moment(owner: OwnerStore, command: RoutedStore) -> None:
    with command.reading():
        assert count(command) == 0
        owner.apply([Append("screening.label", [label(1)])])
        with command.reading():
            assert count(command) == 0
        with pytest.raises(StoreError, match="inside a reading block"):
            command.apply([Append("screening.label", [label(2)])])
    assert count(command) == 1


def test_looks_are_bounded_and_given_back(owner: OwnerStore, command: RoutedStore) -> None:
    server = command.server()
    assert server is not None
    opened = []
    for _ in range(MOST_LOOKS):
        one = ServedStore(owner.path, server.serving)
        look = one.reading()
        look.__enter__()
        opened.append(look)
    with pytest.raises(StoreLocked, match="reading at once"), command.reading():
        pass
    for look in opened:
        look.__exit__(None, None, None)
    with command.reading():
        assert count(command) == 0


def test_what_the_server_refuses_is_raised_as_what_it_is(command: RoutedStore) -> None:
    with pytest.raises(QueryRefused, match="INSERT statement"):
        command.query("insert into screening.label select * from screening.label")
    with pytest.raises(StoreError, match="has no column strange"):
        command.apply([Append("screening.label", [{**label(1), "strange": 1}])])
    with pytest.raises(StoreError, match="nowhere does not exist"):
        command.read("select nonsense from nowhere")


def test_an_analyst_queries_beside_the_server(owner: OwnerStore, command: RoutedStore) -> None:
    owner.apply([Append("screening.label", [label(1)])])
    assert command.query("select count(*) as n from screening.label", limit=5)["n"][0] == 1
    assert command.query("select $x as x", {"x": "é"})["x"][0] == "é"
    with pytest.raises(QueryRefused):
        command.query("select * from screening.label", only={"record": "select * from v1.record"})
    with pytest.raises(QueryRefused, match="ran longer"):
        command.query("select count(*) from range(100000000) a, range(100000) b", seconds=0.2)


def test_a_large_import_goes_in_parts_and_is_seen_whole_with_its_closing_row(
    owner: OwnerStore, command: RoutedStore
) -> None:
    rows = [
        synthetic_record(number % 26) | synthetic_record(number) | {"year": 2000} for number in range(AT_ONCE * 2 + 7)
    ]
    sizes: list[int] = []
    apply = owner.apply

    def counting(batch: object) -> dict[str, int]:
        sizes.append(sum(len(step.rows) for step in batch))  # type: ignore[attr-defined]
        seen.append(owner.read("select count(*) as n from v1.source_record")["n"][0])
        return apply(batch)  # type: ignore[arg-type]

    seen: list[int] = []
    owner.apply = counting  # type: ignore[method-assign]
    membership = [
        {"import_id": "i", "source_record_id": row["source_record_id"], "position": place}
        for place, row in enumerate(rows, start=1)
    ]
    done = command.apply(
        [
            Append("search.source_record", rows),
            Append("search.import_record", membership),
            Append("search.import_receipt", [synthetic_receipt("i", records=len(rows), at=AT)]),
        ]
    )
    assert done["search.source_record"] == len(rows)
    assert max(sizes) <= AT_ONCE
    assert set(seen) == {0}
    assert owner.read("select count(*) as n from v1.source_record")["n"][0] == len(rows)


def test_eight_commands_write_at_once_and_nothing_is_lost(owner: OwnerStore) -> None:
    def write(worker: int) -> None:
        store = open_store(owner.path)
        for number in range(15):
            store.apply([Append("screening.label", [label(f"{worker}-{number}")])])

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(write, range(8)))
    assert owner.read("select arrival from screening.label order by 1")["arrival"].to_list() == list(range(1, 121))


def test_a_command_goes_on_when_the_server_ends_and_when_a_new_one_starts(path: Path) -> None:
    with served(path):
        command = open_store(path)
        command.apply([Append("screening.label", [label(1)])])
    command.apply([Append("screening.label", [label(2)])])
    with served(path) as owner:
        command.apply([Append("screening.label", [label(3)])])
        assert count(owner) == 3
    assert count(command) == 3


def test_a_command_that_waits_for_the_file_finds_the_server_that_took_it(path: Path) -> None:
    """The server had the file before its side file was there: the command is sent to it when its wait is over."""
    store = OwnerStore(path)
    command = RoutedStore(LocalStore(path, wait=0.0))
    taken = take_port("127.0.0.1", 0)
    serving = announce(path, port=taken.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(make_door(store, token=serving.token), log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
    thread.start()
    try:
        assert command.apply([Append("screening.label", [label(1)])]) == {"screening.label": 1}
        assert count(store) == 1
    finally:
        server.should_exit = True
        thread.join()
        withdraw(path, serving)
        store.close()


def test_two_servers_of_one_review_are_refused(owner: OwnerStore) -> None:
    with pytest.raises(StoreLocked, match=f"served already, by process {os.getpid()}"):
        open_owned(owner.path)


def test_a_copy_comes_through_the_server_while_it_serves(
    owner: OwnerStore, command: RoutedStore, tmp_path: Path
) -> None:
    command.apply([Append("screening.label", [label(1)])])
    command.backup(tmp_path / "copy.duckdb")
    command.apply([Append("screening.label", [label(2)])])
    assert count(LocalStore(tmp_path / "copy.duckdb")) == 1
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]
    with pytest.raises(StoreError, match="is there already"):
        command.backup(tmp_path / "copy.duckdb")
    with pytest.raises(StoreError, match="cannot be written"):
        command.backup(tmp_path / "nowhere" / "copy.duckdb")
    assert count(command) == 2


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Basic x", "bearer \xff"])
@pytest.mark.parametrize("place", ["/read", "/apply", "/query", "/look", "/look/end", "/backup", "/nowhere"])
def test_nobody_without_the_token_passes_the_door(owner: OwnerStore, given: str, place: str) -> None:
    serving = found(owner.path)
    assert serving is not None
    con = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=10)
    con.request("POST", place, b"", {"authorization": given} if given else {})
    answer = con.getresponse()
    assert (answer.status, answer.read()) == (401, b"")
    con.close()


def test_a_side_file_with_another_servers_token_is_passed_over(owner: OwnerStore) -> None:
    serving = found(owner.path)
    assert serving is not None
    wrong = ServedStore(owner.path, Serving(serving.port, serving.pid, "wrong"))
    assert not wrong.hello()
    with pytest.raises(ServerGone, match="answered 401"):
        wrong.read("select 1")


def test_a_port_that_another_program_took_is_no_server(path: Path) -> None:
    """The server was killed, and something else listens where it was."""
    listening = socket.create_server(("127.0.0.1", 0))
    announce(path, port=listening.getsockname()[1])

    def hang_up() -> None:
        for _ in range(2):
            other, _ = listening.accept()
            other.sendall(b"220 mail.example.org ESMTP\r\n")
            other.close()

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    store = open_store(path)
    assert store.apply([Append("screening.label", [label(1)])]) == {"screening.label": 1}
    listening.close()


def test_whatever_listens_where_a_killed_server_was_is_told_nothing(path: Path) -> None:
    """It has no token to prove; it hears a number that is good for once, and no word of the review."""
    listening = socket.create_server(("127.0.0.1", 0))
    serving = announce(path, port=listening.getsockname()[1])
    heard: list[bytes] = []

    def pretend() -> None:
        for _ in range(2):
            other, _ = listening.accept()
            heard.append(other.recv(65536))
            body = b'{"pid": 1, "database": "review.duckdb"}'
            other.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body))
            other.close()

    thread = threading.Thread(target=pretend, daemon=True)
    thread.start()
    store = open_store(path)
    assert store.server() is None
    assert store.apply([Append("screening.label", [label(1)])]) == {"screening.label": 1}
    listening.close()
    assert heard
    for words in heard:
        assert serving.token.encode() not in words
        assert b"authorization" not in words.lower()
        assert b"label" not in words


def test_reading_writes_nothing(owner: OwnerStore, command: RoutedStore) -> None:
    owner.apply([Append("screening.label", [label(1)])])
    for sql in ("delete from screening.label", "delete from screening.label returning *", "drop table screening.label"):
        with pytest.raises(StoreError):
            command.read(sql)
    assert count(owner) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[" * 100_000, wire.pack({}), wire.pack({"sql": 1}), wire.pack({}, []), b"RRF1"]
)
@pytest.mark.parametrize("place", ["/read", "/apply", "/query", "/look/end"])
def test_a_message_that_makes_no_sense_is_refused_in_words(owner: OwnerStore, place: str, body: bytes) -> None:
    serving = found(owner.path)
    assert serving is not None
    con = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=10)
    con.request("POST", place, body, {"authorization": f"Bearer {serving.token}"})
    answer = con.getresponse()
    assert answer.status == 422, answer.read()
    assert set(json.loads(answer.read())) == {"kind", "message", "hint"}
    con.close()
