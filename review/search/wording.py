"""Words that authors write in several ways (number, spelling, hyphen), and whether one term finds all of another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from review.search.syntax import Term

# a field → the fields whose words it finds; PubMed's Title/Abstract holds the authors' keywords too
_WITHIN = {
    "tiab": {"tiab", "ti", "ab", "ot"},
    "tw": {"tw", "tiab", "ti", "ab", "ot"},
    "all": {"all", "", "tw", "tiab", "ti", "ab", "ot"},
}
# nouns of trials and diseases whose plural is common in titles; a list, because `pain` or `plasma` have none
_COUNTED = frozenset(
    """
    abnormality ache allograft arthralgia aspirate autograft biomarker cell child clinic cohort complication concentrate
    condition control cyst defect deficit device disability disc disk disease disorder dose drug effect
    entrapment event exosome experiment factor fracture graft herniation hospital impairment implant incision
    infection infiltrate infiltration inhibitor injection injury intervention joint lesion ligament lymphocyte lysate
    malformation marker metastasis monocyte muscle myalgia nerve neuralgia neuron nodule outcome patient placebo
    preparation procedure product prolapse protein receptor releasate rupture scaffold score sprain strain strategy
    study surgery symptom syndrome tear technique tendon test therapy toxin transplant treatment trial tumor tumour
    ulcer vesicle wound worker arthritis
    """.split()  # noqa: SIM905 - a hundred quoted words are harder to read
)
_ENDINGS = (("pathy", "pathies"), ("plasty", "plasties"), ("tomy", "tomies"), ("oma", "omas"), ("osis", "oses"))
# conditions that nobody counts
_UNCOUNTED = frozenset(
    """
    apoptosis cirrhosis epicondylosis fasciosis fibrosis homeopathy hypnosis necrosis osteonecrosis osteopathy
    osteoporosis psychosis spondylosis tuberculosis
    """.split()  # noqa: SIM905
)
_IRREGULAR = {"child": "children", "metastasis": "metastases", "arthritis": "arthritides"}
# British and American; each is tried in both directions at the place that the caret and the dollar say
_SPELLINGS = (
    (r"oedema", "edema"), (r"tumour", "tumor"), (r"leukaemi", "leukemi"), (r"ischaemi", "ischemi"),
    (r"anaemi", "anemi"), (r"glycaemi", "glycemi"), (r"uricaemi", "uricemi"), (r"^haemat", "hemat"),
    (r"^haemo", "hemo"), (r"haemorrh", "hemorrh"), (r"paediatr", "pediatr"), (r"^orthopaed", "orthoped"),
    (r"anaesth", "anesth"), (r"^gynaec", "gynec"), (r"oesoph", "esoph"), (r"^oestr", "estr"), (r"^caesar", "cesar"),
    (r"leucocyt", "leukocyt"), (r"leucopen", "leukopen"), (r"^aetiolog", "etiolog"), (r"^foet", "fet"),
    (r"diarrhoea", "diarrhea"), (r"behaviour", "behavior"), (r"^labour$", "labor"), (r"^colour", "color"),
    (r"fibre", "fiber"), (r"^centre", "center"), (r"signalling", "signaling"), (r"labelled", "labeled"),
    (r"^programme", "program"), (r"^sulph", "sulf"), (r"^ageing$", "aging"), (r"^discectom", "diskectom"),
    (r"^disc$", "disk"), (r"^discs$", "disks"), (r"tendonitis", "tendinitis"),
)  # fmt: skip
_NOT_SPELLED = frozenset({"fetch", "colorectal", "hemodynamic"})
# verbs in -ise or -ize; `exercise` and `advise` have one spelling, so the stems are a list
_ISE = re.compile(
    r"^(de|im|re|neo|revascul|non)?"
    r"(random|organ|hospital|standard|mobil|immun|local|general|individual|optim|minim|maxim|character|visual|stabil"
    r"|util|central|normal|steril|vascular|categor|summar|special|polar|sensit|neutral|regular|metabol|homogen"
    r"|synchron|prior|personal|operational|catheter|anticoagul|cauter|immobil|rational|fertil|hybrid)"
    r"(i|ti)?(s|z)(?=e|ing|ation|\*|$)"
)
# beginnings that authors write with and without a hyphen
_JOINED = re.compile(r"^(anti|bio|co|extra|inter|intra|micro|mid|multi|non|peri|post|pre|re|sacro|semi|sub|trans)-")
_OPEN = re.compile(
    r"^(?:(intra)(?=artic|disc|lesion|thec|tendin|muscul|osse|spin|capsul|vertebr|myocard)"
    r"|(post)(?=herpet|surg|operat|traum|mastect|menopaus|treat|stroke|injur|inject|amput|thorac))"
)
# in `pain after mastectomy` the last word is not what is counted
_PREPOSITIONS = frozenset({"of", "in", "after", "following", "with", "to", "from", "for", "by", "due"})


def finds_all(general: Term, special: Term) -> bool:
    """Whether every record that *special* finds is found by *general*, as far as their words tell."""
    if field(special) not in _WITHIN.get(field(general), {field(general)}) or general is special:
        return False
    if not general.is_text:
        return general.heading == special.heading and general.tag == special.tag
    ours, theirs = words(general), words(special)
    if general.near:
        return not special.near and sorted(ours) == sorted(theirs) and "*" not in special.words
    if special.near and len(ours) > 1:
        return False
    return any(
        all(_finds(one, other) for one, other in zip(ours, theirs[at:], strict=False))
        for at in range(len(theirs) - len(ours) + 1)
    )


def covered(term: Term, others: Iterable[Term]) -> bool:
    """Whether *others* hold a term that finds all that *term* would find."""
    return any(finds_all(other, term) for other in others)


def same(one: Term, other: Term) -> bool:
    """Whether two terms are one, written twice."""
    return identity(one) == identity(other)


def identity(term: Term) -> tuple[str, str, str]:
    """What two terms share when they are one: words, field, and what is said behind the colon of the tag."""
    return term.heading, field(term), term.tag.partition(":")[2]


def field(term: Term) -> str:
    """The short name of a term's field."""
    return term.field


