"""The lint: each rule with a strategy that it is about and one that it leaves alone; every remark at once."""

from __future__ import annotations

import csv
import json
import os
import re
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.cli import run
from review.errors import CheckFailed, ExitCode, ProtocolError, UsageProblem
from review.paths import shipped
from review.project import Project
from review.search.lint import Remark, as_text, lint, lint_all, refuse_errors, summary
from review.search.lint_rules import RULES
from review.search.strategy import load_strategy, vocabulary_ids
from review.search.syntax import fault, faults
from tests.docs.blocks import ROOT, blocks, steps

CLEAN = """\
name = "tiny"
version = "1"
source = "PubMed"
status = "not run"

[[line]]
label = "knee"
block = "condition"
covers = ["knee_oa"]
mesh = "verified"
text = '"Osteoarthritis, Knee"[Mesh] OR gonarthros*[tiab]'

[[line]]
label = "plasma"
block = "cell source"
covers = ["prp"]
mesh = "verified"
text = '"Platelet-Rich Plasma"[Mesh] OR "platelet-rich plasma"[tiab]'

[[line]]
label = "both"
block = "search"
text = "#1 AND #2"
"""
WORD = '"platelet-rich plasma"[tiab]'
LAST = '"#1 AND #2"'
FILTER = LAST + '\n\n[[line]]\nlabel = "more"\nblock = "search"\nmesh = "verified"\ntext = \'#3 {}\''
MANY = " OR ".join(f'"kind {n}"[tiab]' for n in range(51))
SEARCH = f'block = "search"\ntext = {LAST}'
JOINED = 'block = "{}"\ntext = "#1 OR #1"\n\n[[line]]\nlabel = "all"\nblock = "search"\ntext = "#3 AND #2"'
MESH = 'mesh = "verified"\ntext = \'"Plat'


def blocks_of(count: int) -> str:
    """As many blocks as that, joined by AND in the last line."""
    line = '\n\n[[line]]\nlabel = "b{0}"\nblock = "b{0}"\nmesh = "verified"\ntext = \'"H{0}"[mh] OR {1}word[tiab]\''
    lines = "".join(line.format(n, string.ascii_letters[n] * 3) for n in range(count))
    joined = " AND ".join(f"#{n}" for n in range(3, 3 + count + 1))
    return f'"#1 AND #2"{lines}\n\n[[line]]\nlabel = "all"\nblock = "search"\ntext = "{joined}"'


