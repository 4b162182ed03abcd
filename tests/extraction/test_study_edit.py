"""study.toml is edited as text: what people wrote around a report survives byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.errors import ExtractionError
from review.extraction.placing import FileEdit, complaint, replace_files, unified_diff
from review.extraction.study_edit import add_report, block_of, parse, remove_report, report_blocks, write_block
from tests.extraction.conftest import Desk

NEW = write_block({"id": "PMID:7", "kind": "follow_up", "pmid": "7", "year": 2020})

# what may stand between the keys and blocks of a file, and must not be taken for a block
_NOISE = st.lists(st.sampled_from(["", "  ", "\t", "# a remark", "# [[reports]]", "#", "  # id = 'x'"]), max_size=4)
_KEYS = st.lists(
    st.sampled_from(
        [
            'label = "[[reports]] # no comment"  # a comment',
            "note = '''\n[[reports]]\nid = \"PMID:7\"\n'''",
            'words = """\nit "says" \\""" [[arms]]\n"""',
            "registry = [\n  \"NCT1\", # one ]\n  'NCT2',\n]",
            "plain = 1",
            "quoted = 'a\\'",
        ]
    ),
    max_size=3,
    unique=True,
)
_REPORT = st.sampled_from(
    [
        '[[reports]]\nid = "PMID:1"\n# inside\nkind = "primary"',
        "[[ reports ]]  # main\nkind = 'other'\nid = 'SRC:a'\n\n\nyear = 2001 # late",
        '  [[reports]]\n  id = "DOI:10.1/a"\n  title = """\n[[reports]]\n\n"""',
        "[[\"reports\"]]\nid = 'NCT00000001'",
    ]
)
_ARM = st.sampled_from(['[[arms]]\nid = "a"\nlabel = """\n[[reports]]"""', "[[arms]] # one\nid = 'b'"])


@st.composite
def study_files(draw: st.DrawFn) -> str:
    """A file with 0 to 3 reports, in any dress: comments, blank lines, line ends, with or without a last one."""
    parts = [*draw(_NOISE), "study_id = 'x'", *draw(_KEYS)]
    for block in (*draw(st.lists(_REPORT, max_size=3, unique=True)), *draw(st.lists(_ARM, max_size=2, unique=True))):
        parts += [*draw(_NOISE), block]
    parts += draw(_NOISE)
    lines = "\n".join(parts).split("\n")
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n"]]))
    text = lines[0] + "".join(draw(st.sampled_from(ends)) + line for line in lines[1:])
    return draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", *ends]))


@given(study_files())
def test_link_then_unlink_gives_the_file_back_byte_for_byte(text: str) -> None:
    linked = add_report(text, NEW, "study.toml")
    assert remove_report(linked, "PMID:7", "study.toml").encode() == text.encode()


@given(study_files())
def test_what_stood_there_before_stands_there_after(text: str) -> None:
    before = parse(text, "study.toml")
    after = parse(add_report(text, NEW, "study.toml"), "study.toml")
    assert after.pop("reports") == [*before.pop("reports", []), parse(NEW, "new")["reports"][0]]
    assert after == before


@given(study_files(), st.integers(0, 2))
def test_any_report_can_be_taken_out_and_nothing_else_goes(text: str, place: int) -> None:
    before = parse(text, "study.toml")
    reports = before.pop("reports", [])
    if place < len(reports):
        own = reports.pop(place)["id"]
        made = remove_report(text, own, "study.toml")
        after = parse(made, "study.toml")
        assert after.pop("reports", []) == reports
        assert after == before
        # a comment between the header of a block and its last key is the block's own
        gone = {line for line in text.split("\n") if line.strip().startswith("#")} - set(made.split("\n"))
        assert {line.strip() for line in gone} <= {"# inside"}


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_title_of_any_letters_is_one_line_and_read_back(title: str, more: str) -> None:
    block = write_block({"id": "PMID:9", "kind": "other", "title": f"{title} {more}"})
    plain = " ".join(f"{title} {more}".encode("utf-8", "replace").decode().split())
    assert parse(block, "block")["reports"][0].get("title", "") == plain
    assert len(block.replace("\r", "\n").split("\n")) == (4 if plain else 3)


def test_crlf_stays_crlf() -> None:
    text = 'study_id = "a"\r\n\r\n[[reports]]\r\nid = "PMID:1"\r\n'
    assert "\n" not in add_report(text, NEW, "study.toml").replace("\r\n", "")


def test_the_new_report_follows_the_last_one_and_comes_before_the_arms(desk: Desk) -> None:
    text = (desk.root / "extracted/test2020/study.toml").read_text("utf-8")
    linked = add_report(text, NEW, "study.toml")
    assert linked.index("10.1234/test.1") < linked.index("PMID:7") < linked.index("[[arms]]")
    assert block_of(linked, "PMID:7", "study.toml") == NEW


def test_a_block_names_its_line() -> None:
    text = "study_id = 'a'\n\n[[reports]]\nid = 'PMID:1'\n"
    assert [(each.id, each.line) for each in report_blocks(text, "study.toml")] == [("PMID:1", 3)]


def test_the_same_id_twice_is_refused_with_its_line() -> None:
    text = "study_id = 'a'\n\n[[reports]]\nid = 'PMID:7'\n"
    with pytest.raises(ExtractionError, match="line 3: report PMID:7 stands there already"):
        add_report(text, NEW, "study.toml")


