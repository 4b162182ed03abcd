"""Which views somebody who screens blind may read, and with what left out; a view on neither list is closed."""

from __future__ import annotations

# what somebody who screens blind may read; of all other views, and of every table, there is nothing in their copy.
# record_field says no more than record and source_record do; duplicates_removed counts merges, never decisions
_OPEN = (
    "arm", "cell_source", "certainty", "condition", "data_dictionary", "document_name", "duplicates_removed",
    "effect_size", "evidence_by_cell_source", "evidence_by_condition", "evidence_table", "gap_map", "import_receipt",
    "instrument", "merge_deed", "merge_ever_made", "notice", "outcome", "pooled_effect", "protocol",
    "publication_notice", "recall_check", "record", "record_field", "record_link", "record_member", "remark",
    "result", "reviewer", "risk_of_bias", "search_history", "source", "source_record", "study", "study_cell_source",
    "study_notice", "study_report", "synthesis_state",
)  # fmt: skip
CLOSED = frozenset(
    {
        "agreement", "assignment", "blind_decision", "calibration_agreement", "calibration_record",
        "calibration_round", "citation_link", "conflict", "current_decision", "current_label",
        "decisions_by_criteria", "owed", "prisma_check", "prisma_flow", "report", "report_event",
        "screening_progress", "screening_state",
    }
)  # fmt: skip
# the question of a citation search is the list of its seeds, and what PubMed withheld is linked to them
_IN_PART = {
    "search_history": """
        select * replace (
          case when source_kind = 'citation_search' then null else query end as query,
          case when source_kind = 'citation_search' then null else missing_pmids end as missing_pmids)
        from v1.search_history"""
}
OPEN = {name: _IN_PART.get(name, f"select * from v1.{name}") for name in _OPEN}
