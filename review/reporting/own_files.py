"""The files that a review is made of, which no table, figure or list of references may be written over."""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path

from review.errors import ReviewError, UsageProblem
from review.project import FILE

_DATABASE = "review.duckdb"  # with its .wal, its temporary files and its .before- copies
_FOLDERS = {
    "queries": "strategies, views and checks of the review",
    "extracted": "what people read off papers",
    "full_texts": "PDFs of reports",
}
_KEPT = {FILE: "the protocol of a review", "study.toml": "a study of a review"}
_MANIFEST, _RECORDED = "manifest.json", b"regen-review recorded run"
_MAGIC, _MAGIC_AT = b"DUCK", 8
_at_work: ContextVar[Path | None] = ContextVar("at_work", default=None)


def protect(root: Path) -> None:
    """From here on the files of the review in *root* are also known by a second name (a hard link)."""
    _at_work.set(root)


def refuse_own_files(file: Path) -> Path:
    """The place that writing to *file* would fill, links followed.

    Raises UsageProblem where it is, or would become, a file that a review is made of: this review or any other; and
    ReviewError for a link that leads nowhere.
    """
    try:
        target = file.resolve()
    except (OSError, RuntimeError) as problem:  # a link to itself was a RuntimeError until Python 3.13
        message = f"{file} cannot be written: {getattr(problem, 'strerror', None) or problem}"
        raise ReviewError(message, hint="see where the link leads") from problem
    what = _what(target)
    if what is not None:
        shown = f"{file} leads to {target}, which" if file.is_symlink() else f"{file}"
        message = f"{shown} is {what}; nothing was written"
        raise UsageProblem(message, hint="give the file another name, in a folder of its own such as out/")
    return target


def _what(target: Path) -> str | None:
    """What of a review lies there, or belongs there, in words."""
    if (name := target.name.casefold()) in _KEPT:
        return _KEPT[name]
    for root in target.parents:
        if (root / FILE).is_file():
            first, *rest = (part.casefold() for part in target.relative_to(root).parts)
            if not rest and first.startswith(_DATABASE):
                return "the database of a review, or a copy of it"
            if rest and first in _FOLDERS:
                return f"among {_FOLDERS[first]}" if first == "extracted" else f"among the {_FOLDERS[first]}"
    if not target.is_file():
        return None
    if _head(target, _MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC:
        return "a database"
    if _RECORDED in _head(target.parent / _MANIFEST, 100):
        return "part of a recorded search"
    if target.stat().st_nlink > 1 and (here := _at_work.get()) is not None:
        return next((f"{one.name} of this review by another name" for one in _own(here) if _same(one, target)), None)
    return None


def _own(root: Path) -> list[Path]:
    folders = [path for name in _FOLDERS for path in (root / name).rglob("*") if path.is_file()]
    return [root / FILE, *root.glob(f"{_DATABASE}*"), *folders]


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and one.samefile(other)


def _head(path: Path, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(length)
    except OSError:
        return b""
