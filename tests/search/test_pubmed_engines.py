"""Both PubMed engines say the same of anything, and a stream of any size is read in a bounded memory. All synthetic."""

from __future__ import annotations

import gzip
import importlib.util
import io
import signal
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.errors import FormatError, UsageProblem
from review.search import pubmed_bytes, pubmed_split, pubmed_xml
from review.search.pubmed_xml import PubmedBatch, engine, parse, read_batches
from tests.eutils_server import article, article_set

FAST = all(importlib.util.find_spec(name) for name in ("pygixml", "isal"))
ENGINES = [
    "plain",
    pytest.param("fast", marks=pytest.mark.skipif(not FAST, reason="the extra `fast` is not installed")),
]


@pytest.fixture(params=ENGINES)
def chosen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each engine in turn, chosen as a person would."""
    monkeypatch.setenv("REVIEW_XML", request.param)
    return str(request.param)


def read_with(name: str, data: bytes) -> PubmedBatch:
    """What one engine says of *data*."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REVIEW_XML", name)
        return parse(data)


def of(body: str) -> bytes:
    """An article with *body* inside its Article, between two others."""
    middle = (
        f"<PubmedArticle><MedlineCitation><PMID>7</PMID><Article>{body}</Article></MedlineCitation></PubmedArticle>"
    )
    return article_set(article(1) + middle + article(3))


def test_the_engine_is_named_with_its_version(chosen: str) -> None:
    assert engine().startswith({"plain": "ElementTree of Python 3", "fast": "pygixml 0."}[chosen])


def test_an_unknown_engine_is_a_usage_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVIEW_XML", "quick")
    with pytest.raises(UsageProblem, match="REVIEW_XML is 'quick', and may be auto, fast, plain"):
        parse(article_set(article(1)))


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("<i>A</i> <i>b</i>", "A b"),
        ("a &lt; b &amp;amp; c", "a < b &amp; c"),
        ("a<![CDATA[ <b> & ]]>c", "a <b> & c"),
        ("one<!-- not -->two<?not this?>three", "onetwothree"),
        ("n&#xa0;=&#8201;3", "n = 3"),
        ("Effect of <i>n</i>-3 <sup>18<sub>F</sub></sup>.", "Effect of n-3 18F."),
        ("so <mml:math><mml:mi>x</mml:mi></mml:math>", "so x"),
        ('so <m xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi></m>', "so x"),
        ("<new_tag_2031>kept</new_tag_2031> text", "kept text"),
        ("<u/>", None),
    ],
)
def test_odd_text_is_whole_text(chosen: str, title: str, said: str | None) -> None:
    batch = parse(of(f"<ArticleTitle>{title}</ArticleTitle>"))
    assert not batch.rejected
    assert batch.records[1].title == said


@pytest.mark.parametrize(
    "wrong",
    [
        b"\x00",
        b"\x01",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xef\xbf\xbe",
        b"&nosuch;",
        b"&xxe;",
        b"&#0;",
        b"&#xD800;",
        b"&#1114112;",
        b"&lt",
        b"a & b",
        b"]]>",
        b"<a:b/>",
        b'<a b="1" b="2"/>',
        b'<a b="<"/>',
        b"<a b=1/>",
        b"<!-- a -- b -->",
        b"</ArticleTitle></Article></MedlineCitation></PubmedArticle ><x/>",
        b"<i>",
        b"</i>",
        b'<a b="1" c="2" b="3"/>',
        b"<a\nb='1'\tb='2'/>",
        b'<a b="]]>"/>]]>',
    ],
)
def test_a_damaged_record_is_quarantined_whole_and_alone(chosen: str, wrong: bytes) -> None:
    data = of("<ArticleTitle>MARK</ArticleTitle>").replace(b"MARK", wrong)
    batch = parse(data)
    assert [record.pmid for record in batch.records] == ["1", "3"]
    (bad,) = batch.rejected
    assert bad.offset is not None
    assert bad.reason.startswith("record 2, PMID 7: not well-formed")
    assert data[bad.offset : bad.offset + len(bad.content)] == bad.content
    assert wrong in bad.content


@pytest.mark.parametrize(
    "doctype",
    [
        b'<!DOCTYPE PubmedArticleSet [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY xxe "&b;&b;&b;">]>',
        b'<!DOCTYPE PubmedArticleSet [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE PubmedArticleSet [<!ENTITY xxe SYSTEM "http://example.org/x">]>',
    ],
    ids=["bomb", "file", "net"],
)
def test_an_entity_of_the_file_is_never_resolved(chosen: str, doctype: bytes) -> None:
    data = of("<ArticleTitle>&xxe;</ArticleTitle>")
    data = doctype + data[data.index(b"<PubmedArticleSet>") :]
    batch = parse(data)
    assert [record.pmid for record in batch.records] == ["1", "3"]
    assert "undefined entity" in batch.rejected[0].reason


