"""review.toml: a good one is read whole, and each mistake is named with file, line, key and what is allowed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from review.errors import ExitCode, ProtocolError, UsageProblem
from review.project import Project, find_root, load_project
from review.terms import ComparatorType, EffectMeasure, Role
from tests.conftest import REPOSITORY, REVIEW_TOML, write_review


def test_a_review_is_read_whole(empty_review: Project) -> None:
    project = empty_review
    assert project.title == "A tiny review"
    assert not project.simulated
    assert (project.registration.id, project.registration.registered_on) == ("", None)
    assert [(person.id, person.role) for person in project.reviewers] == [
        ("ana", Role.OWNER),
        ("ben", Role.REVIEWER),
        ("cyd", Role.ADJUDICATOR),
    ]
    assert project.criteria.version == "1"
    assert [reason.code for reason in project.criteria.reasons] == ["population", "design"]
    assert (project.screening.reviewers_per_record, project.screening.blind) == (2, True)
    assert project.highlight.include == ("injection",)
    assert [window.id for window in project.synthesis.windows] == ["upto_3m", "over_3m"]
    assert project.synthesis.comparators[0].types == (ComparatorType.SALINE, ComparatorType.SHAM)
    (pain,) = project.synthesis.outcomes
    assert (pain.outcome_id, pain.measure, pain.scale, pain.hierarchy) == (
        "pain",
        EffectMeasure.MD,
        (0.0, 100.0),
        ("vas_pain",),
    )


def test_what_the_protocol_does_not_say_is_the_documented_default(empty_review: Project) -> None:
    plan = empty_review.synthesis
    assert (plan.tau2, plan.interval, plan.prediction) == ("REML", "HKSJ", "t_k-2")
    assert (plan.correlation, plan.shared_control) == (0.5, "combine")


def test_the_shipped_protocol_is_read_and_claims_no_registration() -> None:
    project = load_project(REPOSITORY)
    assert project.registration.id == ""
    assert project.registration.registered_on is None
    assert not project.simulated


@pytest.mark.parametrize(
    ("month", "window"),
    [(0.2, None), (0.21, "upto_3m"), (3.0, "upto_3m"), (3.01, "over_3m"), (600.0, "over_3m")],
)
def test_a_month_lies_in_a_window_over_its_lower_and_up_to_its_upper_bound(
    empty_review: Project, month: float, window: str | None
) -> None:
    found = empty_review.synthesis.window_of(month)
    assert (found.id if found else None) == window


def test_a_registration_is_read_with_its_date(tmp_path: Path) -> None:
    text = REVIEW_TOML.replace('id = ""\nregistered_on = ""', 'id = "CRD1"\nregistered_on = "2026-01-31"')
    assert load_project(write_review(tmp_path, text=text)).registration.registered_on == date(2026, 1, 31)
    bare = REVIEW_TOML.replace('id = ""\nregistered_on = ""', 'id = "CRD1"\nregistered_on = 2026-01-31')
    assert load_project(write_review(tmp_path, text=bare)).registration.registered_on == date(2026, 1, 31)


# what is put in whose place, the text of the line that is named, and words of the message
MISTAKES = [
    ('title = "A tiny review"', 'titel = "A tiny review"', None, ["title", "missing"]),
    ('title = "A tiny review"', 'title = ""', "title", ["title", "not empty"]),
    ('title = "A tiny review"', "title = 3", "title", ["title", "3"]),
    ("[registration]", 'colour = "red"\n[registration]', "colour", ["unknown key 'colour'", "title", "question"]),
    ("blind = true", 'blind = "yes"', "blind", ["screening.blind", "'yes'", "true | false"]),
    ("blind = true", "blnd = true", "blnd", ["unknown key 'screening.blnd'", "did you mean 'blind'?"]),
    (
        "reviewers_per_record = 2",
        "reviewers_per_record = 3",
        "reviewers_per_record",
        ["screening.reviewers_per_record", "3", "from 1 to 2"],
    ),
    ("reviewers_per_record = 2", "reviewers_per_record = true", "reviewers_per_record", ["True", "whole number"]),
    ("reviewers_per_record = 2", "reviewers_per_record = 1.5", "reviewers_per_record", ["1.5", "whole number"]),
    ('order = "file"', 'order = "alphabet"', "order", ["screening.order", "'alphabet'", "random | file"]),
    ('role = "adjudicator"', 'role = "boss"', "role", ["'boss'", "owner | reviewer | adjudicator | analyst"]),
    ('id = "ben"', 'id = "ana"', None, ["reviewers", "'ana' stands twice"]),
    ('id = "ben"', 'id = "ben and co"', "id", ["'ben and co'", "letters, digits"]),
    ('name = "Ben Test"\n', "", None, ["reviewers.name", "missing"]),
    ('registered_on = ""', 'registered_on = "last May"', "registered_on", ["'last May'", "2026-11-20"]),
    ('version = "1"\n', "", None, ["criteria.version", "missing"]),
    ('version = "1"', "version = 1", "version", ["criteria.version", "a text in quotes"]),
    ('code = "design"', 'code = "population"', None, ["reason", "'population' stands twice"]),
    ("inclusion = [", "inclusion = [7, ", "inclusion", ["criteria.inclusion", "a list of texts"]),
    ('designs = ["randomised"]', 'designs = ["all"]', "designs", ["synthesis.designs", "'all'", "randomised"]),
    ('designs = ["randomised"]', 'tau2 = "SJ"', "tau2", ["synthesis.tau2", "'SJ'", "REML | DL | PM"]),
    ('designs = ["randomised"]', 'interval = "wald"', "interval", ["'wald'", "HKSJ | z"]),
    ('designs = ["randomised"]', "correlation = 1.5", "correlation", ["1.5", "from -1 to 1"]),
    ('designs = ["randomised"]', "correlation = nan", "correlation", ["nan", "from -1 to 1"]),
    ("upto = 3.0", "upto = 0.1", "upto", ["0.1", "more than over = 0.2"]),
    ("over = 3.0", "over = 2.0", None, ["'upto_3m'", "'over_3m'", "overlap"]),
    ("over = 0.2", 'over = "early"', "over", ["'early'", "a number"]),
    ('id = "over_3m"', 'id = "upto_3m"', None, ["window", "'upto_3m' stands twice"]),
    ('types = ["saline", "sham"]', 'types = ["water"]', "types", ["'water'", "saline | sham"]),
    ('types = ["saline", "sham"]', 'types = ["saline", "saline"]', None, ["'saline' stands twice"]),
    ('measure = "MD"', 'measure = "OR"', "measure", ["'OR'", "MD | SMD | RR | RD"]),
    ("scale = [0, 100]", "scale = [100, 0]", "scale", ["[100, 0]", "the lower first"]),
    ("scale = [0, 100]\n", "", None, ["scale", "missing", "because measure is MD"]),
    ("[[synthesis.window]]", "[[synthesis.windows]]", None, ["synthesis.window", "missing"]),
    ("[screening]", "[screening]\nnonsense", None, ["TOML"]),
]


@pytest.mark.parametrize(
    ("old", "new", "key", "words"), MISTAKES, ids=[new or f"no {old}" for old, new, *_ in MISTAKES]
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, key: str | None, words: list[str]) -> None:
    assert REVIEW_TOML.count(old) >= 1
    text = REVIEW_TOML.replace(old, new, 1) if old != "[[synthesis.window]]" else REVIEW_TOML.replace(old, new)
    with pytest.raises(ProtocolError) as refusal:
        load_project(write_review(tmp_path, text=text))
    said = str(refusal.value)
    assert str(tmp_path / "review.toml") in said
    for word in words:
        assert word in said
    if key is not None:
        # the line that is named is the one that was changed
        number = text[: text.index(new) + new.index(key)].count("\n") + 1
        assert f"line {number}:" in said
    assert refusal.value.exit_code == ExitCode.ERROR


def test_a_file_that_is_not_utf8_is_named_with_the_byte(tmp_path: Path) -> None:
    write_review(tmp_path)
    (tmp_path / "review.toml").write_bytes('title = "Größe"\n'.encode("latin-1"))
    with pytest.raises(ProtocolError, match=r"byte 11 is not UTF-8"):
        load_project(tmp_path)


def test_a_file_saved_by_a_windows_editor_is_read(tmp_path: Path) -> None:
    write_review(tmp_path)
    (tmp_path / "review.toml").write_bytes(REVIEW_TOML.replace("\n", "\r\n").encode())
    assert load_project(tmp_path).title == "A tiny review"


def test_a_folder_without_a_review_is_a_usage_problem(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"no review\.toml") as refusal:
        load_project(tmp_path)
    assert "review init" in refusal.value.hint
    assert refusal.value.exit_code == ExitCode.USAGE


def test_the_project_is_found_from_a_folder_inside_it(tmp_path: Path) -> None:
    root = write_review(tmp_path / "here")
    deep = root / "extracted" / "a" / "b"
    deep.mkdir(parents=True)
    assert find_root(deep) == root
    with pytest.raises(UsageProblem, match="or above it"):
        find_root(tmp_path)


def test_an_unknown_reviewer_or_reason_names_the_known(empty_review: Project) -> None:
    assert empty_review.reviewer("ben").name == "Ben Test"
    with pytest.raises(UsageProblem, match="ana, ben, cyd"):
        empty_review.reviewer("dan")
    assert empty_review.reason("design").label == "Not a trial"
    with pytest.raises(UsageProblem, match="population, design"):
        empty_review.reason("dose")


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("Not a trial", "No trial at all", "criteria"),
        ('version = "1"', 'version = "2"', "criteria_version"),
        ("upto = 3.0", "upto = 2.5", "windows"),
        ('"saline", "sham"', '"saline"', "comparators"),
        ('hierarchy = ["vas_pain"]', 'hierarchy = ["vas_pain", "nrs_pain"]', "outcomes"),
        ('designs = ["randomised"]', 'tau2 = "DL"', "model"),
        ("blind = true", "blind = false", "screening"),
        ("reviewers_per_record = 2", "reviewers_per_record = 1", "reviewers_per_record"),
        ('id = ""\nregistered_on', 'id = "CRD1"\nregistered_on', "registration"),
        ("knee pain, does", "hip pain, does", "question"),
    ],
)
def test_a_change_shows_in_its_part_and_in_no_other(
    tmp_path: Path, empty_review: Project, old: str, new: str, part: str
) -> None:
    assert old in REVIEW_TOML
    changed = load_project(write_review(tmp_path / "changed", text=REVIEW_TOML.replace(old, new, 1)))
    differs = {name for name in changed.parts if changed.parts[name] != empty_review.parts[name]}
    assert differs == {part}
    assert changed.version_sha256 != empty_review.version_sha256


def test_a_comment_is_no_change_of_the_protocol(tmp_path: Path, empty_review: Project) -> None:
    commented = load_project(write_review(tmp_path / "commented", text="# a thought\n" + REVIEW_TOML))
    assert commented.version_sha256 == empty_review.version_sha256


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "A tiny review"', "title = " + "[" * 5000, "nested too deeply"),
        ("reviewers_per_record = 2", "reviewers_per_record = " + "9" * 5000, "too many digits"),
        ("over = 0.2", "over = " + "9" * 400, "a number from 0"),
        ("over = 0.2", "over = 0x" + "f" * 5000, "a value of great length"),
        ("over = 0.2", "over = inf", "a number from 0"),
        ("scale = [0, 100]", "scale = [0, inf]", "two numbers"),
        ("scale = [0, 100]", "scale = [nan, 100]", "two numbers"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_that_no_program_can_hold_is_refused_in_one_short_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(ProtocolError) as refusal:
        load_project(write_review(tmp_path, text=REVIEW_TOML.replace(old, new, 1)))
    said = str(refusal.value)
    assert "review.toml" in said and words in said and "\n" not in said
    assert len(said) < 600
