"""The SQL of the queue: what waits for whom, what is shown of many records at once, and the search through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from review.database import Store

MOST_WORDS = 8  # of one search

# is_calibrating and position are kept beside each record's state: no other table is looked at
_QUEUE = """
select record_id
from screening.state
where stage = $stage and state in ('needs_first', 'needs_second')
  and not list_contains(decided_by, $reviewer)
  and (open_to_all or list_contains(assigned_to, $reviewer))
  and not list_contains($without::varchar[], record_id)
order by is_calibrating desc, case when $seed is null then '' else md5($seed || record_id) end, position, record_id
limit $limit
"""
_WAITING = """
select count(*) as n
from screening.state
where stage = $stage and state in ('needs_first', 'needs_second')
  and not list_contains(decided_by, $reviewer)
  and (open_to_all or list_contains(assigned_to, $reviewer))
"""
# a list of ids as a filter reaches the tables below the view; a subquery would not
_RECORDS = "select * from v1.record where list_contains($records::varchar[], record_id)"
_KEYWORDS = """
select source_record_id, keywords from v1.source_record where list_contains($shown::varchar[], source_record_id)
"""
_LINKS = """
select kind, from_record_id, to_record_id, who from v1.record_link
where list_contains($records::varchar[], from_record_id) or list_contains($records::varchar[], to_record_id)
"""
_TITLES = "select record_id, title from v1.record where list_contains($records::varchar[], record_id)"
_OWN = """
select m.record_id, d.*
from v1.record_member m
join screening.standing_decision d using (source_record_id)
where list_contains($records::varchar[], m.record_id) and d.reviewer = $reviewer and d.stage <> 'final'
order by d.arrival
"""
# Nothing that the others decided moves a record in or out, but that it is at full text at all. A record with a final
# label waits for nobody, so that whoever reads it at title and abstract has decided on it.
_FIND = """
with mine as (
  select m.record_id, last(d.verdict order by d.arrival) as verdict
  from screening.standing_decision d
  join v1.record_member m using (source_record_id)
  where d.reviewer = $reviewer and d.stage = $stage
  group by m.record_id
),
labelled as (
  select distinct record_id from v1.current_label where reviewer = $reviewer and label = $label
),
told as (
  select m.record_id, max(s.year) as year, min(lower(s.title)) as title, bool_or(true
    and ($word_1 is null or contains(s.words, $word_1)) and ($word_2 is null or contains(s.words, $word_2))
    and ($word_3 is null or contains(s.words, $word_3)) and ($word_4 is null or contains(s.words, $word_4))
    and ($word_5 is null or contains(s.words, $word_5)) and ($word_6 is null or contains(s.words, $word_6))
    and ($word_7 is null or contains(s.words, $word_7)) and ($word_8 is null or contains(s.words, $word_8))) as found
  from (
    select source_record_id, year, title, is_latest,
      lower(concat_ws(' ', title, abstract, authors, journal, pmid, doi, pmcid, accession, source_record_id,
        array_to_string(registry_ids, ' '))) as words
    from v1.source_record) s
  join v1.record_member m using (source_record_id)
  where s.is_latest
  group by m.record_id
)
select t.record_id, own.verdict
from told t
left join mine own using (record_id)
where t.found
  and ($own = 'any' or $own = 'undecided' and own.verdict is null or own.verdict = $own)
  and ($label is null or t.record_id in (select record_id from labelled))
  and (own.verdict is not null or case when $stage = 'full_text'
    then exists (select 1 from screening.state s where s.record_id = t.record_id and s.stage = 'full_text')
      and exists (select 1 from screening.state s
        where s.record_id = t.record_id and s.stage = 'title_abstract' and s.state = 'include')
    else not exists (select 1 from screening.state s where s.record_id = t.record_id and s.stage = 'final') end)
order by t.year desc nulls last, t.title, t.record_id
"""


def read_queue(
    store: Store, *, reviewer: str, stage: str, seed: str | None, limit: int, without: Sequence[str] = ()
) -> list[str]:
    """Records that wait for this reviewer, those of an open calibration round first.

    In the reviewer's own order with a *seed*, else in file order; those in *without* are left out.
    """
    params = {"reviewer": reviewer, "stage": stage, "seed": seed, "limit": limit, "without": list(without)}
    return [str(one) for one in store.read(_QUEUE, params)["record_id"]]


def count_waiting(store: Store, *, reviewer: str, stage: str) -> int:
    """How many records wait for this reviewer."""
    return int(store.read(_WAITING, {"reviewer": reviewer, "stage": stage})["n"][0])


def read_records(store: Store, records: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Record id → its row of v1.record, with the keywords of the source record that is shown."""
    rows = store.read(_RECORDS, {"records": list(records)}).to_dicts()
    shown = [row["shown_source_record_id"] for row in rows]
    words = {row["source_record_id"]: row["keywords"] for row in store.read(_KEYWORDS, {"shown": shown}).to_dicts()}
    return {row["record_id"]: {**row, "keywords": words.get(row["shown_source_record_id"]) or []} for row in rows}


def read_links(store: Store, records: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Record id → its typed links: kind, the other record and its title, who says so, and whether it is *of* that."""
    rows = store.read(_LINKS, {"records": list(records)}).to_dicts()
    if not rows:
        return {}
    ends = sorted({row[end] for row in rows for end in ("from_record_id", "to_record_id")})
    titles = {row["record_id"]: row["title"] for row in store.read(_TITLES, {"records": ends}).to_dicts()}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for one, other, of_other in (
            (row["from_record_id"], row["to_record_id"], True),
            (row["to_record_id"], row["from_record_id"], False),
        ):
            if one in records and other in titles:
                link = {"kind": row["kind"], "of_other": of_other, "other": other, "title": titles[other]}
                found.setdefault(one, []).append({**link, "who": row["who"]})
    for links in found.values():
        links.sort(key=lambda link: (link["kind"], link["other"], link["who"]))
    return found


def read_own_decisions(store: Store, records: Sequence[str], reviewer: str) -> dict[str, list[dict[str, Any]]]:
    """Record id → the decisions of one reviewer that hold on it, as they arrived."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in store.read(_OWN, {"records": list(records), "reviewer": reviewer}).to_dicts():
        found.setdefault(row["record_id"], []).append(row)
    return found


def find_records(
    store: Store, *, reviewer: str, stage: str, words: Sequence[str], own: str, label: str | None
) -> list[tuple[str, str | None]]:
    """Every record that holds all *words* (lower case), and the reviewer's own verdict on it; the newest first."""
    # words one by one: a list of them, and a lambda over it, would copy every abstract for each
    named = {f"word_{place}": words[place - 1] if place <= len(words) else None for place in range(1, MOST_WORDS + 1)}
    params = {"reviewer": reviewer, "stage": stage, "own": own, "label": label, **named}
    return [(row["record_id"], row["verdict"]) for row in store.read(_FIND, params).to_dicts()]
