"""The references of a review for other programs: the reports of its studies with stable labels, or every record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from review.database import Store
from review.errors import BlindError, UsageProblem
from review.flows.reference_labels import Clash, lettered, report_labels
from review.project import Project
from review.reporting import store as tables
from review.reporting.table import SIMULATED
from review.screening.blinding import is_blinded
from review.search.written.reference import Reference, people, reference_of

DECISIONS = ("included", "excluded", "all")
_UNTITLED_WORDS = 3


@dataclass(frozen=True)
class Exported:
    """References in order, and what is to be said about them in words."""

    references: tuple[Reference, ...]
    words: tuple[str, ...]


def record_references(store: Store, project: Project) -> Exported:
    """Every record once, as `v1.record` has it, for a reference manager."""
    rows = tables.all_references(store).to_dicts()
    found = tuple(_stamped(_noted(reference_of(row), _told(row)), project) for row in rows)
    return Exported(found, (f"{len(found)} records, each once",))


def study_references(store: Store, project: Project, *, decision: str, reviewer: str | None = None) -> Exported:
    """The reports that are in, out at full text, or both; where nobody screened, the reports of the catalogue.

    Raises UsageProblem for another *decision*, BlindError where *reviewer* screens blind.
    """
    if decision not in DECISIONS:
        message = f"--decision {decision}: allowed are {', '.join(DECISIONS)}"
        raise UsageProblem(message)
    begun = tables.stages_begun(store)
    if begun and is_blinded(store, project, reviewer):
        message = f"{reviewer} screens blind, and this list tells what others decided"
        raise BlindError(message, hint="run it without --as as the owner of the file")
    reports = tables.study_reports(store).to_dicts()
    # of all studies, also those that are not written: a label must not depend on the question
    labels, clashes = lettered({row["study_id"]: row["label"] for row in reports})
    named = _Named(reports, labels)
    if begun & {"full_text", "final"}:
        found, words = _decided(store, project, named, decision)
    else:
        found, words = _catalogued(store, named, decision, begun=bool(begun))
    found.sort(key=lambda one: ((one.label or "").casefold(), one.reference_id or ""))
    untitled = sum(not one.title for one in found)
    if untitled:
        words.append(f"{untitled} of them have no title: neither a record nor study.toml names one")
    if found:
        words += map(_words_of, clashes)
    return Exported(tuple(_stamped(one, project) for one in found), tuple(words))


class _Named:
    """The reports of studies by their numbers, each with its label."""

    def __init__(self, reports: list[dict[str, Any]], labels: Mapping[str, str]) -> None:
        self.reports = [row for row in reports if row["report_id"]]
        self.study_labels = labels
        of_study: dict[str, list[tuple[str, str]]] = {}
        for row in self.reports:
            of_study.setdefault(row["study_id"], []).append((row["report_id"], row["kind"]))
        self._labels = {study: report_labels(labels[study], found) for study, found in of_study.items()}
        self._by_number: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in self.reports:
            for name in ("pmid", "doi"):
                if row[name]:
                    self._by_number.setdefault((name, row[name]), []).append(row)

    def label(self, report: Mapping[str, Any]) -> str:
        """The label of a report."""
        return self._labels[report["study_id"]][report["report_id"]]

    def of(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The reports that a record describes, by PMID, else by DOI; several where several studies name it."""
        for name in ("pmid", "doi"):
            if record[name] and (found := self._by_number.get((name, record[name]))):
                return found
        return []


def _decided(store: Store, project: Project, named: _Named, decision: str) -> tuple[list[Reference], list[str]]:
    rows = tables.references_decided(store).to_dicts()
    alone = {row["reference_id"]: _name_of(row) for row in rows if not named.of(row)}
    labels, _ = lettered(alone, taken=named.study_labels.values())
    reasons = {reason.code: reason.label for reason in project.criteria.reasons}
    wanted = {"included": {"include"}, "excluded": {"exclude"}, "all": {"include", "exclude"}}[decision]
    found = []
    joined: set[str] = set()
    for row in rows:
        if row["state"] not in wanted:
            continue
        reports = named.of(row)
        notes = [_verdict(row, reasons)]
        if reports:
            joined |= {report["report_id"] for report in reports}
            notes += [f"Also a report of {named.label(other)}." for other in reports[1:]]
        elif row["state"] == "include":
            notes.append("Not joined to a study.")
        label = named.label(reports[0]) if reports else labels[row["reference_id"]]
        found.append(_noted(replace(reference_of(row), label=label), [*notes, *_told(row)]))
    counts = {state: sum(row["state"] == state for row in rows) for state in ("include", "exclude")}
    words = [
        f"{counts[state]} reports {said}"
        for state, said in (("include", "included"), ("exclude", "excluded at full text"))
        if state in wanted
    ]
    unscreened = [row for row in named.reports if row["report_id"] not in joined]
    if "include" in wanted and unscreened:
        words.append(
            f"{len(unscreened)} more reports that study.toml names were not included at full text, and are left out"
        )
    if "exclude" in wanted and any(row["stage"] == "final" for row in rows):
        words.append("final labels do not tell who was excluded at full text; those records are left out")
    return found, words