def test_reports_that_are_no_blocks_are_left_to_the_person() -> None:
    with pytest.raises(ExtractionError, match=r"line 2: reports is not written as blocks"):
        add_report("study_id = 'a'\nreports = [{id = 'PMID:1'}]\n", NEW, "study.toml")


def test_an_unknown_report_is_named_with_those_that_are_there() -> None:
    with pytest.raises(ExtractionError, match=r"no report 'PMID:8'.*PMID:1"):
        remove_report("a = 1\n[[reports]]\nid = 'PMID:1'\n", "PMID:8", "study.toml")


def test_what_is_not_toml_is_named_with_its_line() -> None:
    with pytest.raises(ExtractionError, match="at line 2"):
        add_report("a = 1\nb = \n", NEW, "study.toml")


def edit(desk: Desk, old: str, new: str) -> FileEdit:
    path = desk.root / "extracted/test2020/study.toml"
    before = path.read_bytes()
    return FileEdit(path, before, before.replace(old.encode(), new.encode()))


def test_the_checker_speaks_before_anything_is_replaced(desk: Desk) -> None:
    change = edit(desk, 'kind = "primary"', 'kind = "main"')
    problem = complaint([change], desk.root / "extracted")
    assert problem is not None
    assert "extracted/test2020/study.toml line 12: reports.kind is 'main'" in problem.message
    assert change.path.read_bytes() == change.before
    assert complaint([edit(desk, "2020 (SIM", "2021 (SIM")], desk.root / "extracted") is None
    assert [path.name for path in (desk.root / "extracted").iterdir() if path.name.startswith(".")] == []


def test_a_source_of_a_report_that_went_is_found_by_the_checker(desk: Desk) -> None:
    change = edit(desk, 'id = "DOI:10.1234/test.1"', 'id = "PMID:1"')
    problem = complaint([change], desk.root / "extracted")
    assert problem is not None
    assert "sources.csv line 2" in problem.message


def test_studies_that_overlap_are_looked_up(desk: Desk) -> None:
    text = (desk.root / "extracted/test2020/study.toml").read_text("utf-8")
    other = text.replace("test2020", "test2021").replace('unit = "patient"', 'overlap_with = ["test2020"]')
    desk.write("test2021/study.toml", other)
    desk.write("test2021/sources.csv", (desk.root / "extracted/test2020/sources.csv").read_text("utf-8"))
    assert complaint([edit(desk, 'unit = "patient"', 'overlap_with = ["test2021"]')], desk.root / "extracted") is None


def test_a_file_that_changed_meanwhile_is_not_replaced(desk: Desk) -> None:
    change = edit(desk, "simulated", "invented")
    desk.edit("test2020/study.toml", "Test 2020", "Test 2020, by another hand")
    with pytest.raises(ExtractionError, match=r"extracted/test2020/study.toml changed while"):
        replace_files([change], desk.root / "extracted")
    assert "by another hand" in change.path.read_text("utf-8")


def test_two_files_are_replaced_or_none(desk: Desk) -> None:
    """The second cannot be put in place: a folder stands where it should go."""
    first = edit(desk, "simulated", "invented")
    blocked = desk.root / "extracted/test2020/remarks.csv"
    blocked.mkdir()
    (blocked / "in the way").touch()
    with pytest.raises(OSError, match="directory"):
        replace_files([first, FileEdit(blocked, None, b"subject\n")], desk.root / "extracted")
    assert first.path.read_bytes() == first.before


def test_a_study_that_could_not_be_made_leaves_no_folder(desk: Desk) -> None:
    extracted = desk.root / "extracted"
    (extracted / "test2020" / "remarks.csv").mkdir()
    made = FileEdit(extracted / "new2026" / "study.toml", None, b"x = 1\n")
    with pytest.raises(OSError, match="directory"):
        replace_files([made, FileEdit(extracted / "test2020" / "remarks.csv", None, b"")], extracted)
    assert not (extracted / "new2026").exists()


def test_a_link_out_of_the_project_is_not_followed(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "study.toml").write_text("x = 1\n")
    (desk.root / "extracted" / "far2020").symlink_to(outside, target_is_directory=True)
    path = desk.root / "extracted" / "far2020" / "study.toml"
    with pytest.raises(ExtractionError, match="leads out of extracted"):
        replace_files([FileEdit(path, b"x = 1\n", b"x = 2\n")], desk.root / "extracted")
    assert (outside / "study.toml").read_text() == "x = 1\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such permissions")
def test_permissions_stay(desk: Desk) -> None:
    change = edit(desk, "simulated", "invented")
    change.path.chmod(0o640)
    replace_files([change], desk.root / "extracted")
    assert change.path.stat().st_mode & 0o777 == 0o640
    assert b"invented" in change.path.read_bytes()


def test_the_difference_reads_like_diff_u(desk: Desk) -> None:
    shown = unified_diff([edit(desk, "simulated", "invented")], root=desk.root)
    assert shown.split("\n")[:3] == [
        "--- a/extracted/test2020/study.toml",
        "+++ b/extracted/test2020/study.toml",
        "@@ -5,7 +5,7 @@",
    ]
    assert '-extraction = "simulated"' in shown
    assert '+extraction = "invented"' in shown


def test_every_shipped_study_takes_a_report_and_gives_it_back() -> None:
    files = sorted((Path(__file__).resolve().parents[2] / "extracted").glob("*/study.toml"))
    assert len(files) > 200
    for path in files:
        text = path.read_bytes().decode()
        assert remove_report(add_report(text, NEW, path.name), "PMID:7", path.name) == text, path
