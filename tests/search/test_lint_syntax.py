"""The lint on what PubMed accepts and what it does not: published filters, names of fields, other databases, dates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from review.search.pubmed_tags import known
from review.search.syntax import ands_after_not, fault, faults
from tests.search.test_lint import CLEAN, FILTER, LAST, WORD, remarks_on

# the two filters of Cochrane for PubMed as the Handbook prints them, and shapes that Advanced Search writes
PUBLISHED = {
    "Cochrane, all trials": """
randomized controlled trial [pt]
controlled clinical trial [pt]
randomized [tiab]
placebo [tiab]
drug therapy [sh]
randomly [tiab]
trial [tiab]
groups [tiab]
#1 OR #2 OR #3 OR #4 OR #5 OR #6 OR #7 OR #8
animals [mh] NOT humans [mh]
#9 NOT #10""",
    "Cochrane, fewer others": """
randomized controlled trial [pt]
controlled clinical trial [pt]
randomized [tiab]
placebo [tiab]
clinical trials as topic [mesh: noexp]
randomly [tiab]
trial [ti]
#1 OR #2 OR #3 OR #4 OR #5 OR #6 OR #7
animals [mh] NOT humans [mh]
#8 NOT #9""",
    "Cochrane, in one line": """
((randomized controlled trial[pt] OR drug therapy[sh]) OR (trial[tiab])) NOT (animals[mh] NOT humans[mh])""",
    "Advanced Search": """
"osteoarthritis, knee"[MeSH Terms] OR ("knee"[All Fields] AND "arthritis"[All Fields]) OR gonarthros*[Title/Abstract]
("platelet rich plasma"[MeSH Terms] OR "rich plasma"[Title/Abstract:~0]) AND (clinicaltrial[Filter] AND y_10[Filter])
#1 AND #2 AND ("2010/01/01"[Date - Publication] : "3000"[Date - Publication])
#3 AND "2010/01/01"[PDAT] : "2024/12/31"[PDAT]
#4 AND 2010/01/01:2024/12/31[Date - Entry]
#5 NOT ("Animals" [Mesh] NOT "Humans" [Mesh])""",
    "without quotation marks": """
Osteoarthritis, Knee[mh] OR osteoarthritis, knee/therapy[mh] OR knee joint/de[mh:noexp]
Smith J[au] OR N Engl J Med[ta] OR Exp Brain Res[Journal] OR harvard medical school[ad]
#1 AND #2 NOT (animals[mh] NOT humans[mh])
#3 AND hasabstract""",
}
DOUBTS = {"P205", "P207", "P604", "P608"}


def errors_on(folder: Path, text: str) -> list[tuple[str, str]]:
    return [(one.rule.id, one.words) for one in remarks_on(folder, text) if one.rule.severity == "error"]


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_what_pubmed_accepts_is_accepted_as_it_was_published(tmp_path: Path, name: str) -> None:
    form = "[[line]]\nlabel = \"l{0}\"\nblock = \"b\"\nmesh = \"verified\"\ntext = '''{1}'''\n\n"
    texts = enumerate(PUBLISHED[name].strip().split("\n"), start=1)
    written = CLEAN[: CLEAN.index("[[line]]")] + "".join(form.format(no, text) for no, text in texts)
    found = remarks_on(tmp_path, written)
    assert [one for one in found if one.rule.severity == "error" or one.rule.id in DOUBTS] == []


def test_the_names_of_pubmeds_own_list_of_fields_are_known(shared_data: Path) -> None:
    listed = (shared_data / "pubmed" / "biopython_entrez" / "einfo2.xml").read_text("latin-1")
    fields = listed[listed.index("<FieldList>") : listed.index("</FieldList>")]
    names = [name for _, name in re.findall(r"<(Name|FullName)>([^<]+)</\1>", fields)]
    assert len(names) > 90
    assert [name for name in names if not known(name)] == []


