"""The data dictionary: docs/reference/data-dictionary.md, written from the comments that the views carry."""

from __future__ import annotations

from review.database import Store
from review.reporting import store as reads


def data_dictionary(store: Store) -> str:
    """The page: a section for each view of `v1`, a line for each column."""
    out = [
        "# Data dictionary",
        "",
        "The views of schema `v1`, the contract for SQL. Generated from their comments; do not edit.",
        "A view changes only by addition; a removal is announced one version ahead.",
    ]
    view = ""
    for line in reads.dictionary_lines(store).iter_rows(named=True):
        if line["view_name"] != view:
            view = line["view_name"]
            out += [
                "",
                f"## v1.{view}",
                "",
                line["view_comment"] or "",
                "",
                "| Column | Type | Meaning |",
                "|---|---|---|",
            ]
        meaning = (line["column_comment"] or "").replace("|", "\\|")
        out.append(f"| `{line['column_name']}` | {line['data_type']} | {meaning} |")
    return "\n".join(out) + "\n"


def uncommented(store: Store) -> list[str]:
    """Views and columns of `v1` that nobody explained: `view` or `view.column`."""
    found: list[str] = []
    for line in reads.dictionary_lines(store).iter_rows(named=True):
        if not line["view_comment"] and line["view_name"] not in found:
            found.append(line["view_name"])
        if not line["column_comment"]:
            found.append(f"{line['view_name']}.{line['column_name']}")
    return found
