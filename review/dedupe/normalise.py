"""Brings the fields of source records into columns that can be compared, all records at once.

Each transformation is a Polars expression with a name. Row by row in Python, this step took two thirds of the time
of a whole run.
"""

from __future__ import annotations

from typing import Final

import polars as pl

# letters that Unicode does not take apart, and Greek ones, as databases write them out
_LETTERS: Final = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
}  # fmt: skip
_LANGUAGES: Final = (
    "afrikaans|arabic|bulgarian|chinese|croatian|czech|danish|dutch|english|finnish|french|german|greek|hebrew|"
    "hungarian|italian|japanese|korean|norwegian|persian|polish|portuguese|romanian|russian|serbian|slovak|spanish|"
    "swedish|turkish|ukrainian"
)
# what databases add to a title; it says nothing of the article
_SAID: Final = (
    rf"(?:(?:in )?(?:{_LANGUAGES})\b|in process|reviews?\b|\d+ refs?\b|(?:published )?errat(?:um|a) (?:appears|in)|"
    r"see comments?|letter\b|comments?\b|editorial\b|corrected\b|article in|abstract only|"
    r"(?:provisional|structured) abstract|retract(?:ed|ion) (?:in|by|appears)|summary for patients)"
)
_REMARK: Final = rf"\[{_SAID}[^\]]*(?:\]|$)|\({_SAID}[^\)]*\)"  # a database may cut a long title within the remark
# the article itself, marked: Elsevier and Cochrane print it before the title
_MARKED: Final = r"^\W*(?:retracted(?: article| paper)?|withdrawn|(?:temporary )?remov(?:ed|al))\b\s*[:.\]\)]"
# a DOI of a database's entry, a journal, an issue or one file of a supplement: no article's
_NO_ARTICLE: Final = (
    r"^10\.1002/central/|^10\.3410/f\.|^10\.\d+/\(?issn\)?|[./]issue-\d+$|^10\.1371/journal\..*\.[sgt]\d{3}$|"
    r"^10\.\d+/\(sici\)[^<]*$|^10\.\d+/\d{4}-\d{3}[\dx]\(\d{4}\)\d+$"  # cut before the page: of a whole issue
)
_ENOUGH_LEFT: Final = 12
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ROMAN: Final = ("ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_SPELT: Final = ("one", "two", "three", "four", "five", "six")
_ORDINALS: Final = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5"}
_PARTS: Final = r"(?:part|section|chapter|volume|paper|report|study|trial|phase|type|stage|grade|class|update)"

# what is printed about an article, at the head of its title, by kind; in the languages of the databases
_ERRATUM: Final = (
    r"errat(?:um|a|as|e)|corrigend(?:um|a)|corrections?|addend(?:um|a)|fe de err(?:atas?|ores)|berichtigung(?:en)?|"
    r"druckfehler\w*|korrektur|rectificati(?:f|on|vo)|rectificacion|correctif|correccion|correzione|correcao|rettifica|"
    r"retificacao|clarification|corrected and republished"
)
_RETRACTION: Final = (
    r"retraction|retractacion|retractation|retratacao|ritrattazione|widerruf|zuruckziehung|"
    r"(?:removal|withdrawal) (?:notice|note|of)|notice of (?:\w+ )?(?:retraction|removal|withdrawal)"
)
_REPLY: Final = (
    r"reply|repl(?:ies|ique)|rebuttal|rejoinder|response (?:to|by|from|letter)|in response|in reply|respuesta|risposta|"
    r"resposta|antwort|erwiderung|schlusswort"
)
_COMMENT: Final = (
    r"discussion (?:of|on)|(?:invited|editorial|expert|editors?(?: s)?) (?:comments?|commentary|discussion|critique)|"
    r"comments? (?:on|to)|commentary (?:on|to)|letters? (?:to the editor|re|regarding|concerning|on)|regarding|"
    r"kommentar|commentaires?|comentarios?|leserbrief\w*|cartas? al (?:editor|director)|lettre a la redaction"
)
_NOTE: Final = (
    r"(?:publishers?|editors?|editorial|authors?)(?: s)? (?:note|notice|statement)|"
    r"notice (?:of|to|about|regarding|concerning)|in this issue"
)
_BY: Final = r"^(?:(?:the )?(?:authors?|publishers?|editors?|editorial)(?: s)? )?"
_KINDS: Final = {
    "concern": r"\bexpression of concern\b",
    "retraction": rf"{_BY}(?:{_RETRACTION})\b|\bretraction\b",
    "erratum": rf"{_BY}(?:{_ERRATUM})\b|\b(?:errat(?:um|a)|corrigend(?:um|a)|correction|vol \d+ pg)\b",
    "reply": rf"{_BY}(?:{_REPLY})\b|\b(?:reply|in reply|authors? (?:reply|response))\b",
    "comment": rf"{_BY}(?:{_COMMENT})\b|\b(?:comments?|commentary) on\b",
}
_KIND_OF_TYPE: Final = {
    "concern": r"expression of concern",
    "retraction": r"retraction (?:of|notice)",
    "erratum": r"errat|corrected and republished",
}
# what only a colon tells from a word of the title
_HEADED: Final = (
    r"^\W*(?:re|reg|comment(?:s|ary)?|discussion|response|letter|reply|highlights?|update|editorial|retraction)\s*:"
)
_NOTICE_HEAD: Final = (
    rf"{_BY}(?:{_ERRATUM}|{_RETRACTION}|{_REPLY}|{_COMMENT})\b|^(?:expression of concern|{_NOTE}|"
    r"(?:the )?authors? (?:reply|response))\b"
)
_NOTICE_INSIDE: Final = (
    r"\b(?:errat(?:um|a)|corrigend(?:um|a)|correction (?:to|of)|vol \d+ pg \w+ \d{4}|authors? (?:reply|response)|"
    r"a reply|reply to|comments? on|commentary on|retraction|expression of concern|in reply|reply)\b"
)
_NOTICE_TYPE: Final = r"errat|retraction (?:of|notice)|expression of concern|corrected and republished"
_PROTOCOL: Final = (
    r"\b(?:protocol|study design|trial design|design and rationale|rationale and design|rationale design|"
    r"statistical analysis plan|design of (?:the|a))\b"
)
# one report of a study among others
_REPORT: Final = (
    r"\b(?:follow ?up|(?:interim|final|long term|early|late|month|months|year|years) (?:results|outcomes?)|substudy|"
    r"(?:secondary|interim|final|subgroup|post hoc|economic|cost\w*|effectiveness|exploratory|mediation) analys[ie]s|"
    r"(?:extension|ancillary) (?:study|trial|phase)|update|second look)\b"
)
_PREPRINT: Final = r"\b(?:biorxiv|medrxiv|arxiv|preprints?|research square|ssrn|chemrxiv|psyarxiv|osf)\b"
_PREPRINT_DOI: Final = r"^10\.(?:1101/(?:\d{4}|\d{6})|21203/rs|2139/ssrn|48550/|20944/preprints|26434/|31234/)"
_MEETING_TYPE: Final = r"(?:meeting|conference) abstract|\| abst$"
_CHAPTER_TYPE: Final = r"^(?:book|edbook|ebook|chap|echap|inbook|incollection)\b|book|chapter"
_CONFERENCE: Final = r"^proc\b|\b(?:proceedings of|conference|workshop|symposium|congress|annual meeting)\b"
_CONFERENCE_TYPE: Final = r"^(?:conf|cpaper|inproceedings|proceedings|conference paper)\b"
_NUMBERED: Final = ("title", "journal", "authors", "url")
_REGISTRY_NUMBER: Final = (
    r"\bNCT ?\d{8}|\bISRCTN ?\d{8}|\b(?:EUDRACT|EUCTR|CTIS)?[ :]*\d{4}-\d{6}-\d{2}|\bCHICTR[-A-Z]*\d{8,}|"
    r"\bACTRN ?\d{14}|\bDRKS ?\d{8}|\bNTR\d{3,4}\b|\bIRCT\d{6,}(?:N\d+)?|\bCTRI/\d{4}/\d+/\d+|\bUMIN ?\d{9}|"
    r"\bJRCTS?\d{9,}|\bKCT ?\d{7}|\bTCTR ?\d{11}|\bPACTR ?\d{10,}|\bSLCTR/\d{4}/\d+|\bRPCEC\d{8}"
)
_ENTRY_TYPE: Final = r"trial regist(?:ry|er|ration)|^registry$|\| registry$"
_ENTRY_AUTHOR: Final = (
    r"^;\s*(?:nct|isrctn|euctr|eudract|chictr|actrn|drks|ntr|irct\w*?|ctri|(?:jprn )?umin|(?:jprn )?jrcts?|jprn|kct|"
    r"tctr|pactr|slctr|rpcec|rbr)(?:\s?\d[\w ]*)?(?:\s*,.*|\s+\p{L}{2,3})?\s*;$"
)
_ENTRY_JOURNAL: Final = (
    r"\bclinicaltrials? gov\b|\btrialsearch\b|\bapps who int\b|\bisrctn\b|\bclinicaltrialsregister\b|\btrialregister\b|"
    r"\banzctr\b|\bdrks de\b|\bchictr\b|\birct ir\b|\bctri nic in\b|\bumin ac jp\b|\bjrct\b|"
    r"\b(?:clinical|controlled) trials? regist(?:er|ry)\b"
)
_POPULATIONS: Final = {
    "women": r"\b(?:wom[ae]n|females?|girls?)\b",
    "men": r"\b(?:m[ae]n|males?|boys?)\b",
    "adults": r"\badults?\b",
    "children": r"\b(?:child(?:ren)?|p(?:a)?ediatric)\b",
    "adolescents": r"\b(?:adolescents?|teenagers?)\b",
    "infants": r"\b(?:infants?|neonat(?:al|es?)|newborns?)\b",
    "elderly": r"\b(?:elderly|older|aged)\b",
    "rats": r"\brats?\b",
    "mice": r"\b(?:mice|mouse|murine)\b",
    "rabbits": r"\brabbits?\b",
    "dogs": r"\b(?:dogs?|canine)\b",
    "pigs": r"\b(?:pigs?|swine|porcine)\b",
    "sheep": r"\b(?:sheep|ovine)\b",
    "horses": r"\b(?:horses?|equine)\b",
}

COLUMNS: Final[dict[str, type[pl.DataType] | pl.DataType]] = {
    "source_record_id": pl.String, "title": pl.String, "authors": pl.String, "year": pl.Int32, "journal": pl.String,
    "volume": pl.String, "issue": pl.String, "pages": pl.String, "doi": pl.String, "pmid": pl.String,
    "registry_ids": pl.List(pl.String), "abstract": pl.String, "publication_types": pl.List(pl.String),
    "record_type": pl.String, "url": pl.String,
}  # fmt: skip
# characters that are looked at: what is longer is no title, and comparing two such texts would take hours
_TITLE_ENOUGH, _AUTHORS_ENOUGH, _ENOUGH = 2_000, 5_000, 1_000


def normalised(records: pl.DataFrame) -> pl.DataFrame:
    """The records in the order of their ids, in comparable columns; a column that is absent counts as empty."""
    frame = in_columns(records).sort("source_record_id").with_columns(title_rest=_rest("title"))
    frame = frame.with_columns(
        pl.col("title").str.slice(0, _TITLE_ENOUGH),
        pl.col("authors").str.slice(0, _AUTHORS_ENOUGH),
        pl.col("journal", "abstract", "pages", "url").str.slice(0, _ENOUGH),
    ).select(
        pl.col("source_record_id").alias("id"),
        "title_rest",
        title=title_key("title"),
        _headed=plain("title").str.contains(_HEADED),
        year="year",
        volume=first_number("volume"),
        issue=first_number("issue"),
        _pages=plain_pages("pages"),
        _names=author_names("authors"),
        journal=words(plain("journal").str.replace_all("&", " and ")),
        doi=bare_doi("doi"),
        pmid=pl.col("pmid").str.extract(r"(\d+)", 1),
        registry=registry_numbers(),
        abstract_start=words(plain("abstract").str.slice(0, 200)).str.slice(0, 60),
        _types=pl.col("publication_types").list.join(" | ").fill_null("").str.to_lowercase(),
        _type=pl.col("record_type").fill_null("").str.to_lowercase(),
    )
    return _derived(frame).with_row_index("row")


def in_columns(records: pl.DataFrame) -> pl.DataFrame:
    """COLUMNS of the records, in these types; one that is absent is empty."""
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in COLUMNS.items() if name not in records.columns]
    return records.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in COLUMNS.items())