# rule → (what stands in the clean strategy, what the rule is about in its place, what it leaves alone)
EXAMPLES: dict[str, tuple[str, str, str]] = {
    "P101": ('"knee_oa"', '"kne_oa"', '"hip_oa"'),
    "P102": (SEARCH, JOINED.format("any"), JOINED.format("condition")),
    "P103": (LAST, '"#1 OR #2"', LAST),
    "P104": (LAST, blocks_of(4), blocks_of(2)),
    "P201": (WORD, "prp[tiab] OR prf[tiab] AND pain[tiab]", "((prp[tiab] OR prf[tiab]) AND pain[tiab])"),
    "P202": (WORD, f"{WORD} OR", WORD),
    "P203": (WORD, f"{WORD} or prp[tiab]", f"{WORD} OR prp[tiab]"),
    "P204": (WORD, "platelet plasma[tiab]", '"platelet plasma"[tiab]'),
    "P205": (LAST, FILTER.format("NOT review[pt]"), FILTER.format('NOT ("Animals"[Mesh] NOT "Humans"[Mesh])')),
    "P206": (WORD, "platelet*[tiab:~3]", '"platelet plasma"[tiab:~3]'),
    "P207": (
        LAST,
        FILTER.format("NOT (animals[mh] NOT humans[mh]) AND prp[ti]"),
        FILTER.format("AND prp[ti] NOT (animals[mh] NOT humans[mh])"),
    ),
    "P301": (MESH, "text = '\"Plat", MESH),
    "P302": (MESH, MESH.replace("verified", "unverified"), MESH),
    "P303": (f" OR {WORD}", "", f" OR {WORD}"),
    "P304": ('"Platelet-Rich Plasma"[Mesh] OR ', "", '"Platelet-Rich Plasma"[mh:noexp] OR '),
    "P305": ('Plasma"[Mesh]', 'Plasma"[majr]', 'Plasma"[MeSH Terms]'),
    "P306": ('"Platelet-Rich Plasma"[Mesh]', "Platelet*[mh]", '"Platelet-Rich Plasma"[mh]'),
    "P401": (WORD, '"platelet-rich plasma"', WORD),
    "P402": (WORD, "prp*[tiab]", "prpx*[tiab]"),
    "P403": (WORD, '"platelet* plasma"[tiab]', '"rich plasma*"[tiab]'),
    "P404": (WORD, "plat*let[tiab]", "platelet*[tiab]"),
    "P405": (WORD, '"platelet concentrate"[tiab]', '"platelet concentrate"[tiab] OR "platelet concentrates"[tiab]'),
    "P406": (WORD, "prp[all]", "prp[tw]"),
    "P407": (WORD, "prp[tiab] OR PRP[tiab]", "prp[tiab] OR prp[ti]"),
    "P408": (WORD, '"rich*"[tiab] OR "rich plasma"[tiab]', '"rich*"[ti] OR "rich plasma"[tiab]'),
    "P409": (WORD, 'prp[tiab] OR "autologous prp"[tiab]', 'prf[tiab] OR "autologous prp"[tiab]'),
    "P410": (WORD, "rp[tiab]", "prp[tiab]"),
    "P411": (WORD, "osteoarthrit$[tiab]", "osteoarthrit*[tiab]"),
    "P501": (WORD, '"platelet-rich plasma[tiab]', WORD),
    "P502": (WORD, "“platelet-rich plasma”[tiab]", WORD),
    "P503": (WORD, f"({WORD}", f"({WORD})"),
    "P504": (WORD, "prp[tiabs]", "prp[tiab]"),
    "P505": (LAST, '"#1 AND #2 AND #7"', LAST),
    "P506": (LAST, '"#1"', LAST),
    "P507": ('version = "1"\n', "", 'version = "2"\n'),
    "P508": (WORD, '"bone tumour*"[tiab]', '"bone tumour*"[tiab] OR "bone tumor*"[tiab]'),
    "P509": (WORD, '"intra-articular"[tiab]', '"intra-articular"[tiab] OR intraarticular[tiab]'),
    "P510": (WORD, MANY, '"kind 1"[tiab]'),
    "P511": (WORD, '"platelet\u2013rich plasma"[tiab]', WORD),
    "P512": (WORD, '""[tiab]', WORD),
    "P513": (WORD, "exp Blood Platelets/", '"Blood Platelets"[mh]'),
    "P514": (LAST, '"1 AND 2"', LAST),
    "P601": (LAST, FILTER.format("AND english[la]"), LAST),
    "P602": (LAST, FILTER.format("AND 2010:2020[dp]"), LAST),
    "P603": (LAST, FILTER.format("AND humans[mh]"), FILTER.format("NOT (animals[mh] NOT humans[mh])")),
    "P604": (LAST, FILTER.format("NOT animals[mh]"), FILTER.format("NOT (animals[mh:noexp] NOT humans[mh:noexp])")),
    "P605": (LAST, FILTER.format('AND "free full text"[sb]'), LAST),
    "P606": (f'"Platelet-Rich Plasma"[Mesh] OR {WORD}', '"clinical trial"[pt]', 'trial[tiab] OR "clinical trial"[pt]'),
    "P607": (LAST, FILTER.format("AND (human[tiab] OR clinical[tiab])"), FILTER.format("AND elderly[tiab]")),
    "P608": (LAST, FILTER.format("AND 2010:2009/12[dp]"), FILTER.format("AND 2009/12:2009[dp]")),
}  # fmt: skip


