"""PDFs of reports: kept whole or not at all, once, under their hash, whatever the file calls itself."""

from __future__ import annotations

import hashlib
import resource
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.errors import FormatError, FullDisk, StoreError, UnknownId
from review.flows.check import run_checks
from review.flows.new_review import new_review
from review.project import Project
from review.reporting.own_files import refuse_own_files
from review.screening import decisions, full_texts, retrieval
from tests.conftest import REPOSITORY
from tests.screening.records import bring

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
SHA = hashlib.sha256(PDF).hexdigest()
HOSTILE = [
    "../../etc/passwd", "/etc/passwd", "..\\..\\boot.ini", "a\x00b.pdf", "<script>alert(1)</script>.pdf", "a\nb.pdf",
    "\u202efdp.exe", "'; drop table screening.report_event; --", "x" * 5000 + ".pdf", " ", "", "\ud800.pdf", ".", "..",
    "=cmd|' /C calc'!A0", "con", "full_texts", "naïve — 試験.pdf",
]  # fmt: skip


@pytest.fixture
def store(empty_review: Project) -> Iterator[LocalStore]:
    """The project's own database, held open."""
    store = LocalStore(empty_review.database_path)
    with store.holding():
        yield store


@pytest.fixture
def record(store: LocalStore, empty_review: Project) -> str:
    """A record that both reviewers included."""
    one = bring(store, [{"pmid": "101", "title": "First"}])[0]
    for who in ("ana", "ben"):
        decisions.decide(store, empty_review, record=one, stage="title_abstract", reviewer=who, verdict="include")
    return one


def attach(
    store: LocalStore, project: Project, content: bytes = PDF, name: str = "smith2019.pdf", event_id: str | None = None
) -> retrieval.ReportEvent:
    return retrieval.attach(store, project, record="101", who="ana", name=name, content=content, event_id=event_id)


def kept(project: Project) -> list[str]:
    folder = project.root / "full_texts"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_pdf_is_kept_under_its_hash_and_the_report_is_retrieved(
    store: LocalStore, empty_review: Project, record: str
) -> None:
    done = attach(store, empty_review)
    assert (done.kind, done.file_name, done.file_sha256, done.kept) == ("retrieved", "smith2019.pdf", SHA, True)
    place = full_texts.full_text(empty_review, SHA)
    assert place == empty_review.root / "full_texts" / f"{SHA}.pdf"
    assert place.read_bytes() == PDF
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    row = store.read("select retrieval, file_name, file_sha256, file_kept from v1.report").rows()
    assert row == [("retrieved", "smith2019.pdf", SHA, True)]


def test_the_same_file_twice_is_one_file_and_the_same_id_one_event(
    store: LocalStore, empty_review: Project, record: str
) -> None:
    first = attach(store, empty_review, event_id="e1")
    before = full_texts.full_text(empty_review, SHA).stat()
    assert attach(store, empty_review, event_id="e1").event_id == first.event_id
    assert store.read("select count(*) as n from screening.report_event")["n"][0] == 1
    attach(store, empty_review, name="again.pdf")
    after = full_texts.full_text(empty_review, SHA).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert kept(empty_review) == [f"{SHA}.pdf"]