def _rest(column: str) -> pl.Expr:
    """What of a text is not looked at, as one number, so that two long texts are at least told apart; mostly null."""
    long = pl.col(column).str.len_bytes() > _TITLE_ENOUGH
    rest = pl.when(long).then(pl.col(column).str.slice(_TITLE_ENOUGH))
    return pl.when(rest.str.len_bytes() > 0).then(rest.hash(seed=1))


def _derived(frame: pl.DataFrame) -> pl.DataFrame:
    """What is read off the columns that `normalised` has made: families, pages, numbers and what kind of text it is."""
    frame = frame.with_columns(_arabic=arabic("title"), _families=family_names("_names"))
    families = pl.col("_families")
    frame = frame.with_columns(
        title_run=pl.col("title").str.replace_all(" ", "", literal=True),
        numbers=title_numbers("_arabic"),
        part=part_number("_arabic"),
        families=words(families.str.replace_all(";", " ", literal=True)),
        first_family=words(families.str.extract(r"^;*([^;]+)", 1).fill_null("")),
        authors=families.str.count_matches(r"[^;]+"),
        author_words=words(pl.col("_names")).str.replace_all(r"\b\p{L}\b", "").str.replace_all(r" +", " "),
        journal_initials=pl.col("journal").str.replace_all(r"([a-z0-9])[a-z0-9]*\s*", "${1}"),
        first_page=first_page("_pages"),
        last_page=last_page("_pages"),
        version=pl.col("_pages").str.extract(r"\.pub(\d+)", 1),
    )
    kind = pl.concat_str("_types", pl.lit(" | "), "_type")
    frame = frame.with_columns(
        last_page=whole_last_page("first_page", "last_page"),
        volume=_volume(),
        entry_of_trial=_entry_of_trial(kind),
        notice_head=pl.col("_headed")
        | pl.col("title").str.contains(_NOTICE_HEAD)
        | pl.col("_types").str.contains(_NOTICE_TYPE),
        protocol=pl.col("title").str.contains(_PROTOCOL),
        report=pl.col("title").str.contains(_REPORT),
        preprint=pl.col("journal").str.contains(_PREPRINT)
        | pl.col("doi").fill_null("").str.contains(_PREPRINT_DOI)
        | kind.str.contains("preprint", literal=True),
        meeting=kind.str.contains(_MEETING_TYPE) | pl.col("first_page").fill_null("").str.contains(r"^[a-z]\d{1,3}$"),
        chapter=pl.col("_type").str.contains(_CHAPTER_TYPE),
        conference=pl.col("journal").str.contains(_CONFERENCE) | pl.col("_type").str.contains(_CONFERENCE_TYPE),
        population=populations("title"),
    )
    frame = frame.with_columns(
        notice=pl.col("notice_head") | pl.col("title").str.contains(_NOTICE_INSIDE),
        ahead=ahead_of_print(),
    )
    frame = frame.with_columns(notice_kind=_kind_of_notice())
    return frame.select(pl.exclude(r"^_.*$"))