def words(term: Term) -> list[str]:
    """The words of a term, in lower case."""
    return term.words.lower().split()


def other_number(term: Term) -> Term | None:
    """The term with its last word in the other number; None where it is truncated or the word has one number."""
    *before, last = term.words.split() or [""]
    if not re.fullmatch(r"[a-z-]+", last) or "*" in term.words or _PREPOSITIONS & set(before):
        return None
    stem, noun = _last_part(last)
    other = _plural(noun) or _singular(noun)
    return _with(term, " ".join([*before, stem + other])) if other else None


def other_spellings(term: Term) -> Iterator[Term]:
    """The term in the spelling of the other side of the Atlantic, one for each word that has two."""
    whole = term.words.split()
    for at, word in enumerate(whole):
        if (other := _respelt(word.lower())) is not None:
            yield _with(term, " ".join([*whole[:at], other, *whole[at + 1 :]]))


def other_hyphens(term: Term) -> Iterator[Term]:
    """The term with `post-` joined to its word, or parted from it."""
    whole = term.words.split()
    for at, word in enumerate(whole):
        if word != word.lower():  # the name of a product is written in one way
            continue
        small = word
        if found := _JOINED.match(small):
            other = small[: found.end() - 1] + small[found.end() :]
        elif found := _OPEN.match(small):
            other = f"{found.group()}-{small[found.end() :]}"
        else:
            continue
        yield _with(term, " ".join([*whole[:at], other, *whole[at + 1 :]]))


def truncated(term: Term) -> str | None:
    """The term with an asterisk for both numbers, as it would be written; None where too short a stem would be left."""
    for ending, keep in (("ies", ""), ("y", ""), ("osis", "os"), ("oses", "os"), ("itis", "iti"), ("s", ""), ("", "")):
        stem = term.words.removesuffix(ending) + keep
        if not ending or term.words.endswith(ending):
            # a single short stem finds other words too: stud* finds studded, cell* finds cellulose
            return written(_with(term, stem + "*")) if len(stem.split()[-1]) >= 6 or " " in stem else None
    return None


def written(term: Term) -> str:
    """The term as it stands in a strategy."""
    quoted = term.quoted or " " in term.words or "-" in term.words
    tag = f"[{term.written}]" if term.written else ""
    return f'"{term.words}"{tag}' if quoted else f"{term.words}{tag}"


def _with(term: Term, text: str) -> Term:
    return replace(term, raw="", words=text, quoted=term.quoted or " " in text)


def _finds(general: str, special: str) -> bool:
    if general.endswith("*"):
        return special.startswith(general[:-1])
    return general == special


def _last_part(word: str) -> tuple[str, str]:
    before, dash, noun = word.rpartition("-")
    return before + dash, noun


def _plural(noun: str) -> str:
    if noun in _UNCOUNTED:
        return ""
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    if noun in _COUNTED:
        return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"
    return next(
        (noun.removesuffix(end) + plural for end, plural in _ENDINGS if noun.endswith(end) and len(noun) > 6), ""
    )


def _singular(noun: str) -> str:
    for one, many in _IRREGULAR.items():
        if noun == many:
            return one
    for candidate in (noun.removesuffix("s"), re.sub(r"ies$", "y", noun)):
        if candidate != noun and candidate in _COUNTED:
            return candidate
    return next(
        (
            noun.removesuffix(plural) + end
            for end, plural in _ENDINGS
            if noun.endswith(plural) and noun.removesuffix(plural) + end not in _UNCOUNTED and len(noun) > 6
        ),
        "",
    )


def _respelt(word: str) -> str | None:
    stem = word.rstrip("*")
    if any(stem.startswith(one) for one in _NOT_SPELLED):
        return None
    for british, american in _SPELLINGS:
        anchors = ("^" if british.startswith("^") else "", "$" if british.endswith("$") else "")
        plain = british.strip("^$")
        for one, other in ((plain, american), (american, plain)):
            found = re.search(anchors[0] + one + anchors[1], stem)
            # `edema` stands inside `oedema`: what is British already is not made so twice
            if found and not (one == american and re.search(anchors[0] + plain + anchors[1], stem)):
                return stem[: found.start()] + other + stem[found.end() :] + word[len(stem) :]
    if found := _ISE.match(word):
        at = found.end() - 1
        return word[:at] + ("z" if word[at] == "s" else "s") + word[at + 1 :]
    return None