def test_a_retry_after_the_file_was_lost_puts_it_back(store: LocalStore, empty_review: Project, record: str) -> None:
    attach(store, empty_review, event_id="e1")
    place = full_texts.full_text(empty_review, SHA)
    place.write_bytes(b"damaged")
    attach(store, empty_review, event_id="e1")
    assert place.read_bytes() == PDF
    place.unlink()
    attach(store, empty_review, event_id="e1")
    assert place.read_bytes() == PDF
    assert store.read("select count(*) as n from screening.report_event")["n"][0] == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_the_name_of_a_file_is_a_text_and_never_a_place(
    store: LocalStore, empty_review: Project, record: str, name: str
) -> None:
    outside = sorted(path for path in empty_review.root.parent.rglob("*") if "full_texts" not in path.parts)
    attach(store, empty_review, name=name)
    assert kept(empty_review) == [f"{SHA}.pdf"]
    inside = empty_review.root / "full_texts"
    assert sorted(p for p in empty_review.root.parent.rglob("*") if inside not in (p, *p.parents)) == outside
    said = store.read("select file_name from v1.report")["file_name"][0]
    assert 0 < len(said) <= 200
    assert not any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 or sign == "\u202e" for sign in said)
    if name.isprintable() and 0 < len(name.strip()) <= 200:
        assert said == name.strip()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"<!doctype html><title>Sign in</title>", "is not a PDF: it begins with"),
        (b"PK\x03\x04", "is not a PDF"),
        (b"MZ\x90\x00%PDF-1.7", "is not a PDF"),
        (b"<script>%PDF-1.7", "is not a PDF"),
        (b"%PDF", "is not a PDF"),
    ],
)
def test_what_is_no_pdf_is_refused_and_nothing_is_kept(
    store: LocalStore, empty_review: Project, record: str, content: bytes, problem: str
) -> None:
    with pytest.raises(FormatError, match=problem) as refusal:
        attach(store, empty_review, content)
    assert refusal.value.hint
    assert kept(empty_review) == []
    assert store.read("select count(*) as n from screening.report_event")["n"][0] == 0