@pytest.mark.parametrize("levels", [2_500, 10_000, 100_000])  # the first is still one for the quick reader
def test_thousands_of_levels_are_no_crash(chosen: str, levels: int) -> None:
    deep = "<i>" * levels + "x" + "</i>" * levels
    batch = parse(of(f"<ArticleTitle>{deep}</ArticleTitle><New>{deep}</New>"))
    assert [record.pmid for record in batch.records] == ["1", "7", "3"]
    assert batch.records[1].title == "x"
    assert "title_markup" not in batch.records[1].fields


def test_an_empty_attribute_is_not_a_missing_one(chosen: str) -> None:
    corrections = '<CommentsCorrections RefType=""/><CommentsCorrections/>'
    other = '<OtherAbstract Type=""><AbstractText Label="">x</AbstractText></OtherAbstract>'
    extra = f"<CommentsCorrectionsList>{corrections}</CommentsCorrectionsList>{other}"
    fields = parse(article_set(article(1, extra=extra))).records[0].fields
    assert isinstance(fields, dict)
    assert [one["type"] for one in fields["comments_corrections"]] == ["", None]
    assert fields["other_abstracts"] == [{"language": None, "type": "", "parts": [{"text": "x"}]}]


def test_what_stands_behind_a_title_is_not_in_its_markup(chosen: str) -> None:
    batch = parse(of("<ArticleTitle>a <i>b</i></ArticleTitle>stray<Language>eng</Language>"))
    assert batch.records[1].fields["title_markup"] == "a <i>b</i>"


REFERENCES = (
    "<ReferenceList><Reference><Citation>MARK</Citation><ArticleIdList>"
    '<ArticleId IdType="doi">10.5555/cited</ArticleId></ArticleIdList></Reference></ReferenceList>'
)
PAST = '<History><PubMedPubDate PubStatus="entrez"><Year>2020</Year></PubMedPubDate></History>'
STATUS = "<PublicationStatus>epublish</PublicationStatus>"


def with_tail(text: str, *, own: bool = True) -> str:
    """An article with a history, a status and a list of references, as NLM writes them; *own*: with ids of its own."""
    at, end = text.index("<ArticleIdList>"), text.index("</PubmedData>")
    return text[:at] + PAST + STATUS + (text[at:end] if own else "") + REFERENCES + text[end:]


def test_an_article_with_references_keeps_its_own_doi(chosen: str) -> None:
    for own, doi in ((True, "10.5555/synthetic.2"), (False, None)):
        batch = parse(article_set(with_tail(article(2), own=own)))
        assert [record.doi for record in batch.records] == [doi]


@pytest.mark.parametrize("wrong", ["&nosuch;", "<i>", "</i>", "\x01", "<a:b/>", "]]>"])
def test_a_fault_in_what_is_not_read_costs_no_record(chosen: str, wrong: str) -> None:
    whole = with_tail(article(2))
    for text in (whole.replace("MARK", wrong), whole.replace("<Year>2020</Year></PubMed", f"{wrong}</PubMed")):
        batch = parse(article_set(article(1) + text + article(3)))
        assert [record.pmid for record in batch.records] == ["1", "2", "3"]
        assert batch.records[1].doi == "10.5555/synthetic.2"


def test_a_fault_before_the_references_is_told_with_all_the_bytes(chosen: str) -> None:
    bad = with_tail(article(2, title="a & b"))
    (rejected,) = parse(article_set(article(1) + bad + article(3))).rejected
    assert rejected.content == bad.encode()


def test_references_in_a_comment_are_left_where_they_are(chosen: str) -> None:
    text = with_tail(article(2)).replace("</MedlineCitation>", "</MedlineCitation><!-- </MedlineCitation> -->")
    assert [record.doi for record in parse(article_set(text)).records] == ["10.5555/synthetic.2"]


def test_markup_in_title_and_abstract_of_many_records_is_read_from_one_tree(chosen: str) -> None:
    body = "".join(
        article(n, title=f"<i>in vitro</i> {n}").replace("SYNTHETIC.", f"<b>S</b> {n}").replace("&lt;", "<sup>2</sup>")
        for n in range(1, 400)
    )
    for record in parse(article_set(body)).records:
        assert record.fields["title_markup"] == f"<i>in vitro</i> {record.pmid}"
        assert record.fields["abstract_markup"] == [f"<b>S</b> {record.pmid} Trial {record.pmid}, p <sup>2</sup>0.05."]


