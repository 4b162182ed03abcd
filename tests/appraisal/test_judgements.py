"""judgements.toml: what is read, what is proposed, and every mistake named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.appraisal import judgements
from review.appraisal.checklists import VARIANT_NEEDED, minors_ideal, tools_for
from review.cli import run
from review.database import LocalStore, Replace
from review.errors import ExtractionError, FieldError
from review.project import Project
from review.terms import Design

RESULT = """\
[pain_12]
outcome = "pain"
month = 12
comparison = "a1 v a2"
tool = "RoB 2"
effect = "assignment"
"1.1" = { answer = "Y", source = "s1", words = "random number list" }
"1.2" = { answer = "PY", source = "s1" }
"1.3" = { answer = "NI", searched = "article and registry entry" }
"2.1" = { answer = "N", source = "s1" }
"2.2" = { answer = "PN", source = "s1" }
"2.3" = "NA"
"2.6" = { answer = "Y", source = "s1" }
"3.1" = { answer = "Y", source = "s1" }
"4.1" = { answer = "N", source = "s1" }
"4.2" = { answer = "N", source = "s1" }
"4.3" = { answer = "N", source = "s1" }
"5.1" = { answer = "NI", searched = "registry entry" }
"5.2" = { answer = "N", source = "s1" }
"5.3" = { answer = "N", source = "s1" }
overall = { final = "some concerns" }
"""
CHECKLIST = 'outcome = "pain"\nmonth = 6\ncomparison = "one group"\n'


def study(project: Project, text: str, *, design: str = "rct_parallel", more: str = "", reader: str = "r1") -> Path:
    """A study folder whose reader's judgements.toml holds *text*."""
    folder = project.extracted / "lee2019"
    (folder / reader).mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(f'study_id = "lee2019"\ndesign = "{design}"\n{more}', "utf-8")
    (folder / "sources.csv").write_text("source_id,report_id,kind\ns1,PMID:1,article\n", "utf-8")
    path = folder / reader / "judgements.toml"
    path.write_text(text, "utf-8")
    return path


def catalogue(store: LocalStore, *, design: str = "rct_parallel", study_id: str = "lee2019") -> None:
    """The row that loading the extraction would make."""
    row = {
        "study_id": study_id,
        "label": "Lee 2019",
        "design": design,
        "condition_id": "knee_oa",
        "unit": "patient",
        "level": "primary",
        "extraction_status": "x",
        "file": "f",
        "line": 1,
    }
    store.apply([Replace("extraction.study", [row])])


def test_no_file_is_no_judgement(store: LocalStore, empty_review: Project) -> None:
    assert judgements.load(store, empty_review) == judgements.Loaded(0, 0, 0, ())


def test_a_study_without_a_judgement_is_not_rated(store: LocalStore) -> None:
    catalogue(store)
    row = judgements.risk_of_bias(store).row(0, named=True)
    assert (row["study_id"], row["tool"], row["status"], row["overall"]) == (
        "lee2019",
        "RoB 2",
        "not rated",
        None,
    )


def test_a_judged_result_shows_its_domains(store: LocalStore, empty_review: Project) -> None:
    catalogue(store)
    study(empty_review, RESULT)
    loaded = judgements.load(store, empty_review)
    assert (loaded.files, loaded.results, loaded.warnings) == (1, 1, ())
    row = judgements.risk_of_bias(store, "lee2019").row(0, named=True)
    assert row["status"] == "judged"
    assert row["domains"] == "D1 low; D2 low; D3 low; D4 low; D5 some concerns"
    assert (row["overall"], row["month"], row["reader"]) == ("some concerns", 12.0, "r1")


def test_every_answer_has_its_line_and_its_place(store: LocalStore, empty_review: Project) -> None:
    study(empty_review, RESULT)
    judgements.load(store, empty_review)
    rows = {row["question"]: row for row in judgements.answers(store, "lee2019").iter_rows(named=True)}
    assert rows["1.1"]["line"] == 7
    assert rows["1.1"]["source_id"] == "s1"
    assert rows["1.3"]["words"] == "no information: searched article and registry entry"
    assert rows["5.3"]["file"] == "extracted/lee2019/r1/judgements.toml"


def test_loading_again_replaces(store: LocalStore, empty_review: Project) -> None:
    path = study(empty_review, RESULT)
    judgements.load(store, empty_review)
    path.unlink()
    judgements.load(store, empty_review)
    assert judgements.answers(store, "lee2019").height == 0


