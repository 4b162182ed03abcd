"""A review of SYNTHETIC records and a team of any size, for the benchmarks of screening."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from review.database import Append, LocalStore
from review.flows.new_review import new_review

_WORDS = (
    "knee", "pain", "injection", "mesenchymal", "stromal", "cell", "placebo", "randomised", "trial", "saline",
    "cartilage", "osteoarthritis", "outcome", "function", "week", "month", "adverse", "event", "dose", "bone", "marrow",
    "adipose", "derived", "platelet", "rich", "plasma",
)  # fmt: skip
_AT_ONCE = 5000


def make_review(folder: Path, *, records: int, reviewers: int) -> Path:
    """A project in *folder* with that many records, an owner, an adjudicator, an analyst and reviewers r1, r2 ..."""
    new_review(folder, title="SYNTHETIC: a benchmark of screening")
    protocol = folder / "review.toml"
    text = protocol.read_text("utf-8")
    begin, end = text.index("[[reviewers]]"), text.index("[criteria]")
    team = [("owner", "owner"), ("judge", "adjudicator"), ("analyst", "analyst")]
    team += [(f"r{number}", "reviewer") for number in range(1, reviewers + 1)]
    people = "".join(f'[[reviewers]]\nid = "{name}"\nname = "{name}"\nrole = "{role}"\n\n' for name, role in team)
    protocol.write_text(text[:begin] + people + text[end:], "utf-8")
    store = LocalStore(folder / "review.duckdb")
    with store.holding():
        for at in range(0, records, _AT_ONCE):
            store.apply(import_rows(f"made{at}", at, min(_AT_ONCE, records - at)))
    return folder


def import_rows(name: str, first: int, count: int) -> list[Append]:
    """The batch of a committed import of *count* records, numbered from *first*."""
    rows = list(_records(first, count))
    membership = [
        {"import_id": name, "source_record_id": row["source_record_id"], "position": place}
        for place, row in enumerate(rows, start=1)
    ]
    receipt = {
        "import_id": name, "file_name": f"{name}.csv", "sha256": hashlib.sha256(name.encode()).hexdigest(), "bytes": 1,
        "source": "synthetic", "source_kind": "database", "dialect": "test", "encoding": "utf-8", "bom": False,
        "newlines": "LF", "markers_seen": count, "records_read": count, "records_rejected": 0, "records_repaired": 0,
        "records_new": count, "filled": "{}", "unmapped": "{}", "losses": "[]", "repairs": "[]", "not_understood": "[]",
        "status": "committed", "imported_by": "owner", "imported_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return [
        Append("search.source_record", rows),
        Append("search.import_record", membership),
        Append("search.import_receipt", [receipt]),
    ]


def _records(first: int, count: int) -> Iterator[dict[str, Any]]:
    for number in range(first, first + count):
        dice = random.Random(number)
        digest = hashlib.sha256(f"synthetic record {number}".encode()).hexdigest()
        yield {
            "source_record_id": digest[:24],
            "source": "synthetic",
            "accession": str(number),
            "title": f"Synthetic trial {number}: {' '.join(dice.choices(_WORDS, k=10))}",
            "abstract": f"METHODS: SYNTHETIC. {' '.join(dice.choices(_WORDS, k=200))}",
            "authors": "Test A; Test B",
            "journal": "Synthetic Journal of Testing",
            "year": 2000 + number % 26,
            "pmid": str(90_000_000 + number),
            "doi": f"10.9999/syn.{number}",
            "registry_ids": [],
            "publication_types": [],
            "mesh": [],
            "keywords": [],
            "retracted": False,
            "fields": "{}",
            "dialect": "test",
            "content_sha256": digest,
        }
