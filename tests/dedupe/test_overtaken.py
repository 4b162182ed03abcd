"""Two people merge at once: what was computed from an older log is computed again, and no event is left out."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from review.database import Append, LocalStore, OwnerStore, Replace, Store, Unchanged, wire
from review.dedupe import deeds
from review.dedupe.engine import deduplicate
from review.errors import Overtaken
from review.project import Project
from tests.screening.records import bring


class Slow:
    """A store whose first batch comes late: somebody else's deed is done before it."""

    def __init__(self, store: Store, before: Any) -> None:
        self._store = store
        self._before = before
        self.tries = 0

    def apply(self, batch: Any) -> dict[str, int]:
        self.tries += 1
        if self.tries == 1:
            self._before()
        return self._store.apply(batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture
def records(tiny_review: Project) -> list[str]:
    store = LocalStore(tiny_review.database_path)
    return [str(one) for one in store.read("select source_record_id from v1.source_record order by 1").to_series()]


def clusters(store: Store) -> Mapping[str, str]:
    return dict(store.read("select source_record_id, record_id from v1.record_member").rows())


def test_a_merge_that_was_overtaken_is_computed_again(tiny_review: Project, records: list[str]) -> None:
    a, b, c = records
    store = LocalStore(tiny_review.database_path)
    slow = Slow(store, lambda: deeds.merge(store, tiny_review, a, b, who="ben"))
    deeds.merge(slow, tiny_review, b, c, who="ana")  # type: ignore[arg-type]
    assert slow.tries == 2
    assert set(clusters(store).values()) == {a}


def test_a_run_of_the_rules_that_was_overtaken_keeps_the_other_merge(tiny_review: Project, records: list[str]) -> None:
    a, _, c = records
    store = LocalStore(tiny_review.database_path)
    slow = Slow(store, lambda: deeds.merge(store, tiny_review, a, c, who="ben"))
    deduplicate(slow, tiny_review)  # type: ignore[arg-type]
    assert slow.tries == 2
    assert clusters(store)[c] == a


def test_what_was_overtaken_writes_nothing(tiny_review: Project, records: list[str]) -> None:
    store = LocalStore(tiny_review.database_path)
    before = clusters(store)
    rows = [{"source_record_id": records[1], "record_id": records[0]}]
    with pytest.raises(Overtaken, match="somebody else wrote"):
        store.apply([Replace("dedupe.cluster", rows), Unchanged("dedupe.duplicate_event", 7)])
    assert clusters(store) == before
    store.apply([Replace("dedupe.cluster", rows), Unchanged("dedupe.duplicate_event", 0)])


def test_the_condition_travels_to_a_server() -> None:
    batch = [Unchanged("dedupe.duplicate_event", 3), Append("a.b", [{"x": 1}]), Unchanged("a.c", 0)]
    assert wire.unpack_batch(wire.pack_batch(batch)) == batch


def test_eight_people_merge_at_once_and_every_merge_holds(empty_review: Project, tmp_path: Path) -> None:
    ids = sorted(bring(LocalStore(empty_review.database_path), [{"year": 2000}] * 9))
    store = OwnerStore(empty_review.database_path)
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda other: deeds.merge(store, empty_review, ids[0], other, who="ben"), ids[1:]))
    found = clusters(store)
    store.close()
    assert set(found.values()) == {ids[0]}
