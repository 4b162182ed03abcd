"""Makes a new review: one folder with a protocol that works, a strategy, vocabularies and an empty extracted/."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from review.errors import UsageProblem
from review.paths import packaged, shipped

# full texts are others' property: they are no part of what a team may publish
_IGNORED = "review.duckdb\nreview.duckdb.*\n.review.duckdb.*\nfull_texts/\n"


def new_review(folder: Path, *, title: str) -> list[Path]:
    """Write a new review into *folder* and return the files. Raises UsageProblem when the folder holds anything."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is there already and is not an empty folder"
        raise UsageProblem(message, hint="give the name of a folder that does not exist yet")
    template = packaged("flows", "template")
    written = {
        Path("review.toml"): (template / "review.toml")
        .read_text("utf-8")
        .replace('"{title}"', json.dumps(title, ensure_ascii=False)),
        Path("queries/pubmed/example.toml"): (template / "strategy.toml").read_text("utf-8"),
        Path(".gitignore"): _IGNORED,
    }
    half = folder.with_name(f".{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    try:
        for name, text in written.items():
            (half / name).parent.mkdir(parents=True, exist_ok=True)
            (half / name).write_text(text, "utf-8")
        shutil.copytree(shipped("extracted", "_vocabulary"), half / "extracted" / "_vocabulary")
        if folder.exists():
            folder.rmdir()
        half.rename(folder)
    except OSError as problem:
        # the path in the error is that of the half-made folder, which nobody asked for
        message = f"{folder} cannot be made: {problem.strerror}"
        raise UsageProblem(message, hint="give a folder that you may write in") from problem
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return sorted(path for path in folder.rglob("*") if path.is_file())
