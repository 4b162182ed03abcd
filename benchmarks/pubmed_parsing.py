"""PubMed XML: both engines beside pubmed_parser, Bio.Entrez.read and gunzip, in one run on one machine.

    .venv-bench/bin/python benchmarks/pubmed_parsing.py [--records 3000] [--rounds 5] [--stream-mb 520]

CPU time, rounds in turn, medians. It ends with 1 when one of our floors is broken (they are what we reached, less a
sixth for a busy machine); an aim of the project that is missed is said and changes nothing. The records are the real
ones of REVIEW_SHARED_DATA (or ../shared/data beside the checkout), shuffled again and again; where they are absent,
synthetic ones, and the table says so. Rows with = are parts of the work alone, on the bytes that are read.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ParserCreate

from review.search.pubmed_fields import article_record
from review.search.pubmed_needed import what_is_read
from review.search.pubmed_split import Seen, slices
from review.search.pubmed_xml import engine, parse, read_batches
from review.search.records import Record

_RECORD = re.compile(rb"<PubmedArticle(?=[\s>]).*?</PubmedArticle>", re.DOTALL)
_HEAD = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, '
    b'1st January 2025//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n<PubmedArticleSet>\n'
)
_TAIL = b"\n</PubmedArticleSet>\n"
_LARGEST = 30_000
_BESIDE = ("pubmed_parser", "Entrez.read", "gunzip")
_AIMS = {"plain": (2.8, 5.0, 0.13), "fast": (8.0, 15.0, 0.36)}
_FLOORS = {"plain": (1.55, 3.6, 0.13), "fast": (1.9, 4.15, 0.16)}


def main() -> int:
    """Print the tables; 1 when a floor is broken."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--records", type=int, default=3000)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--stream-mb", type=int, default=520)
    words.add_argument("--grow", type=Path, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.grow:
        print(_grown(asked.grow, asked.stream_mb))
        return 0
    distinct, said = _records()
    records = _shuffled(distinct, asked.records)
    xml = _HEAD + b"\n".join(records) + _TAIL
    print(f"{len(records):,} records from {len(distinct)} {said}, {len(xml) / 1e6:.1f} MB of XML")
    broken = _speeds(xml, records, asked.rounds)
    broken += _equality(distinct)
    for name in ("plain", "fast"):
        growth = _growth(name, records, asked.stream_mb)
        print(f"memory growth, {name}, stream of {asked.stream_mb} MB: {growth:.0f} MB (floor < 50)")
        broken += growth >= 50
    return 1 if broken else 0


def _records() -> tuple[list[bytes], str]:
    named = os.environ.get("REVIEW_SHARED_DATA")
    folder = (Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data") / "pubmed"
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".xml", ".gz"):
            data = path.read_bytes()
            found += _RECORD.findall(gzip.decompress(data) if path.suffix == ".gz" else data)
    found = [one for one in found if len(one) <= _LARGEST]
    return (found, "real records of the shared data") if found else (_synthetic(), "SYNTHETIC records")


def _synthetic() -> list[bytes]:
    sentence = "In this synthetic trial, n = {0} people had test injections or saline &amp; were seen at {0} weeks. "
    return [
        (
            f'<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">{n}</PMID><Article><Journal>'
            f"<JournalIssue><Volume>{n}</Volume><PubDate><Year>2020</Year></PubDate></JournalIssue><Title>Synthetic"
            f"</Title></Journal><ArticleTitle>Trial {n}</ArticleTitle><Abstract>"
            + "".join(
                f'<AbstractText Label="{label}">{sentence.format(n) * 4}</AbstractText>'
                for label in ("AIM", "METHODS", "RESULTS")
            )
            + "</Abstract><AuthorList>"
            + "".join(
                f'<Author ValidYN="Y"><LastName>Test{k}</LastName><Initials>T</Initials></Author>' for k in range(6)
            )
            + "</AuthorList></Article></MedlineCitation><PubmedData><ArticleIdList>"
            f'<ArticleId IdType="doi">10.5555/synthetic.{n}</ArticleId></ArticleIdList></PubmedData></PubmedArticle>'
        ).encode()
        for n in range(1, 201)
    ]


def _shuffled(distinct: list[bytes], count: int) -> list[bytes]:
    order = random.Random(20250101)
    found: list[bytes] = []
    while len(found) < count:
        found += order.sample(distinct, len(distinct))
    return found[:count]


def _speeds(xml: bytes, records: list[bytes], rounds: int) -> int:
    packed = gzip.compress(xml)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.xml.gz"
        path.write_bytes(packed)
        runs: dict[str, Callable[[], object]] = {
            "stdlib gunzip": lambda: gzip.decompress(packed),
            "isal gunzip": lambda: _isal(packed),
            # pubmed_parser opens .gz files only
            "plain": lambda: _ours("plain", xml, len(records)),
            "fast": lambda: _ours("fast", xml, len(records)),
            "plain, from gz": lambda: _ours("plain", packed, len(records)),
            "fast, from gz": lambda: _ours("fast", packed, len(records)),
            "pubmed_parser": lambda: _pubmed_parser(path),
            "Entrez.read": lambda: _entrez(records),
            **_steps(xml, records),
        }
        taken: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, run in runs.items():
                start = time.process_time()
                run()
                taken[name].append(time.process_time() - start)
    median = {name: statistics.median(times) for name, times in taken.items()}
    for name in ("plain", "fast"):
        os.environ["REVIEW_XML"] = name
        print(f"{name}: {engine()}")
    print(f"{'CPU time, medians':18} {'us/record':>9} {'MB/s':>7} {'of gunzip':>10} {'x p_p':>6} {'x Entrez':>8}")
    for name, seconds in median.items():
        print(
            f"{name:18} {seconds / len(records) * 1e6:9.1f} {len(xml) / 1e6 / seconds:7.1f} "
            f"{median['stdlib gunzip'] / seconds:10.1%} {median['pubmed_parser'] / seconds:6.2f} "
            f"{median['Entrez.read'] / seconds:8.2f}"
        )
    broken = 0
    for name, aims in _AIMS.items():
        reached = (
            median["pubmed_parser"] / median[f"{name}, from gz"],
            median["Entrez.read"] / median[name],
            median["stdlib gunzip"] / median[name],
        )
        for what, value, aim, floor in zip(_BESIDE, reached, aims, _FLOORS[name], strict=True):
            said = "reached" if value >= aim else "missed"
            held = "held" if value >= floor else "BROKEN"
            print(f"{name} against {what}: {value:.2f}; aim {aim:.2f}, {said}; floor {floor:.2f}, {held}")
            broken += value < floor
    return broken


def _steps(xml: bytes, records: list[bytes]) -> dict[str, Callable[[], object]]:
    """Parts of the work alone: what no engine of this kind can go below."""
    from pygixml import XMLDocument
    from pygixml.dictify import parse as dicts_of

    needed = [what_is_read(record) for record in records]
    texts = [one.decode() for one in needed]
    document = XMLDocument()
    some = list(parse(_HEAD + b"\n".join(records[:300]) + _TAIL).records)
    trees = [ElementTree.fromstring(one) for one in needed[:300]]
    again = -(-len(records) // 300)
    chunks = [xml[at : at + 2**20] for at in range(0, len(xml), 2**20)]

    def cut(regular: bool) -> None:
        for one in slices(chunks, name="the benchmark", seen=Seen(), regular=regular):
            what_is_read(one.content)

    def each(work: Callable[[Any], object], items: list[Any], times: int = 1) -> Callable[[], None]:
        def run() -> None:
            for _ in range(times):
                for item in items:
                    work(item)

        return run

    return {
        "= cutting, plain": lambda: cut(regular=False),
        "= cutting, fast": lambda: cut(regular=True),
        "= pygixml load": each(document.load_string, texts),
        "= pygixml dicts": each(dicts_of, texts),
        "= expat, no tree": each(lambda one: ParserCreate(None, "}").Parse(one, True), needed),
        "= ElementTree": each(ElementTree.fromstring, needed),
        "= fields of trees": each(article_record, trees, again),
        "= Record() alone": each(lambda one: Record(**vars(one)), some, again),
    }


def _ours(name: str, data: bytes, expected: int) -> None:
    os.environ["REVIEW_XML"] = name
    assert sum(len(batch.records) for batch in read_batches(io.BytesIO(data), name="the benchmark")) == expected


def _isal(packed: bytes) -> None:
    from isal import igzip

    igzip.decompress(packed)


def _pubmed_parser(path: Path) -> None:
    import pubmed_parser

    for _ in pubmed_parser.parse_medline_xml(str(path)):
        pass


def _entrez(records: list[bytes]) -> None:
    from Bio import Entrez

    for at in range(0, len(records), 200):
        Entrez.read(io.BytesIO(_HEAD + b"\n".join(records[at : at + 200]) + _TAIL), validate=False)


def _equality(distinct: list[bytes]) -> int:
    """Cells (title, abstract) that differ from the whole text of the element, blanks left out."""
    import pubmed_parser

    data = _HEAD + b"\n".join(distinct) + _TAIL
    wrong = {"plain": 0, "fast": 0, "pubmed_parser": 0}
    texts = []
    for record in ElementTree.fromstring(data):
        article = record.find("MedlineCitation/Article")
        assert article is not None
        title = article.find("ArticleTitle")
        parts = article.findall("Abstract/AbstractText")
        labels = [part.get("Label", "") for part in parts]
        texts.append(
            (
                "".join(title.itertext()) if title is not None else "",
                "".join(
                    f"{label}: {text}" if label else text
                    for label, text in zip(labels, ("".join(p.itertext()) for p in parts), strict=True)
                    if label or text.strip()
                ),
                ["".join(part.itertext()) for part in parts],
            )
        )
    for name in ("plain", "fast"):
        os.environ["REVIEW_XML"] = name
        for mine, (title, abstract, _) in zip(parse(data).records, texts, strict=True):
            wrong[name] += _bare(mine.title) != _bare(title)
            wrong[name] += _bare(mine.abstract) != _bare(abstract)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.xml.gz"
        path.write_bytes(gzip.compress(data))
        for theirs, (title, _, whole) in zip(pubmed_parser.parse_medline_xml(str(path)), texts, strict=True):
            wrong["pubmed_parser"] += _bare(theirs["title"]) != _bare(title)
            # it joins the parts in its own way: each must be in it
            wrong["pubmed_parser"] += any(_bare(text) not in _bare(theirs["abstract"]) for text in whole)
    print(f"cells of title and abstract that are not the whole text, {2 * len(texts)}: {wrong}")
    return wrong["plain"] + wrong["fast"]


def _bare(text: str | None) -> str:
    return "".join((text or "").split())


def _growth(name: str, records: list[bytes], megabytes: int) -> float:
    """How far the highest mark of a process rises while it reads a stream that is made on the fly, in MB.

    A process of its own: the mark never falls, and the runs before have raised it here.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.xml"
        path.write_bytes(b"\n".join(records[:1000]))
        done = subprocess.run(
            [sys.executable, __file__, "--grow", str(path), "--stream-mb", str(megabytes)],
            env={**os.environ, "REVIEW_XML": name},
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout)


def _grown(path: Path, megabytes: int) -> float:
    body = path.read_bytes() + b"\n"
    # so that what is loaded once does not count
    list(read_batches(io.BytesIO(_HEAD + _synthetic()[0] + _TAIL), name="a first file"))
    before = _highest()
    for batch in read_batches(_Repeated(body, megabytes * 10**6), name="the stream"):
        if batch.rejected:
            raise SystemExit(batch.rejected[0].reason)
    return (_highest() - before) / 1024


def _highest() -> int:
    """The highest mark of this process in kB; `ru_maxrss` would begin with that of the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.read_text().split("VmHWM:")[1].split()[0])


class _Repeated(io.RawIOBase):
    """A set that repeats *body* until it has *size* bytes; never whole in memory or on disk."""

    def __init__(self, body: bytes, size: int) -> None:
        self._parts = self._made(body, size)

    def _made(self, body: bytes, size: int) -> Iterator[bytes]:
        yield _HEAD
        while size > 0:
            for at in range(0, len(body), 2**18):
                yield body[at : at + 2**18]
            size -= len(body)
        yield _TAIL

    def read(self, size: int = -1) -> bytes:
        return next(self._parts, b"")


if __name__ == "__main__":
    sys.exit(main())
