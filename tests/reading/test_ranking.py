"""The formula: each kind of evidence counts, and none is needed."""

import itertools

import pytest

from stackroom.reading.finding import ranking
from stackroom.reading.finding.ranking import DOCUMENT, NAME, PAGE, WORDS, Evidence, similarity
from stackroom.reading.finding.strength import STRONG, WEAK, certainty, strength

WHOLE = 1 + WORDS + PAGE + DOCUMENT + NAME


def fuse(
    meaning: float, words: float, document: float, known: float, name: float = 0.0, page: float = 0.0
) -> float:
    return ranking.fuse(meaning, words, page, document, name, known)


def by_meaning(meaning: float, *about: float) -> float:
    return ranking.fuse(meaning, 0.0, 0.0, 0.0, 0.0, *about)


def test_the_formula() -> None:
    assert fuse(0.5, 0.25, 0.125, 1.0) == pytest.approx((0.5 + WORDS * 0.25 + DOCUMENT * 0.125) / WHOLE)
    assert fuse(1.0, 1.0, 1.0, 1.0, name=1.0, page=1.0) == 1
    assert fuse(0.0, 0.0, 0.0, 1.0) == 0


def test_what_a_model_finds_between_unrelated_texts_counts_as_nothing() -> None:
    for meaning, similar in ((0.75, 0.0), (0.9, 0.6), (0.7, -0.2)):  # unrelated, related, even less
        assert by_meaning(meaning, 1.0, 0.75) * WHOLE == pytest.approx(similar, abs=1e-8)
        # For a model of which nothing is measured, they are the same numbers as without.
        assert by_meaning(meaning, 1.0, 0.0) == by_meaning(meaning, 1.0)


def test_similarity_is_what_the_formula_counts() -> None:
    for known, unrelated in ((1.0, 0.0), (0.5, 0.0), (1.0, 0.75), (0.5, 0.75)):
        for meaning in (-0.2, 0.0, 0.75, 1.0):
            counted = by_meaning(meaning, known, unrelated) * WHOLE
            assert counted == pytest.approx(similarity(meaning, known, unrelated), abs=1e-8)
    assert similarity(0.75, 1.0, 0.75) == similarity(0.9, 0.0, 0.75) == 0
    assert similarity(1.0, 1.0, 0.75) == 1


def evidence(meaning: float | None, page: float, document: float) -> Evidence:
    return Evidence(meaning, 1, page, 1, page, document, 0.0, 0.0)


def test_more_evidence_makes_a_result_surer() -> None:
    poor, good, better = evidence(0.1, 0.1, 0.1), evidence(0.6, 0.7, 0.5), evidence(0.9, 1.0, 0.9)
    assert certainty(poor, 1.0, 0.0) < WEAK < certainty(good, 1.0, 0.0) < STRONG < certainty(better, 1.0, 0.0)
    assert [strength(one, 1.0, 0.0, is_first=True) for one in (poor, good, better)] == [
        "weak",
        "possible",
        "strong",
    ]
    assert strength(better, 1.0, 0.0, is_first=False) == "possible"
    # A model that finds any two texts similar says little with the same number.
    assert certainty(good, 1.0, 0.75) < certainty(good, 1.0, 0.0)


def test_without_vectors_words_alone_make_a_result_sure() -> None:
    assert strength(evidence(None, 1.0, 0.9), 0.0, 0.0, is_first=True) == "strong"
    assert strength(evidence(None, 0.2, 0.1), 0.0, 0.0, is_first=True) == "weak"


def test_more_evidence_is_never_worse() -> None:
    steps = (0.0, 0.3, 0.9)
    for meaning, words, document, known in itertools.product(steps, steps, steps, (0.0, 0.5, 1.0)):
        score = fuse(meaning, words, document, known)
        assert fuse(meaning + 0.1, words, document, known) >= score
        assert fuse(meaning, words + 0.1, document, known) > score
        assert fuse(meaning, words, document + 0.1, known) > score
        assert fuse(meaning, words, document, known, name=0.1) > score
        assert fuse(meaning, words, document, known, page=0.1) > score


def test_of_a_query_that_the_model_does_not_know_words_decide() -> None:
    assert fuse(0.9, 0.1, 0.0, known=1.0) > fuse(0.2, 0.5, 0.0, known=1.0)
    assert fuse(0.9, 0.1, 0.0, known=0.3) < fuse(0.2, 0.5, 0.0, known=0.3)


def test_a_vector_that_points_away_is_as_none() -> None:
    assert fuse(-0.4, 0.5, 0.0, 1.0) == fuse(0.0, 0.5, 0.0, 1.0)


def test_equal_sums_are_equal_scores() -> None:
    assert fuse(0.1 + 0.2, 0.0, 0.0, 1.0) == fuse(0.3, 0.0, 0.0, 1.0)