def plain(column: str) -> pl.Expr:
    """Small letters without accents, mark-up or entities; Greek letters by name."""
    text = pl.col(column).fill_null("").str.to_lowercase()
    text = text.str.replace_all(r"</?[a-z][^<>]{0,30}>", " ").str.replace_all(r"&(?:#\d+|[a-z]{2,6});", " ")
    text = text.str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    return text.str.replace_many(list(_LETTERS), list(_LETTERS.values()))


def words(text: pl.Expr) -> pl.Expr:
    """Letters and digits of any alphabet, with single blanks between words."""
    return text.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars(" ")


def title_key(column: str) -> pl.Expr:
    """The title in plain words, without what a database added in brackets; unless little would be left."""
    text = plain(column)
    text = text.str.replace(_MARKED, " ")
    remarked = pl.when(text.str.contains(r"[\[(]")).then(text).str.replace_all(_REMARK, " ")
    bare = words(pl.coalesce(remarked, text).str.replace(r"(?:article|abstract) only\W*$", ""))
    return pl.when(bare.str.len_chars() >= _ENOUGH_LEFT).then(bare).otherwise(words(text))


def title_numbers(column: str) -> pl.Expr:
    """The numbers of an `arabic` title in order of their signs; `phase II` and `phase 2` are one."""
    return pl.col(column).str.extract_all(r"\d+").list.sort().list.join(" ")


