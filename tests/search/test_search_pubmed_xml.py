"""PubMed XML: whole text, own identifiers, and one bad record that costs no other. All records are synthetic."""

from __future__ import annotations

import gzip

import pytest

from review.errors import FormatError
from review.search.pubmed_xml import parse
from review.search.records import Record, content_json, record_id, source_rows
from review.search.reference_files import read_reference_file
from tests.eutils_server import article, article_set


def one(extra: str = "", *, title: str = "A title", body: str = "", data: str = "") -> Record:
    """The record of one synthetic article."""
    text = (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">7</PMID><Article>'
        f"<ArticleTitle>{title}</ArticleTitle>{body}</Article>{extra}</MedlineCitation>{data}</PubmedArticle>"
    )
    batch = parse(article_set(text))
    assert not batch.rejected
    assert batch.markers == 1
    return batch.records[0]


def test_text_goes_on_behind_a_tag() -> None:
    record = one(title="Effect of <i>n</i>-3 acids on <sup>18</sup>F uptake")
    assert record.title == "Effect of n-3 acids on 18F uptake"
    assert record.fields["title_markup"] == "Effect of <i>n</i>-3 acids on <sup>18</sup>F uptake"


def test_a_blank_between_two_tags_stays() -> None:
    assert one(title="<i>A</i> <i>b</i>").title == "A b"


def test_mathml_and_a_literal_less_than_are_text() -> None:
    body = (
        "<Abstract><AbstractText>p &lt;0.05 and "
        '<mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:mi>x</mml:mi></mml:math></AbstractText></Abstract>'
    )
    assert one(body=body).abstract == "p <0.05 and x"


def test_a_prefix_that_stood_on_the_root_is_understood() -> None:
    body = "<Abstract><AbstractText>so <mml:math><mml:mi>x</mml:mi></mml:math></AbstractText></Abstract>"
    assert one(body=body).abstract == "so x"


def test_labels_are_kept() -> None:
    body = (
        '<Abstract><AbstractText Label="AIM" NlmCategory="OBJECTIVE">To see.</AbstractText>'
        '<AbstractText Label="RESULTS">Seen.</AbstractText></Abstract>'
    )
    record = one(body=body)
    assert record.abstract == "AIM: To see.\nRESULTS: Seen."
    assert record.fields["abstract"][0] == {"label": "AIM", "category": "OBJECTIVE", "text": "To see."}


@pytest.mark.parametrize("pmid", ["abc", "0", "12-3", "123456789", "1\uff12"])
def test_a_pmid_that_is_no_number_is_rejected(pmid: str) -> None:
    bad = f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID></MedlineCitation></PubmedArticle>"
    batch = parse(article_set(article(1) + "<DeleteCitation><PMID>9</PMID></DeleteCitation>" + bad))
    assert [record.pmid for record in batch.records] == ["1"]
    assert [one.reason for one in batch.rejected] == [f"record 2: the PMID {pmid!r} is no number"]
    assert batch.markers == 2


def test_a_year_and_a_doi_that_cannot_be_read_are_listed_and_kept() -> None:
    wrong = article(5).replace("2020", "20xx").replace("10.5555/synthetic.5", "hello")
    reading = read_reference_file(article_set(article(4) + "\n" + wrong), name="a.xml")
    assert [(repair.line, repair.rule) for repair in reading.repairs] == [
        (3, "unreadable DOI: doi 'hello', kept only as given"),
        (3, "unreadable year: year_as_given '20xx', kept only as given"),
    ]
    assert "20xx" in content_json(reading.records[1])


def test_the_doi_is_the_records_own_and_not_that_of_a_cited_paper() -> None:
    data = (
        "<PubmedData><ReferenceList><Reference><ArticleIdList>"
        '<ArticleId IdType="doi">10.5555/cited</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData>'
    )
    assert one(data=data).doi is None
    own = '<PubmedData><ArticleIdList><ArticleId IdType="doi">10.5555/OWN</ArticleId></ArticleIdList></PubmedData>'
    assert one(data=own).doi == "10.5555/own"