def test_two_readers_stand_side_by_side(store: LocalStore, empty_review: Project) -> None:
    catalogue(store)
    study(empty_review, RESULT)
    study(empty_review, RESULT, reader="r2")
    judgements.load(store, empty_review)
    assert judgements.risk_of_bias(store)["reader"].to_list() == ["r1", "r2"]


def test_an_answer_that_no_rule_reads_is_kept_with_a_warning(store: LocalStore, empty_review: Project) -> None:
    study(empty_review, RESULT.replace('"2.3" = "NA"', '"2.3" = { answer = "N", source = "s1" }'))
    (warning,) = judgements.load(store, empty_review).warnings
    assert "judgements.toml line 12: [pain_12] 2.3 is answered, but the rule of D2 does not reach it" in warning


HIGH = 'overall = { final = "high", override_reason = "the one concern is severe" }'


def test_a_person_may_override_with_a_reason(store: LocalStore, empty_review: Project) -> None:
    study(empty_review, RESULT.replace('overall = { final = "some concerns" }', HIGH))
    judgements.load(store, empty_review)
    rows = judgements.answers(store, "lee2019").filter(domain="overall").row(0, named=True)
    assert (rows["proposal"], rows["final"]) == ("some concerns", "high")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"1.2" = { answer = "PY", source = "s1" }\n', "", 1, r'"1\.2" is not answered'),
        (
            '"2.6" = { answer = "Y", source = "s1" }',
            '"2.6" = "NA"',
            13,
            r'"2\.6" is answered \'NA\'; allowed: Y',
        ),
        ('{ answer = "PN", source = "s1" }', '{ answer = "Y", source = "s1" }', 12, r'"2\.3" is answered NA'),
        ('"3.1" = { answer = "Y", source = "s1" }', '"3.1" = { answer = "Y" }', 14, "has no source"),
        ('"3.1" = { answer = "Y", source = "s1" }', '"3.1" = { answer = "NI" }', 14, "has no source"),
        (
            '"3.1" = { answer = "Y", source = "s1" }',
            '"3.1" = { answer = "Y", source = "s9" }',
            14,
            "source 's9'",
        ),
        ('"3.1" = { answer = "Y", source = "s1" }', '"3.1" = { answer = "maybe" }', 14, "answered 'maybe'"),
        ('"3.1" = { answer = "Y", source', '"3.1" = { answer = "Y", sauce', 14, "has a part 'sauce'"),
        ('overall = { final = "some concerns" }\n', "", 1, "overall is missing"),
        ('final = "some concerns"', 'final = "high"', 21, "'high' where the rule proposes 'some concerns'"),
        (
            'final = "some concerns"',
            'final = "medium"',
            21,
            "is 'medium'; allowed: low | some concerns | high",
        ),
        ("overall =", 'D1 = { final = "high" }\noverall =', 21, "D1 is 'high' where the rule proposes 'low'"),
        ("overall =", '"9.9" = "Y"\noverall =', 21, "9.9 is not known here"),
        ("overall =", '1.1 = { answer = "Y" }\noverall =', 21, "put question ids in quotes"),
        ('tool = "RoB 2"', 'tool = "MINORS"', 5, "which a study of design rct_parallel does not take"),
        ('effect = "assignment"', 'effect = "both"', 6, "allowed: assignment | adherence"),
        ("month = 12", "month = -1", 3, "a number of months from 0"),
        ('outcome = "pain"', "outcome = 3", 2, "an outcome id"),
        ('comparison = "a1 v a2"', 'comparison = ""', 4, "the two arms"),
        ("month = 12", 'month = 12\nversion = "2016"', 4, "this program knows RoB 2 '2019-08-22'"),
    ],
)
def test_each_mistake_is_named_with_its_line_and_nothing_is_loaded(
    store: LocalStore, empty_review: Project, old: str, new: str, line: int, words: str
) -> None:
    study(empty_review, RESULT)
    before = judgements.load(store, empty_review).rows
    assert old in RESULT
    study(empty_review, RESULT.replace(old, new, 1))
    with pytest.raises(FieldError, match=words) as caught:
        judgements.load(store, empty_review)
    assert caught.value.line == line
    assert caught.value.file == "extracted/lee2019/r1/judgements.toml"
    assert judgements.answers(store, "lee2019").height == before


