"""Reads the code blocks of a page: what a reader would type, and what the page says comes back."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One command of a block, and the lines below it."""

    command: str
    output: list[str]
    line: int

    @property
    def words(self) -> list[str]:
        """The command as a shell splits it."""
        return shlex.split(self.command)


def blocks(text: str, kind: str) -> list[tuple[int, str]]:
    """(line, content) of each ```kind block."""
    return [
        (text[: found.start()].count("\n") + 2, found.group(2))
        for found in _BLOCK.finditer(text)
        if found.group(1) == kind
    ]


def steps(text: str) -> list[Step]:
    """Every `$ command` of the console blocks in order; a backslash at the end goes on in the next line."""
    found: list[Step] = []
    for first, content in blocks(text, "console"):
        for offset, line in enumerate(content.splitlines()):
            if line.startswith("$ "):
                found.append(Step(line[2:], [], first + offset))
            elif found and found[-1].command.endswith("\\"):
                found[-1] = Step(found[-1].command[:-1] + line.strip(), [], found[-1].line)
            elif found:
                found[-1].output.append(line)
    return found


def left_out(told: list[str], printed: list[str]) -> str:
    """The first line of *told* that *printed* does not hold in its place, or nothing; `...` stands for any lines."""
    at, free = 0, False
    for line in told:
        if line.strip() == "...":
            free = True
            continue
        while free and at < len(printed) and printed[at] != line:
            at += 1
        if at >= len(printed) or printed[at] != line:
            return line
        at, free = at + 1, False
    return "" if free or at == len(printed) else printed[at]


def marked(text: str, name: str = "doctest") -> str:
    """What stands between `<!-- name: begin -->` and `<!-- name: end -->`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    return text.split(begin, 1)[1].split(end, 1)[0]


def same_lines(text: str) -> list[str]:
    """Lines without trailing blanks, without empty lines at either end."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n").splitlines()
