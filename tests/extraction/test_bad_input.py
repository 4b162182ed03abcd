"""Each mistake in a file is one error with file, line and what is allowed, and nothing is written."""

from __future__ import annotations

import pytest

from review.database import LocalStore
from review.errors import ExtractionError, FieldError
from review.extraction.extracted import Extracted, read_extracted
from review.extraction.load import load
from tests.extraction.conftest import Desk

ROWS = "test2020/r1/continuous.csv"
HARMS = "test2020/r1/adverse_events.csv"

MISTAKES = [
    (ROWS, "12.25,,sd", "-12.25,,sd", 2, "spread_lo", "0 or more"),
    (HARMS, ",3,20,15,", ",21,20,15,", 2, "events", "more than n = 20"),
    ("test2020/r1/arms.csv", "prp,prp,", "prp,prpp,", 2, "cell_source", "did you mean 'prp'"),
    ("test2020/r1/arms.csv", "prp,prp,", "prp,autologous,", 2, "cell_source", "no cell source"),
    ("test2020/r1/arms.csv", ",20,,PRP", ",0,,PRP", 2, "n_randomised", "from 1"),
    (ROWS, "arm_id,outcome", "arm,outcome", 1, "header", "arm_id"),
    (ROWS, ",remark", "", 1, "header", "lacks the column 'remark'"),
    (ROWS, "30.5,mean", "30,5,mean", 2, "row", "cells"),
    (ROWS, ",20,30.5,mean", ",20,30.5x,mean", 2, "center", "a number with a point"),
    (ROWS, ",20,30.5,mean", ",20.5,30.5,mean", 2, "n", "a whole number"),
    (ROWS, ",20,30.5,mean", ",20,nan,mean", 2, "center", "a number with a point"),
    (ROWS, ",final,itt", ",end,itt", 2, "measure", "baseline | final | change"),
    (ROWS, "prp,pain,VAS", "prp,pian,VAS", 2, "outcome", "did you mean 'pain'"),
    (ROWS, "prp,pain,VAS", "placebo,pain,VAS", 2, "arm_id", "no arm of study.toml"),
    (ROWS, "T2,T2,\n", "T2,T9,\n", 2, "source_id", "no source of sources.csv"),
    (ROWS, "prp,pain,VAS,", "prp,pain,VASS,", 2, "instrument", "did you mean 'VAS'"),
    (ROWS, "\nsal,", "\nprp,", 3, "arm_id", "the same as on line 2"),
    (ROWS, '"VAS, 6 months | PRP', '"VAS, 6 months" | PRP', 2, "row", "not CSV"),
    (ROWS, "12.25,,sd", "12.25,,ci95", 2, "spread_lo", "both be given"),
    ("test2020/sources.csv", ",primary,Table 2", ",first,Table 2", 2, "level", "primary | secondary"),
    ("test2020/sources.csv", "2026-01-02", "2.1.2026", 2, "read_on", "a date such as"),
    ("_vocabulary/cell_source.csv", "prp,,", "prp,blood,", 2, "parent_id", "no cell_source"),
]


def read(desk: Desk) -> Extracted:
    """What a load reads before it touches the database."""
    return read_extracted(desk.root / "extracted", root=desk.root)


@pytest.mark.parametrize(("file", "old", "new", "line", "field", "words"), MISTAKES)
def test_a_mistake_names_file_line_and_field(
    desk: Desk, file: str, old: str, new: str, line: int, field: str, words: str
) -> None:
    read(desk)
    desk.edit(file, old, new)
    with pytest.raises(FieldError) as caught:
        read(desk)
    assert str(caught.value).startswith(f"extracted/{file} line {line}: ")
    assert field in caught.value.field
    assert words in str(caught.value)


def test_a_mistake_in_the_last_file_leaves_the_database_as_it_was(desk: Desk, store: LocalStore) -> None:
    load(store, desk.project)
    before = store.read("select row_id, center from v1.result order by all").rows()
    desk.edit(ROWS, ",20,41,mean", ",20,42,mean")
    desk.edit(HARMS, ",3,20,15,", ",21,20,15,")
    with pytest.raises(FieldError):
        load(store, desk.project)
    assert store.read("select row_id, center from v1.result order by all").rows() == before


def test_a_study_file_names_the_line_of_a_wrong_word(desk: Desk) -> None:
    desk.edit("test2020/study.toml", '"rct_parallel"', '"rct"')
    with pytest.raises(ExtractionError, match=r"^extracted/test2020/study.toml line 3: design is 'rct'.*rct_parallel"):
        read(desk)


def test_an_unknown_key_of_a_study_is_refused(desk: Desk) -> None:
    desk.edit("test2020/study.toml", "unit =", "units =")
    with pytest.raises(ExtractionError, match=r"line 6: unknown key 'units'.*did you mean 'unit'"):
        read(desk)


def test_an_unknown_condition_is_refused(desk: Desk) -> None:
    desk.edit("test2020/study.toml", '"knee_oa"', '"knee"')
    with pytest.raises(FieldError, match=r"study.toml line 4: condition is 'knee'.*did you mean 'knee_oa'"):
        read(desk)


def test_a_study_id_is_its_folder(desk: Desk) -> None:
    desk.edit("test2020/study.toml", '"test2020"', '"test2021"')
    with pytest.raises(ExtractionError, match="the name of its folder"):
        read(desk)


def test_a_misspelt_file_is_not_left_out_without_a_word(desk: Desk) -> None:
    desk.write("test2020/r1/continous.csv", "")
    with pytest.raises(
        ExtractionError, match=r"r1/continous.csv is not a file of the form.*did you mean continuous.csv"
    ):
        read(desk)


def test_a_folder_without_study_file_is_an_error(desk: Desk) -> None:
    desk.write("other2021/r1/arms.csv", "")
    with pytest.raises(ExtractionError, match=r"other2021 has no study.toml"):
        read(desk)


def test_a_remark_on_nothing_is_an_error(desk: Desk) -> None:
    desk.write(
        "test2020/remarks.csv",
        "kind,subject,remark,who,remarked_on,basis\n"
        "sign,continuous | prp | VAS | 3 | final | T2,odd,ana,2026-01-02,print\n",
    )
    with pytest.raises(FieldError, match=r"remarks.csv line 2: subject .* is nothing of this study"):
        read(desk)


def test_an_empty_file_lacks_its_header(desk: Desk) -> None:
    desk.write(ROWS, "")
    with pytest.raises(FieldError, match="line 1: header is missing"):
        read(desk)


def test_a_file_that_is_not_utf8_names_the_line(desk: Desk) -> None:
    path = desk.root / "extracted" / ROWS
    path.write_bytes(path.read_bytes().replace("±".encode(), b"\xb1"))
    with pytest.raises(FieldError, match="line 2: file is not UTF-8"):
        read(desk)
