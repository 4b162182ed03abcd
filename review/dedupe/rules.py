"""Decides on each pair: one record by a named rule, a question for a person with its reasons, or nothing.

A rule says what has to agree. A veto says, by name, what makes two texts different works although nearly all agrees;
no rule overrides a veto. Of two works a person need not be asked; of a conflict of identifiers or places one is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from review.dedupe.evidence import agrees
from review.dedupe.match import SAME_DOI, SAME_PMID, strength
from review.terms import LinkKind

TITLE, PART, SET, AUTHORS, JOURNAL = (
    pl.col(name) for name in ("title_score", "title_part", "title_set", "authors_score", "journal_score")
)
VOLUME, PAGE, LAST_PAGE, ISSUE = (pl.col(f"{name}_agrees") for name in ("volume", "page", "last_page", "issue"))
APART = pl.col("years_apart").fill_null(0)
LENGTH = pl.col("title_length")
PLACE = pl.col("same_place")
SAME_JOURNAL = JOURNAL >= 80
_JOURNAL_OR_NONE = JOURNAL.fill_null(100) >= 80
_NUMBERS = pl.col("numbers_differ")
_ISSUES_A_YEAR = 52
_WORDS_APART = pl.col("apart") | (agrees("title_rest") == -1)
_SAME_WORDS = ~_WORDS_APART & (pl.col("words_a") == 0) & (pl.col("words_b") == 0)
_FIRST_PAGE = pl.col("first_page_a") == pl.col("first_page_b")
# of a single page that is the other's last one: a letter may stand there, below the article that it is about
_NOT_BELOW = pl.col("first_page_a").is_null() | pl.col("first_page_b").is_null() | _FIRST_PAGE
# two short texts can stand on one page, not on the same pages
_SAME_PAGES = (LAST_PAGE == 1) & (pl.col("first_page_a") != pl.col("last_page_a"))
# the shorter title is how the longer one begins; words before it are said about it
_BEGINS = pl.col("title_run_a").str.starts_with(pl.col("title_run_b")) | pl.col("title_run_b").str.starts_with(
    pl.col("title_run_a")
)
# a side that names no author says nothing against the other
_AUTHORS_OR_NONE = AUTHORS.fill_null(100)


def _elocator(side: str) -> pl.Expr:
    return pl.col(f"first_page_{side}").str.contains(r"^[a-z]{1,3}\d{4,}$")


def _numeric(side: str) -> pl.Expr:
    return pl.col(f"first_page_{side}").str.contains(r"^\d+$")


def _placed(side: str) -> pl.Expr:
    return pl.any_horizontal(pl.col(f"{name}_{side}").is_not_null() for name in ("volume", "first_page"))


# a year may pass between the article ahead of print and its volume; two issues of a yearly text are a year apart too
_ONE_HAS_A_PLACE = _placed("a") != _placed("b")
_ONE_VOLUME = pl.col("volume_a").is_null() != pl.col("volume_b").is_null()
_ELOCATOR_AND_PAGE = (_elocator("a") & _numeric("b")) | (_numeric("a") & _elocator("b"))

# a higher number is a running one, of a journal or of a file
_COUNTED_ISSUES = pl.all_horizontal(
    pl.col(f"issue_{side}").cast(pl.Int64, strict=False) <= _ISSUES_A_YEAR for side in "ab"
)

_ONE_PMID = pl.col("pmid_agrees") == 1
_ONE_DOI = pl.col("doi_agrees") == 1


def _one_side(flag: str) -> pl.Expr:
    return pl.col(f"{flag}_a") != pl.col(f"{flag}_b")


def _title_words(side: str) -> pl.Expr:
    """The different words of a title, where the two share a DOI; else null, which costs nothing."""
    return pl.when(_ONE_DOI).then(pl.col(f"title_{side}")).str.split(" ").list.unique()


_WORDS_SHARED = _title_words("a").list.set_intersection(_title_words("b")).list.len() >= 0.5 * pl.min_horizontal(
    _title_words("a").list.len(), _title_words("b").list.len()
)
_SAME_YEAR_AND_FIRST_AUTHOR = (
    (pl.col("year_a") == pl.col("year_b"))
    & (pl.col("first_family_a") != "")
    & (pl.col("first_family_a") == pl.col("first_family_b"))
)
# of two works under one DOI, one was mistyped; a translated title has the year and the first author in common
_TITLES_OF_ONE_WORK = (
    (TITLE >= 70)
    | (SET >= 90)
    | (PLACE & (AUTHORS >= 90))
    | (LENGTH == 0)
    | _WORDS_SHARED
    | _SAME_YEAR_AND_FIRST_AUTHOR
).fill_null(value=False)

# a PMID that was mistyped stands with another title by other people; a translated title keeps its authors or place
_UNLIKE = (
    (TITLE < 60)
    & (SET.fill_null(0) < 60)
    & (LENGTH > 0)
    & ~PLACE
    & (AUTHORS.fill_null(0) < 60)
    & (AUTHORS.is_not_null() | (APART > 1) | (VOLUME == -1) | (JOURNAL < 60).fill_null(value=False))
)
_BOTH_ENTRIES = pl.col("entry_of_trial_a") & pl.col("entry_of_trial_b")
_REGISTRY = pl.col("registry_agrees")

RULES: Final[dict[str, pl.Expr]] = {
    SAME_PMID: _ONE_PMID & ~_UNLIKE,
    SAME_DOI: _ONE_DOI & _TITLES_OF_ONE_WORK,
    "title_place": (TITLE >= 93)
    & (LENGTH > 0)
    & PLACE
    & (APART <= 1)
    & (_AUTHORS_OR_NONE >= 40)
    & _NOT_BELOW
    & ~_NUMBERS
    & (SAME_JOURNAL | (AUTHORS >= 80) | ((LENGTH >= 25) & (LAST_PAGE == 1))),
    "title_place_other_author": (TITLE >= 97)
    & PLACE
    & _FIRST_PAGE
    & _SAME_WORDS
    & (_SAME_PAGES | (LAST_PAGE == 0))
    & SAME_JOURNAL
    & (APART <= 1)
    & (LENGTH >= 25)
    & ~_NUMBERS,
    "title_but_numbers": (TITLE >= 95)
    & PLACE
    & (LAST_PAGE == 1)
    & (AUTHORS >= 90)
    & (APART <= 1)
    & (LENGTH >= 25)
    & pl.col("part_a").eq_missing(pl.col("part_b")),
    "title_part_authors_place": ((PART >= 95) | (SET >= 95))
    & (AUTHORS >= 80)
    & PLACE
    & _NOT_BELOW
    & (APART <= 1)
    & (LENGTH >= 15)
    & ~_NUMBERS,
    "place_authors_translated": PLACE
    & _SAME_PAGES
    & SAME_JOURNAL
    & (AUTHORS >= 90)
    & (APART == 0)
    & ((SET >= 75) | ((SET >= 60) & (pl.min_horizontal("authors_a", "authors_b") >= 3))),
    "title_authors_page": (TITLE >= 95)
    & (AUTHORS >= 80)
    & (pl.col("first_page_a") == pl.col("first_page_b"))
    & (PAGE == 1)
    & (VOLUME >= 0)
    & ((APART == 0) | ((APART <= 2) & _ONE_VOLUME & (LAST_PAGE == 1)))
    & (_JOURNAL_OR_NONE | (LAST_PAGE == 1))
    & ~_NUMBERS,
    "title_authors_volume": (TITLE >= 95)
    & (AUTHORS >= 80)
    & (VOLUME == 1)
    & (PAGE == 0)
    & (APART <= 1)
    & _JOURNAL_OR_NONE
    & _SAME_WORDS
    & ~_NUMBERS
    & (LENGTH >= 20),
    "title_part_authors_volume": ((PART >= 98) | (SET >= 98))
    & (AUTHORS >= 90)
    & (VOLUME == 1)
    & (PAGE == 0)
    & SAME_JOURNAL
    & _BEGINS
    & (APART == 0)
    & (LENGTH >= 25)
    & ~_NUMBERS,
    "title_authors_elocator": (TITLE >= 95)
    & (AUTHORS >= 80)
    & (VOLUME == 1)
    & _ELOCATOR_AND_PAGE
    & (APART <= 1)
    & ~_NUMBERS
    & (LENGTH >= 25)
    & SAME_JOURNAL,
    "title_authors_journal": (TITLE >= 97)
    & (AUTHORS >= 85)
    & SAME_JOURNAL
    & _SAME_WORDS
    & (VOLUME >= 0)
    & (PAGE >= 0)
    & ((APART == 0) | ((APART == 1) & _ONE_HAS_A_PLACE))
    & ~_NUMBERS
    & (LENGTH >= 25),
    # ClinicalTrials.gov's entry, from there and through CENTRAL
    "same_registry_entry": _BOTH_ENTRIES
    & (_REGISTRY == 1)
    & (pl.col("registry_a").list.len() == 1)
    & (pl.col("registry_b").list.len() == 1)
    & (TITLE >= 93)
    & ~_NUMBERS,
}


def _differs(field: str) -> pl.Expr:
    return pl.col(f"{field}_a").ne_missing(pl.col(f"{field}_b"))


def _either_side(field: str) -> pl.Expr:
    """Only one side says it; the other may have left it out."""
    return pl.col(f"{field}_a").fill_null("").eq("") != pl.col(f"{field}_b").fill_null("").eq("")


# nothing but one text can stand there
_WHOLE_PLACE = PLACE & _SAME_PAGES & (AUTHORS >= 90) & (APART == 0) & (JOURNAL.fill_null(100) >= 80)
# of a supplement with one DOI
_BOTH_ABSTRACTS = pl.col("meeting_a") & pl.col("meeting_b") & (pl.min_horizontal("words_a", "words_b") >= 2)
_BOTH_NOTICES = pl.col("notice_a") & pl.col("notice_b")
_COCHRANE_PAGE = r"^cd\d{5,6}$"
_ONE_REVIEW = pl.col("first_page_a").str.contains(_COCHRANE_PAGE) & _FIRST_PAGE

# different works: nothing is asked, unless they share a DOI
OTHER_WORK: Final[dict[str, pl.Expr]] = {
    "different parts of a series": _differs("part") & ~(_either_side("part") & _WHOLE_PLACE),
    "one is an erratum, retraction notice, reply or comment": _one_side("notice"),
    "one is a protocol or design": _one_side("protocol") & ~_WHOLE_PLACE,
    "different populations": _differs("population") & ~_either_side("population"),
    "registry entries of two trials": _BOTH_ENTRIES & (_REGISTRY == -1),
}
# perhaps one work in two forms, or one form with an error in it: a person is asked; a shared DOI answers
_FORMS: Final[dict[str, pl.Expr]] = {
    "different DOIs": pl.col("doi_agrees") == -1,
    "different registry numbers": _REGISTRY == -1,
    "registry entries without a number in common": _BOTH_ENTRIES & (_REGISTRY == 0),
    "one is a registry entry": _one_side("entry_of_trial"),
    "different issues": (ISSUE == -1) & (VOLUME == 1) & (PAGE == 0) & _COUNTED_ISSUES,
    "different words in the titles": _WORDS_APART & (TITLE >= 70) & ~_WHOLE_PLACE,
    "one names a later report": _one_side("report") & (PAGE != 1),
    "other authors on one page": (AUTHORS < 60) & PLACE & ~_SAME_PAGES,
    "two notices at different places": pl.col("notice_head_a") & pl.col("notice_head_b") & ~PLACE,
    "two versions of one review": _ONE_REVIEW & ((APART >= 1) | (ISSUE == -1) | (agrees("version") == -1)),
    "one names a population": _either_side("population") & ~_WHOLE_PLACE,
    "one is a preprint": _one_side("preprint"),
    "one is a meeting abstract": _one_side("meeting") & (PAGE != 1),
    "one is a book or a chapter": _one_side("chapter"),
    "one is a conference paper": _one_side("conference") & ~(PLACE & ((JOURNAL >= 60) | (LAST_PAGE == 1))),
    "a title that many works have": pl.col("generic")
    & ~(PLACE & (APART == 0) & _JOURNAL_OR_NONE)
    & ~(_BOTH_ENTRIES & (_REGISTRY == 1)),
}
TO_ASK: Final[dict[str, pl.Expr]] = {
    "different PMIDs": pl.col("pmid_agrees") == -1,
    "notices of different kinds": _BOTH_NOTICES & (agrees("notice_kind") == -1),
    "several works under one DOI": _ONE_DOI
    & (
        (_WORDS_APART & ((PAGE == -1) | pl.col("doi_crowded") | _BOTH_ABSTRACTS))
        | ((PAGE == -1) & (AUTHORS < 60) & ~_FIRST_PAGE)
    ),
    "several PMIDs share this DOI": _ONE_DOI & pl.col("doi_shared") & (pl.col("pmid_agrees") == 0),
    **{reason: holds & ~_ONE_DOI for reason, holds in _FORMS.items()},
}
CONFLICTS: Final[dict[str, pl.Expr]] = {
    "different volumes": VOLUME == -1,
    "different pages": PAGE == -1,
    "years apart": APART > 1,
    "different numbers in the titles": _NUMBERS,
    "different journals": JOURNAL < 80,
    "different titles under one DOI": _ONE_DOI & ~_TITLES_OF_ONE_WORK,
    "different titles under one PMID": _ONE_PMID & _UNLIKE,
    "little in common besides title and authors": (VOLUME != 1) & (PAGE != 1) & ~_ONE_DOI & ~_ONE_PMID,
}
# what no rule merges and a person is asked all the same; a merge that a veto stopped is asked under its own rule
PROPOSALS: Final[dict[str, pl.Expr]] = {
    "same_title_authors": (TITLE >= 95)
    & (AUTHORS >= 80)
    & (LENGTH >= 16)
    & ~_NUMBERS
    & (SAME_JOURNAL | JOURNAL.is_null() | (APART <= 1)),
    "same_place_authors": PLACE & (LAST_PAGE == 1) & (_AUTHORS_OR_NONE >= 90) & (APART == 0) & (SET >= 50),
    SAME_PMID: _ONE_PMID,
    SAME_DOI: _ONE_DOI,
}


# flag of `normalise.normalised` → what its side is to the other one (of a notice its title tells), and the veto
_RELATED: Final = {
    "notice": (None, OTHER_WORK["one is an erratum, retraction notice, reply or comment"]),
    "protocol": (LinkKind.PROTOCOL_OF, OTHER_WORK["one is a protocol or design"]),
    "preprint": (LinkKind.PREPRINT_OF, TO_ASK["one is a preprint"]),
    "meeting": (LinkKind.ABSTRACT_OF, TO_ASK["one is a meeting abstract"]),
    "entry_of_trial": (LinkKind.REGISTRY_OF, TO_ASK["one is a registry entry"]),
}
_NOTICES: Final = {
    "retraction": LinkKind.RETRACTION_OF.value,
    "erratum": LinkKind.ERRATUM_OF.value,
    "reply": LinkKind.REPLY_TO.value,
    "comment": LinkKind.REPLY_TO.value,
}
_RE: Final = r"\b(?:re|reply|response|comments?|commentary|letter)\b"
_TEXTS_APART: Final = (
    "notices of different kinds",
    "several works under one DOI",
    "different words in the titles",
    "two versions of one review",
)
_REASONS: Final = pl.concat_str(
    (pl.col(name).replace("", None) for name in ("other_work", "to_ask", "conflicts")),
    separator="; ",
    ignore_nulls=True,
)
BY_RANK: Final[dict[str, Any]] = {"by": ["rank", "id_a", "id_b"], "descending": [True, False, False]}
# one text about, before or short of another: nearly all of its title and its authors are the other one's
_TELLS_OF_THE_OTHER = (
    ((SET >= 95) | (PART >= 95) | (TITLE >= 90))
    & ((_AUTHORS_OR_NONE >= 80) | _one_side("entry_of_trial"))  # an entry names its registry, or nobody
    & (LENGTH >= 25)
    & ~_differs("part")
    & ~(_differs("population") & ~_either_side("population"))
)


@dataclass(frozen=True)
class Decided:
    """Pairs to be merged and pairs to be asked.

    Columns: id_a, id_b (a < b), rule, reasons, rank, scores; where one side may be an erratum, preprint ... of the
    other, that side (from_id) and the kind of link, else null.
    """

    merge: pl.DataFrame
    ask: pl.DataFrame


def judged(pairs: pl.DataFrame) -> pl.DataFrame:
    """*pairs* of `evidence.evidence`, with generic and doi_shared, and what is to be said of each.

    Adds rule (one that merges, whatever speaks against it), other_work, to_ask, conflicts, rank, verdict ("merge",
    "ask" or ""), and the entry of either side.
    """
    said = pairs.with_columns(
        rule=_first_that_holds(RULES),
        proposal=_first_that_holds(PROPOSALS),
        other_work=_all_that_hold(OTHER_WORK),
        to_ask=_all_that_hold(TO_ASK),
        conflicts=_all_that_hold(CONFLICTS),
        rank=_rank(),
    )
    # a PMID is of one work, whatever two databases print
    other = (pl.col("other_work") != "") & ~_ONE_PMID
    vetoed = other | ((pl.col("to_ask") != "") & ~_ONE_PMID)
    merges = pl.col("rule").is_not_null() & ~vetoed
    asks = _ONE_DOI | _ONE_PMID | (~other & (pl.col("rule").is_not_null() | pl.col("proposal").is_not_null()))
    verdict = pl.when(merges).then(pl.lit("merge")).when(asks).then(pl.lit("ask")).otherwise(pl.lit(""))
    return said.with_columns(verdict=verdict, entry_a="id_a", entry_b="id_b")


def decided(said: pl.DataFrame) -> Decided:
    """The outcome of `judged`, one row for each pair: of several versions of a record the one with least against it."""
    return Decided(
        merge=_told(said.filter(pl.col("verdict") == "merge"), pl.lit("")),
        ask=_told(said.filter(pl.col("verdict") == "ask"), _REASONS).sort(**BY_RANK),
    )


def related(said: pl.DataFrame) -> pl.DataFrame:
    """The pairs of which one is a notice, protocol, preprint or abstract of the other, in columns of `Decided.ask`."""
    of_the_other = pl.any_horizontal(holds for _, holds in _RELATED.values()) & _TELLS_OF_THE_OTHER
    return _told(said.filter((pl.col("verdict") != "merge") & of_the_other), _REASONS).sort(**BY_RANK)


def two_works(said: pl.DataFrame) -> pl.DataFrame:
    """id_a, id_b and the reason of the pairs of which the texts tell that they are two works, whoever else says one."""
    text = pl.any_horizontal(pl.col("to_ask").str.contains(reason, literal=True) for reason in _TEXTS_APART)
    apart = (pl.col("verdict") != "merge") & ((pl.col("other_work") != "") | text)
    return said.filter(apart).select("id_a", "id_b", _REASONS)


def is_about_another() -> pl.Expr:
    """Whether a record of `normalise.normalised` is a notice, protocol, preprint or meeting abstract."""
    return pl.any_horizontal(*_RELATED)


def best_versions(said: pl.DataFrame) -> pl.DataFrame:
    """One row of `judged` for each pair of ids: a merge before a question, the stronger rule, then least against it."""
    verdicts = pl.col("verdict").replace_strict({"merge": 0, "ask": 1}, default=2, return_dtype=pl.Int8)
    by_strength = {rule: strength(rule) for rule in RULES}
    strengths = pl.col("rule").replace_strict(by_strength, default=len(RULES) + 1, return_dtype=pl.Int8)
    against = pl.sum_horizontal(
        (pl.col(name) != "").cast(pl.Int32) + pl.col(name).str.count_matches("; ").cast(pl.Int32)
        for name in ("other_work", "to_ask", "conflicts")
    )
    ordered = said.sort(verdicts, strengths, against, -pl.col("rank"), "a", "b")
    return ordered.unique(["id_a", "id_b"], keep="first", maintain_order=True)


def generic_titles(records: pl.DataFrame) -> pl.DataFrame:
    """The short titles that stand in three or more volumes and years, and those that name a department only."""
    short = records.filter(pl.col("title").str.len_chars() <= 40)
    # ahead of print and in its volume a record is still one: its versions are no places
    of_records = short.group_by("title", "entry").agg(pl.col("year", "volume").min())
    counted = of_records.group_by("title").agg(places=pl.struct("year", "volume").n_unique())
    department = pl.col("title").str.contains(
        r"^(?:(?:guest )?editorial|introduction|foreword|preface|conclusions?|letters?|abstracts?|annual report|news|"
        r"book reviews?|in this issue|minitrack introduction|discussion|summary)\b"
    )
    return counted.filter((pl.col("places") >= 3) | department).select("title")


def shared_dois(records: pl.DataFrame) -> pl.DataFrame:
    """The DOIs that stand with more than one PMID."""
    both = records.filter(pl.col("doi").is_not_null() & pl.col("pmid").is_not_null())
    return both.group_by("doi").agg(pmids=pl.col("pmid").n_unique()).filter(pl.col("pmids") > 1).select("doi")


def crowded_dois(records: pl.DataFrame) -> pl.DataFrame:
    """The DOIs under which three or more titles and authors stand: of an issue, a supplement or a book."""
    with_doi = records.filter(pl.col("doi").is_not_null() & (pl.col("title_run") != ""))
    counted = with_doi.group_by("doi").agg(
        titles=pl.col("title_run").str.slice(0, 20).n_unique(), families=pl.col("first_family").n_unique()
    )
    return counted.filter((pl.col("titles") >= 3) & (pl.col("families") >= 3)).select("doi")


def _kind() -> pl.Expr:
    """What the side that is a notice, protocol, preprint or abstract is to the other; null where it is not obvious."""

    def of_notice(side: str) -> pl.Expr:
        told = pl.col(f"notice_kind_{side}").replace_strict(_NOTICES, default=None, return_dtype=pl.String)
        answers = pl.col(f"title_{side}").str.contains(_RE)
        return pl.coalesce(told, pl.when(answers).then(pl.lit(LinkKind.REPLY_TO.value)), pl.lit("", dtype=pl.String))

    notice = pl.when("notice_a").then(of_notice("a")).otherwise(of_notice("b"))
    kinds = [pl.when(holds).then(notice if kind is None else pl.lit(kind.value)) for kind, holds in _RELATED.values()]
    return pl.coalesce(kinds).replace("", None)


def _first_that_holds(rules: dict[str, pl.Expr]) -> pl.Expr:
    return pl.coalesce(pl.when(holds).then(pl.lit(name)) for name, holds in rules.items())


def _all_that_hold(vetoes: dict[str, pl.Expr]) -> pl.Expr:
    said = [pl.when(holds).then(pl.lit(name)) for name, holds in vetoes.items()]
    return pl.concat_str(said, separator="; ", ignore_nulls=True)


def scores_as_text() -> pl.Expr:
    """The column scores of `Decided` as JSON, to one decimal."""
    rounded = [pl.field(name).cast(pl.Float64).round(1) for name in ("title", "authors", "journal")]
    return pl.col("scores").struct.with_fields(*rounded).struct.json_encode()


def _rank() -> pl.Expr:
    """How likely a pair is one record, to put the likely ones first; no rule looks at it."""
    places = (VOLUME + PAGE + ISSUE + LAST_PAGE).cast(pl.Float64)
    return TITLE + AUTHORS.fill_null(60) + JOURNAL.fill_null(50) / 2 + 15 * places - 10 * APART.clip(0, 5)


def _told(pairs: pl.DataFrame, reasons: pl.Expr) -> pl.DataFrame:
    return pairs.select(
        "id_a",
        "id_b",
        pl.coalesce("rule", "proposal").alias("rule"),
        reasons.alias("reasons"),
        "rank",
        pl.struct(
            title=TITLE, authors=AUTHORS, journal=JOURNAL, volume=VOLUME, page=PAGE, years_apart=pl.col("years_apart")
        ).alias("scores"),
        _kind().alias("kind"),
        pl.coalesce(
            pl.when(holds).then(pl.when(f"{flag}_a").then("entry_a").otherwise("entry_b"))
            for flag, (_, holds) in _RELATED.items()
        ).alias("from_id"),
    )
