"""Where the files that travel with the program are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """The path of a shipped file or folder: `shipped("queries", "views")`, `shipped("extracted")`."""
    packed = _PACKAGE / "_data"
    root = packed if packed.is_dir() else _PACKAGE.parent
    return root.joinpath(*parts)


def packaged(*parts: str) -> Path:
    """The path of a file that lies inside the package itself: `packaged("demo", "records.xml")`."""
    return _PACKAGE.joinpath(*parts)
