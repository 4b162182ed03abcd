"""`review study proposals | link | unlink`: the file, the question before it is written, the database after it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.errors import ExitCode
from review.project import Project, load_project
from review.screening import decisions, retrieval
from tests.conftest import REPOSITORY, REVIEW_TOML, shell_environment, write_review
from tests.extraction.conftest import FILES
from tests.screening.records import bring

MARK = "MARK-NOTE"
RECORDS = [
    {
        "pmid": "101",
        "doi": "10.1234/test.1",
        "title": "Test injection for knees",
        "abstract": "60 patients. NCT00000001.",
        "authors": "Alder A; Birch B",
        "year": 2020,
        "registry_ids": ["NCT00000001"],
    },
    {
        "pmid": "102",
        "title": 'Test "injection": two-year follow-up',
        "abstract": "NCT00000001.",
        "authors": "Birch B; Cedar C",
        "year": 2022,
        "registry_ids": ["NCT00000001"],
    },
    {"pmid": "103", "title": "Another trial", "authors": "Elm E", "year": 2021},
    {"title": "An entry of a register", "registry_ids": ["NCT00000003"], "year": 2019},
    {"title": "A talk", "year": 2018},
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, blank_database: Path) -> Path:
    """Five included records; the first is the only report of study test2020, on which figures hang. Copy it."""
    fourth = '[[reviewers]]\nid = "dee"\nname = "Dee Test"\nrole = "reviewer"\n\n[criteria]'
    text = REVIEW_TOML.replace("[criteria]", fourth, 1)
    root = write_review(tmp_path_factory.mktemp("filled") / "review", text=text)
    for name, text in FILES.items():
        path = root / "extracted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    project = load_project(root)
    store = LocalStore(Path(shutil.copy(blank_database, project.database_path)))
    with store.holding():
        for record in bring(store, RECORDS):
            for reviewer in ("ana", "ben"):
                decisions.decide(
                    store,
                    project,
                    record=record,
                    stage="title_abstract",
                    reviewer=reviewer,
                    verdict="include",
                    note=MARK,
                )
    assert call(project, "extract", "load") == 0
    return root


@pytest.fixture
def project(filled: Path, tmp_path: Path) -> Project:
    """A copy that a test may change."""
    return load_project(Path(shutil.copytree(filled, tmp_path / "review")))


@pytest.fixture
def held(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStore]:
    """The database held open for commands that follow each other, as no shell could; the studies are loaded."""
    store = LocalStore(project.database_path)
    monkeypatch.setattr("review.database.open_store", lambda path: store)
    with store.holding():
        yield store


def call(project: Project, *words: str, who: str | None = None) -> int:
    person = ["--as", who] if who else []
    return run(["--project", str(project.root), *person, *words])


def keys(project: Project, study_id: str = "test2020") -> Path:
    return project.extracted / study_id / "study.toml"


def study_of(store: LocalStore, pmid: str) -> str | None:
    found = store.read("select study_id from v1.report where pmid = $pmid", {"pmid": pmid}).to_dicts()
    return found[0]["study_id"] if found else None


def outside(project: Project) -> dict[str, bytes]:
    """Every file of the project but those of extracted/ and the database."""
    return {
        path.relative_to(project.root).as_posix(): path.read_bytes()
        for path in project.root.rglob("*")
        if path.is_file() and not path.is_relative_to(project.extracted) and "duckdb" not in path.name
    }


def test_from_a_proposal_to_a_link_and_back(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    before, others = keys(project).read_bytes(), outside(project)
    capsys.readouterr()
    assert call(project, "study", "proposals", "--format", "json") == 0
    said = capsys.readouterr()
    rows = json.loads(said.out)
    assert len(rows) == 1
    assert (rows[0]["study_id"], rows[0]["kind"], rows[0]["strength"]) == ("test2020", "follow_up", "strong")
    assert rows[0]["reasons"] == ["same registry id NCT00000001"]
    assert "3 records without a study and without a proposal" in said.err

    assert call(project, "study", "link", "test2020", "102", "--yes") == 0
    said = capsys.readouterr()
    assert "+++ b/extracted/test2020/study.toml" in said.out
    assert '+title = "Test \\"injection\\": two-year follow-up"' in said.out
    assert '+kind = "follow_up"' in said.out
    assert not any(line.startswith("-") for line in said.out.split("\n")[1:])
    assert "PMID:102 becomes a report of test2020: follow_up." in said.err
    assert study_of(held, "102") == "test2020"
    assert call(project, "study", "proposals", "--study", "test2020", "--format", "csv") == 0
    assert capsys.readouterr().out == "record_id,title,study_id,other,kind,strength,reasons,against\n"

    assert call(project, "study", "unlink", "test2020", "PMID:102", "--yes") == 0
    assert keys(project).read_bytes() == before
    assert study_of(held, "102") is None
    assert outside(project) == others
    assert [path.name for path in project.extracted.iterdir() if path.name.startswith(".")] == []


def test_without_a_terminal_the_difference_is_shown_and_nothing_written(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys(project).read_bytes()
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert call(project, "study", "link", "test2020", "102") == ExitCode.USAGE
    said = capsys.readouterr()
    assert '+id = "PMID:102"' in said.out
    assert "--yes" in said.err
    assert keys(project).read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="no pty on Windows")
@pytest.mark.parametrize(("answer", "written"), [("y", True), ("n", False)])
def test_on_a_terminal_it_asks(project: Project, held: LocalStore, answer: str, written: bool, tmp_path: Path) -> None:
    import pty

    copy = tmp_path / "copy"
    shutil.copytree(project.root, copy)
    ours, theirs = pty.openpty()
    script = (
        "import sys; from review.cli import run; "
        f"sys.exit(run(['--project', {str(copy)!r}, 'study', 'link', 'test2020', '102']))"
    )
    try:
        os.write(ours, f"{answer}\n".encode())
        done = subprocess.run(
            [sys.executable, "-c", script],
            stdin=theirs,
            capture_output=True,
            text=True,
            check=False,
            env={**shell_environment(), "PYTHONPATH": str(REPOSITORY)},
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "Write this?" in done.stderr
    assert (b"PMID:102" in (copy / "extracted/test2020/study.toml").read_bytes()) is written


def test_a_record_that_is_linked_already_is_nothing_to_do(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    before = keys(project).read_bytes()
    assert call(project, "study", "link", "test2020", "101") == 0
    assert "already (extracted/test2020/study.toml:10); nothing to do" in capsys.readouterr().err
    assert keys(project).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("link", "test2021", "102"), ExitCode.USAGE, "no study 'test2021'. Hint: did you mean test2020?"),
        (("link", "test2020", "999999"), ExitCode.USAGE, "no record has the id"),
        (("link", "../test2020", "102"), ExitCode.USAGE, "'../test2020' is no id of a study"),
        (("link", "test2020", "102", "--kind", "secondary"), ExitCode.USAGE, "follow_up"),
        (("link", "test2020", "102", "--new"), ExitCode.USAGE, "there is a study test2020 already"),
        (("link", "test2020", "102", "--label", "x"), ExitCode.USAGE, "add --new"),
        (("link", "new2021", "103", "--new", "--condition", "knee"), ExitCode.USAGE, "did you mean knee_oa?"),
        (("unlink", "test2020", "PMID:5"), ExitCode.USAGE, "its reports: DOI:10.1234/test.1"),
        (("proposals", "--study", "nobody"), ExitCode.USAGE, "no study 'nobody'"),
    ],
)
def test_what_is_refused_is_one_line_that_says_why(
    project: Project,
    held: LocalStore,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: ExitCode,
    message: str,
) -> None:
    before = {path: path.read_bytes() for path in project.extracted.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert call(project, "study", *words) == code
    said = capsys.readouterr()
    assert message in said.err
    assert len(said.err.strip().split("\n")) == 1
    assert before == {path: path.read_bytes() for path in project.extracted.rglob("*") if path.is_file()}


def test_a_file_that_is_no_toml_is_named_with_its_line(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    keys(project).write_text('study_id = "test2020"\nlabel = \n')
    capsys.readouterr()
    assert call(project, "study", "link", "test2020", "102", "--yes") == ExitCode.ERROR
    said = capsys.readouterr().err
    assert "extracted/test2020/study.toml" in said
    assert "line 2" in said


def test_figures_that_hang_on_a_report_keep_it_in_its_study(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(project, "study", "link", "test2020", "102", "--yes") == 0
    before = keys(project).read_bytes()
    capsys.readouterr()
    for words in (("unlink", "test2020", "101"), ("link", "new2021", "101", "--new", "--move")):
        assert call(project, "study", *words, "--yes") == ExitCode.ERROR
        said = capsys.readouterr()
        assert "extracted/test2020/sources.csv:2 source T2 with 3 figures" in said.err
        assert said.out == ""
        assert "--move --with-figures" in said.err
    assert keys(project).read_bytes() == before
    assert not keys(project, "new2021").exists()


def test_figures_move_with_their_report_and_the_views_follow(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(project, "study", "link", "test2020", "102", "--yes") == 0
    assert new_study(project, "elm2021", "101", "--with-figures") == ExitCode.USAGE
    assert "add --move" in capsys.readouterr().err
    assert new_study(project, "elm2021", "101", "--move", "--with-figures") == 0
    said = capsys.readouterr()
    assert "DOI:10.1234/test.1 is moved from test2020 to elm2021 with 3 figures." in said.err
    assert "+++ b/extracted/elm2021/r1/continuous.csv" in said.out
    figures = "select distinct study_id from v1.result"
    assert held.read(figures)["study_id"].to_list() == ["elm2021"]
    assert (study_of(held, "101"), study_of(held, "102")) == ("elm2021", "test2020")


def new_study(project: Project, study_id: str, record: str, *more: str) -> int:
    given = ("--new", "--design", "rct_parallel", "--condition", "knee_oa", "--cell-source", "prp", "--yes")
    return call(project, "study", "link", study_id, record, *given, *more)


def test_a_new_study_with_its_keys_loads_at_once(project: Project, held: LocalStore) -> None:
    assert new_study(project, "elm2021", "103") == 0
    assert study_of(held, "103") == "elm2021"
    text = keys(project, "elm2021").read_text("utf-8")
    assert 'label = "Elm 2021"' in text
    assert 'kind = "primary"' in text


def test_a_new_study_that_is_called_like_another_takes_a_letter_and_moves_no_label(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    for study in ("wu2021cts", "wu2021facet"):
        text = FILES["test2020/study.toml"].replace("test2020", study).replace("test.1", f"test.{study}")
        keys(project, study).parent.mkdir()
        keys(project, study).write_text(text.replace("Test 2020 (SIMULATED)", "Elm 2021"), "utf-8")
        (keys(project, study).parent / "sources.csv").write_bytes(
            (keys(project).parent / "sources.csv").read_bytes().partition(b"\n")[0] + b"\n"
        )
    before = {each: keys(project, each).read_bytes() for each in ("wu2021cts", "wu2021facet")}
    assert new_study(project, "aelm2021", "103") == 0
    assert "it is called 'Elm 2021c', because 'Elm 2021' is taken" in capsys.readouterr().err
    assert 'label = "Elm 2021c"' in keys(project, "aelm2021").read_text("utf-8")
    assert before == {each: keys(project, each).read_bytes() for each in before}


def test_a_report_without_a_record_is_moved_by_what_study_toml_says(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shipped review has studies and no imported record."""
    path = keys(project)
    more = '[[reports]]\nid = "PMID:777"\nkind = "protocol"\npmid = "777"\ndoi = "10.1234/seven"\n\n[[arms]]'
    path.write_text(path.read_text("utf-8").replace("[[arms]]", more, 1), "utf-8")
    before = path.read_bytes()
    assert new_study(project, "elm2021", "103") == 0
    assert call(project, "study", "link", "elm2021", "777", "--yes") == ExitCode.USAGE
    assert "is a report of test2020 already: PMID:777" in capsys.readouterr().err
    for study, word in (("elm2021", "10.1234/seven"), ("test2020", "PMID:777")):
        assert call(project, "study", "link", study, word, "--move", "--yes") == 0
        found = held.read("select study_id from v1.study_report where pmid = '777'")
        assert found["study_id"].to_list() == [study]
    assert path.read_bytes() == before
    assert call(project, "study", "link", "elm2021", "778", "--move", "--yes") == ExitCode.USAGE
    assert "review import FILE" in capsys.readouterr().err