def remarks_on(folder: Path, text: str) -> tuple[Remark, ...]:
    path = folder / "tiny.toml"
    path.write_text(text, "utf-8")
    return lint(path, vocabulary={"knee_oa", "hip_oa", "prp"})


def rules_of(folder: Path, text: str) -> list[str]:
    return [one.rule.id for one in remarks_on(folder, text)]


def test_a_clean_strategy_has_no_remark(tmp_path: Path) -> None:
    assert remarks_on(tmp_path, CLEAN) == ()
    assert summary(load_strategy(tmp_path / "tiny.toml")) == ""


def test_every_rule_has_an_example() -> None:
    assert set(EXAMPLES) == set(RULES)


@pytest.mark.parametrize("rule", list(RULES))
def test_a_rule_finds_what_it_looks_for_and_leaves_the_mended_line_alone(tmp_path: Path, rule: str) -> None:
    old, bad, good = EXAMPLES[rule]
    assert old in CLEAN
    found = remarks_on(tmp_path, CLEAN.replace(old, bad))
    assert rule in [one.rule.id for one in found]
    assert rule not in rules_of(tmp_path, CLEAN.replace(old, good))
    (remark,) = [one for one in found if one.rule.id == rule]
    assert remark.wrong
    assert remark.mend
    assert remark.strategy == "tiny"
    assert remark.file == "tiny.toml"


@pytest.mark.parametrize("rule", [rule for rule in RULES if RULES[rule].severity == "error"])
def test_a_strategy_with_an_error_is_one_that_is_refused(tmp_path: Path, rule: str) -> None:
    old, bad, good = EXAMPLES[rule]
    path = tmp_path / "tiny.toml"
    path.write_text(CLEAN.replace(old, bad), "utf-8")
    with pytest.raises(ProtocolError):
        load_strategy(path)
    with pytest.raises(CheckFailed, match="the lint found 1 error"):
        refuse_errors(lint(path))
    path.write_text(CLEAN.replace(old, good), "utf-8")
    assert load_strategy(path).name == "tiny"
    refuse_errors(lint(path))


@pytest.mark.parametrize("rule", [rule for rule in RULES if RULES[rule].severity != "error"])
def test_warnings_and_advice_refuse_nothing(tmp_path: Path, rule: str) -> None:
    old, bad, _ = EXAMPLES[rule]
    refuse_errors(remarks_on(tmp_path, CLEAN.replace(old, bad)))
    strategy = load_strategy(tmp_path / "tiny.toml")
    said = summary(strategy, vocabulary={"knee_oa", "hip_oa", "prp"})
    assert re.fullmatch(r"tiny: the lint has .*\d (warning|piece|pieces of).*\(review search lint tiny\)", said)


def test_one_broken_line_hides_no_other(tmp_path: Path) -> None:
    text = CLEAN.replace('"Osteoarthritis, Knee"[Mesh] OR', '"Osteoarthritis, Knee[Mesh] OR')
    text = text.replace(WORD, "prp or (pr*[tiabs] OR PRP*[tiab]").replace('label = "both"\n', "").replace('#2"', '#9"')
    found = remarks_on(tmp_path, text.replace('version = "1"', 'colour = "red"'))
    errors = [(one.no, one.rule.id) for one in found if one.rule.severity == "error"]
    assert errors == [
        (0, "P507"), (0, "P507"), (1, "P501"), (2, "P203"), (2, "P401"), (2, "P402"), (2, "P503"), (2, "P504"),
        (3, "P505"), (3, "P506"), (3, "P507"),
    ]  # fmt: skip
    lines = text.splitlines()
    for one in found:
        if one.no and one.rule.id != "P507":
            assert lines[one.at - 1].startswith("text = "), one


