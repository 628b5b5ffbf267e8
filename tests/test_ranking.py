"""Fusing rankings: what both find, and find early, comes first."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from stackroom.ranking import fuse as fuse_exactly


def fuse(rankings: Sequence[Sequence[int]], after: int = 0) -> list[tuple[int, float]]:
    """The same, with scores that can be compared."""
    return [(thing, round(score, 9)) for thing, score in fuse_exactly(rankings, after)]


RANKINGS = st.lists(st.lists(st.integers(1, 30), unique=True, max_size=20), min_size=1, max_size=3)


def test_scores_are_reciprocal_ranks() -> None:
    assert fuse([[7, 5, 3], [5, 9]]) == [
        (5, round((61 / 62 + 1) / 2, 9)),
        (7, round((1 + 61 / 63) / 2, 9)),  # as if it came third in the second one
        (9, round((61 / 64 + 61 / 62) / 2, 9)),
        (3, round(61 / 63, 9)),
    ]
    assert fuse([[4], [4]]) == [(4, 1.0)]


def test_the_best_comes_first() -> None:
    assert [thing for thing, _ in fuse([[7, 5, 3], [5, 9]])] == [5, 7, 9, 3]
    assert [thing for thing, _ in fuse([[1, 2, 3], [1, 2, 3]])] == [1, 2, 3]
    assert [thing for thing, _ in fuse([[9, 8, 7]])] == [9, 8, 7]


def test_equal_ones_come_by_number() -> None:
    score = round(61 / 62 / 2 + 0.5, 9)
    assert fuse([[8, 2], [2, 8]]) == [(2, score), (8, score)]
    assert [thing for thing, _ in fuse([[8], [3], [5]])] == [3, 5, 8]


def test_what_two_find_early_beats_what_one_finds_first() -> None:
    assert fuse([[1, *range(10, 40)], [*range(50, 60), 12, *range(60, 80)]])[0][0] == 12


def test_to_be_missing_in_a_long_ranking_counts_more_than_in_a_short_one() -> None:
    short, long = fuse([[1, 2], [2]]), fuse([[1, 2], [2, *range(10, 70)]])
    assert dict(long)[1] < dict(short)[1]
    assert [thing for thing, _ in short] == [1, 2]
    assert long[0][0] == 2


def test_empty_rankings_count_as_rankings() -> None:
    assert fuse([[], []]) == []
    assert fuse([[4, 5], []]) == [(4, 1.0), (5, round((1 + 61 / 62) / 2, 9))]


def test_later_rounds_score_below_earlier_ones() -> None:
    assert fuse([[4], [4]], after=64) == [(4, round(61 / 125, 9))]
    first, second = fuse([list(range(1, 65)), []]), fuse([list(range(100, 164)), []], after=64)
    assert second[0][1] < first[-1][1]
    assert fuse([[4, 5], [6]], after=0) == fuse([[4, 5], [6]])


@given(RANKINGS, st.integers(0, 200))
def test_every_thing_is_there_once_with_a_score_up_to_one(rankings: list[list[int]], after: int) -> None:
    fused = fuse(rankings, after)
    things = [thing for thing, _ in fused]
    assert sorted(things) == sorted({thing for ranking in rankings for thing in ranking})
    assert fused == sorted(fused, key=lambda pair: (-pair[1], pair[0]))
    assert all(0 < score <= 1 + 1e-9 for _, score in fused)


@given(RANKINGS)
def test_a_thing_ahead_in_every_ranking_is_ahead(rankings: list[list[int]]) -> None:
    order = [thing for thing, _ in fuse(rankings)]
    shared = set(rankings[0]).intersection(*rankings)
    for one in shared:
        for other in shared:
            if all(ranking.index(one) < ranking.index(other) for ranking in rankings):
                assert order.index(one) < order.index(other)
