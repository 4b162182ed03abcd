"""From the files of extracted/ to pooled cells: load, judge, compute, pool; what is unchanged changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from review.appraisal import judgements
from review.appraisal.judgements import Loaded
from review.database import Store
from review.extraction.load import LoadReport, load
from review.project import Project
from review.synthesis.rebuild import SynthesisReport, rebuild


@dataclass(frozen=True)
class Built:
    """What each step did."""

    extraction: LoadReport
    appraisal: Loaded
    synthesis: SynthesisReport


def build(store: Store, project: Project) -> Built:
    """Load extracted/, then compute every effect size and pool. Raises what its steps raise; each step is atomic."""
    loaded = load(store, project)
    judged = judgements.load(store, project)
    return Built(loaded, judged, rebuild(store, project))