@pytest.mark.parametrize(
    "name",
    [
        "MeSH Subheading", "Subheading", "Text Words", "Pharmacological Action", "Author - Identifier", "pl", "pubn",
        "ps", "Personal Name as Subject", "Grants and Funding", "MeSH Date", "MeSH Terms: noexp", "mh: noexp",
        "sh:noexp", "PT:noexp", "Title:~2", "ad: ~3", "Conflict of Interest Statements", "ISBN", "Location ID",
    ],
)  # fmt: skip
def test_a_field_is_known_by_each_of_its_names(name: str) -> None:
    assert known(name)
    assert fault(f'"two words" [{name}]') is None


@pytest.mark.parametrize("name", ["abs", "kw", "ti,ab", "tiab:noexp", "mh:~3", "mh:", "Date - Sent", "", ":~3"])
def test_a_field_that_pubmed_does_not_have_is_not_known(name: str) -> None:
    assert not known(name)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("1 AND 2", "write #1 AND #2"),
        ("#1 and 2", "write #1 AND #2"),
        ("OR/1-2", "write #1 OR #2"),
        ("1-2/and", "write #1 AND #2"),
        ("2 not (or/1,1-2)", "write #2 NOT ((#1 OR #1 OR #2))"),
    ],
)
def test_lines_that_are_joined_by_bare_numbers_are_one_error(tmp_path: Path, text: str, mend: str) -> None:
    (one,) = remarks_on(tmp_path, CLEAN.replace(LAST, f'"{text}"'))
    assert (one.rule.id, one.words, one.mend) == ("P514", text, mend)


@pytest.mark.parametrize(
    ("text", "whose", "words", "instead"),
    [
        ("exp Arthritis/ or knee adj3 pain.mp.", "Ovid", "exp Arthritis/, .mp., adj3", '"Heading"[mh]'),
        ("knee.ti,ab. and pain.tw.", "Ovid", ".ti,ab.", "a tag after each term"),
        ("(knee or hip).ti,ab", "Ovid", ".ti,ab", "a tag after each term"),
        ("Knee Joint/ OR Hip Joint/", "Ovid", "Joint/", '"Heading"[mh]'),
        ("'knee'/exp OR knee:ti,ab,kw", "Embase", "/exp, :ti,ab,kw", '"Heading"[mh]'),
        ('[mh "Knee Joint"] OR knee:ti,ab', "Cochrane", '[mh ", :ti,ab', '"Heading"[mh]'),
        ("knee:ti,ab,kw NEAR/3 pain", "Embase or Cochrane", ":ti,ab,kw, NEAR/3", '"both words"[tiab:~3]'),
        ('TS=("knee" NEAR/3 pain)', "Web of Science", "TS=, NEAR/3", '"both words"[tiab:~3]'),
        ("TITLE-ABS-KEY(knee W/3 pain)", "Scopus", "TITLE-ABS-KEY(, W/3", "a tag after each term"),
        ('(MH "Knee+") OR knee N3 pain', "EBSCO", '(MH ", N3', "a tag after each term"),
    ],
)
def test_a_line_of_another_database_is_one_error_with_what_pubmed_has(
    tmp_path: Path, text: str, whose: str, words: str, instead: str
) -> None:
    found = remarks_on(tmp_path, CLEAN.replace(f"text = {LAST}", f"text = '''#1 AND #2 AND {text}'''"))
    (one,) = [one for one in found if one.rule.severity == "error"]
    assert (one.rule.id, one.words) == ("P513", words)
    assert one.wrong.startswith(f"this looks like {whose};")
    assert one.mend.startswith("write ")
    assert instead in one.mend


@pytest.mark.parametrize(
    "text",
    [
        '"what is pain?"[ti]', '"US$ cost"[tiab]', "knee joint/de[mh]", "and/or[ti]", "10.1136/bjsm.in[aid]",
        "aiims.edu.in[ad]", "H5 N1 virus[nm]", '"see e.g. .mp. and exp x/"[tiab]', "TI[tiab]", "1990:2000[UID]",
    ],
)  # fmt: skip
def test_what_only_looks_like_another_database_is_read(text: str) -> None:
    assert fault(text) is None