@pytest.mark.parametrize(
    "written",
    [
        'NOT ("Animals"[Mesh] NOT "Humans"[Mesh])',
        "NOT (animals[mh] NOT humans[mh])",
        "NOT (animals[mh:noexp] NOT humans[mh:noexp])",
        'NOT ("animals"[MeSH Terms] NOT "humans"[MeSH Terms])',
        "NOT (animals[mh] NOT (animals[mh] AND humans[mh]))",
        "NOT (animals[mh] NOT (humans[mh] AND animals[mh]))",
        'NOT ((animals[mh] OR "animal experimentation"[mh] OR "models, animal"[mh]) NOT humans[mh])',
        "NOT ((animals[mh] NOT humans[mh]))",
    ],
)
def test_the_double_not_is_right_in_each_of_its_spellings(tmp_path: Path, written: str) -> None:
    assert remarks_on(tmp_path, CLEAN.replace(LAST, FILTER.format(written))) == ()


def test_the_double_not_is_right_over_several_lines(tmp_path: Path) -> None:
    lines = "\n\n".join(
        f'[[line]]\nlabel = "l{n}"\nblock = "filter"\nmesh = "verified"\ntext = \'{text}\''
        for n, text in enumerate(["animals[mh]", "humans[mh]", "#4 NOT #5", "#3 NOT #6"])
    )
    assert remarks_on(tmp_path, CLEAN + "\n" + lines) == ()


def test_what_stands_beside_the_double_not_is_told(tmp_path: Path) -> None:
    text = CLEAN.replace(LAST, FILTER.format("NOT ((animals[mh] NOT humans[mh]) OR rats[ti])"))
    assert [(one.rule.id, one.words) for one in remarks_on(tmp_path, text)] == [("P205", "rats[ti]")]


@pytest.mark.parametrize(
    ("text", "rule", "mend"),
    [
        ('"disc herniation"[tiab]', "P405", 'add OR "disc herniations"[tiab], or truncate: "disc herniation*"[tiab]'),
        ("tendinopathies[tiab]", "P405", "add OR tendinopathy[tiab], or truncate: tendinopath*[tiab]"),
        ('"spinal stenosis"[tiab]', "P405", 'add OR "spinal stenoses"[tiab], or truncate: "spinal stenos*"[tiab]'),
        ("cell[tiab]", "P405", "add OR cells[tiab]; this"),
        ("randomised[tiab]", "P508", "add OR randomized[tiab]"),
        ("hospitalization*[tiab]", "P508", "add OR hospitalisation*[tiab]"),
        ("oedema[tiab]", "P508", "add OR edema[tiab]"),
        ("edema[tiab]", "P508", "add OR oedema[tiab]"),
        ("anesthesia[tiab]", "P508", "add OR anaesthesia[tiab]"),
        ('"prolapsed disc*"[tiab]', "P508", 'add OR "prolapsed disk*"[tiab]'),
        ('"postherpetic"[tiab]', "P509", 'add OR "post-herpetic"[tiab]'),
    ],
)
def test_a_mend_says_the_words_and_that_more_is_found(tmp_path: Path, text: str, rule: str, mend: str) -> None:
    found = {one.rule.id: one for one in remarks_on(tmp_path, CLEAN.replace(WORD, text))}
    assert found[rule].mend.startswith(mend)
    assert found[rule].mend.endswith("this finds more records")


@pytest.mark.parametrize(
    "text",
    [
        '"chronic pain"[tiab]', "intractable[tiab]", "chemotherapy[tiab]", "exercise[tiab]", "laboratory[tiab]",
        "randomi*[tiab]", "osteoporosis[tiab]", "BMAC[tiab]", '"Re-Join"[tiab]', "rexlemestrocel*[tiab]",
        '"osteoarthritis of the knee"[tiab]', "posterior[tiab]", "placebo[tiab] OR trial[tiab] OR randomly[tiab]",
        '"platelet rich plasma"[tiab] OR "platelet-rich plasma"[tiab]', '"academia"[tiab]', "size[tiab]",
    ],
)  # fmt: skip
def test_words_that_are_right_are_left_alone(tmp_path: Path, text: str) -> None:
    assert remarks_on(tmp_path, CLEAN.replace(WORD, text)) == ()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*'()[]"#*:~', " ", "AND", "or", "NOT", "#1", "#9", "[tiab]", "[mh]", "knee", "x"])))