def test_many_corrections_of_one_record_end_and_fill_no_memory(chosen: str) -> None:
    """A reader once went round in a list of corrections for ever, and took 9 GB."""
    one = '<CommentsCorrections RefType="ErratumIn"><RefSource>a</RefSource><PMID>{0}</PMID></CommentsCorrections>'
    for count in (1, 2, 300, 3000):  # small enough for the quick reader, and too large for it
        listed = "".join(one.format(n) for n in range(1, count + 1)) + "<CommentsCorrections/>"
        data = article_set(article(2, extra=f"<CommentsCorrectionsList>{listed}</CommentsCorrectionsList>"))
        tracemalloc.start()
        signal.alarm(60)
        try:
            (record,) = parse(data).records
            most = tracemalloc.get_traced_memory()[1]
        finally:
            signal.alarm(0)
            tracemalloc.stop()
        assert len(record.fields["comments_corrections"]) == count + 1
        assert most < 16 * 2**20


def test_two_versions_a_record_without_pubmed_data_and_a_withdrawn_one(chosen: str) -> None:
    plain = '<PubmedArticle><MedlineCitation><PMID Version="2">7</PMID><Article/></MedlineCitation></PubmedArticle>'
    data = article_set(
        plain.replace('"2"', '"1"') + plain + "<DeleteCitation><PMID>8</PMID><PMID>9</PMID></DeleteCitation>"
    )
    batch = parse(data)
    assert [(record.pmid, record.version) for record in batch.records] == [("7", 1), ("7", 2)]
    assert (batch.deleted, batch.markers) == (("8", "9"), 2)


@pytest.mark.parametrize("version", ["²", "99999999999", "x"])
def test_a_version_that_is_no_number_is_kept_as_given(chosen: str, version: str) -> None:
    data = article_set(article(1).replace('Version="1"', f'Version="{version}"'))
    record = parse(data).records[0]
    assert (record.version, record.fields["version"]) == (None, version)


_BITS = st.sampled_from(
    [
        "<i>",
        "</i>",
        "<b>x</b>",
        " ",
        "&amp;",
        "&quot;",
        "&#x2009;",
        "&#xfffe;",
        "&#60;",
        "  ",
        "\xa0",
        "\x85",
        "\x1c",
        "<",
        "a='1'",
        ' a="1" a="2"',
        ' a="="',
        ' a="&#10;"',
        "<ReferenceList>",
        "</ReferenceList>",
        "</History>",
        "</MedlineCitation><PubmedData>",
        "<!--",
        "-->",
        "<Affiliation>x</Affiliation>",
        "<QualifierName MajorTopicYN='Y'>q</QualifierName>",
        '<Keyword MajorTopicYN="N">k</Keyword>',
        "&#xa0;",
        "&#13;",
        "&bad;",
        "<!--c-->",
        "<?p?>",
        "<![CDATA[d]]>",
        "]]>",
        ">",
        '"',
        "<a:b/>",
        "<i/>",
        "é",
        "\ufffe",
        "\r\n",
        '<PMID Version="2">8</PMID>',
        "<ArticleTitle>t</ArticleTitle>",
        "<Abstract>",
        "</Abstract>",
        '<AbstractText Label="A&#10;B">',
        "</AbstractText>",
        '<Author ValidYN="N">',
        "<LastName>L</LastName>",
        "<MedlineCitation>",
        "</PubmedArticle>",
        "<PubmedArticle>",
        "<Year>1999</Year>",
        '<ArticleId IdType="doi">10.5555/x</ArticleId>',
        ' xmlns="u"',
        ' a="1"',
        "NCT00000001",
        "<Label/>",
        '<i a="">',
        '<OtherAbstract Type="" Language="fre"><AbstractText Label="">x</AbstractText></OtherAbstract>',
        '<CommentsCorrectionsList><CommentsCorrections RefType=""/><CommentsCorrections/></CommentsCorrectionsList>',
        '<MeshHeadingList><MeshHeading><DescriptorName UI=""/></MeshHeading></MeshHeadingList>',
    ]
)


