"""A file of PubMed XML into DuckDB, beside pubmed_parser with `executemany` in one transaction: the usual way.

Two goals. End to end, xml.gz to the same table of a database, with the extra `fast`: at least 5 times. Loading alone,
the same rows by our store and by `executemany` in one transaction: at least 20 times. Run it where both are installed:

    .venv-bench/bin/python benchmarks/pubmed_loading.py [RECORDS] [ROUNDS]

The records are those of ../shared/data/pubmed (REVIEW_SHARED_DATA) of today's form, at most 30,000 bytes long, each
many times over under PMIDs of its own; without that folder they are synthetic, which the first line says. Time is CPU
time of the process with all its threads; the sides take turns, and the medians are compared.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pubmed_parser

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from review.database import Append, LocalStore
from review.search.pubmed_files import BATCH, ingest_file
from review.search.pubmed_xml import engine, read_batches
from review.search.records import source_rows

END_TO_END, LOADING = 5.0, 20.0
SHARED = Path(os.environ.get("REVIEW_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
_ARTICLE = re.compile(rb"<PubmedArticle>.*?</PubmedArticle>", re.DOTALL)
_PMID = re.compile(rb"(<PMID[^>]*>)\d+(</PMID>)")
_HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n<PubmedArticleSet>\n'
_TABLE = "search.source_record"
INGEST = "review search ingest"
THEIRS = "pubmed_parser + executemany"
THEIRS_FLAT = "the same into a flat table"
APPEND = "our rows by the store"
MANY = "our rows by executemany"


def real_articles() -> list[bytes]:
    """The modern records of the shared folder, or none."""
    found: list[bytes] = []
    for path in sorted((SHARED / "pubmed").rglob("*.xml*")):
        content = path.read_bytes()
        found += _ARTICLE.findall(gzip.decompress(content) if path.suffix == ".gz" else content)
    return [article for article in found if len(article) <= 30_000]


def synthetic_articles() -> list[bytes]:
    """Records of about eleven thousand bytes that nobody ever published."""
    words = " ".join(f"SYNTHETIC sentence {n} on a test injection, p &lt;0.05." for n in range(30))
    authors = "".join(
        f'<Author ValidYN="Y"><LastName>Test{n}</LastName><Initials>A</Initials><AffiliationInfo><Affiliation>'
        f"Department {n} of Tests, University of Nowhere, Testland</Affiliation></AffiliationInfo></Author>"
        for n in range(8)
    )
    mesh = "".join(
        f'<MeshHeading><DescriptorName UI="D{n:06}">Term {n}</DescriptorName></MeshHeading>' for n in range(15)
    )
    cited = "".join(
        f"<Reference><Citation>Test A. Paper {n}. J Synth 2020.</Citation><ArticleIdList>"
        f'<ArticleId IdType="pubmed">{n + 1}</ArticleId></ArticleIdList></Reference>'
        for n in range(40)
    )
    text = (
        '<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">1</PMID><Article><Journal><JournalIssue>'
        "<Volume>1</Volume><PubDate><Year>2020</Year></PubDate></JournalIssue><Title>Journal of Tests</Title></Journal>"
        f"<ArticleTitle>A synthetic trial</ArticleTitle><Abstract><AbstractText>{words}</AbstractText></Abstract>"
        f"<AuthorList>{authors}</AuthorList></Article><MeshHeadingList>{mesh}</MeshHeadingList></MedlineCitation>"
        '<PubmedData><ArticleIdList><ArticleId IdType="doi">10.5555/synthetic.1</ArticleId></ArticleIdList>'
        f"<ReferenceList>{cited}</ReferenceList></PubmedData></PubmedArticle>"
    )
    return [text.encode()]


def make_file(path: Path, records: int) -> tuple[bytes, str]:
    """Write the file; its unpacked content, and in words what it holds."""
    articles = real_articles()
    kind = f"{len(articles)} records of the shared folder" if articles else "one SYNTHETIC record (no shared folder)"
    articles = articles or synthetic_articles()
    chosen = random.Random(1)
    body = b"\n".join(
        _PMID.sub(rb"\g<1>%d\2" % (30_000_000 + number), chosen.choice(articles), count=1) for number in range(records)
    )
    content = _HEAD + body + b"\n</PubmedArticleSet>\n"
    path.write_bytes(gzip.compress(content, 6))
    return content, f"{records} records, {len(content) // 2**20} MB of XML, from {kind}"


def cpu(deed: Callable[[], object]) -> float:
    """Seconds of CPU time that *deed* takes."""
    began = time.process_time()
    deed()
    return time.process_time() - began


def their_rows(path: Path) -> list[dict[str, Any]]:
    """What pubmed_parser reads of a file, by its defaults."""
    return list(pubmed_parser.parse_medline_xml(str(path)))


def their_flat_load(database: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of pubmed_parser by executemany, in one transaction, into a table of texts without anything of ours."""
    names = list(rows[0])
    con = duckdb.connect(str(database))
    typed = ", ".join(f'"{name}" varchar{" primary key" if name == "pmid" else ""}' for name in names)
    con.execute(f"create table article ({typed})")
    many(con, "article", names, [[None if row[name] is None else str(row[name]) for name in names] for row in rows])
    con.close()