def test_whatever_a_line_says_the_lint_and_the_strict_reading_agree(parts: list[str]) -> None:
    text = "".join(parts)
    told = [one.allowed for one in faults(text)]
    assert fault(text) == (told[0] if told else None)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from('()[]"#*:~19 ANDORTknee\u201c'), max_size=40))
def test_no_line_brings_the_lint_down(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "tiny.toml"
    path.write_text(CLEAN.replace(f"text = {LAST}", f"text = {json.dumps(text)}"), "utf-8")
    found = lint(path)
    try:
        load_strategy(path)
    except ProtocolError:
        assert any(one.rule.severity == "error" for one in found)
    else:
        assert not any(one.rule.severity == "error" for one in found)


def test_a_file_that_is_no_toml_is_one_error(tmp_path: Path) -> None:
    (one,) = remarks_on(tmp_path, "name = knee")
    assert (one.rule.id, one.no) == ("P507", 0)
    assert "Invalid value" in one.wrong
    assert rules_of(tmp_path, 'name = "tiny"') == ["P507"] * 4
    os.mkfifo(tmp_path / "pipe.toml")
    assert [one.wrong for one in lint(tmp_path / "pipe.toml")] == ["is no regular file"]


def test_the_shipped_strategy_has_no_error_and_honest_remarks() -> None:
    vocabulary = shipped("extracted", "_vocabulary")
    found = lint(shipped("queries", "pubmed", "regenerative-pain.toml"), vocabulary=vocabulary_ids(vocabulary))
    assert [one.rule.id for one in found if one.rule.severity != "advice"] == ["P302"]
    assert 0 < len(found) < 30
    assert not {"P205", "P603", "P604"} & {one.rule.id for one in found}


def test_strategies_that_were_published_get_the_remarks_of_their_readers(tmp_path: Path, shared_data: Path) -> None:
    wanted = {
        "SS1": {"P405", "P503", "P607"},  # singular phrases only, unbalanced brackets, human or clinical as a filter
        "SS2": {"P304"},  # no MeSH
        "SS3": {"P201"},  # OR and AND without brackets
    }
    with (shared_data / "domain" / "search_strategies.csv").open(encoding="utf-8", newline="") as text:
        published = {row["id"]: row["strategy_as_published"] for row in csv.DictReader(text)}
    for name, rules in wanted.items():
        line = f"text = '''{published[name]}'''"
        assert rules <= set(rules_of(tmp_path, CLEAN.replace(f"text = {LAST}", line))), name


def test_a_name_or_a_path_is_linted_and_another_is_refused(tmp_path: Path) -> None:
    here = shipped("queries")
    assert list(lint_all(here, [], vocabulary=tmp_path)) == ["regenerative-pain"]
    path = tmp_path / "tiny.toml"
    path.write_text(CLEAN, "utf-8")
    assert lint_all(here, [str(path)], vocabulary=tmp_path) == {str(path): ()}
    with pytest.raises(UsageProblem, match=r"no strategy 'knees' .*there: regenerative-pain"):
        lint_all(here, ["knees"], vocabulary=tmp_path)
    with pytest.raises(UsageProblem, match=r"there is no file .*gone\.toml"):
        lint_all(here, [str(tmp_path / "gone.toml")], vocabulary=tmp_path)


def test_the_command_reports_and_its_exit_code_tells_of_errors(
    empty_review: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = empty_review.queries / "pubmed"
    folder.mkdir()
    (folder / "tiny.toml").write_text(CLEAN.replace(WORD, "prp[tiab] OR oedema[tiab]"), "utf-8")
    call = ["--project", str(empty_review.root), "search", "lint"]
    assert run([*call, "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["rule"], row["line"], row["file_line"], row["severity"]) == ("P508", "#2", 18, "advice")
    (folder / "bad.toml").write_text(CLEAN.replace("tiny", "bad").replace("#2", "#8"), "utf-8")
    assert run(call) == ExitCode.CHECK_FAILED
    shown = capsys.readouterr()
    assert "bad: 2 errors" in shown.out
    assert "tiny: 1 piece of advice" in shown.out
    assert "the lint found 2 errors in bad" in shown.err
    assert run([*call, "tiny"]) == 0
    assert run([*call, "nobody"]) == ExitCode.USAGE


def test_the_guide_names_every_rule_and_its_report_is_real(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "guides" / "check-a-strategy.md").read_text("utf-8")
    for rule in RULES.values():
        assert f"| {rule.id} | {rule.severity} | {rule.looks_for} |" in guide
    assert set(re.findall(r"^\| (P\d+) \|", guide, re.MULTILINE)) == set(RULES)
    ((_, strategy),) = blocks(guide, "toml")
    (tmp_path / "knee.toml").write_text(strategy, "utf-8")
    (step,) = steps(guide)
    assert step.command == "review search lint knee"
    assert "\n".join(step.output).strip() == as_text("knee", lint(tmp_path / "knee.toml"))


def _stranger(folder: Path, *texts: str) -> Path:
    head = 'name = "stranger"\nversion = "1"\nsource = "PubMed"\nstatus = "not run"\n'
    lines = "".join(
        f"[[line]]\nlabel = \"l\"\nblock = \"{'combination' if '#' in text else 'condition'}\"\ntext = '''{text}'''\n"
        for text in texts
    )
    path = folder / "stranger.toml"
    path.write_text(head + lines, "utf-8")
    return path


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (['"knee"[tiab]', *(f"#{n} OR #{n}" for n in range(1, 40))], "characters when its lines are put in"),
        (["(" * 100 + '"knee"[tiab]' + ")" * 100], "100 brackets in each other"),
        ([" OR ".join(f'"knee{n}"[tiab]' for n in range(2000))], "at most 20,000; split the line"),
        (["#" + "1" * 5000], ""),
        (["()" * 9000 + "x"], ""),
        ([" OR ".join(f'"knee{n}"[tiab]' for n in range(1000))], ""),
        (["a[tiab] AND b[tiab] OR " * 800 + "a[tiab]"], ""),
        (["[" * 3_000], ""),
        (['"a"[' * 900], ""),
    ],
    ids=["doubling", "brackets", "long", "digits", "pairs", "thousand terms", "alternating", "open tags", "open words"],
)
def test_a_file_from_a_stranger_ends_in_words(tmp_path: Path, texts: list[str], said: str) -> None:
    path = _stranger(tmp_path, *texts)
    try:
        told = " ".join(f"{one.words} {one.wrong} {one.mend}" for one in lint(path))
    except ProtocolError as problem:
        told = problem.message
    assert said in told


def test_a_long_chain_of_lines_is_put_together_without_recursion(tmp_path: Path) -> None:
    path = _stranger(tmp_path, '"knee"[tiab]', *(f"#{n}" for n in range(1, 900)))
    strategy = load_strategy(path)
    assert strategy.query.count("(") == 899


def test_a_huge_file_is_no_strategy(tmp_path: Path) -> None:
    path = _stranger(tmp_path, '"knee"[tiab]')
    path.write_text(path.read_text("utf-8") + "# " + "x" * 1_000_000, "utf-8")
    with pytest.raises(ProtocolError, match="larger than 1,000,000 bytes"):
        load_strategy(path)