@pytest.mark.skipif(not FAST, reason="the extra `fast` is not installed")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1300), _BITS), min_size=1, max_size=4))
def test_both_engines_say_the_same_of_anything(changes: list[tuple[int, str]]) -> None:
    text = with_tail(article(2, extra="<KeywordList><Keyword>k</Keyword></KeywordList>"))
    for at, bit in changes:
        text = text[:at] + bit + text[at:]
    data = article_set(article(1) + text + article(3))
    try:
        expected = read_with("plain", data)
    except FormatError as problem:
        with pytest.raises(FormatError) as found:
            read_with("fast", data)
        assert str(found.value) == str(problem)
        return
    assert read_with("fast", data) == expected


class Endless(io.RawIOBase):
    """A file that is written while it is read, and counts no more than a chunk."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def read(self, size: int = -1) -> bytes:
        return next(self._parts, b"")


def many(count: int) -> Iterator[bytes]:
    """A set of *count* records, a hundred at a time."""
    yield b"<PubmedArticleSet>"
    for first in range(1, count, 100):
        yield "".join(article(first + more) for more in range(100)).encode()
    yield b"</PubmedArticleSet>"


def test_batches_hold_what_the_whole_file_holds(chosen: str) -> None:
    data = b"".join(many(300))
    whole = parse(data)
    for given_bytes in (data, gzip.compress(data), gzip.compress(data[:9000]) + gzip.compress(data[9000:]) + b"\0\0"):
        batches = list(read_batches(io.BytesIO(given_bytes), name="a.xml", size=70))
        assert [len(batch.records) for batch in batches] == [70, 70, 70, 70, 20]
        assert tuple(record for batch in batches for record in batch.records) == whole.records
        assert sum(batch.markers for batch in batches) == 300
    for record in whole.records:
        assert data[record.offset or 0 :].startswith(b"<PubmedArticle>")


def test_a_long_stream_fills_no_memory(chosen: str) -> None:
    tracemalloc.start()
    try:
        held = []
        for batch in read_batches(Endless(many(600)), name="endless.xml", size=100):
            held.append(tracemalloc.get_traced_memory()[0])
            del batch
    finally:
        tracemalloc.stop()
    assert len(held) == 6
    assert held[-1] - held[1] < 2**20


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_stream_that_ends_early_gives_its_batches_and_then_an_error(
    chosen: str, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pubmed_split, "_CHUNK", 2**12)
    monkeypatch.setattr(pubmed_bytes, "CHUNK", 2**12)
    data = b"".join(many(300))
    whole = pack(data)
    cut = whole[:-40] if whole == data else whole[:-200]
    read: list[str | None] = []
    with pytest.raises(FormatError, match=r"cut\.xml .*ends early"):
        for batch in read_batches(io.BytesIO(cut), name="cut.xml", size=10):
            read += [record.pmid for record in batch.records]
    assert len(read) >= 100


def test_an_archive_that_unpacks_to_much_more_is_read_whole(chosen: str) -> None:
    data = article_set(article(1) + " " * 5 * 2**20 + article(2))
    (batch,) = read_batches(io.BytesIO(gzip.compress(data)), name="a.xml.gz")
    assert [record.pmid for record in batch.records] == ["1", "2"]


def test_a_damaged_gzip_is_an_error(chosen: str) -> None:
    data = bytearray(gzip.compress(b"".join(many(300))))
    data[-6] ^= 1  # its checksum
    with pytest.raises(FormatError, match="gzip file that ends early or is damaged"):
        list(read_batches(io.BytesIO(bytes(data)), name="a.xml.gz"))


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_a_stream_in_another_encoding_is_read(chosen: str, encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><PubmedArticleSet>{article(1, title="Ménière")}</PubmedArticleSet>'
    )
    (batch,) = read_batches(io.BytesIO(text.encode(encoding)), name="a.xml")
    assert batch.records[0].title == "Ménière"


def test_a_record_beyond_all_measure_is_rejected_and_the_next_one_read(
    chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pubmed_split, "LARGEST", 2**20)
    monkeypatch.setattr(pubmed_split, "_CHUNK", 2**18)
    huge = article(2, title="x" * 5 * 2**20)
    data = article_set(article(1) + huge + article(3))
    (batch,) = read_batches(Endless(data[at : at + 2**16] for at in range(0, len(data), 2**16)), name="a.xml")
    assert [record.pmid for record in batch.records] == ["1", "3"]
    (bad,) = batch.rejected
    assert bad.reason.startswith("record 2, PMID 2: larger than 1 MB")
    assert len(bad.content) == pubmed_split.KEPT
    assert data[bad.offset or 0 :].startswith(bad.content)
    assert batch.markers == 3


@pytest.mark.parametrize(
    "data",
    [
        article_set(article(1) + "<!--" * 250_000 + article(2)),
        article_set(article(1) + "<?" * 500_000 + article(2)),
        article_set(article(1) + "<![CDATA[" * 100_000 + article(2)),
        article_set(article(1) + "<PubmedArticle>" + "<PMID " * 170_000 + "</PubmedArticle>" + article(2)),
        article_set(article(1) + "<PubmedArticle><PMID>" + " " * 10**6 + "x</PMID><</PubmedArticle>" + article(2)),
        b"<!--" * 250_000 + article_set(article(1) + article(2)),
    ],
    ids=["comments", "instructions", "cdata", "pmids", "blanks", "before the root"],
)
def test_a_million_openings_without_an_end_are_read_in_time(chosen: str, data: bytes) -> None:
    signal.alarm(60)  # it took hours
    try:
        assert [record.pmid for record in parse(data).records] == ["1", "2"]
    finally:
        signal.alarm(0)


@pytest.mark.parametrize("opening", ["<PubmedArticleSet ", "<!DOCTYPE ", "<!DOCTYPE '"])
def test_a_root_without_an_end_is_looked_for_in_time(opening: str) -> None:
    signal.alarm(60)
    try:
        with pytest.raises(FormatError, match="holds no PubmedArticleSet"):
            parse(opening.encode() * 60_000)
    finally:
        signal.alarm(0)


def in_pieces(*parts: bytes) -> Endless:
    """A stream of *parts*, a kilobyte at a time."""
    data = b"".join(parts)
    return Endless(data[at : at + 2**10] for at in range(0, len(data), 2**10))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """All limits of the splitter a hundredth of what they are."""
    monkeypatch.setattr(pubmed_split, "LARGEST", 2**16)
    monkeypatch.setattr(pubmed_split, "KEPT", 2**9)
    monkeypatch.setattr(pubmed_split, "_CHUNK", 2**13)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("junk", [b" ", b"\0", b";", b"<", b"<!--", b"<?", b"<!-- x -->", b"</PubmedArticle>"])
def test_bytes_without_end_between_records_fill_no_memory_and_cost_no_record(chosen: str, junk: bytes) -> None:
    whole = junk * (2**18 // len(junk))
    first, second = article(1).encode(), article(2).encode()
    stream = in_pieces(
        b"<PubmedArticleSet>", first, whole, second, b"<x/>", article(3).encode(), b"</PubmedArticleSet>"
    )
    tracemalloc.start()
    try:
        (batch,) = read_batches(stream, name="a.xml")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [record.pmid for record in batch.records] == ["1", "2", "3"]
    contents = [one.content for one in batch.rejected]
    assert contents[-1] == b"<x/>"
    if not junk.isspace() and junk != b"<!-- x -->":
        assert contents == [whole[: 2**9], b"<x/>"]
        assert batch.rejected[0].offset == len(b"<PubmedArticleSet>" + first)
        assert batch.rejected[0].reason.endswith("only the first 512 are kept")
    assert most < 6 * 2**20


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("longest", [True, False])
def test_a_long_comment_is_a_comment_up_to_the_size_of_a_record(chosen: str, longest: bool) -> None:
    inside = article(666).encode() * (300 if longest else 60)
    parts = (article(1).encode(), b"<!--", inside, b"-->", article(2).encode())
    (batch,) = read_batches(in_pieces(b"<PubmedArticleSet>", *parts, b"</PubmedArticleSet>"), name="a.xml")
    found = [record.pmid for record in batch.records]
    assert found == (["1", *["666"] * 300, "2"] if longest else ["1", "2"])
    assert batch.rejected[0].content == (b"<!--" if longest else b"".join(parts[1:4]))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("size", [2**9, 2**10, 3000])
def test_where_a_chunk_ends_changes_nothing(chosen: str, size: int) -> None:
    data = article_set(article(1) + f"<!-- {article(666)} -->" * 20 + "".join(article(n) + "<y>" for n in range(2, 60)))
    stream = Endless(data[at : at + size] for at in range(0, len(data), size))
    (batch,) = read_batches(stream, name="a.xml")
    assert (batch.records, batch.rejected, batch.markers) == (parse(data).records, parse(data).rejected, 59)


def test_a_batch_is_closed_by_its_bytes_too(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubmed_xml, "BATCH_BYTES", 5_000)
    data = article_set("".join(article(n, title="x" * (2_000 if n < 10 else 10)) for n in range(1, 20)))
    sizes = [len(batch.records) for batch in read_batches(io.BytesIO(data), name="a.xml", size=5)]
    assert sizes[:4] == [2, 2, 2, 2]
    assert (sum(sizes), sizes[-2]) == (19, 5)