def part_number(column: str) -> pl.Expr:
    """Which part, section or report an `arabic` title says it is; a short number at its end counts as well."""
    text = pl.col(column)
    series = r"(?:part|section|chapter|volume|paper|report|update|teil|partie|parte|deel)"
    ordinals = "|".join(_ORDINALS)
    ordinal = (
        rf"\b({ordinals}) (?:part|paper|communication|article|instal?ment|report$|of (?:\w+ )?(?:part|paper|report)s)"
    )
    return pl.coalesce(
        text.str.extract(rf"\b{series}s? (\d{{1,2}}|[a-d])\b", 1),
        text.str.extract(r"\b(\d{1,2})(?:st|nd|rd|th|er|ere|e|eme|a|o)? (?:part|partie|parte|teil)\b", 1),
        pl.when(text.str.contains_any(list(_ORDINALS))).then(text).str.extract(ordinal, 1).replace(_ORDINALS),
        text.str.extract(r" (\d{1,2})$", 1),
    )


def arabic(column: str) -> pl.Expr:
    """A plain title with Roman numerals and spelt part numbers as digits."""
    text = pl.col(column).str.replace_all(rf"\b({_PARTS}) i\b", "${1} 1").str.replace(r"^i ", "1 ")
    text = text.str.replace(r" i$", " 1")
    spelt = [f"part {word}" for word in _SPELT]
    text = text.str.replace_many(spelt, [f"part {place}" for place in range(1, len(spelt) + 1)])
    text = pl.concat_str(pl.lit(" "), text.str.replace_all(" ", "  ", literal=True), pl.lit(" "))
    digits = [f" {place} " for place in range(2, len(_ROMAN) + 2)]
    text = text.str.replace_many([f" {word} " for word in _ROMAN], digits)
    return text.str.replace_all("  ", " ", literal=True).str.strip_chars(" ")


