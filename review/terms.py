"""The controlled words of the field: one word per thing, in code, tables, views and documents."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Where a screening decision is taken. `final` is an imported label whose stage its source does not tell."""

    TITLE_ABSTRACT = "title_abstract"
    FULL_TEXT = "full_text"
    FINAL = "final"


class Verdict(StrEnum):
    """What a reviewer says of a record; `withdrawn` takes the decision back."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    UNSURE = "unsure"
    WITHDRAWN = "withdrawn"


class AdjudicatedVerdict(StrEnum):
    """What the adjudicator says; `reopened` gives the record back to the reviewers."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    REOPENED = "reopened"


class ReportEventKind(StrEnum):
    """What happened to a report that was sought; `withdrawn` takes the newest of these back."""

    SOUGHT = "sought"
    ORDERED = "ordered"
    RETRIEVED = "retrieved"
    NOT_RETRIEVED = "not_retrieved"
    AUTHORS_ASKED = "authors_asked"
    TRANSLATION_WANTED = "translation_wanted"
    TRANSLATED = "translated"
    AWAITING_CLASSIFICATION = "awaiting_classification"
    ONGOING = "ongoing"
    CLASSIFIED = "classified"
    WITHDRAWN = "withdrawn"


class ReportTrack(StrEnum):
    """What is told of a report side by side: where it is, who was written to, and whether it can be classified."""

    RETRIEVAL = "retrieval"
    CORRESPONDENCE = "correspondence"
    CLASSIFICATION = "classification"


class DuplicateEventKind(StrEnum):
    """Deeds on pairs of source records."""

    MERGE = "merge"
    SPLIT = "split"
    LOCK = "lock"
    UNLOCK = "unlock"
    UNDO = "undo"


class LinkKind(StrEnum):
    """Typed links between records that are not duplicates."""

    ERRATUM_OF = "erratum_of"
    RETRACTION_OF = "retraction_of"
    REPLY_TO = "reply_to"
    PREPRINT_OF = "preprint_of"
    ABSTRACT_OF = "abstract_of"
    REPRINT_OF = "reprint_of"
    TRANSLATION_OF = "translation_of"
    PART_OF = "part_of"
    PROTOCOL_OF = "protocol_of"
    REGISTRY_OF = "registry_of"
    COMPANION_OF = "companion_of"


class NoticeKind(StrEnum):
    """What PubMed says of a publication after it appeared; `deletion` is a PMID that was withdrawn."""

    RETRACTION = "retraction"
    PARTIAL_RETRACTION = "partial_retraction"
    EXPRESSION_OF_CONCERN = "expression_of_concern"
    ERRATUM = "erratum"
    REPUBLICATION = "republication"
    UPDATE = "update"
    DELETION = "deletion"


class SourceKind(StrEnum):
    """Where records come from, in the words of PRISMA 2020."""

    DATABASE = "database"
    REGISTER = "register"
    WEBSITE = "website"
    ORGANISATION = "organisation"
    CITATION_SEARCH = "citation_search"
    HAND_SEARCH = "hand_search"
    OTHER_METHOD = "other_method"


class Role(StrEnum):
    """What a person of the review team may do."""

    OWNER = "owner"
    REVIEWER = "reviewer"
    ADJUDICATOR = "adjudicator"
    ANALYST = "analyst"


class Design(StrEnum):
    """How a study assigned its participants."""

    RCT_PARALLEL = "rct_parallel"
    RCT_CROSSOVER = "rct_crossover"
    RCT_CLUSTER = "rct_cluster"
    RCT_WITHIN_PERSON = "rct_within_person"
    NRSI_CONTROLLED = "nrsi_controlled"
    SINGLE_ARM = "single_arm"
    CASE_SERIES = "case_series"
    UNCLEAR = "unclear"

    @property
    def randomised(self) -> bool:
        """Whether chance assigned the participants."""
        return self.value.startswith("rct_")


class Unit(StrEnum):
    """What was counted: participants, or joints of participants."""

    PATIENT = "patient"
    KNEE = "knee"
    HIP = "hip"
    SHOULDER = "shoulder"
    DISC = "disc"
    TENDON = "tendon"
    WRIST = "wrist"
    OTHER = "other"


class ReportKind(StrEnum):
    """What a report is to its study."""

    PRIMARY = "primary"
    FOLLOW_UP = "follow_up"
    PROTOCOL = "protocol"
    REGISTRY = "registry"
    ABSTRACT = "abstract"
    PREPRINT = "preprint"
    ERRATUM = "erratum"
    RETRACTION = "retraction"
    OTHER = "other"


class ArmRole(StrEnum):
    """What an arm is in the comparison."""

    INTERVENTION = "intervention"
    COMPARATOR = "comparator"
    EXTENSION = "extension"
    CROSSOVER = "crossover"


class ComparatorType(StrEnum):
    """What a comparator arm received; the protocol's comparator classes are made of these."""

    SALINE = "saline"
    SHAM = "sham"
    HYALURONIC_ACID = "hyaluronic_acid"
    CORTICOSTEROID = "corticosteroid"
    LOCAL_ANAESTHETIC = "local_anaesthetic"
    USUAL_CARE = "usual_care"
    EXERCISE = "exercise"
    SURGERY = "surgery"
    SHOCK_WAVE = "shock_wave"
    DRY_NEEDLING = "dry_needling"
    AUTOLOGOUS_BLOOD = "autologous_blood"
    PRP = "prp"
    OTHER_CELL = "other_cell"
    NO_TREATMENT = "no_treatment"
    OTHER = "other"


class Level(StrEnum):
    """Primary: the trial's own article, abstract or registry record. Secondary: a review's table, news."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class Measure(StrEnum):
    """What a continuous figure measures."""

    BASELINE = "baseline"
    FINAL = "final"
    CHANGE = "change"
    PERCENT_CHANGE = "percent_change"


class CenterKind(StrEnum):
    """The kind of the central figure."""

    MEAN = "mean"
    MEDIAN = "median"
    LSMEAN = "lsmean"


class SpreadKind(StrEnum):
    """The kind of the spread beside it."""

    SD = "sd"
    SE = "se"
    CI95 = "ci95"
    IQR_BOUNDS = "iqr_bounds"
    IQR_WIDTH = "iqr_width"
    RANGE = "range"
    NONE = "none"


class ContrastKind(StrEnum):
    """The kind of a printed contrast between two arms."""

    MD = "MD"
    SMD = "SMD"
    OR = "OR"
    RR = "RR"
    RD = "RD"
    HR = "HR"


class EffectMeasure(StrEnum):
    """The effect sizes that the program computes."""

    MD = "MD"
    SMD = "SMD"
    RR = "RR"
    RD = "RD"


class Subset(StrEnum):
    """Which figures a pool uses."""

    ALL = "all"
    PRIMARY = "primary"
    NOT_RETRACTED = "not_retracted"


class GapState(StrEnum):
    """What is known of one condition and cell source."""

    NO_TRIAL = "no trial"
    NO_OUTCOME = "trial without this outcome"
    FIGURES = "figures"
    POOLED = "pooled"


NOT_EXTRACTED = ""
NOT_REPORTED = "NR"
NOT_APPLICABLE = "NA"
