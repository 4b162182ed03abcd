"""What an esearch answer says of the question, and how a changed reading is shown."""

from __future__ import annotations

import pytest

from review.errors import EntrezError, Incomplete
from review.search.signals import Found, elink_error, read_esearch, translation_diff, warnings

LONG = '("knee"[Title/Abstract] OR "knee AND hip"[MeSH Terms]) AND ("a"[Title] OR "b"[Title])'


def body(inside: str, count: int = 0) -> bytes:
    return f"<eSearchResult><Count>{count}</Count><IdList/>{inside}</eSearchResult>".encode()


def found(translation: str, count: int = 1) -> Found:
    return Found(count, (), translation, (), ())


def test_one_changed_clause_of_a_long_translation_is_two_lines() -> None:
    now = LONG.replace('"b"[Title]', '"b"[All Fields]')
    assert translation_diff(LONG, now) == ['- OR "b"[Title]', '+ OR "b"[All Fields]']


def test_a_new_clause_is_one_line() -> None:
    now = LONG.replace(") AND (", ' OR "new"[All Fields]) AND (')
    assert translation_diff(LONG, now) == ['+ OR "new"[All Fields]']


def test_a_moved_bracket_is_seen() -> None:
    diff = translation_diff("(a[Title] OR b[Title]) AND c[Title]", "a[Title] OR (b[Title] AND c[Title])")
    assert "- ( before a[Title]" in diff
    assert "+ OR ( before b[Title]" in diff


@pytest.mark.parametrize("text", ["", LONG, '"an open quotation', "[", "))(("])
def test_the_same_translation_has_no_difference(text: str) -> None:
    assert translation_diff(text, text) == []
    assert translation_diff(text, f"{text} OR d[Title]")[-1].startswith("+ ")


def test_a_changed_translation_is_a_warning_with_its_difference() -> None:
    said = warnings("b[ti]", found('"b"[Title] OR "c"[All Fields]'), before=('"b"[Title]', 1))
    assert said == ['PubMed reads the line differently now: + OR "c"[All Fields]']


@pytest.mark.parametrize("translation", ['"b"[Title]', "b[ti]"])
def test_a_tag_may_be_translated_by_its_short_or_its_long_name(translation: str) -> None:
    assert warnings("b[ti]", found(translation), before=None) == []


def test_a_lost_field_tag_is_a_warning() -> None:
    said = warnings("b[ti] OR c[nosuchfield]", found('"b"[Title] OR "c"[All Fields]'), before=None)
    assert said == ["a field tag of ours is not in the translation: nosuchfield"]
    assert warnings("b[ti]", found("b"), before=None) == ["none of our field tags (ti) is in the translation"]


def test_an_empty_translation_and_lost_hits_are_warnings() -> None:
    said = warnings("b[ti]", found("", 0), before=("b[Title]", 7))
    assert said == ["PubMed gave no translation of the query", "no hits, but 7 when it last ran"]


@pytest.mark.parametrize("kind", ["PhraseNotFound", "FieldNotFound", "QuotedPhraseNotFound"])
def test_each_dropped_part_is_named_with_its_signal(kind: str) -> None:
    inside = f"<ErrorList><{kind}>&quot;lost&quot;[tiab]</{kind}></ErrorList>"
    assert read_esearch(body(inside, 3), what="line #1").dropped == ((kind, '"lost"[tiab]'),)


def test_an_ignored_stop_word_is_a_warning() -> None:
    heard = read_esearch(body("<WarningList><PhraseIgnored>of</PhraseIgnored></WarningList>", 3), what="line #1")
    assert "PubMed ignored the words of" in warnings("pain of knee", heard, before=None)


def test_no_items_found_is_an_honest_zero() -> None:
    inside = "<WarningList><OutputMessage>No items found.</OutputMessage></WarningList>"
    assert read_esearch(body(inside), what="line #1", asked=9).count == 0


@pytest.mark.parametrize(
    "said", ["Restrictions achieved. start and count adjusted to 0, 9999", "Something that nobody has heard yet"]
)
def test_any_other_output_message_is_an_error(said: str) -> None:
    with pytest.raises(EntrezError, match=said[:20]):
        read_esearch(body(f"<WarningList><OutputMessage>{said}</OutputMessage></WarningList>", 3), what="line #1")


def test_ids_that_are_no_numbers_are_an_error() -> None:
    with pytest.raises(EntrezError, match="ids that are no PMIDs: PMC1"):
        read_esearch(b"<eSearchResult><Count>1</Count><IdList><Id>PMC1</Id></IdList></eSearchResult>", what="line #1")


def test_fewer_ids_than_are_due_is_incomplete() -> None:
    with pytest.raises(Incomplete, match="0 ids for a count of 3, 9 were asked"):
        read_esearch(body("", 3), what="line #1", asked=9)


@pytest.mark.parametrize("count", ["9" * 5000, "9" * 10, "\u00b2", "\uff15", "\u0663", "-1", "1e3", "5 5"])
def test_a_count_that_is_no_number_is_an_error(count: str) -> None:
    with pytest.raises(EntrezError, match="an answer without a count") as caught:
        read_esearch(f"<eSearchResult><Count>{count}</Count><IdList/></eSearchResult>".encode(), what="line #1")
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("pmid", ["9" * 5000, "9" * 10, "\u00b2", "\uff15", "0", "007", "", "-1", "1.0"])
def test_an_id_of_other_digits_or_too_many_is_an_error(pmid: str) -> None:
    answer = f"<eSearchResult><Count>1</Count><IdList><Id>{pmid}</Id></IdList></eSearchResult>"
    with pytest.raises(EntrezError, match="ids that are no PMIDs"):
        read_esearch(answer.encode(), what="line #1")


def test_an_answer_that_names_its_dtd_is_read() -> None:
    named = (
        b'<?xml version="1.0"?><!DOCTYPE eSearchResult PUBLIC "-//NLM//DTD esearch//EN" "https://example.org/e.dtd">'
    )
    assert read_esearch(named + body("", 3), what="line #1").count == 3


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE eSearchResult [<!ENTITY a "aaaa">]>',
        '<!-- <!DOCTYPE x> --><!DOCTYPE eSearchResult [<!ENTITY a "aaaa">]>',
        '<!-- ]> --><!DOCTYPE eSearchResult SYSTEM "x" [<!ENTITY % b "c"> %b;]>',
        "<?x <!DOCTYPE x> ?><!DOCTYPE eSearchResult []>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_answer_that_declares_entities_is_an_error(before: str, encoding: str) -> None:
    answer = before + "<eSearchResult><Count>0</Count><IdList/></eSearchResult>"
    with pytest.raises(EntrezError, match="a document that declares entities of its own"):
        read_esearch(answer.encode(encoding), what="line #1")


@pytest.mark.parametrize("encoding", ["hex", "utf-7", "shift_jis", "idna", "\u00e9"])
def test_an_encoding_that_cannot_be_read_is_an_error(encoding: str) -> None:
    answer = f'<?xml version="1.0" encoding="{encoding}"?><eSearchResult><Count>0</Count><X>\u00e9</X></eSearchResult>'
    with pytest.raises(EntrezError, match="is not XML"):
        read_esearch(answer.encode(), what="line #1")


def test_the_words_of_an_error_are_cut_and_found_in_one_pass() -> None:
    assert len(elink_error(b"<ERROR>" + b"x" * 5000 + b"</ERROR>") or "") == 500
    # a search that starts again at every <ERROR> would take hours
    assert elink_error(b"<ERROR>" * 1_000_000) is None