def author_names(column: str) -> pl.Expr:
    """Plain names with `;;` between and around them; dots, hyphens and apostrophes are blanks."""
    text = plain(column).str.replace_all(r"[^\p{L}\p{N},;]+", " ").str.replace_all(r"\bet al\b", "")
    text = text.str.replace_all(r"\s*;[\s;]*", ";;").str.strip_chars("; ")
    return pl.when(text == "").then(pl.lit("")).otherwise(pl.concat_str(pl.lit(";"), text, pl.lit(";")))


def family_names(names: str) -> pl.Expr:
    """The family names of `author_names`, from `Smith J`, `Smith, Jane` or `Jane Smith`."""
    text = pl.col(names).str.replace_all(r";\s*(?:\p{L}{3,}\s+){1,2}(\p{L}{3,});", ";${1};")
    text = text.str.replace_all(r"\s*,[^;]*;", ";")
    return text.str.replace_all(r"(?:\s+\p{L}{1,2}){1,3}\s*;", ";")


def first_number(column: str) -> pl.Expr:
    """The first number of a volume or issue, without leading zeros."""
    return pl.col(column).str.extract(r"0*(\d+)", 1)


def plain_pages(column: str) -> pl.Expr:
    """Pages as `first-last`, also where a spreadsheet made a date of them: `01-Aug` is 1-8, `Suppl-29` ends at 29."""
    text = (
        pl.col(column).fill_null("").str.to_lowercase().str.replace_all(r"[‐‑‒–—−]", "-").str.replace_all(r"\s+", " ")
    )
    text = text.str.strip_chars(" ").str.replace(r"^(?:pp\.? ?|p\. ?|p )(\w*\d)", "${1}")
    text = text.str.replace(r"^p(\d+ ?-+ ?\d+)$", "${1}")  # but P821 alone is a poster
    months = "|".join(_MONTHS)
    text = text.str.replace(rf"^0?(\d{{1,2}})-({months})\w*$", "${1}-#${2}")
    text = text.str.replace(rf"^({months})\w*-0?(\d{{1,2}})$", "#${1}-${2}")
    text = text.str.replace_many([f"#{month}" for month in _MONTHS], [str(place + 1) for place in range(12)])
    text = text.str.replace(r"^suppl\w*\.?-(\d+)$", "-${1}").str.replace(r"^suppl\w*\.? *\d* +", "")
    text = text.str.replace(r"^\d+ ?p(?:p|ages)?\.?$", "")  # "215 pp" counts pages
    return text.str.replace_all(" ", "", literal=True)


def first_page(pages: str) -> pl.Expr:
    """The first page of `plain_pages`."""
    return pl.col(pages).str.extract(r"^([a-z]{0,3}\d+)", 1)


def last_page(pages: str) -> pl.Expr:
    """The last page of `plain_pages`, as it is printed."""
    return pl.col(pages).str.extract(r"^(?:[a-z]{0,3}\d+)?-+([a-z]{0,3}\d+)", 1)