def test_a_doi_that_was_marked_wrong_is_not_taken() -> None:
    assert one(body='<ELocationID EIdType="doi" ValidYN="N">10.5555/no</ELocationID>').doi is None
    assert one(body='<ELocationID EIdType="doi" ValidYN="Y">10.5555/yes</ELocationID>').doi == "10.5555/yes"


def test_an_author_that_was_marked_wrong_is_left_out() -> None:
    body = (
        '<AuthorList><Author ValidYN="N"><LastName>Wrong</LastName></Author>'
        '<Author ValidYN="Y"><LastName>Right</LastName><Initials>R</Initials></Author>'
        "<Author><CollectiveName>The Synthetic Group</CollectiveName></Author></AuthorList>"
    )
    assert one(body=body).authors == "Right R; The Synthetic Group"


def test_a_free_date_gives_its_first_year() -> None:
    date = "<PubDate><MedlineDate>1998 Dec-1999 Jan</MedlineDate></PubDate>"
    body = f"<Journal><JournalIssue>{date}</JournalIssue></Journal>"
    record = one(body=body)
    assert (record.year, record.fields["medline_date"]) == (1998, "1998 Dec-1999 Jan")


@pytest.mark.parametrize(
    "extra",
    [
        '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource/><PMID Version="1">8</PMID>'
        "</CommentsCorrections></CommentsCorrectionsList>",
        "",
    ],
)
def test_a_retraction_is_seen(extra: str) -> None:
    kind = '<PublicationType UI="D016441">Retracted Publication</PublicationType>'
    types = f"<PublicationTypeList>{kind}</PublicationTypeList>"
    assert one(extra, body="" if extra else types).retracted


def test_registry_numbers_come_from_the_databank_and_the_text() -> None:
    body = (
        "<Abstract><AbstractText>Registered as NCT00000002.</AbstractText></Abstract><DataBankList><DataBank>"
        "<DataBankName>ClinicalTrials.gov</DataBankName><AccessionNumberList><AccessionNumber>NCT00000001"
        "</AccessionNumber></AccessionNumberList></DataBank></DataBankList>"
    )
    assert one(body=body).registry_ids == ("NCT00000001", "NCT00000002")


def test_one_bad_record_costs_no_other() -> None:
    bad = '<PubmedArticle><MedlineCitation><PMID Version="1">2</PMID><Article></MedlineCitation></PubmedArticle>'
    data = article_set(article(1) + bad + article(3))
    batch = parse(data)
    assert [record.pmid for record in batch.records] == ["1", "3"]
    assert batch.markers == 3
    assert batch.rejected[0].reason.startswith("record 2, PMID 2: not well-formed")
    assert data[batch.rejected[0].offset or 0 :].startswith(bad.encode())


@pytest.mark.parametrize("wrong", [b"\xff\xfe", b"\x00", b"&nosuch;"], ids=["not utf-8", "nul", "undefined entity"])
def test_damaged_text_goes_to_the_quarantine(wrong: bytes) -> None:
    data = article_set(article(1) + article(2)).replace(b"Trial 2,", b"Trial " + wrong)
    batch = parse(data)
    assert [record.pmid for record in batch.records] == ["1"]
    assert len(batch.rejected) == 1


def test_a_record_that_is_never_closed_is_cut_off_at_the_next() -> None:
    data = article_set(article(1).removesuffix("</PubmedArticle>") + article(2))
    batch = parse(data)
    assert [record.pmid for record in batch.records] == ["2"]
    assert "before the next record" in batch.rejected[0].reason


def test_an_entity_bomb_is_inert() -> None:
    bomb = b'<!DOCTYPE PubmedArticleSet [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    data = bomb + b"<PubmedArticleSet>" + article(1).replace("Trial 1,", "&b;").encode() + b"</PubmedArticleSet>"
    batch = parse(data)
    assert batch.records == ()
    assert "undefined entity" in batch.rejected[0].reason