def their_load(database: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of pubmed_parser by executemany, in one transaction, into our table: what somebody would write by hand."""
    con = duckdb.connect(str(database))
    ready = [_as_ours(row, place) for place, row in enumerate(rows, start=1)]
    many(con, _TABLE, list(ready[0]), [list(row.values()) for row in ready])
    con.close()


def _as_ours(row: dict[str, Any], place: int) -> dict[str, Any]:
    content = json.dumps(row, ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return {
        "source_record_id": digest[:24],
        "source": "PubMed",
        "accession": row["pmid"],
        "title": row["title"],
        "vernacular_title": row["vernacular_title"],
        "abstract": row["abstract"],
        "authors": row["authors"],
        "journal": row["journal"],
        "year": int(row["pubdate"][:4]) if row["pubdate"][:4].isdigit() else None,
        "issue": row["issue"],
        "pages": row["pages"],
        "language": row["languages"],
        "pmid": row["pmid"],
        "doi": row["doi"],
        "pmcid": row["pmc"],
        "publication_types": _terms(row["publication_types"]),
        "mesh": _terms(row["mesh_terms"]),
        "keywords": row["keywords"].split("; ") if row["keywords"] else [],
        "retracted": False,
        "fields": content,
        "dialect": "pubmed_xml",
        "content_sha256": digest,
        "arrival": place,
    }


def _terms(listed: str) -> list[str]:
    """`D000001:Term; D000002:Other` as a list of terms."""
    return [part.partition(":")[2] for part in listed.split("; ")] if listed else []


def many(con: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], values: Sequence[Sequence[Any]]) -> None:
    """`executemany` in one transaction."""
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    con.execute("begin")
    con.executemany(f"insert into {table} ({columns}) values ({marks})", values)
    con.execute("commit")


def measure(folder: Path, path: Path, rounds: int) -> dict[str, list[float]]:
    """Side → CPU seconds of each round."""
    blank = folder / "blank.duckdb"
    LocalStore(blank).read("select 1")
    with path.open("rb") as stream:
        ours = [
            row for batch in read_batches(stream, name=path.name) for row in source_rows(batch.records, source="PubMed")
        ]
    names = [*ours[0], "arrival"]

    def fresh() -> Path:
        used = folder / "used.duckdb"
        for file in (used, folder / "used.duckdb.wal"):
            file.unlink(missing_ok=True)
        return Path(shutil.copy(blank, used))

    def append(store: LocalStore) -> None:
        with store.holding():
            for first in range(0, len(ours), BATCH):
                store.apply([Append(_TABLE, ours[first : first + BATCH])])

    def execute_many(database: Path) -> None:
        con = duckdb.connect(str(database))
        many(con, _TABLE, names, [[*row.values(), place] for place, row in enumerate(ours, start=1)])
        con.close()

    times: dict[str, list[float]] = {name: [] for name in (INGEST, THEIRS, THEIRS_FLAT, APPEND, MANY)}
    for _ in range(rounds):
        store = LocalStore(fresh())
        store.read("select 1")
        times[INGEST].append(cpu(lambda: ingest_file(store, path)))  # noqa: B023
        read: list[dict[str, Any]] = []
        reading = cpu(lambda: read.extend(their_rows(path)))  # noqa: B023
        times[THEIRS].append(reading + cpu(lambda: their_load(fresh(), read)))  # noqa: B023
        (folder / "flat.duckdb").unlink(missing_ok=True)
        times[THEIRS_FLAT].append(reading + cpu(lambda: their_flat_load(folder / "flat.duckdb", read)))  # noqa: B023
        store = LocalStore(fresh())
        store.read("select 1")
        times[APPEND].append(cpu(lambda: append(store)))  # noqa: B023
        times[MANY].append(cpu(lambda: execute_many(fresh())))
    return times


def main() -> int:
    """Print both sides of both comparisons; 1 when a goal is missed."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "records.xml.gz"
        _, said = make_file(path, records)
        print(f"{said}; parser: {engine()}; duckdb {duckdb.__version__}; {rounds} rounds, CPU seconds, medians")
        times = measure(Path(name), path, rounds)
    middle = {side: statistics.median(seconds) for side, seconds in times.items()}
    for side, seconds in times.items():
        print(f"{side:30} median {middle[side]:7.2f}   fastest {min(seconds):7.2f}")
    whole, flat, load = (
        middle[THEIRS] / middle[INGEST],
        middle[THEIRS_FLAT] / middle[INGEST],
        middle[MANY] / middle[APPEND],
    )
    print(
        f"xml.gz to one table: {whole:.1f} times, goal {END_TO_END:.0f}: {'met' if whole >= END_TO_END else 'MISSED'}"
    )
    print(f"xml.gz to their own table of 25 texts, which keeps less: {flat:.1f} times, no goal")
    print(f"loading the same rows: {load:.1f} times, goal {LOADING:.0f}: {'met' if load >= LOADING else 'MISSED'}")
    return 0 if whole >= END_TO_END and load >= LOADING else 1


if __name__ == "__main__":
    sys.exit(main())
