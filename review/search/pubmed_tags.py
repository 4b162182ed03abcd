"""The field tags of PubMed: each short one, and the names that PubMed itself writes for it.

The names are those of PubMed's own list of fields (einfo), of its help, and of what Advanced Search writes.
"""

from __future__ import annotations

import re

# short tag: the other tags and names of the same field
_NAMES = """
1au: faut, author - first, first author, first author name
ab: abstract
ad: affl, affiliation
aid: article identifier, doi, pmcid
all: all fields
au: auth, author, author name
aucl: author cluster id
auid: author identifier, author - identifier
book: books
cn: coln, author - corporate, corporate author
cois: conflict of interest statement, conflict of interest statements
crdt: create date, date - create
dcom: cdat, completion date, date - completion
dp: pdat, publication date, date - publication
dso:
ed: editor
edat: entry date, entrez date, date - entry
eid: extended pmid
epdat: epdt, electronic publication date
fau: full, full author name
filter: filt, sb, subset
fir: full investigator name
gr: grnt, grant number, grants and funding
ip: iss, issue
ir: finv, investigator
isbn:
jid: nlm unique id
la: lang, language
lastau: laut, author - last, last author, last author name
lid: location id
lr: mdat, modification date, date - modification
majr: mesh major topic
mh: mesh, mesh term, mesh terms
mhda: mesh date, date - mesh
nm: subs, supplementary concept, substance name
ot: otrm, other term
p1dat:
pa: papx, pharmacological action
pg: page, pagination
pid: publisher id
pl: cnty, place of publication
ppdat: ppdt, print publication date
ps: personal name as subject, subject - personal name
pt: ptyp, publication type
pubn: publisher
rn: ecno, ec/rn number
sh: subh, subheading, subheadings, mesh subheading, mesh subheadings
si: secondary source id
ta: so, jour, journal, journal title
ti: titl, title
tiab: title/abstract
tt: transliterated title
tw: text, word, text word, text words
uid: pmid
vi: vol, volume
"""
_FIELDS = {
    name.strip(): line.partition(":")[0]
    for line in _NAMES.strip().splitlines()
    for name in (line.partition(":")[0], *line.partition(":")[2].split(","))
    if name.strip()
}
SHORT = tuple(sorted(set(_FIELDS.values())))
MESH_FIELDS = frozenset({"mh", "majr", "sh"})
TEXT_FIELDS = frozenset({"tiab", "ti", "ab", "tw", "ot", "tt", "all"})
DATE_FIELDS = frozenset({"dp", "edat", "crdt", "mhda", "lr", "dcom", "ppdat", "epdat", "p1dat"})
# PubMed counts words between others in these fields alone: "knee pain"[tiab:~3]
NEAR_FIELDS = frozenset({"tiab", "ti", "ad"})
_NARROW_FIELDS = MESH_FIELDS | {"pt"}
_NEAR = re.compile(r"~\d+")


def canonical(tag: str) -> str:
    """A tag by its short name: `MeSH Terms: noexp` is `mh:noexp`. One that PubMed does not know stays as it is."""
    name, colon, more = (" ".join(part.split()) for part in tag.lower().partition(":"))
    return f"{_FIELDS.get(name, name)}{colon}{more}"


def known(tag: str) -> bool:
    """Whether PubMed knows the tag, and what stands after its colon."""
    name, colon, more = canonical(tag).partition(":")
    if not colon:
        return name in SHORT
    return (more == "noexp" and name in _NARROW_FIELDS) or (bool(_NEAR.fullmatch(more)) and name in NEAR_FIELDS)