@pytest.mark.parametrize(
    "head",
    [
        b'<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2015//EN" "http://example.org/x.dtd">',
        b'<?xml version="1.0"?>\n<!DOCTYPE PubmedArticleSet SYSTEM "https://example.org/not-there-yet-991231.dtd">',
        b"",
    ],
    ids=["http doctype", "unknown dtd", "no doctype"],
)
def test_no_dtd_is_ever_needed(head: bytes) -> None:
    data = head + b"<PubmedArticleSet>" + article(1, extra="<NewTag>x</NewTag>").encode() + b"</PubmedArticleSet>"
    assert parse(data).records[0].pmid == "1"


def test_bare_citations_and_deleted_ones_of_an_old_bulk_file() -> None:
    data = (
        b'<MedlineCitationSet><MedlineCitation Status="MEDLINE"><PMID Version="1">5</PMID><Article><ArticleTitle>T'
        b'</ArticleTitle></Article></MedlineCitation><DeleteCitation><PMID Version="1">6</PMID></DeleteCitation>'
        b"</MedlineCitationSet>"
    )
    batch = parse(data)
    assert ([r.pmid for r in batch.records], batch.deleted, batch.markers) == (["5"], ("6",), 1)


def test_a_book_is_a_record() -> None:
    data = article_set(
        '<PubmedBookArticle><BookDocument><PMID Version="1">9</PMID><ArticleIdList>'
        '<ArticleId IdType="bookaccession">NBK1</ArticleId></ArticleIdList>'
        "<Book><BookTitle>Synthetic Reviews</BookTitle><PubDate><Year>2001</Year></PubDate>"
        "</Book><ArticleTitle>A chapter</ArticleTitle><Abstract><AbstractText>Text.</AbstractText></Abstract>"
        "</BookDocument></PubmedBookArticle>"
    )
    record = parse(data).records[0]
    assert (record.record_type, record.title, record.journal, record.year) == (
        "book",
        "A chapter",
        "Synthetic Reviews",
        2001,
    )


@pytest.mark.parametrize("cut", [30, 200, 600], ids=["in the root", "in a record", "behind a record"])
def test_a_file_that_ends_early_is_an_error_with_its_place(cut: int) -> None:
    data = article_set(article(1) + article(2))
    with pytest.raises(FormatError, match=r"records\.xml (ends early: <\w+> at byte \d+|holds no)"):
        parse(data[:cut], name="records.xml")


def test_a_truncated_gzip_is_an_error() -> None:
    with pytest.raises(FormatError, match=r"records\.xml\.gz is a gzip file that ends early"):
        parse(gzip.compress(article_set(article(1) * 50))[:-20], name="records.xml.gz")


def test_a_gzip_is_unpacked() -> None:
    assert parse(gzip.compress(article_set(article(1)))).records[0].pmid == "1"


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_a_declared_encoding_is_followed(encoding: str) -> None:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><PubmedArticleSet>{article(1, title="Ménière")}</PubmedArticleSet>'
    )
    assert parse(text.encode(encoding)).records[0].title == "Ménière"


def test_an_empty_set_is_no_record_and_no_error() -> None:
    assert parse(article_set("")).markers == 0
    assert parse(b"<PubmedArticleSet/>").records == ()


def test_the_same_content_has_the_same_id_on_any_machine() -> None:
    rows = source_rows(parse(article_set(article(1) + article(1))).records, source="PubMed")
    assert rows[0]["source_record_id"] == record_id("PubMed", rows[0]["fields"], 0)
    assert rows[0]["source_record_id"] != rows[1]["source_record_id"]
    assert record_id("PubMed", "x", 0) == "sr_3dc219b0e88ea9a80d6fee32"


def test_a_pmid_with_zeros_before_it_is_the_same_pmid() -> None:
    batch = parse(article_set(article(1) + article(1).replace(">1</PMID>", ">00001</PMID>")))
    assert [(one.pmid, one.accession, one.fields["pmid"]) for one in batch.records] == [("1", "1", "1")] * 2
    assert batch.records[0].url == batch.records[1].url