def test_a_file_that_is_too_large_is_refused(
    store: LocalStore, empty_review: Project, record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert full_texts.MOST_BYTES == 100_000_000
    monkeypatch.setattr(full_texts, "MOST_BYTES", 1_000_000)
    exactly = PDF + b"0" * (1_000_000 - len(PDF))
    assert attach(store, empty_review, exactly).kept
    with pytest.raises(FormatError, match="is larger than 1 MB"):
        attach(store, empty_review, exactly + b"0")
    huge = empty_review.root / "huge.pdf"
    huge.write_bytes(exactly + b"00")
    with pytest.raises(FormatError, match="is larger than 1 MB"):
        retrieval.attach_file(store, empty_review, record="101", who="ana", file=huge)
    assert len(kept(empty_review)) == 1


def test_a_full_disk_leaves_nothing_half_written(store: LocalStore, empty_review: Project, record: str) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(FullDisk, match="the file was not kept") as refusal:
            attach(store, empty_review, PDF + b"0" * 300_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refusal.value.exit_code == 7
    assert kept(empty_review) == []
    assert store.read("select count(*) as n from screening.report_event")["n"][0] == 0
    attach(store, empty_review, PDF + b"0" * 300_000)
    assert len(kept(empty_review)) == 1


def test_a_folder_that_cannot_be_written_says_so(store: LocalStore, empty_review: Project, record: str) -> None:
    (empty_review.root / "full_texts").write_text("a file")
    with pytest.raises(StoreError, match="full_texts cannot be written"):
        attach(store, empty_review)
    assert store.read("select count(*) as n from screening.report_event")["n"][0] == 0


@pytest.mark.parametrize(
    "sha256",
    ["", "..", "../review.toml", "/etc/passwd", SHA[:-1], SHA + "0", SHA.upper(), SHA + "\n", "\n" + SHA, f"{SHA}.pdf",
     "%2e%2e%2freview.toml", SHA[:-1] + "\x00", "g" * 64, "٣" * 64, f"../full_texts/{SHA}"],
)  # fmt: skip
def test_only_a_sha256_names_a_full_text(store: LocalStore, empty_review: Project, record: str, sha256: str) -> None:
    attach(store, empty_review)
    with pytest.raises(UnknownId, match="is not the sha256 of a file"):
        full_texts.full_text(empty_review, sha256)


def test_what_is_not_there_or_leads_elsewhere_is_not_given(empty_review: Project, tmp_path: Path) -> None:
    with pytest.raises(UnknownId, match="there is no file"):
        full_texts.full_text(empty_review, SHA)
    folder = empty_review.root / "full_texts"
    folder.mkdir()
    (folder / f"{SHA}.pdf").symlink_to(empty_review.root / "review.toml")
    with pytest.raises(UnknownId, match="there is no file"):
        full_texts.full_text(empty_review, SHA)
    (folder / f"{SHA}.pdf").unlink()
    (folder / f"{SHA}.pdf").mkdir()
    with pytest.raises(UnknownId, match="there is no file"):
        full_texts.full_text(empty_review, SHA)


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(
    store: LocalStore, empty_review: Project, record: str
) -> None:
    folder = empty_review.root / "full_texts"
    folder.mkdir()
    protocol = (empty_review.root / "review.toml").read_bytes()
    (folder / f"{SHA}.pdf").symlink_to(empty_review.root / "review.toml")
    attach(store, empty_review)
    assert full_texts.full_text(empty_review, SHA).read_bytes() == PDF
    assert (empty_review.root / "review.toml").read_bytes() == protocol


def findings(store: LocalStore, project: Project) -> dict[str, tuple[str, int]]:
    """Of the two checks on full texts: severity and number of findings."""
    found = {one.name: one for one in run_checks(store, project)}
    return {name: (found[name].severity, len(found[name].rows)) for name in ("full_text_missing", "full_text_changed")}


def test_check_names_what_is_missing_and_what_has_changed(empty_review: Project) -> None:
    store = LocalStore(empty_review.database_path)
    bring(store, [{"pmid": "101", "title": "First"}])
    for who in ("ana", "ben"):
        decisions.decide(store, empty_review, record="101", stage="title_abstract", reviewer=who, verdict="include")
    paper = empty_review.root / "elsewhere.pdf"
    paper.write_bytes(PDF)
    # of a file that was only named, nothing is there to check
    retrieval.retrieved(store, empty_review, record="101", who="ana", file=paper)
    paper.unlink()
    fine = {"full_text_missing": ("warning", 0), "full_text_changed": ("error", 0)}
    assert findings(store, empty_review) == fine
    attach(store, empty_review)
    assert findings(store, empty_review) == fine
    place = full_texts.full_text(empty_review, SHA)
    place.write_bytes(PDF + b"more")
    assert findings(store, empty_review) == {"full_text_missing": ("warning", 0), "full_text_changed": ("error", 1)}
    place.unlink()
    assert findings(store, empty_review) == {"full_text_missing": ("warning", 1), "full_text_changed": ("error", 0)}
    # what was taken back, or replaced by another file, is asked after no longer
    attach(store, empty_review, PDF + b"better scan")
    assert findings(store, empty_review) == fine


def test_full_texts_stay_out_of_git_and_no_table_is_written_over_them(tmp_path: Path, empty_review: Project) -> None:
    new_review(tmp_path / "fresh", title="Fresh")
    for ignored in (tmp_path / "fresh" / ".gitignore", REPOSITORY / ".gitignore"):
        assert "full_texts/" in ignored.read_text("utf-8").splitlines()
    with pytest.raises(Exception, match="among the PDFs of reports"):
        refuse_own_files(empty_review.root / "full_texts" / "out.csv")


def test_the_command_keeps_the_file_and_leaves_the_original(
    store: LocalStore,
    empty_review: Project,
    record: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("review.database.open_store", lambda path: store)
    paper = empty_review.root / "smith 2019.pdf"
    paper.write_bytes(PDF)
    words = ["--project", str(empty_review.root), "--as", "ana", "screen"]
    assert run([*words, "attach", "101", str(paper)]) == 0
    assert f"kept as full_texts/{SHA}.pdf" in capsys.readouterr().err
    assert paper.read_bytes() == PDF
    paper.write_bytes(b"no pdf")
    assert run([*words, "attach", "101", str(paper)]) == 1
    assert "is not a PDF" in capsys.readouterr().err
    assert run([*words, "attach", "101", str(empty_review.root / "nowhere.pdf")]) == 2