def _catalogued(store: Store, named: _Named, decision: str, *, begun: bool) -> tuple[list[Reference], list[str]]:
    standing = "nobody has screened full texts" if begun else "nobody screened"
    if decision == "excluded":
        return [], [f"0 reports: {standing}, so none is excluded at full text"]
    records = tables.references_of_reports(store).to_dicts()
    by_number = {(name, row[name]): row for row in reversed(records) for name in ("doi", "pmid") if row[name]}
    # a paper that two studies name is one reference
    groups: dict[str, list[dict[str, Any]]] = {}
    for report in named.reports:
        groups.setdefault(report["report_id"], []).append(report)
    found = []
    for report, *others in groups.values():
        record = by_number.get(("pmid", report["pmid"])) or by_number.get(("doi", report["doi"]))
        label = named.label(report)
        notes = [f"Catalogued; {standing}.", *(f"Also a report of {named.label(other)}." for other in others)]
        reference = _of_report(report, label, main=label == named.study_labels[report["study_id"]])
        if record:
            reference = _filled(reference_of(record), reference)
        told = dict.fromkeys([*_told(report), *(_told(record) if record else [])])
        found.append(_noted(reference, [*notes, *told]))
    return found, [f"{len(found)} reports of {len(named.study_labels)} studies, catalogued; {standing}"]


def _of_report(report: Mapping[str, Any], label: str, *, main: bool) -> Reference:
    """What study.toml says of a report; the first author and the year of the study are those of its main report."""
    registry = report["kind"] == "registry"
    ids = [report["registry_id"], *(report["registry_ids"] or ())] if main or registry else [report["registry_id"]]
    return Reference(
        reference_id=report["report_id"],
        label=label,
        record_type="registry" if registry else "preprint" if report["kind"] == "preprint" else "article",
        title=report["title"],
        authors=report["first_author"] if main else None,
        journal=report["journal"],
        year=report["year"] or (report["study_year"] if main else None),
        pmid=report["pmid"],
        doi=report["doi"],
        registry_ids=tuple(dict.fromkeys(one for one in ids if one)),
        url=report["url"],
    )


def _filled(record: Reference, report: Reference) -> Reference:
    """The record of a report, which tells more, with the report's label and what the record leaves blank."""
    blank = {
        name: getattr(report, name)
        for name in Reference.__dataclass_fields__
        if not getattr(record, name) and getattr(report, name)
    }
    return replace(record, **blank)


def _verdict(row: Mapping[str, Any], reasons: Mapping[str, str]) -> str:
    if row["stage"] == "final":
        return "Included by a final label; the source does not tell the stages."
    if row["state"] == "include":
        return "Included at full text."
    reason = row["reason"]
    if not reason:
        return "Excluded at full text; no reason was given."
    said = f"{reasons[reason]} ({reason})" if reason in reasons else reason
    return f"Excluded at full text: {said}."


def _told(row: Mapping[str, Any]) -> list[str]:
    """What PubMed says of a publication: retractions first."""
    return [f"Notice: {words}." for words in row["notices"] or ()]


def _noted(reference: Reference, notes: Iterable[str]) -> Reference:
    return replace(reference, note=" ".join(notes) or None)


def _stamped(reference: Reference, project: Project) -> Reference:
    if not project.simulated:
        return reference
    return replace(reference, note=" ".join(filter(None, (f"{SIMULATED}.", reference.note))))


def _name_of(row: Mapping[str, Any]) -> str:
    """First author and year of a record; without an author the first words of its title."""
    first = next((person.family for person in people(row["authors"])), "")
    words = first or " ".join((row["title"] or "").split()[:_UNTITLED_WORDS]).strip(" .,:;") or "Untitled"
    return f"{words} {row['year']}" if row["year"] else words


def _words_of(clash: Clash) -> str:
    given = ", ".join(f"{study} is {label!r}" for study, label in clash.given.items())
    return (
        f"{len(clash.given)} studies are called {clash.label!r} in study.toml: {given}; letters go by study_id, and "
        "stay for good once they stand in study.toml (label = ...)"
    )
