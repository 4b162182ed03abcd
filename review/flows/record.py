"""A record in full: where each field came from, which source records it is made of, what it is linked with.

Nothing of screening is here, so that somebody who screens blind may read it too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from review.database import Store
from review.dedupe.log import entry_named
from review.project import Project
from review.reporting import store as reads
from review.reporting.table import SIMULATED

if TYPE_CHECKING:
    import polars as pl

_SHORT = 160  # characters of another member's value, in words


@dataclass(frozen=True)
class ShownRecord:
    """A record's row of `v1.record`, its lines of `v1.record_field`, its members (the shown one first) and links."""

    record: dict[str, Any]
    fields: tuple[dict[str, Any], ...]
    members: pl.DataFrame
    links: pl.DataFrame
    simulated: bool


def show_record(store: Store, project: Project, key: str) -> ShownRecord:
    """The record that *key* names: an id or its beginning, a PMID, a DOI. Raises UsageProblem for none or several."""
    entry = entry_named(store, key)
    record = reads.record_of_entry(store, entry).to_dicts()[0]
    return ShownRecord(
        record=record,
        fields=tuple(reads.fields_of_record(store, record["record_id"]).to_dicts()),
        members=reads.members_of_record(store, record["record_id"], shown=record["shown_source_record_id"]),
        links=reads.links_of_record(store, record["record_id"]),
        simulated=project.simulated,
    )


def record_json(found: ShownRecord) -> str:
    """*found* as one JSON object."""
    content: dict[str, Any] = {"simulated": "SIMULATED"} if found.simulated else {}
    content |= {
        "record": found.record,
        "fields": found.fields,
        "members": found.members.to_dicts(),
        "links": found.links.to_dicts(),
    }
    return json.dumps(content, ensure_ascii=False, indent=1, default=str)


def record_text(found: ShownRecord) -> str:
    """The fields in lines for people: the value, the source and the rule, and what other members say."""
    record = found.record
    out = [SIMULATED, ""] if found.simulated else []
    members = "1 source record" if record["members"] == 1 else f"{record['members']} source records"
    out.append(f"record {record['record_id']}: {members}, of {_line('; '.join(record['sources']))}")
    out += [f"NOTICE: {_line(words)}" for words in record["notices"]]
    if record["retracted"] and not record["notices"]:
        out.append("NOTICE: a member says that the publication was retracted")
    for field in found.fields:
        out += [
            "",
            f"{field['field'].replace('_', ' ')}: {_value(field)}",
            f"    from {_line(field['source'])}: {field['why']}",
        ]
        out += [f"    other: {_line(words, _SHORT)}" for words in field["other_values"]]
    return "\n".join(out)


def _value(field: dict[str, Any]) -> str:
    """An abstract keeps its parts, each on a line that cannot be taken for one of ours."""
    if field["field"] == "abstract":
        return "\n  | ".join(" ".join(line.split()) for line in field["value"].split("\n"))
    return _line(field["value"])


def _line(words: str, longest: int | None = None) -> str:
    """*words* on one line: a title comes from strangers and may hold line ends."""
    line = " ".join(words.split())
    return line if longest is None or len(line) <= longest else f"{line[:longest].rstrip()} ..."
