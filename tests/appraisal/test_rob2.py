"""RoB 2 rules: every vector of answers there is, against counts that two other implementations agree on."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from review.appraisal import rob2
from review.appraisal.rob2 import Answer, Domain, Effect, Risk, UnansweredQuestion

# Sizes and splits of the six rules; the sum of admissible vectors is 148,786 of 200,950.
EXPECTED = {
    "D1": (rob2.D1, 125, 125, (18, 47, 60)),
    "D2 assignment": (rob2.D2_ASSIGNMENT, 162_000, 115_182, (28_512, 41_472, 45_198)),
    "D2 adherence": (rob2.D2_ADHERENCE, 32_400, 27_783, (4_698, 9_234, 13_851)),
    "D3": (rob2.D3, 900, 738, (648, 36, 54)),
    "D4": (rob2.D4, 5_400, 4_833, (648, 486, 3_699)),
    "D5": (rob2.D5, 125, 125, (8, 37, 80)),
}
STRICT = {
    "D2 assignment": (rob2.D2_ASSIGNMENT, 13_277, (92, 3_132, 10_053)),
    "D3": (rob2.D3, 110, (20, 36, 54)),
    "D4": (rob2.D4, 493, (48, 186, 259)),
}


def vectors(domain: Domain) -> list[dict[str, Answer]]:
    ids = [question.id for question in domain.questions]
    return [dict(zip(ids, row, strict=True)) for row in product(*(q.answers for q in domain.questions))]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_vector_of_a_domain_is_scored_or_rejected(name: str) -> None:
    domain, size, admissible, split = EXPECTED[name]
    found: Counter[Risk] = Counter()
    every = vectors(domain)
    for answers in every:
        try:
            found[rob2.propose(domain, answers).risk] += 1
        except UnansweredQuestion as problem:
            assert answers[problem.question] is Answer.NA
    assert len(every) == size
    assert found.total() == admissible
    assert (found[Risk.LOW], found[Risk.SOME], found[Risk.HIGH]) == split


def test_the_sums_of_the_exhaustive_test() -> None:
    assert sum(size for _, size, _, _ in EXPECTED.values()) == 200_950
    assert sum(admissible for _, _, admissible, _ in EXPECTED.values()) == 148_786


@pytest.mark.parametrize("name", STRICT)
def test_the_strict_form_where_unreached_questions_are_na(name: str) -> None:
    domain, size, split = STRICT[name]
    may_be_na = {q.id for q in domain.questions if Answer.NA in q.answers}
    found: Counter[Risk] = Counter()
    for answers in vectors(domain):
        try:
            proposal = rob2.propose(domain, answers)
        except UnansweredQuestion:
            continue
        unreached = may_be_na - set(proposal.reached)
        if all(answers[question] is Answer.NA for question in unreached):
            found[proposal.risk] += 1
    assert found.total() == size
    assert (found[Risk.LOW], found[Risk.SOME], found[Risk.HIGH]) == split


def test_overall_in_all_243_cases() -> None:
    cases = list(product(Risk, repeat=5))
    assert len(cases) == 243
    found = Counter(rob2.overall(case) for case in cases)
    assert found == {Risk.LOW: 1, Risk.SOME: 31, Risk.HIGH: 211}
    for case in cases:
        if Risk.HIGH in case:
            assert rob2.overall(case) is Risk.HIGH


def test_a_blank_at_a_reached_question_is_an_error_that_names_it() -> None:
    with pytest.raises(UnansweredQuestion, match=r"3\.2 is not answered") as caught:
        rob2.propose(rob2.D3, {"3.1": Answer.N})
    assert caught.value.question == "3.2"


def test_a_blank_where_the_rule_does_not_go_is_fine() -> None:
    assert rob2.propose(rob2.D3, {"3.1": Answer.Y}) == rob2.Proposal(Risk.LOW, ("3.1",), ())


def test_a_substantive_answer_that_is_not_read_is_kept_and_named() -> None:
    answers = {"3.1": Answer.PY, "3.2": Answer.NA, "3.4": Answer.N}
    assert rob2.propose(rob2.D3, answers).unread == ("3.4",)


def test_no_information_is_not_an_answer_to_3_2() -> None:
    with pytest.raises(UnansweredQuestion, match="cannot be answered NI"):
        rob2.propose(rob2.D3, {"3.1": Answer.N, "3.2": Answer.NI})


def test_a_question_of_another_domain_is_an_error() -> None:
    with pytest.raises(UnansweredQuestion, match="does not belong to D1"):
        rob2.propose(rob2.D1, {"2.1": Answer.Y})


def test_adherence_reads_na_as_not_applicable_but_not_a_blank() -> None:
    answers = {q: Answer.Y for q in ("2.1", "2.2")} | {q: Answer.NA for q in ("2.3", "2.4", "2.5")}
    assert rob2.propose(rob2.D2_ADHERENCE, answers).risk is Risk.LOW
    with pytest.raises(UnansweredQuestion, match=r"2\.4 is not answered"):
        rob2.propose(rob2.D2_ADHERENCE, {"2.1": Answer.Y, "2.2": Answer.Y, "2.3": Answer.NA})


def test_several_concerns_are_put_to_a_person() -> None:
    low, some, high = Risk
    assert rob2.must_weigh((some, some, low, low, low))
    assert not rob2.must_weigh((some, low, low, low, low))
    assert not rob2.must_weigh((some, some, high, low, low))


def test_the_effect_of_interest_chooses_the_second_domain() -> None:
    assert rob2.domains(Effect.ASSIGNMENT)[1] is rob2.D2_ASSIGNMENT
    assert rob2.domains(Effect.ADHERENCE)[1] is rob2.D2_ADHERENCE