@pytest.mark.parametrize("study_id", ["con", "nul", "com1", "a" * 61])
def test_a_study_that_no_folder_could_be_named_after_is_refused(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str], study_id: str
) -> None:
    capsys.readouterr()
    assert new_study(project, study_id, "103") == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "cannot be the id of a study" in said
    assert len(said.strip().split("\n")) == 1
    assert not keys(project, study_id).parent.exists()


def test_a_new_study_without_its_keys_says_which_lines_wait(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(project, "study", "link", "elm2021", "103", "--new", "--yes") == 0
    assert "line 6 design, line 7 condition, line 8 cell_source" in capsys.readouterr().err
    assert call(project, "extract", "load") == ExitCode.ERROR
    assert "extracted/elm2021/study.toml line 8: cell_source is ''" in capsys.readouterr().err
    path = keys(project, "elm2021")
    filled = path.read_text("utf-8")
    for key, word in (("design", "unclear"), ("condition", "knee_oa"), ("cell_source", "prp")):
        filled = filled.replace(f'{key} = ""', f'{key} = "{word}"')
    path.write_text(filled, "utf-8")
    assert call(project, "extract", "load") == 0
    assert study_of(held, "103") == "elm2021"


def test_a_report_moves_with_its_own_words_and_back(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(project, "study", "link", "test2020", "102", "--yes") == 0
    keys(project).write_bytes(keys(project).read_bytes().replace(b'pmid = "102"', b'pmid = "102"  # checked by Ana'))
    assert new_study(project, "elm2021", "103") == 0
    first, second = keys(project).read_bytes(), keys(project, "elm2021").read_bytes()
    capsys.readouterr()
    assert call(project, "study", "link", "elm2021", "102", "--yes") == ExitCode.USAGE
    assert "is a report of test2020 already: PMID:102" in capsys.readouterr().err
    assert call(project, "study", "link", "elm2021", "102", "--move", "--yes") == 0
    assert b"# checked by Ana" in keys(project, "elm2021").read_bytes()
    assert b"102" not in keys(project).read_bytes()
    assert study_of(held, "102") == "elm2021"
    assert call(project, "study", "link", "test2020", "102", "--move", "--yes") == 0
    assert (keys(project).read_bytes(), keys(project, "elm2021").read_bytes()) == (first, second)


def test_the_only_report_goes_with_its_empty_study(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new_study(project, "elm2021", "103") == 0
    assert call(project, "study", "unlink", "elm2021", "103", "--yes") == ExitCode.ERROR
    assert "--remove-study" in capsys.readouterr().err
    assert call(project, "study", "link", "test2020", "103", "--move", "--remove-study", "--yes") == 0
    assert not keys(project, "elm2021").parent.exists()
    assert study_of(held, "103") == "test2020"


def test_a_study_with_a_file_of_somebody_is_not_removed(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new_study(project, "elm2021", "103") == 0
    (keys(project, "elm2021").parent / ".notes").write_text("mine\n")
    assert call(project, "study", "unlink", "elm2021", "103", "--remove-study", "--yes") == ExitCode.ERROR
    assert "there is still extracted/elm2021/.notes" in capsys.readouterr().err
    assert keys(project, "elm2021").is_file()


def test_an_article_that_names_its_registry_id_is_not_the_entry_of_the_register(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    path = keys(project)
    path.write_text(
        path.read_text("utf-8").replace('kind = "primary"', 'kind = "primary"\nregistry_id = "NCT00000003"')
    )
    entry = held.read("select record_id from v1.record where year = 2019")["record_id"][0]
    assert call(project, "study", "link", "test2020", entry, "--yes") == 0
    assert '+kind = "registry"' in capsys.readouterr().out


def test_entries_of_registers_and_records_without_any_number_are_linked_once(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = held.read("select record_id from v1.record where pmid is null order by year").to_dicts()
    for row, start in zip(rows, ("SRC:", "NCT00000003"), strict=True):
        assert call(project, "study", "link", "test2020", row["record_id"], "--yes") == 0
        assert f'+id = "{start}' in capsys.readouterr().out
        assert call(project, "study", "link", "test2020", row["record_id"], "--yes") == 0
        assert "nothing to do" in capsys.readouterr().err
    assert call(project, "study", "unlink", "test2020", rows[0]["record_id"], "--yes") == 0


def test_an_edit_stands_where_another_study_keeps_the_load_back(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(project, "study", "link", "elm2021", "103", "--new", "--yes") == 0
    capsys.readouterr()
    assert call(project, "study", "link", "test2020", "102", "--yes") == ExitCode.ERROR
    said = capsys.readouterr().err
    assert "PMID:102 becomes a report of test2020" in said
    assert "the database does not follow the files yet: extracted/elm2021/study.toml line 8" in said
    assert b"PMID:102" in keys(project).read_bytes()
    assert call(project, "study", "link", "test2020", "102", "--yes") == 0
    assert "nothing to do" in capsys.readouterr().err


def test_nothing_of_anothers_decisions_is_shown(
    project: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ana says at full text that 102 is not a trial: Ben, who has not decided, must not learn it from a list."""
    retrieval.retrieved(held, project, record="102", who="cyd")
    decide = {"record": "102", "stage": "full_text", "verdict": "exclude", "reason": "design", "note": MARK}
    answers = []
    for decided in (False, True):
        if decided:
            for person in ("ana", "dee"):
                decisions.decide(held, project, reviewer=person, **decide)
        capsys.readouterr()
        assert call(project, "study", "proposals", "--format", "csv", who="ben") == 0
        answers.append(capsys.readouterr())
    assert answers[0] == answers[1]
    assert "102" in answers[0].out or "follow-up" in answers[0].out
    assert call(project, "study", "link", "test2020", "102", "--yes", who="ben") == 0
    said = capsys.readouterr()
    assert MARK not in said.out + said.err
    assert call(project, "study", "unlink", "test2020", "102", "--yes", who="ben") == 0
    capsys.readouterr()
    # the owner of the file sees that it is no candidate any more
    assert call(project, "study", "proposals", "--format", "csv") == 0
    assert "follow-up" not in capsys.readouterr().out
