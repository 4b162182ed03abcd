"""PubMed XML: both engines beside pubmed_parser, Bio.Entrez.read and gunzip, in one run on one machine.

    .venv-bench/bin/python benchmarks/pubmed_parsing.py [--records 10000] [--rounds 5] [--stream-mb 520]

CPU time, rounds in turn, medians. The records are the real ones of REVIEW_SHARED_DATA (or ../shared/data beside
the checkout), shuffled again and again; where they are absent, synthetic ones, and the table says so.
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
from xml.etree import ElementTree

from review.search.pubmed_xml import engine, parse, read_batches

_RECORD = re.compile(rb"<PubmedArticle(?=[\s>]).*?</PubmedArticle>", re.DOTALL)
_HEAD = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, '
    b'1st January 2025//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n<PubmedArticleSet>\n'
)
_TAIL = b"\n</PubmedArticleSet>\n"
_LARGEST = 30_000
_GOALS = {"plain": (2.8, 5.0, 0.13), "fast": (8.0, 15.0, 0.36)}


def main() -> int:
    """Print the table; 1 when a goal is missed."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--records", type=int, default=10_000)
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
    missed = _speeds(xml, records, asked.rounds)
    _equality(distinct)
    for name in ("plain", "fast"):
        growth = _growth(name, records, asked.stream_mb)
        print(f"memory growth, {name}, stream of {asked.stream_mb} MB: {growth:.0f} MB (goal < 50)")
        missed += growth >= 50
    return 1 if missed else 0


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
    print(f"{'CPU time, medians':18} {'MB/s':>7} {'records/s':>10} {'of gunzip':>10} {'x p_p':>6} {'x Entrez':>8}")
    for name, seconds in median.items():
        print(
            f"{name:18} {len(xml) / 1e6 / seconds:7.1f} {len(records) / seconds:10.0f} "
            f"{median['stdlib gunzip'] / seconds:10.1%} {median['pubmed_parser'] / seconds:6.2f} "
            f"{median['Entrez.read'] / seconds:8.2f}"
        )
    missed = 0
    for name, goals in _GOALS.items():
        reached = (
            median["pubmed_parser"] / median[f"{name}, from gz"],
            median["Entrez.read"] / median[name],
            median["stdlib gunzip"] / median[name],
        )
        for what, goal, value in zip(("pubmed_parser", "Entrez.read", "gunzip"), goals, reached, strict=True):
            print(f"{name} against {what}: {value:.2f}, goal {goal:.2f}: {'reached' if value >= goal else 'MISSED'}")
            missed += value < goal
    return missed


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


def _equality(distinct: list[bytes]) -> None:
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
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for batch in read_batches(_Repeated(body, megabytes * 10**6), name="the stream"):
        if batch.rejected:
            raise SystemExit(batch.rejected[0].reason)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


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
