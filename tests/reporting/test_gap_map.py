"""The gap map: four states, nothing rolled up, and a drawing with nothing clipped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from review.database import LocalStore
from review.errors import MissingExtra, UsageProblem
from review.project import Project
from review.reporting.gap_map import draw_gap_map, gap_list, gap_map
from review.reporting.writers import write_text

Evidence = tuple[Project, LocalStore]


def test_the_four_states(evidence: Evidence) -> None:
    project, store = evidence
    _, lines = gap_map(store, project)
    found = {(row["condition_id"], row["cell_source_id"]): row["state"] for row in lines.iter_rows(named=True)}
    assert found == {
        ("knee_oa", "prp"): "pooled",
        ("knee_oa", "bmac"): "figures",
        ("hip_oa", "prp"): "trial without this outcome",
        ("hip_oa", "bmac"): "no trial",
        ("stenosis", "prp"): "no trial",
        ("stenosis", "bmac"): "no trial",
    }


def test_an_umbrella_and_an_axis_have_no_line_of_their_own(evidence: Evidence) -> None:
    project, store = evidence
    _, lines = gap_map(store, project)
    assert "oa" not in lines["condition_id"].to_list()
    assert "autologous" not in lines["cell_source_id"].to_list()


def test_the_matrix_counts_trials_and_the_largest_pool(evidence: Evidence) -> None:
    project, store = evidence
    table, lines = gap_map(store, project)
    assert [row.cells for row in table.rows] == [
        ("Hip osteoarthritis", "·", "○ 1"),
        ("Knee osteoarthritis", "◐ 1", "● 4 k=3"),
        ("Spinal stenosis", "·", "·"),
    ]
    assert "pooled (1 pairs)" in table.notes[0]
    narrow = gap_list(table, lines)
    assert "No trial of any cell source: Spinal stenosis." in narrow.notes
    assert "● pooled" in write_text(narrow, width=70)


def test_another_outcome_has_another_map(evidence: Evidence) -> None:
    project, store = evidence
    _, lines = gap_map(store, project, outcome="function")
    assert set(lines["state"]) == {"no trial", "trial without this outcome"}
    with pytest.raises(UsageProblem, match="known: function, pain"):
        gap_map(store, project, outcome="joy")


def test_a_simulated_map_says_so(evidence: Evidence) -> None:
    project, store = evidence
    table, lines = gap_map(store, replace(project, simulated=True))
    assert "SIMULATED" in table.banner and set(lines["simulated"]) == {"SIMULATED"}


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_a_drawing_has_the_same_bytes_twice(evidence: Evidence, tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    project, store = evidence
    _, lines = gap_map(store, project)
    one, other = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    draw_gap_map(lines, one, title="Gap map")
    draw_gap_map(lines, other, title="Gap map")
    assert one.read_bytes() == other.read_bytes()


def test_every_text_of_the_drawing_lies_inside_it(evidence: Evidence) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib import patches
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from review.reporting.gap_map import draw_figure

    project, store = evidence
    _, lines = gap_map(store, project)
    long = lines.with_columns(lines["condition"] + " of a very long name that goes on")
    figure = draw_figure(long, Figure, patches, title="Gap map of pain: " + "long title " * 12, simulated=True)
    renderer = FigureCanvasAgg(figure).get_renderer()
    width, height = figure.bbox.width, figure.bbox.height
    for text in figure.findobj(Text):
        if text.get_text():
            box = text.get_window_extent(renderer)
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text.get_text()


def test_another_ending_is_refused(evidence: Evidence, tmp_path: Path) -> None:
    project, store = evidence
    _, lines = gap_map(store, project)
    with pytest.raises(UsageProblem, match=r"\.svg, \.png or \.pdf"):
        draw_gap_map(lines, tmp_path / "map.gif")


def test_without_the_extra_one_line_names_it(
    evidence: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, store = evidence
    _, lines = gap_map(store, project)

    def gone(name: str, package: str | None = None) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("importlib.import_module", gone)
    with pytest.raises(MissingExtra, match="matplotlib is not installed"):
        draw_gap_map(lines, tmp_path / "map.svg")
    assert not (tmp_path / "map.svg").exists()


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_a_title_is_no_formula_and_holds_no_control_character(evidence: Evidence, tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    project, store = evidence
    _, lines = gap_map(store, project)
    strange = lines.with_columns(lines["condition"] + " \x1b[31m $\\nosuch{$")
    file = tmp_path / f"map.{ending}"
    draw_gap_map(strange, file, title="a \x00 \x1b $\\nosuch{$ title")
    assert file.stat().st_size > 1000
    if ending == "svg":
        assert not set(file.read_text("utf-8")) & set("\x00\x1b")