def test_several_concerns_ask_for_a_persons_word(store: LocalStore, empty_review: Project) -> None:
    two = RESULT.replace('"3.1" = { answer = "Y", source = "s1" }', 'D3 = { final = "some concerns", '
                         'override_reason = "x" }\n"3.1" = { answer = "Y", source = "s1" }')  # fmt: skip
    study(empty_review, two)
    with pytest.raises(FieldError, match="add up to high risk"):
        judgements.load(store, empty_review)
    said = 'overall = { final = "some concerns", override_reason = "both are minor" }'
    study(empty_review, two.replace('overall = { final = "some concerns" }', said))
    judgements.load(store, empty_review)


def test_results_after_a_crossover_are_not_judged_as_randomised(store: LocalStore, empty_review: Project) -> None:
    study(empty_review, RESULT, design="rct_crossover", more="randomised_until_month = 6\n")
    with pytest.raises(FieldError, match="randomised until month 6 only"):
        judgements.load(store, empty_review)


def test_a_file_that_is_not_toml_or_not_utf8_is_named(store: LocalStore, empty_review: Project) -> None:
    path = study(empty_review, "[pain\n")
    with pytest.raises(ExtractionError, match=r"extracted/lee2019/r1/judgements\.toml: .*line 1"):
        judgements.load(store, empty_review)
    path.write_bytes(b"\xff")
    with pytest.raises(ExtractionError, match="byte 0 is not UTF-8"):
        judgements.load(store, empty_review)


def test_a_study_without_study_toml_cannot_be_judged(store: LocalStore, empty_review: Project) -> None:
    (study(empty_review, RESULT).parent.parent / "study.toml").unlink()
    with pytest.raises(ExtractionError, match=r"extracted/lee2019/study\.toml is missing"):
        judgements.load(store, empty_review)


def test_a_case_series_takes_jbi_or_minors(store: LocalStore, empty_review: Project) -> None:
    items = "\n".join(f'"{item}" = {{ answer = "1", source = "s1" }}' for item in range(1, 9))
    text = f'[a]\n{CHECKLIST}tool = "MINORS"\n{items}\noverall = {{ final = "moderate" }}\n'
    study(empty_review, text, design="case_series")
    judgements.load(store, empty_review)
    assert judgements.answers(store, "lee2019").height == 9
    study(empty_review, text.replace("MINORS", "JBI case series"), design="case_series")
    with pytest.raises(FieldError, match=r"allowed: yes \| no \| unclear \| NA"):
        judgements.load(store, empty_review)


def test_robins_i_takes_a_persons_level_and_a_source_for_each_domain(store: LocalStore, empty_review: Project) -> None:
    domains = "\n".join(f'D{n} = {{ final = "serious", source = "s1" }}' for n in range(1, 7))
    text = f'[a]\n{CHECKLIST}tool = "ROBINS-I"\n{domains}\noverall = {{ final = "serious" }}\n'
    study(empty_review, text, design="nrsi_controlled")
    assert judgements.load(store, empty_review).rows == 7
    study(empty_review, text.replace(', source = "s1" }', " }", 1), design="nrsi_controlled")
    with pytest.raises(FieldError, match="D1 has no source"):
        judgements.load(store, empty_review)


@pytest.mark.parametrize("design", Design)
def test_the_view_names_the_tool_of_the_design(store: LocalStore, design: Design) -> None:
    catalogue(store, design=design.value)
    tools = tools_for(design)
    row = judgements.risk_of_bias(store).row(0, named=True)
    assert row["tool"] == (tools[0].name if tools else None)
    assert row["variant_needed"] == (design in VARIANT_NEEDED)


def test_the_ideal_sum_of_minors() -> None:
    assert (minors_ideal(comparative=False), minors_ideal(comparative=True)) == (16, 24)


def test_the_command_line_loads_shows_and_lists(empty_review: Project, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(LocalStore(empty_review.database_path))
    base = ["--project", str(empty_review.root), "appraise"]
    assert run([*base, "load"]) == 0
    assert "0 files, 0 judged results" in capsys.readouterr().err
    assert run([*base, "show", "--format", "csv"]) == 0
    assert "not rated" in capsys.readouterr().out
    assert run([*base, "tools", "--format", "csv"]) == 0
    assert "nrsi_controlled,ROBINS-I" in capsys.readouterr().out
    study(empty_review, RESULT.replace('"1.2"', '"1.9"'))
    assert run([*base, "load"]) == 1
    assert "extracted/lee2019/r1/judgements.toml line 8: [pain_12] 1.9 is not known" in capsys.readouterr().err
