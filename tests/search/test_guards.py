"""Each retry and each invariant of the client has a test that turns red without it.

By default the table is only held against the code: each guard stands there once, and its test exists. With
`-m guards` each is taken out of a copy of the package, and its test is run there: it has to fail.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

ENTREZ, RANGES, PACE, SIGNALS, SECRETS = (
    f"tests/search/test_{name}.py" for name in ("search_entrez", "search_ranges", "pace", "search_signals", "secrets")
)


@dataclass(frozen=True)
class Guard:
    """What protects, where it stands, what stands there without it, and the test that must then fail."""

    name: str
    file: str
    text: str
    without: str
    test: str


GUARDS = (
    # asking again
    Guard(
        "a try is followed by another", "transport.py", "range(self.tries)", "range(1)", f"{ENTREZ}::test_waits_grow"
    ),
    Guard(
        "the statuses of a passing fault",
        "transport.py",
        "{408, 429, 500, 502, 503, 504}",
        "{429}",
        f"{ENTREZ}::test_what_is_no_whole_answer_is_asked_again[502]",
    ),
    Guard(
        "a refusal is not repeated",
        "transport.py",
        "if not trouble.again or ",
        "if ",
        f"{ENTREZ}::test_a_key_that_has_expired_stops_the_run_at_once[400]",
    ),
    Guard(
        "an expired key in a 200",
        "transport.py",
        '_is_json(answer.body) and "api key" in said.lower()',
        'reply.status == 400 and "api key" in said.lower()',
        f"{ENTREZ}::test_a_key_that_has_expired_stops_the_run_at_once[200]",
    ),
    Guard(
        "the rate limit in a 200",
        "transport.py",
        'reply.status == 429 or (_is_json(answer.body) and "rate limit" in said.lower())',
        "reply.status == 429",
        f"{ENTREZ}::test_a_rate_limit_in_a_200_is_said_after_all_tries",
    ),
    Guard(
        "Retry-After is obeyed",
        "transport.py",
        "backoff if trouble.wait is None else max(trouble.wait, _SMALLEST_GAP)",
        "backoff",
        f"{ENTREZ}::test_retry_after_in_seconds_is_waited_for",
    ),
    Guard(
        "Retry-After as a date",
        "transport.py",
        "until = parsedate_to_datetime(header)",
        "return None",
        f"{ENTREZ}::test_retry_after_as_a_date_is_waited_for",
    ),
    Guard(
        "never without a gap",
        "transport.py",
        "max(trouble.wait, _SMALLEST_GAP)",
        "trouble.wait",
        f"{ENTREZ}::test_a_429_is_never_repeated_without_a_gap",
    ),
    Guard(
        "backoff grows", "transport.py", "self.first_wait * 2**turn", "self.first_wait", f"{ENTREZ}::test_waits_grow"
    ),
    Guard(
        "a longer Retry-After is said",
        "transport.py",
        "if not trouble.again or (trouble.wait or 0.0) > self.longest_wait:",
        "if not trouble.again:",
        f"{ENTREZ}::test_a_longer_retry_after_than_we_wait_is_said_and_not_cut_short",
    ),
    Guard(
        "a 429 holds back the others",
        "transport.py",
        "if self.pace and trouble.crowded else nullcontext()",
        "if False else nullcontext()",
        f"{PACE}::test_a_retry_after_holds_back_all_who_share_the_key",
    ),
    Guard(
        "Bio.Entrez tries once",
        "entrez.py",
        "    Entrez.max_tries = 1\n",
        "    Entrez.max_tries = 3\n",
        f"{ENTREZ}::test_biopython_tries_once_in_every_thread",
    ),
    Guard(
        "one caller at a time",
        "transport.py",
        "with _TURN, during():",
        "with during():",
        f"{ENTREZ}::test_one_process_asks_one_question_at_a_time",
    ),
    # an answer that never ends
    Guard(
        "a silent socket",
        "exchange.py",
        "socket.setdefaulttimeout(timeout)",
        "socket.setdefaulttimeout(before)",
        f"{ENTREZ}::test_a_silent_server_is_given_up",
    ),
    Guard(
        "headers that never end",
        "exchange.py",
        "worker.begun.wait(deadline)",
        "worker.begun.wait()",
        f"{ENTREZ}::test_a_server_that_sends_byte_by_byte_is_given_up[in its headers]",
    ),
    Guard(
        "a request that never ends",
        "exchange.py",
        "if not worker.ended.wait(max(0.0, worker.until - time.monotonic()) + 1.0):",
        "if not worker.ended.wait():",
        f"{ENTREZ}::test_a_server_that_sends_byte_by_byte_is_given_up[in its headers]",
    ),
    Guard(
        "a slow body leaves its thread",
        "exchange.py",
        "if time.monotonic() > self.until:",
        "if False:",
        f"{ENTREZ}::test_a_server_that_sends_byte_by_byte_is_given_up[in its body]",
    ),
    Guard(
        "an answer without end",
        "exchange.py",
        "                size += len(piece)\n",
        "",
        f"{ENTREZ}::test_an_answer_without_end_is_not_read_nor_kept[not announced-esearch]",
    ),
    Guard(
        "an answer that is announced too large",
        "exchange.py",
        '            size = getattr(raw, "length", None) or 0',
        "            size = 0",
        f"{ENTREZ}::test_an_answer_without_end_is_not_read_nor_kept[announced and not sent-esearch]",
    ),
    # an answer of somebody else
    Guard(
        "no redirect is followed",
        "entrez.py",
        "    Entrez.urlopen = open_without_leaving\n",
        "",
        f"{ENTREZ}::test_a_redirect_is_neither_followed_nor_shown[http-302]",
    ),
    Guard(
        "nobody follows in our opener",
        "exchange.py",
        "    urllib.request.HTTPRedirectHandler,\n",
        "",
        f"{ENTREZ}::test_a_redirect_is_neither_followed_nor_shown[home-302]",
    ),
    Guard(
        "https alone",
        "exchange.py",
        "    urllib.request.HTTPHandler,\n",
        "",
        f"{ENTREZ}::test_without_an_installed_opener_the_usual_one_is_copied_and_nothing_but_https_is_opened",
    ),
    Guard(
        "the opener of others is not changed",
        "exchange.py",
        "opener.add_handler(copy.copy(handler))",
        "opener.add_handler(handler)",
        f"{ENTREZ}::test_urllib_and_biopython_are_left_as_they_were",
    ),
    Guard(
        "a redirect is not shown",
        "transport.py",
        "if 300 <= reply.status < 400:",
        "if False:",
        f"{ENTREZ}::test_a_redirect_is_neither_followed_nor_shown[http-302]",
    ),
    Guard(
        "no entities of the server",
        "signals.py",
        "        if internal:\n",
        "        if False:\n",
        f"{SIGNALS}::test_an_answer_that_declares_entities_is_an_error",
    ),
    Guard(
        "a count has digits that count",
        "signals.py",
        'r"[0-9]{1,9}"',
        'r"\\d+"',
        f"{SIGNALS}::test_a_count_that_is_no_number_is_an_error",
    ),
    # a body that is not whole
    Guard(
        "fewer bytes than announced",
        "exchange.py",
        "if missing and not broken:",
        "if False:",
        f"{ENTREZ}::test_a_body_that_is_shorter_than_announced_is_asked_again_though_it_looks_whole",
    ),
    Guard(
        "a broken connection",
        "transport.py",
        "missing = reply.broken or short(answer.body)",
        "missing = short(answer.body)",
        f"{ENTREZ}::test_a_body_that_is_shorter_than_announced_is_asked_again_though_it_looks_whole",
    ),
    Guard(
        "a body that looks whole",
        "transport.py",
        "missing = reply.broken or short(answer.body)",
        "missing = reply.broken",
        f"{ENTREZ}::test_what_is_no_whole_answer_is_asked_again[cut with a right length]",
    ),
    Guard(
        "no connection",
        "transport.py",
        "    if not reply.status:\n",
        "    if False:\n",
        f"{ENTREZ}::test_a_connection_that_is_refused_is_called_so",
    ),
    Guard(
        "a count is needed",
        "signals.py",
        "if missing is None and ",
        "if False and ",
        f"{ENTREZ}::test_what_is_no_whole_answer_is_asked_again[no count]",
    ),
    Guard(
        "an outage in a 200 is asked again",
        "signals.py",
        "return said if _OUTAGE.search(said) and not _OUR_FAULT.search(said) else None",
        "return None",
        f"{ENTREZ}::test_an_outage_in_a_200_is_asked_again_and_then_shown_in_ncbis_words[efetch]",
    ),
    Guard(
        "our own mistake is not repeated",
        "signals.py",
        " and not _OUR_FAULT.search(said)",
        "",
        f"{ENTREZ}::test_our_own_mistake_in_a_200_is_shown_in_ncbis_words_and_not_repeated",
    ),
    # honest answers
    Guard(
        "<ERROR> of esearch",
        "signals.py",
        'for error in root.iter("ERROR"):',
        "for error in ():",
        f"{ENTREZ}::test_our_own_mistake_in_a_200_is_shown_in_ncbis_words_and_not_repeated",
    ),
    Guard(
        "<ERROR> of efetch",
        "entrez.py",
        "if said := signals.efetch_error(answer.body):",
        "if said := None:",
        f"{ENTREZ}::test_an_efetch_error_in_a_200_is_shown_in_ncbis_words",
    ),
    Guard(
        "<ERROR> of elink",
        "entrez.py",
        "if said := signals.elink_error(answer.body):",
        "if said := None:",
        f"{ENTREZ}::test_an_elink_error_in_a_200_is_shown_in_ncbis_words",
    ),
    Guard(
        "any OutputMessage",
        "signals.py",
        "if not note.lower().startswith(_HARMLESS):",
        "if False:",
        f"{ENTREZ}::test_a_clamped_answer_is_an_error",
    ),
    Guard(
        "each dropped part",
        "signals.py",
        '("PhraseNotFound", "FieldNotFound", "QuotedPhraseNotFound")',
        '("PhraseNotFound", "FieldNotFound")',
        f"{SIGNALS}::test_each_dropped_part_is_named_with_its_signal[QuotedPhraseNotFound]",
    ),
    Guard(
        "ids are numbers",
        "signals.py",
        "if not all(_PMID.fullmatch(pmid) for pmid in ids):",
        "if False:",
        f"{SIGNALS}::test_ids_that_are_no_numbers_are_an_error",
    ),
    Guard(
        "fewer ids than counted are asked again",
        "entrez.py",
        "if len(found.ids) < min(found.count, retmax):",
        "if False:",
        f"{RANGES}::test_ids_of_a_range_that_are_not_what_was_counted_name_it[one missing]",
    ),
    Guard(
        "fewer ids than counted stop the run",
        "signals.py",
        "if len(ids) < min(int(count), asked):",
        "if False:",
        f"{ENTREZ}::test_fewer_ids_than_counted_is_an_error",
    ),
    # all of more than 9,999
    Guard(
        "two halves add up",
        "entrez.py",
        "if wrong := _unequal(founds, found):",
        "if wrong := '':",
        f"{RANGES}::test_halves_that_do_not_add_up_name_the_range",
    ),
    Guard(
        "two halves still add up",
        "entrez.py",
        "if wrong := _unequal([half for half, _ in parts], found):",
        "if wrong := '':",
        f"{RANGES}::test_a_half_that_comes_to_another_count_when_it_is_asked_again_stops_the_run",
    ),
    Guard(
        "what is wrong is asked again",
        "entrez.py",
        "for turn in range(2):",
        "for turn in range(1):",
        f"{RANGES}::test_one_wrong_count_is_asked_again",
    ),
    Guard(
        "no id twice",
        "entrez.py",
        "if len(found.ids) == len(set(found.ids)) == found.count and not stray:",
        "if len(found.ids) == found.count and not stray:",
        f"{RANGES}::test_ids_of_a_range_that_are_not_what_was_counted_name_it[one twice]",
    ),
    Guard(
        "as many ids as counted",
        "entrez.py",
        "if len(found.ids) == len(set(found.ids)) == found.count and not stray:",
        "if len(found.ids) == len(set(found.ids)) and not stray:",
        f"{RANGES}::test_ids_of_a_range_that_are_not_what_was_counted_name_it[one too many]",
    ),
    Guard(
        "no id outside its range",
        "entrez.py",
        " == found.count and not stray:",
        " == found.count:",
        f"{RANGES}::test_ids_of_a_range_that_are_not_what_was_counted_name_it[one outside]",
    ),
    Guard(
        "a small answer too",
        "entrez.py",
        "return list(found.ids), _wrong(found, low, high)",
        'return list(found.ids), ""',
        f"{RANGES}::test_a_small_answer_is_held_to_its_count_too[one twice]",
    ),
    Guard(
        "no search without end",
        "entrez.py",
        "if found.count > high - low + 1:",
        "if False:",
        f"{RANGES}::test_more_records_than_there_are_pmids_are_not_looked_for_without_end",
    ),
    # the limit
    Guard(
        "the limit in a second",
        "pace.py",
        "if len(arrived) >= self.rate.limit:",
        "if False:",
        f"{PACE}::test_no_second_at_the_server_holds_more_than_the_limit",
    ),
    Guard(
        "late arrivals count",
        "pace.py",
        "return min(max(self.at, seen), self.at + _LONGEST_TRIP)",
        "return self.at",
        f"{PACE}::test_a_request_that_was_late_on_its_way_still_counts",
    ),
    Guard(
        "a gap between two starts",
        "pace.py",
        "max(one.at for one in self._sent) + self.rate.gap",
        "max(one.at for one in self._sent)",
        f"{PACE}::test_requests_keep_a_gap_so_that_biopython_never_waits_as_well",
    ),
    Guard(
        "the processes share a file",
        "pace.py",
        "                    self._read(self._path)\n",
        "                    pass\n",
        f"{PACE}::test_eight_threads_in_two_processes_stay_within_the_limit_of_a_key",
    ),
    Guard(
        "a hold is kept",
        "pace.py",
        "earliest = self._held_until\n",
        "earliest = 0.0\n",
        f"{PACE}::test_a_hold_stops_the_other_processes_until_it_is_over_or_lifted",
    ),
    Guard(
        "a clock gone wrong",
        "pace.py",
        "if not now - _WINDOW <= self._held_until <= now + _LONGEST_HOLD:",
        "if False:",
        f"{PACE}::test_a_hold_of_a_clock_gone_wrong_is_dropped",
    ),
    Guard(
        "no link is followed to a state",
        "pace.py",
        'os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)',
        "os.O_RDONLY",
        f"{PACE}::test_what_is_no_regular_file_is_left_alone_and_said_once[.json-link]",
    ),
    Guard(
        "a state is a regular file",
        "pace.py",
        "if not stat.S_ISREG(os.fstat(number).st_mode):",
        "if False:",
        f"{PACE}::test_what_is_no_regular_file_is_left_alone_and_said_once[.json-pipe]",
    ),
    Guard(
        "a lock is a regular file",
        "pace.py",
        '            _check_regular(self._path.with_suffix(".lock"))\n',
        "",
        f"{PACE}::test_what_is_no_regular_file_is_left_alone_and_said_once[.lock-pipe]",
    ),
    Guard(
        "every request waits for its slot",
        "transport.py",
        "slot = self.pace.slot() if self.pace else nullcontext()",
        "slot = nullcontext()",
        f"{PACE}::test_eight_threads_in_two_processes_stay_within_the_limit_of_a_key",
    ),
    # the key
    Guard(
        "messages show no key",
        "transport.py",
        "said = masked(self.hide, trouble.said)[:_SHOWN]",
        "said = trouble.said[:_SHOWN]",
        f"{ENTREZ}::test_a_connection_that_breaks_with_the_key_in_its_words_shows_none",
    ),
    Guard(
        "bodies hold no key",
        "transport.py",
        "masked_body(secrets, reply.body)",
        "reply.body",
        f"{ENTREZ}::test_the_key_is_in_no_message_no_traceback_and_no_body[refused]",
    ),
    Guard(
        "the address is a secret too",
        "entrez.py",
        "for text in (self.api_key, self.email) if text",
        "for text in (self.api_key,) if text",
        f"{SECRETS}::test_what_the_server_echoes_is_neither_stored_nor_shown",
    ),
    Guard(
        "what is written in two ways at once",
        "masking.py",
        "return _BLOT.encode() if any(",
        "return _BLOT.encode() if False and any(",
        f"{SECRETS}::test_a_secret_written_in_two_ways_at_once_takes_its_body_along",
    ),
    Guard(
        "a key can be blotted out",
        "entrez.py",
        'r"[A-Za-z0-9_-]{8,}"',
        'r".+"',
        f"{SECRETS}::test_a_key_that_cannot_be_one_is_refused_and_not_shown",
    ),
    Guard(
        "the key is no part of how a client is shown",
        "entrez.py",
        "api_key: str | None = field(default=None, repr=False)",
        "api_key: str | None = None",
        f"{ENTREZ}::test_the_key_is_in_no_message_no_traceback_and_no_body[refused]",
    ),
)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_the_guard_stands_in_its_place_and_its_test_exists(guard: Guard) -> None:
    assert (REPOSITORY / "review" / "search" / guard.file).read_text("utf-8").count(guard.text) == 1
    path, _, name = guard.test.partition("::")
    assert re.search(rf"^def {re.escape(name.split('[')[0])}\(", (REPOSITORY / path).read_text("utf-8"), re.MULTILINE)


def copy_of_the_package(folder: Path) -> Path:
    """What the tests of the client need, and nothing else."""
    left_out = shutil.ignore_patterns("__pycache__", "_data")
    shutil.copytree(REPOSITORY / "review", folder / "review", ignore=left_out)
    (folder / "tests" / "search").mkdir(parents=True)
    for file in (
        "pyproject.toml",
        "tests/conftest.py",
        "tests/eutils_server.py",
        ENTREZ,
        RANGES,
        PACE,
        SIGNALS,
        SECRETS,
    ):
        shutil.copy(REPOSITORY / file, folder / file)
    for data in ("queries", "extracted", "review.toml"):
        (folder / data).symlink_to(REPOSITORY / data)
    return folder


def run(tests: list[str], *, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", *tests]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.guards
def test_all_named_tests_pass_in_an_untouched_copy(tmp_path: Path) -> None:
    folder = copy_of_the_package(tmp_path)
    done = run(sorted({guard.test for guard in GUARDS}), folder=folder)
    assert done.returncode == 0, done.stdout[-3000:]
    where = [sys.executable, "-c", "import review.search.entrez as it; print(it.__file__)"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    said = subprocess.run(where, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout
    assert Path(said.strip()).is_relative_to(folder)


@pytest.mark.guards
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_without_the_guard_its_test_fails(guard: Guard, tmp_path: Path) -> None:
    folder = copy_of_the_package(tmp_path)
    path = folder / "review" / "search" / guard.file
    path.write_text(path.read_text("utf-8").replace(guard.text, guard.without), "utf-8")
    done = run([guard.test], folder=folder)
    # 1 is a failed test; 2 to 5 are a test that was not found or could not be collected
    assert done.returncode == 1, done.stdout[-3000:]
    assert re.search(r"^FAILED ", done.stdout, re.MULTILINE), done.stdout[-3000:]
