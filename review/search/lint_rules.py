"""The rules of `review search lint`: id, element of PRESS 2015, severity, and what each looks for.

PRESS is the guideline by which one searcher reviews the strategy of another (McGowan and others 2016). The errors
are what a strategy is refused for when it is read (syntax.py, strategy.py); the rest are in lint_checks.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "advice"]

ELEMENTS = {
    "1": "translation of the research question",
    "2": "Boolean and proximity operators",
    "3": "subject headings",
    "4": "text word searching",
    "5": "spelling, syntax and line numbers",
    "6": "limits and filters",
}


@dataclass(frozen=True)
class Rule:
    """One rule. `wrong` and `mend` are the words of a remark where the rule needs no others."""

    id: str
    severity: Severity
    looks_for: str
    wrong: str = ""
    mend: str = ""

    @property
    def element(self) -> str:
        """The element of PRESS that it belongs to: the first figure of its id."""
        return ELEMENTS[self.id[1]]


_ALL = (
    Rule("P101", "warning", "a line covers an id that the vocabulary does not have"),
    Rule("P102", "warning", "a line joins lines of another block and names a block without words of its own"),
    Rule("P103", "warning", "OR joins lines of different blocks"),
    Rule("P104", "advice", "more than four blocks are joined by AND"),
    Rule(
        "P201",
        "error",
        "OR meets AND or NOT on one level of brackets",
        "two kinds of operators meet without brackets; PubMed reads them from left to right, whatever was meant",
        "put brackets around what belongs together",
    ),
    Rule(
        "P202",
        "error",
        "an operator or a bracket without a term beside it",
        "a term or an operator is missing here",
        "write the term or the operator that is missing, or take this one away",
    ),
    Rule(
        "P203",
        "error",
        "an operator in small letters",
        "PubMed takes operators in capitals; in small letters it may read a word",
        "write it in capitals, or the heading that it is part of in quotation marks",
    ),
    Rule(
        "P204",
        "error",
        "words side by side without an operator or quotation marks",
        "PubMed looks these words up in its phrase index and, when they are not in it, breaks them apart and joins "
        "them by AND",
        'write AND, OR or NOT between them, or "the phrase"[tiab]; the sets differ',
    ),
    Rule("P205", "warning", "NOT takes away more than animals without humans"),
    Rule(
        "P206",
        "error",
        "a distance on a single word, a truncated word or words without quotation marks",
        "a distance such as [tiab:~3] needs two or more words in quotation marks, none of them truncated",
        'write "two words"[tiab:~3], and one such term for each ending',
    ),
    Rule("P207", "warning", "AND after NOT on one level of brackets"),
    Rule(
        "P301",
        "error",
        "a line with a MeSH term does not say whether it was looked up",
        "the line holds a MeSH term and has no key `mesh`",
        'write mesh = "unverified", or "verified" when you have looked it up in the MeSH browser',
    ),
    Rule("P302", "warning", "MeSH terms that nobody has looked up"),
    Rule("P303", "warning", "a block with MeSH terms and without text words"),
    Rule("P304", "warning", "a block with text words and without a subject heading"),
    Rule("P305", "advice", "a heading as major topic only, or without its narrower terms"),
    Rule("P306", "warning", "a truncated heading"),
    Rule(
        "P401",
        "error",
        "a term without a field tag",
        "without a field tag PubMed maps the words to headings and fields as it likes, and differently over the years",
        "give each term its tag, such as [tiab] or [mh]",
    ),
    Rule(
        "P402",
        "error",
        "fewer than four letters before the asterisk",
        "PubMed wants at least four letters before the asterisk",
        "write the words out, joined by OR",
    ),
    Rule("P403", "warning", "an asterisk inside a phrase, not at its end"),
    Rule("P404", "warning", "an asterisk inside a word or before it"),
    Rule("P405", "advice", "a noun in one number only, neither truncated nor with its other number in the block"),
    Rule("P406", "warning", "a term that is searched in all fields"),
    Rule("P407", "advice", "the same term twice in a line or in a block"),
    Rule("P408", "advice", "a term that a truncated term of the same OR finds already"),
    Rule("P409", "advice", "a phrase beside a part of it in the same OR"),
    Rule("P410", "advice", "an abbreviation of one or two letters"),
    Rule(
        "P411",
        "error",
        "a wildcard of another database: $, ? or # in a word",
        "PubMed has the asterisk at the end of a word and no other; it reads these signs as blanks",
        "write word* where any ending is meant, and else the spellings, joined by OR",
    ),
    Rule(
        "P501",
        "error",
        "a quotation mark without its partner",
        "an odd number of quotation marks; the rest of the line was not looked at",
        "close the quotation, or take the mark away",
    ),
    Rule(
        "P502",
        "error",
        "curled quotation marks",
        "curled quotation marks, as word processors make them",
        'write straight ones: "',
    ),
    Rule(
        "P503",
        "error",
        "brackets that do not match",
        "brackets that do not match",
        "close each bracket that is opened",
    ),
    Rule(
        "P504",
        "error",
        "a field tag that PubMed does not know",
        "no field tag of PubMed, which would ignore it",
        "write [tiab], [mh], [pt] or another tag of PubMed's help",
    ),
    Rule(
        "P505",
        "error",
        "a number that is not that of an earlier line",
        "not the number of an earlier line",
        "count the lines again: a line joins lines above it",
    ),
    Rule(
        "P506",
        "error",
        "a line that the search does not use",
        "the last line does not use these, so they find nothing for the review",
        "join them in the last line or a line that it uses, or take them out",
    ),
    Rule("P507", "error", "a key or value of the file that is missing, unknown or not allowed"),
    Rule("P508", "advice", "a word in British or American spelling alone"),
    Rule("P509", "advice", "a word with its hyphen alone, or without it alone"),
    Rule("P510", "advice", "a line of more than fifty terms or 2,500 characters"),
    Rule("P511", "warning", "a sign that looks like a hyphen or an apostrophe and is another, or cannot be seen"),
    Rule(
        "P512",
        "error",
        "a term without a word",
        "there is no word to look for",
        "write the word, or take the term and its operator away",
    ),
    Rule("P513", "error", "a line in the syntax of another database"),
    Rule(
        "P514",
        "error",
        "lines that are joined by numbers without their sign",
        "PubMed takes a bare number for a word or a PMID",
    ),
    Rule("P601", "advice", "a limit on language"),
    Rule("P602", "advice", "a limit on dates"),
    Rule("P603", "warning", "a limit to records that are indexed with Humans"),
    Rule("P604", "warning", "NOT animals, which loses trials in humans and animals"),
    Rule("P605", "advice", "another filter of PubMed: full text, age, subset"),
    Rule("P606", "warning", "publication types alone as a filter of designs"),
    Rule("P607", "warning", "the words human, patient or clinical as a filter"),
    Rule("P608", "warning", "a date that does not exist, or a range from late to early"),
)
RULES = {rule.id: rule for rule in _ALL}