def test_deleted_pmids_that_are_no_numbers_are_rejected_with_their_bytes() -> None:
    wrong = "<DeleteCitation><PMID>abc</PMID><PMID>-1</PMID><PMID>\uff11</PMID><PMID> 005 </PMID></DeleteCitation>"
    batch = parse(article_set(article(1) + wrong))
    assert batch.deleted == ("5",)
    (bad,) = batch.rejected
    assert bad.reason == "3 of 4 PMIDs in DeleteCitation are no numbers: 'abc', '-1', '\uff11'"
    assert (bad.content.decode(), batch.markers) == (wrong, 1)


@pytest.mark.parametrize("aside", ["<!-- {} -->", "<?x {} ?>", "<![CDATA[{}]]>", "<!-- > <? {} <!-- -->"])
def test_a_record_in_a_comment_between_records_is_told_and_is_no_record(aside: str) -> None:
    hidden = aside.format(article(666) + article(667))
    batch = parse(article_set(article(1) + hidden + article(2) + "<!-- plain --> <?x?>\n" + article(3)))
    assert [record.pmid for record in batch.records] == ["1", "2", "3"]
    assert [one.content.decode() for one in batch.rejected] == [hidden]
    assert batch.markers == 3


def test_a_comment_without_an_end_costs_no_record() -> None:
    batch = parse(article_set(article(1) + "<!-- " + article(2) + "<?" + article(3)))
    assert [record.pmid for record in batch.records] == ["1", "2", "3"]
    assert [one.content for one in batch.rejected] == [b"<!-- ", b"<?"]


def test_tags_of_records_in_a_comment_or_cdata_inside_a_record_cost_that_record() -> None:
    """A limit: inside of a record the tags alone count, so that a comment without an end costs one record only."""
    for title in ("x<!-- </PubmedArticle> -->", f"<![CDATA[</PubmedArticle>{article(666)}<PubmedArticle>]]>"):
        batch = parse(article_set(article(1, title=title) + article(2)))
        assert [record.pmid for record in batch.records] == (["666", "2"] if "666" in title else ["2"])
        assert batch.rejected[0].reason.startswith("record 1, PMID 1: not well-formed")
        assert len(batch.rejected) == 2


@pytest.mark.parametrize(
    "before",
    [
        "<!-- <PubmedArticleSet> -->",
        "<?x <PubmedArticleSet> ?>",
        '<!DOCTYPE PubmedArticleSet [<!ENTITY x "]><PubmedArticleSet><PubmedArticle/>"> <!-- \' ]> --> ]>',
        "<!-- <!-- -->\n<!-- no end",
    ],
)
def test_what_stands_before_the_root_is_no_root(before: str) -> None:
    batch = parse(f"{before}<PubmedArticleSet>{article(1)}</PubmedArticleSet>".encode())
    assert ([record.pmid for record in batch.records], batch.rejected, batch.markers) == (["1"], (), 1)


@pytest.mark.parametrize(
    "encoding",
    [
        "hex",
        "base64",
        "zlib",
        "bz2",
        "rot13",
        "uu",
        "quopri",
        "unicode_escape",
        "idna",
        "charmap",
        "utf-7",
        "punycode",
        "undefined",
        "mbcs",
        "cp037",
        "iso-8859-12",
        "..",
    ],
)
def test_an_encoding_that_is_no_plain_character_set_is_refused(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?><PubmedArticleSet>{article(1)}</PubmedArticleSet>'
    with pytest.raises(FormatError, match=r"declares the encoding .* which is not read") as found:
        parse(data.encode())
    assert "UTF-8, ASCII, UTF-16, ISO 8859, Windows" in (found.value.hint or "")


@pytest.mark.parametrize(
    "encoding",
    ["UTF-8", "US-ASCII", "Latin-1", "ISO_8859-15", "windows-1252", "Shift_JIS", "EUC-KR", "GB18030", "Big5"],
)
def test_a_common_encoding_is_read(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?><PubmedArticleSet>{article(1)}</PubmedArticleSet>'
    assert parse(data.encode(encoding)).records[0].pmid == "1"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_seen(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="UTF-16"?><PubmedArticleSet>{article(1)}</PubmedArticleSet>'
    assert parse(data.encode(encoding)).records[0].pmid == "1"
