"""A small review with one simulated trial in extracted/, to break on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.project import Project, load_project

TOML = """\
title = "A tiny review"
question = "In people with knee pain, does the test injection help more than saline?"
simulated = true

[[reviewers]]
id = "ana"
name = "Ana Test"
role = "owner"

[criteria]
version = "1"
inclusion = ["People with knee pain."]

[[criteria.reason]]
code = "population"
label = "Not people with knee pain"

[screening]
reviewers_per_record = 1

[[synthesis.window]]
id = "all"
label = "any time"
over = 0.2

[[synthesis.comparator]]
id = "placebo"
label = "placebo"
types = ["saline"]

[[synthesis.outcome]]
outcome = "pain"
measure = "MD"
scale = [0, 100]
hierarchy = ["vas_pain"]

[synthesis]
tau2 = "REML"
"""
CONTINUOUS = (
    "arm_id,outcome,instrument,scale_min,scale_max,better,time_value,time_unit,month,measure,analysis,n,center,"
    "center_kind,spread_lo,spread_hi,spread_kind,adjusted_for,imputed,digitised,as_printed,n_as_printed,n_source_id,"
    "source_id,remark"
)
FILES = {
    "_vocabulary/condition.csv": "condition_id,parent_id,label,synonyms,umbrella\nknee_oa,,Knee osteoarthritis,,no\n",
    "_vocabulary/cell_source.csv": (
        "cell_source_id,parent_id,label,synonyms,umbrella,axis\nprp,,Platelet-rich plasma,,no,no\n"
        "autologous,,Donor: the patient,,no,yes\n"
    ),
    "_vocabulary/outcome.csv": (
        "outcome_id,label,domain,better\npain,Pain,pain,lower\nadverse_events,Adverse events,harms,lower\n"
        "responder_share,Responders,pain,higher\n"
    ),
    "_vocabulary/instrument.csv": (
        "instrument,outcome_id,family,scale_min,scale_max,scale_basis,better\nVAS,pain,vas_pain,0,100,inferred,lower\n"
        "any AE,adverse_events,any_ae,,,,lower\nVAS >=50 %,responder_share,pain_50_percent,,,,higher\n"
    ),
    "_vocabulary/mid.csv": "instrument_family,scale_min,scale_max,mid,kind,population,source\n",
    "test2020/study.toml": (
        'study_id = "test2020"\nlabel = "Test 2020 (SIMULATED)"\ndesign = "rct_parallel"\ncondition = "knee_oa"\n'
        'cell_source = "prp"\nunit = "patient"\nn_randomised = 40\nextraction = "simulated"\n\n'
        '[[reports]]\nid = "DOI:10.1234/test.1"\nkind = "primary"\ndoi = "10.1234/test.1"\n\n'
        '[[arms]]\nid = "prp"\nrole = "intervention"\nlabel = "PRP"\n\n'
        '[[arms]]\nid = "sal"\nrole = "comparator"\nlabel = "saline"\n'
    ),
    "test2020/sources.csv": (
        "source_id,report_id,kind,level,locator,url,canonical_url,title,method,read_on\n"
        "T2,DOI:10.1234/test.1,article table,primary,Table 2,https://example.org/t2,,Table 2,table,2026-01-02\n"
    ),
    "test2020/r1/arms.csv": (
        "arm_id,cell_source,donor,processing,dose_as_printed,comparator_type,co_intervention,n_randomised,combines,"
        "as_printed,source_id\n"
        "prp,prp,autologous,platelet_product,,NA,,20,,PRP | n | n = 20,T2\n"
        "sal,NA,NA,NA,,saline,,20,,saline | n | n = 20,T2\n"
    ),
    "test2020/r1/continuous.csv": (
        f"{CONTINUOUS}\n"
        'prp,pain,VAS,0,100,lower,6,months,6,final,itt,20,30.5,mean,12.25,,sd,,,,"VAS, 6 months | PRP | 30.5 ± 12.25",'
        "n | PRP | n = 20,T2,T2,\n"
        'sal,pain,VAS,0,100,lower,6,months,6,final,itt,20,41,mean,13,,sd,,,,"VAS, 6 months | saline | 41.0 (13)",'
        "n | saline | n = 20,T2,T2,\n"
    ),
    "test2020/r1/adverse_events.csv": (
        "arm_id,outcome,term_text,serious,related,time_value,time_unit,month,events,n,pct_printed,ascertainment,"
        "as_printed,n_as_printed,n_source_id,source_id,remark\n"
        'prp,adverse_events,any AE,NR,NR,6,months,6,3,20,15,,"any AE, 6 months | PRP | three (15 %)",'
        "n | PRP | n = 20,T2,T2,\n"
    ),
}


class Desk:
    """The review's files, and pens to change them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "review.toml").write_text(TOML, "utf-8")
        for name, text in FILES.items():
            self.write(name, text)

    @property
    def project(self) -> Project:
        return load_project(self.root)

    def write(self, name: str, text: str) -> None:
        path = self.root / "extracted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / "extracted" / name).read_text("utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new, 1))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """One simulated trial in extracted/."""
    return Desk(tmp_path)