def ahead_of_print() -> pl.Expr:
    """Whether the pages stand for "not yet on a page": 0, or "1-9" without a volume."""
    return (pl.col("first_page") == "0") | ((pl.col("first_page") == "1") & pl.col("volume").is_null())


def _volume() -> pl.Expr:
    """A volume; 0 is none."""
    return pl.when(pl.col("volume") != "0").then("volume")


def places(records: pl.DataFrame) -> pl.DataFrame:
    """source_record_id, volume, first_page and last_page of *records*, as `normalised` has them; no pages if ahead."""
    found = records.select(
        "source_record_id",
        volume=first_number("volume"),
        _pages=plain_pages("pages"),
    )
    found = found.with_columns(volume=_volume(), first_page=first_page("_pages"), last_page=last_page("_pages"))
    found = found.with_columns(last_page=whole_last_page("first_page", "last_page"))
    paged = pl.when(~ahead_of_print().fill_null(value=False))
    return found.select("source_record_id", "volume", *(paged.then(name) for name in ("first_page", "last_page")))


def whole_last_page(first: str, last: str) -> pl.Expr:
    """The last page in full: 221-8 ends at 228."""
    begin, end = pl.col(first), pl.col(last)
    short = (end.str.len_chars() < begin.str.len_chars()) & begin.str.contains(r"^\d+$") & end.str.contains(r"^\d+$")
    head = begin.str.slice(0, begin.str.len_chars() - end.str.len_chars())
    return pl.when(short).then(head + end).otherwise(end)


def bare_doi(column: str) -> pl.Expr:
    """The DOI of the article without a resolver, in small letters, without a full stop behind it.

    None where it is the DOI of a database's entry (10.1002/central/...), a journal, an issue or a supplementary file.
    """
    found = pl.col(column).str.to_lowercase().str.extract(r"(10\.\d{4,9}/\S+)", 1).str.strip_chars_end(".,;")
    return pl.when(~found.str.contains(_NO_ARTICLE)).then(found)


def _kind_of_notice() -> pl.Expr:
    """What a notice is: concern, retraction, erratum, reply or comment; null where neither title nor type tells."""
    title = pl.when("notice").then("title")  # most records are none, and cost nothing
    in_title = (pl.when(title.str.contains(words)).then(pl.lit(kind)) for kind, words in _KINDS.items())
    by_type = (pl.when(pl.col("_types").str.contains(said)).then(pl.lit(kind)) for kind, said in _KIND_OF_TYPE.items())
    return pl.coalesce(*by_type, *in_title)


def registry_numbers() -> pl.Expr:
    """Trial registry numbers in one spelling, sorted, from their column and from title, journal, authors and address.

    An empty list where there is none.
    """
    text = pl.concat_str([pl.col(name) for name in _NUMBERED], separator=" ", ignore_nulls=True)
    text = pl.when(text.str.contains(r"\d{6}|NTR\d{3}")).then(text)  # most texts have no such number, and cost nothing
    printed = text.str.to_uppercase().str.extract_all(_REGISTRY_NUMBER).fill_null([])
    every = pl.concat_list(pl.col("registry_ids").fill_null([]), printed)
    tidy = pl.element().str.to_uppercase().str.replace_all(r"[\s:]|^JPRN-", "")
    tidy = tidy.str.replace(r"^(?:EUDRACT|EUCTR|CTIS)?(\d{4}-\d{6}-\d{2}).*$", "EUCTR${1}")
    tidy = tidy.str.replace(r"^CHICTR[-A-Z]*(\d+)$", "CHICTR${1}")
    some = pl.when(every.list.len() > 0).then(every)
    return some.list.eval(tidy).list.unique().list.sort().fill_null([])


def _entry_of_trial(kind: pl.Expr) -> pl.Expr:
    """Whether a record is the entry of a trial in a registry, not a report of it."""
    said = kind.str.contains(_ENTRY_TYPE) & ~kind.str.contains("article", literal=True)
    return said | pl.col("_names").str.contains(_ENTRY_AUTHOR) | pl.col("journal").str.contains(_ENTRY_JOURNAL)


def populations(column: str) -> pl.Expr:
    """Who was studied, as far as the title's words say: sex, age, species; one string of named groups."""
    said = [
        pl.when(pl.col(column).str.contains(pattern)).then(pl.lit(name)).otherwise(None)
        for name, pattern in _POPULATIONS.items()
    ]
    return pl.concat_str(said, separator=" ", ignore_nulls=True)
