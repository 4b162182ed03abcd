"""RIS: our reader beside rispy on the same files, from bytes to tags and values, and on to columns.

    .venv-bench/bin/python benchmarks/ris_reading.py [--rounds 7] [--records 4000]

CPU time, rounds in turn, medians. The files are the RIS samples of REVIEW_SHARED_DATA (or ../shared/data beside the
checkout), all of them once and, for a long file, their records again and again; where they are absent, synthetic
ones, and the table says so. rispy reads a str; both decode their bytes themselves.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import rispy

from review.search.decoding import decode
from review.search.reference_files import read_reference_file
from review.search.ris import RisLines

_GOAL = 1.1


def main() -> int:
    """Print the table; 1 when the goal is missed."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--rounds", type=int, default=7)
    words.add_argument("--records", type=int, default=4000)
    asked = words.parse_args()
    files, said = _files()
    print(f"{len(files)} RIS files, {said}; rispy {rispy.__version__}")
    missed = _compared("all files, each once", files, asked.rounds)
    missed += _compared("one long file", [_long(files, asked.records)], asked.rounds)
    return 1 if missed else 0


def _files() -> tuple[list[bytes], str]:
    named = os.environ.get("REVIEW_SHARED_DATA")
    folder = (Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data") / "import"
    found = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.suffix in (".ris", ".txt")]
    found = [data for data in found if b"TY  -" in data]
    return (found, "the samples of the shared data") if found else ([_synthetic(200)], "SYNTHETIC")


def _synthetic(records: int) -> bytes:
    sentence = "In this synthetic trial people had test injections or saline and were seen at {} weeks. "
    return "".join(
        f"TY  - JOUR\nAU  - Test, A\nAU  - Probe, B\nTI  - Synthetic trial {n}\nAB  - {sentence.format(n) * 12}\n"
        f"JO  - Journal of Synthetic Trials\nPY  - 2020\nVL  - {n}\nSP  - 1\nEP  - 9\nDO  - 10.5555/syn.{n}\n"
        "KW  - knee\nKW  - pain\nER  - \n\n"
        for n in range(records)
    ).encode()


def _long(files: list[bytes], records: int) -> bytes:
    """The whole records of *files*, again and again, as one file; those that rispy cannot read are left out."""
    pieces = []
    for data in files:
        text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
        for piece in text.split("\nER  -")[:-1]:
            begins = piece.find("TY  -")
            whole = piece[begins:] + "\nER  - \n\n"
            if begins >= 0 and len(piece) < 20_000 and piece.count("TY  -") == 1 and _both_read(whole.encode()):
                pieces.append(whole)
    chosen = (pieces * (records // len(pieces) + 1))[:records]
    return "".join(chosen).encode()


def _both_read(one: bytes) -> bool:
    """Whether both readers find one record; on some, rispy raises KeyError."""
    try:
        return _rispy(one) == _ours(one) == 1 and _rispy(one + one) == 2
    except KeyError:
        return False


def _compared(name: str, files: list[bytes], rounds: int) -> bool:
    sides: dict[str, Callable[[bytes], int]] = {"tags": _tags, "whole": _ours, "rispy": _rispy}
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    counts = {side: sum(read(data) for data in files) for side, read in sides.items()}
    for turn in range(rounds):
        for side in sorted(sides, reverse=bool(turn % 2)):
            began = time.process_time()
            for data in files:
                sides[side](data)
            seconds[side].append(time.process_time() - began)
    medians = {side: statistics.median(found) for side, found in seconds.items()}
    tags, whole = (medians["rispy"] / medians[side] for side in ("tags", "whole"))
    print(
        f"{name}: {sum(map(len, files)) / 1e6:.2f} MB; records ours {counts['whole']}, rispy {counts['rispy']}; "
        f"bytes to tags and values, each line accounted for: {tags:.2f} times as fast as rispy (goal {_GOAL}); "
        f"with detection, columns, ids and checks, which rispy has not: {whole:.2f} times"
    )
    return tags < _GOAL


def _tags(data: bytes) -> int:
    return len(RisLines(decode(data).text).entries)


def _ours(data: bytes) -> int:
    return len(read_reference_file(data, name="file.ris").records)


def _rispy(data: bytes) -> int:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return len(rispy.loads(text.replace("\r\n", "\n")))


if __name__ == "__main__":
    sys.exit(main())
