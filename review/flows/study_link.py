"""Reports of one study: proposes what may belong together, and plans a link for the record that a person names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from review.database import Store
from review.errors import UsageProblem
from review.extraction import store as study_tables
from review.extraction.linking import Change, named_report, plan_link, plan_unlink, standing_labels
from review.extraction.new_study import NewStudy, label_of
from review.extraction.report_identity import homes, record_facts
from review.extraction.report_proposals import LinkFact, Proposed, StudyFacts, propose
from review.extraction.trial_signs import RecordFacts
from review.flows.reference_labels import free_label
from review.project import Project
from review.screening.records import find_record
from review.screening.retrieval import reports
from review.terms import LinkKind

# a reply or a part of a book tells nothing of the study that it is about
_OF_ONE_STUDY = (
    LinkKind.COMPANION_OF,
    LinkKind.PROTOCOL_OF,
    LinkKind.REGISTRY_OF,
    LinkKind.ABSTRACT_OF,
    LinkKind.PREPRINT_OF,
    LinkKind.ERRATUM_OF,
    LinkKind.RETRACTION_OF,
    LinkKind.REPRINT_OF,
    LinkKind.TRANSLATION_OF,
)


def study_proposals(
    store: Store, project: Project, *, study_id: str | None = None, reviewer: str | None = None
) -> Proposed:
    """What may belong together of the included records without a study, and of the studies, as they are loaded.

    Included is what title and abstract let in and full text did not keep out. A reviewer of a blind review gets
    every record whose verdict at full text is not open to them, as `review screen reports` shows it. Only the
    proposals of one study with *study_id*. Raises UsageProblem for an unknown study.
    """
    study_rows = study_tables.study_keys(store)
    if study_id is not None and study_id not in {row["study_id"] for row in study_rows}:
        message = f"no study {study_id!r}"
        raise UsageProblem(message, hint="review study list shows them; review extract load loads new ones")
    documents = study_tables.study_reports(store)
    sought = [
        row["record_id"]
        for row in reports(store, project, reviewer=reviewer).to_dicts()
        if row["full_text_state"] != "exclude"
    ]
    pmids = [row["pmid"] for row in documents if row["pmid"]]
    dois = [row["doi"].lower() for row in documents if row["doi"]]
    named = [row["report_id"].removeprefix("SRC:") for row in documents if row["report_id"].startswith("SRC:")]
    records = record_facts(store, records=[*sought, *named], pmids=pmids, dois=dois)
    held = homes(records, documents)
    links = study_tables.links_of_kind(store, [kind.value for kind in _OF_ONE_STUDY])
    found = propose(
        [record for record in records if not held[record.record_id]],
        [
            _study(row, documents, [each for each in records if row["study_id"] in held[each.record_id]])
            for row in study_rows
        ],
        links=[LinkFact(row["kind"], row["from_record_id"], row["to_record_id"], row["who"]) for row in links],
        products=study_tables.product_names(store),
    )
    if study_id is None:
        return found
    rows = tuple(row for row in found.rows if study_id in (row.study_id, row.other))
    return Proposed(rows, found.several, ())


def link(
    store: Store,
    project: Project,
    *,
    study_id: str,
    record: str,
    kind: str | None = None,
    new: NewStudy | None = None,
    move: bool = False,
    figures: bool = False,
    remove_study: bool = False,
) -> Change:
    """The change that makes *record* (id, PMID, DOI ...) a report of the study; nothing is written yet.

    A report that stands in a study.toml already needs no record. A new study whose label another one has gets the next
    free letter, and says so. Raises UsageProblem for an unknown record, and what `plan_link` raises.
    """
    facts = _facts(store, project, record)
    lettered_as = ""
    if new is not None:
        wanted = label_of(facts, new, study_id)
        labels = standing_labels(project)
        label = free_label(wanted, {each: name for each, name in labels.items() if each != study_id})
        if label != wanted:
            lettered_as = f"; it is called {label!r}, because {wanted!r} is taken"
        new = replace(new, label=label)
    change = plan_link(
        project, facts, study_id=study_id, kind=kind, new=new, move=move, figures=figures, remove_study=remove_study
    )
    return replace(change, words=change.words + lettered_as)


def unlink(store: Store, project: Project, *, study_id: str, report: str, remove_study: bool = False) -> Change:
    """The change that takes *report* (its id, or a record) out of the study; nothing is written yet.

    Raises what `plan_unlink` raises.
    """
    try:
        found = find_record(store, report)
    except UsageProblem:
        # a report may have no record: the figures of old reviews came without one
        facts = None
    else:
        facts = record_facts(store, records=[found])[0]
    return plan_unlink(project, report, study_id=study_id, record=facts, remove_study=remove_study)


def _facts(store: Store, project: Project, word: str) -> RecordFacts:
    """The record that *word* names, else the report of a study.toml."""
    try:
        found = find_record(store, word)
    except UsageProblem as problem:
        facts = named_report(project, word)
        if facts is not None:
            return facts
        if not problem.message.startswith("no record"):
            raise
        message = f"{problem.message}, and no study.toml has a report of that id"
        hint = "import it first: review import FILE --source NAME; or write its block [[reports]] into study.toml"
        raise UsageProblem(message, hint=hint) from None
    return record_facts(store, records=[found])[0]


def _study(row: dict[str, Any], documents: list[dict[str, Any]], records: list[Any]) -> StudyFacts:
    own = [each for each in documents if each["study_id"] == row["study_id"]]
    registered = [each["registry_id"] for each in own if each["registry_id"]]
    return StudyFacts(
        study_id=row["study_id"],
        label=row["label"],
        first_author=row["first_author"] or "",
        country=row["country"] or "",
        registry=tuple([*(row["registry_ids"] or ()), *registered]),
        n_randomised=row["n_randomised"],
        products=tuple(each for each in row["cell_source_ids"] or () if each),
        overlap_with=tuple(row["overlap_with"] or ()),
        kinds=tuple(each["kind"] for each in own),
        records=tuple(records),
    )
