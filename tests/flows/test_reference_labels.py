"""Labels of studies: study.toml wins, letters only where two are alike, the same on every run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.flows.reference_labels import free_label, lettered, report_labels
from review.search.written.bibtex import key_of


def test_a_label_that_nobody_shares_stays_as_it_is() -> None:
    labels, clashes = lettered({"lamo2016": "Lamo-Espinosa 2016a", "lamo2018": "Lamo-Espinosa 2018", "x": "AKEDA2022"})
    assert labels == {"lamo2016": "Lamo-Espinosa 2016a", "lamo2018": "Lamo-Espinosa 2018", "x": "AKEDA2022"}
    assert clashes == []


def test_two_alike_get_letters_by_their_ids_and_are_told() -> None:
    labels, (clash,) = lettered({"wu-b": "Wu 2017", "wu-a": "WU 2017", "z": "Battaglia", "y": "Battaglia 2011"})
    assert labels == {"wu-a": "WU 2017a", "wu-b": "Wu 2017b", "z": "Battaglia", "y": "Battaglia 2011"}
    assert clash.given == {"wu-a": "WU 2017a", "wu-b": "Wu 2017b"}


def test_names_that_differ_by_accents_alone_would_be_one_key() -> None:
    labels, _ = lettered({"a": "Müller 2016", "b": "Muller 2016"})
    assert labels == {"a": "Müller 2016a", "b": "Muller 2016b"}


def test_a_label_without_a_year_gets_its_letter_behind_a_blank() -> None:
    assert lettered({"a": "Battaglia", "b": "Battaglia"})[0] == {"a": "Battaglia a", "b": "Battaglia b"}


def test_a_letter_that_study_toml_gave_is_passed_over_and_no_other_moves() -> None:
    labels, _ = lettered({"one": "Wu 2017", "two": "Wu 2017", "three": "Wu 2017a"})
    assert labels == {"three": "Wu 2017a", "one": "Wu 2017c", "two": "Wu 2017b"}


def test_a_name_that_is_taken_elsewhere_gets_a_letter() -> None:
    assert lettered({"r1": "Wu 2017"}, taken=["Wu 2017", "Wu 2017a"])[0] == {"r1": "Wu 2017b"}


_IDS = st.text("abcdefgh0123", min_size=1, max_size=4)
_LABELS = st.sampled_from(["Wu 2017", "wu 2017", "Wu 2017a", "Wü 2017", "Lamo 2016", "张", "", "CARE", "care a"])


@given(st.dictionaries(_IDS, _LABELS, max_size=8), st.randoms())
def test_labels_are_unique_as_keys_and_do_not_depend_on_the_order(names: dict[str, str], random: object) -> None:
    labels, _ = lettered(names)
    assert set(labels) == set(names)
    folded = [key_of(label).lower() or label.strip().casefold() for label in labels.values()]
    assert len(set(folded)) == len(folded)
    turned = dict(reversed(list(names.items())))
    assert lettered(turned)[0] == labels


@given(st.dictionaries(_IDS, _LABELS, max_size=6), _IDS, st.sampled_from(["Diaz 2020", "Lamo 2016", "Wu 2017c"]))
def test_another_study_changes_no_label_but_of_those_that_are_called_like_it(
    names: dict[str, str], new: str, label: str
) -> None:
    before, _ = lettered({study: name for study, name in names.items() if study != new})
    after, _ = lettered({**names, new: label})
    for study, name in before.items():
        if key_of(names[study]).lower() != key_of(label).lower() and after[study] != name:
            # only where a letter that was given is now somebody's own label
            assert key_of(name).lower() == key_of(label).lower()


@pytest.mark.parametrize(
    ("names", "label"),
    [
        ({}, "Wu 2017"),
        ({"wu2017": "Wu 2017"}, "Wu 2017b"),
        ({"wu2017cts": "Wu 2017", "wu2017facet": "Wu 2017"}, "Wu 2017c"),
        ({"wu2017cts": "Wu 2017a", "wu2017facet": "WÜ 2017b"}, "Wu 2017"),
        ({"one": "Wu 2017", "two": "Wu 2017b"}, "Wu 2017c"),
    ],
)
def test_a_new_study_takes_the_next_free_letter(names: dict[str, str], label: str) -> None:
    assert free_label("Wu 2017", names) == label


@given(st.dictionaries(_IDS, _LABELS, max_size=8), _IDS, _LABELS)
def test_a_new_study_with_a_free_label_changes_no_label(names: dict[str, str], new: str, wanted: str) -> None:
    others = {study: name for study, name in names.items() if study != new}
    before, _ = lettered(others)
    after, _ = lettered({**others, new: free_label(wanted, others)})
    assert {study: after[study] for study in before} == before


@pytest.mark.parametrize(
    ("reports", "labels"),
    [
        ([("p", "primary")], {"p": "Wu 2017"}),
        ([("r", "registry"), ("p", "primary")], {"p": "Wu 2017", "r": "Wu 2017, registry"}),
        ([("f", "follow_up"), ("g", "follow_up")], {"f": "Wu 2017", "g": "Wu 2017, follow-up"}),
        (
            [("p", "primary"), ("f", "follow_up"), ("q", "primary"), ("g", "follow_up")],
            {"p": "Wu 2017", "f": "Wu 2017, follow-up", "q": "Wu 2017, report 2", "g": "Wu 2017, follow-up 2"},
        ),
        ([], {}),
    ],
)
def test_the_main_report_bears_the_label_and_the_others_what_they_are(
    reports: list[tuple[str, str]], labels: dict[str, str]
) -> None:
    assert report_labels("Wu 2017", reports) == labels


def test_a_report_behind_the_others_changes_none_of_their_labels() -> None:
    reports = [("p", "primary"), ("f", "follow_up"), ("r", "registry")]
    before = report_labels("Wu 2017", reports)
    after = report_labels("Wu 2017", [*reports, ("g", "follow_up")])
    assert {report: after[report] for report in before} == before