@pytest.mark.parametrize(
    "text", ["wom?n[tiab]", "arthros#s[tiab]", '"knee osteoarthrit$"[tiab]', "injur$2[ti]", "pain?[ti]"]
)
def test_wildcards_of_other_databases_are_errors(tmp_path: Path, text: str) -> None:
    assert errors_on(tmp_path, CLEAN.replace(WORD, text)) == [("P411", text)]


@pytest.mark.parametrize("text", ['""[tiab]', '" "[tiab]', "*[tiab]", '""[mh]', "[tiab]", '"-"'])
def test_a_term_without_a_word_is_an_error(tmp_path: Path, text: str) -> None:
    assert errors_on(tmp_path, CLEAN.replace(WORD, text)) == [("P512", text)]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("2020/13/01[dp]", "2020/13/01: there is no month 13"),
        ('"2019/02/29"[PDAT] : "3000"[PDAT]', "2019/02/29: the month has no day 29"),
        ("2024:2010[Date - Entry]", "the range goes from late to early"),
        ('"2024/05/02"[dp] : "2024/05/01"[dp]', "the range goes from late to early"),
        ("20100:2020[dp]", "20100: a year has four figures"),
        ("2024/05:2024[dp]", None), ("2024:2024/05[dp]", None), ("2020/02/29[dp]", None), ('"last 5 years"[dp]', None),
        ("1800/01/01:3000[edat]", None),
    ],
)  # fmt: skip
def test_dates_that_do_not_exist_or_run_backwards_are_told(tmp_path: Path, text: str, wrong: str | None) -> None:
    found = remarks_on(tmp_path, CLEAN.replace(LAST, FILTER.format(f"AND {text}")))
    assert [one.wrong for one in found if one.rule.id == "P608"] == ([wrong] if wrong else [])
    assert not [one for one in found if one.rule.severity == "error"]


def test_a_mend_keeps_the_tag_as_it_was_written(tmp_path: Path) -> None:
    found = remarks_on(tmp_path, CLEAN.replace(WORD, "Platelet Plasma [Title/Abstract] OR oedema [TIAB]"))
    mends = {one.rule.id: one.mend for one in found}
    tag = "[Title/Abstract]"
    ways = f'"Platelet Plasma"{tag}, or Platelet{tag} AND Plasma{tag}, or "Platelet Plasma"[Title/Abstract:~3]'
    assert mends["P204"] == f"say which is meant: {ways}; they find different sets"
    assert mends["P508"] == "add OR edema[TIAB]; this finds more records"


@pytest.mark.parametrize(
    "text", ["#1 NOT #2 NOT prp[ti]", "#1 AND #2 NOT prp[ti]", "#1 AND prp[ti] AND #2 NOT a[ti] NOT b[ti]"]
)
def test_and_before_not_needs_no_brackets(text: str) -> None:
    assert fault(text) is None
    assert not ands_after_not(text)


@pytest.mark.parametrize("text", ["#1 OR #2 NOT prp[ti]", "#1 AND #2 NOT prp[ti] OR b[ti]", "#1 NOT #2 OR a[ti]"])
def test_or_beside_not_needs_brackets(text: str) -> None:
    assert [one.rule for one in faults(text)] == ["P201"]


def test_what_is_spared_from_being_taken_away_is_not_told(tmp_path: Path) -> None:
    one_line = CLEAN.replace(LAST, FILTER.format("NOT (humans[mh] NOT animals[mh])"))
    assert [one.rule.id for one in remarks_on(tmp_path, one_line)] == ["P205"]
    lines = "\n\n".join(
        f'[[line]]\nlabel = "l{n}"\nblock = "filter"\nmesh = "verified"\ntext = \'{text}\''
        for n, text in enumerate(["humans[mh] NOT animals[mh]", "#3 NOT #4"])
    )
    assert [(one.rule.id, one.no) for one in remarks_on(tmp_path, CLEAN + "\n" + lines)] == [("P205", 5)]
