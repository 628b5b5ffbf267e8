"""Nearest passages: both tiers find what comparing everything finds, whatever was added and removed."""

from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stackroom.catalog.vector_codes import decode, encode
from stackroom.indexes.inverted_lists import make_lists
from stackroom.indexes.vector_lists import KeptLists
from stackroom.indexes.vectors import VectorIndex

ALWAYS_EXACT = 10**9
DIMENSIONS = 384

# How far codes may be from the vectors, and sums in float16 from those in float32.
_NEAR = 0.005


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def clustered() -> NDArray[np.float32]:
    """20,000 vectors like a model's of passages: topics in topics, and all of them somewhat alike."""
    chance = np.random.default_rng(1)
    common = chance.standard_normal(DIMENSIONS)
    topics = chance.standard_normal((100, DIMENSIONS))
    documents = topics[chance.integers(0, 100, 1000)] + 0.8 * chance.standard_normal((1000, DIMENSIONS))
    passages = documents[chance.integers(0, 1000, 20_000)] + chance.standard_normal((20_000, DIMENSIONS))
    return unit(0.5 * common + passages)


@pytest.fixture(scope="module")
def asked(clustered: NDArray[np.float32]) -> NDArray[np.float32]:
    """200 vectors near some of those."""
    chance = np.random.default_rng(2)
    near = clustered[chance.integers(0, len(clustered), 200)]
    return unit(near + 0.7 * unit(chance.standard_normal((200, DIMENSIONS))))


def filled(vectors: NDArray[np.float32], exact_limit: int, step: int = 3000) -> VectorIndex:
    """An index of `vectors` with the ids 0, 2, 4 …, added in pieces."""
    index = VectorIndex(vectors.shape[1], exact_limit)
    codes = encode(vectors)
    for start in range(0, len(codes), step):
        piece = codes[start : start + step]
        index.add(range(2 * start, 2 * (start + len(piece)), 2), piece)
    return index


@pytest.mark.parametrize("exact_limit", [ALWAYS_EXACT, 10_000, 2000])
def test_the_ten_nearest_are_found(
    clustered: NDArray[np.float32], asked: NDArray[np.float32], exact_limit: int
) -> None:
    index = filled(clustered, exact_limit)
    products = asked @ clustered.T
    nearest = np.argsort(-products, axis=1)[:, :10]
    right = 0
    for row, query in enumerate(asked):
        hits = index.search(query, 10)
        assert hits == sorted(hits, key=lambda pair: (-pair[1], pair[0]))
        for passage, score in hits:
            assert score == pytest.approx(float(products[row, passage // 2]), abs=_NEAR)
        right += len({passage // 2 for passage, _ in hits} & set(nearest[row].tolist()))
    assert right / (10 * len(asked)) >= 0.98


@pytest.mark.parametrize("exact_limit", [ALWAYS_EXACT, 2000])
def test_so_are_they_among_a_tenth_after_all_others_were_excluded_or_removed(
    clustered: NDArray[np.float32], asked: NDArray[np.float32], exact_limit: int
) -> None:
    excluding, removing = filled(clustered, exact_limit), filled(clustered, exact_limit)
    left = np.arange(20_000)
    ranges = []
    for start in range(0, 20_000, 500):  # 450 of each 500 rows
        ranges.append((2 * start, 2 * (start + 450) - 1))
        left = left[(left < start) | (left >= start + 450)]
    removing.remove(ranges)
    assert len(removing) == len(left) == 2000
    nearest = left[np.argsort(-(asked @ clustered[left].T), axis=1)[:, :10]]
    for index, excluded in ((excluding, ranges), (removing, [])):
        found = [
            {passage // 2 for passage, _ in index.search(query, 10, without=excluded)} for query in asked
        ]
        assert all(len(passages) == 10 for passages in found)
        right = sum(len(passages & set(row.tolist())) for passages, row in zip(found, nearest, strict=True))
        assert right / (10 * len(asked)) >= 0.98


def test_growing_over_the_limit_keeps_everything(clustered: NDArray[np.float32]) -> None:
    vectors = clustered[:3000]
    index = VectorIndex(DIMENSIONS, exact_limit=1000)
    codes = encode(vectors)
    for start in range(0, 3000, 250):
        index.add(range(start, start + 250), codes[start : start + 250])
        assert len(index) == start + 250
        assert index.last == start + 249
        index.add([], [])
    everything = index.search(vectors[0], 3000)
    assert sorted(passage for passage, _ in everything) == list(range(3000))
    for row in range(0, 3000, 97):
        ((passage, score),) = index.search(vectors[row], 1)
        assert passage == row
        assert score == pytest.approx(1, abs=_NEAR)


def test_growing_after_removals_keeps_what_is_left(clustered: NDArray[np.float32]) -> None:
    index = VectorIndex(DIMENSIONS, exact_limit=1000)
    codes = encode(clustered[:2500])
    index.add(range(900), codes[:900])
    index.remove([(100, 299)])
    index.add(range(900, 2000), codes[900:2000])
    index.remove([(0, 49)])
    index.remove([(1990, 5000)])
    assert index.last == 1989
    index.add(range(2000, 2500), codes[2000:])
    left = [*range(50, 100), *range(300, 1990), *range(2000, 2500)]
    assert len(index) == len(left)
    assert sorted(passage for passage, _ in index.search(clustered[60], 5000)) == left
    for row in left[::101]:
        assert index.search(clustered[row], 1)[0][0] == row


class Plain:
    """What an index should do, as simply as can be: a dict of vectors."""

    def __init__(self) -> None:
        self.vectors: dict[int, NDArray[np.float32]] = {}

    def search(
        self, vector: NDArray[np.float32], k: int, excluded: list[tuple[int, int]]
    ) -> list[tuple[int, float]]:
        pairs = [
            (passage, float(known @ vector))
            for passage, known in self.vectors.items()
            if not any(first <= passage <= last for first, last in excluded)
        ]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:k]


ID = st.integers(0, 150)
RANGE = st.tuples(ID, st.integers(-1, 60)).map(lambda pair: (pair[0], pair[0] + pair[1]))
OPERATION = st.one_of(
    st.tuples(st.just("add"), st.lists(st.integers(1, 4), min_size=0, max_size=25)),  # distances of ids
    st.tuples(st.just("remove"), st.lists(RANGE, max_size=4)),
    st.tuples(st.just("search"), st.integers(0, 200), st.lists(RANGE, max_size=4)),
    st.tuples(st.just("move"), st.integers(1, 40)),
)


@pytest.mark.parametrize("exact_limit", [ALWAYS_EXACT, 20, 0])
@given(st.lists(OPERATION, max_size=25), st.integers(0, 1000))
def test_it_is_the_same_as_a_dict_of_vectors(
    exact_limit: int, operations: list[tuple[Any, ...]], seed: int
) -> None:
    dimensions = 24
    chance = np.random.default_rng(seed)
    index, plain = VectorIndex(dimensions, exact_limit), Plain()
    lists = None
    at_last: list[tuple[Any, ...]] = [("search", 1000, []), ("search", 3, [])]
    for kind, *arguments in operations + at_last:
        if kind == "add":
            ids = [index.last + total for total in accumulate(arguments[0])]
            codes = encode(unit(chance.standard_normal((len(ids), dimensions)))) if ids else []
            index.add(ids, codes)
            plain.vectors.update(zip(ids, decode(codes, dimensions), strict=True))
        elif kind == "remove":
            (ranges,) = arguments
            index.remove(ranges)
            plain.vectors = {
                at: known
                for at, known in plain.vectors.items()
                if not any(first <= at <= last for first, last in ranges)
            }
        elif kind == "move":
            if lists is None and index.outgrown:
                lists = make_lists(index.sample(), len(index))
            if lists is not None and len(index) and index.move_to(lists, *arguments):
                lists = None
        else:
            k, excluded = arguments
            query = unit(chance.standard_normal(dimensions))
            found, expected = index.search(query, k, without=excluded), plain.search(query, k, excluded)
            assert len(found) == len(expected)
            assert len({passage for passage, _ in found}) == len(found)
            for (passage, score), (_, expected_score) in zip(found, expected, strict=True):
                # Neighbours whose scores are nearly the same may change places.
                assert score == pytest.approx(expected_score, abs=_NEAR)
                assert score == pytest.approx(float(plain.vectors[passage] @ query), abs=_NEAR)
                assert not any(first <= passage <= last for first, last in excluded)
            assert all(one[1] >= other[1] for one, other in pairwise(found))
        assert len(index) == len(plain.vectors)
        assert index.last == max(plain.vectors, default=-1)


@pytest.mark.parametrize("exact_limit", [ALWAYS_EXACT, 0])
def test_equal_vectors_come_by_id(exact_limit: int) -> None:
    index = VectorIndex(8, exact_limit)
    code = encode(unit(np.ones((1, 8))))[0]
    index.add(range(10, 40), [code] * 30)
    hits = index.search(unit(np.ones(8)), 30)
    assert [passage for passage, _ in hits] == list(range(10, 40))
    assert hits[0][1] == pytest.approx(1, abs=3e-3)


@pytest.mark.parametrize("exact_limit", [ALWAYS_EXACT, 0])
def test_ids_must_ascend(exact_limit: int) -> None:
    index = VectorIndex(4, exact_limit)
    codes = encode(unit(np.random.default_rng(0).standard_normal((3, 4))))
    index.add([3, 5, 6], codes)
    for ids in ([6, 7, 8], [1, 2, 4], [7, 7, 8], [9, 8, 10], [8, 10, 9]):
        with pytest.raises(ValueError, match="ascend"):
            index.add(ids, codes)
        assert len(index) == 3
        assert index.last == 6
        assert sorted(passage for passage, _ in index.search(decode(codes, 4)[0], 10)) == [3, 5, 6]
    index.remove([(6, 6)])
    index.add([6], codes[:1])  # nothing greater is left
    assert index.last == 6


@pytest.mark.parametrize("exact_limit", [ALWAYS_EXACT, 0])
def test_an_empty_index_finds_nothing(exact_limit: int) -> None:
    index = VectorIndex(4, exact_limit)
    query = unit(np.ones(4))
    assert index.search(query, 10) == []
    assert index.search(query, 10, without=[(0, 5)]) == []
    index.remove([(0, 100)])
    index.add([1], encode(query.reshape(1, -1)))
    index.remove([(0, 100)])
    assert (len(index), index.last) == (0, -1)
    assert index.search(query, 10) == []
    index.add([0, 1], encode(np.stack([query, -query])))
    assert [passage for passage, _ in index.search(query, 10)] == [0, 1]
    assert index.search(query, 10, without=[(0, 1)]) == []
    assert index.search(query, 0) == []


@pytest.mark.parametrize("exact_limit", [ALWAYS_EXACT, 0])
def test_only_what_is_within_is_found(exact_limit: int) -> None:
    index = VectorIndex(4, exact_limit)
    chance = np.random.default_rng(0)
    vectors = chance.standard_normal((40, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.add(list(range(1, 41)), encode(vectors))
    query = vectors[7]

    def found(**limits: list[tuple[int, int]]) -> list[int]:
        return [passage for passage, _ in index.search(query, 40, **limits)]

    assert sorted(found(within=[(5, 9), (20, 20), (99, 120)])) == [5, 6, 7, 8, 9, 20]
    assert found(within=[(5, 9)])[0] == 8
    assert sorted(found(within=[(5, 9)], without=[(6, 8)])) == [5, 9]
    assert found(within=[]) == []
    similar = index.similarities(query, [8, 3, 99])
    assert set(similar) == {3, 8}
    assert similar[8] == pytest.approx(1, abs=0.02)
    assert similar == pytest.approx({id_: score for id_, score in index.search(query, 40) if id_ in (3, 8)})


def test_filters_find_the_nearest_wherever_they_are(
    clustered: NDArray[np.float32], asked: NDArray[np.float32]
) -> None:
    index = filled(clustered, exact_limit=2000)
    right = 0
    for row, query in enumerate(asked[:25]):
        # What is nearest to something else, most of it far from the query.
        left = np.sort(np.argsort(-(clustered @ clustered[700 * row]))[:11_000])
        others = np.setdiff1d(np.arange(20_000), left)
        within, without = (np.stack([2 * rows, 2 * rows], axis=1) for rows in (left, others))
        nearest = left[np.argsort(-(clustered[left] @ query))[:10]]
        found = {passage // 2 for passage, _ in index.search(query, 10, within=within)}
        assert found == {passage // 2 for passage, _ in index.search(query, 10, without=without)}
        right += len(found & set(nearest.tolist()))
        best = index.search(query, 10, within=within[:500])[0]
        assert best[1] == pytest.approx(float((clustered[left[:500]] @ query).max()), abs=_NEAR)
    assert right / 250 >= 0.98


def test_more_than_the_candidates_are_found_if_they_are_asked_for(clustered: NDArray[np.float32]) -> None:
    index = filled(clustered[:6000], exact_limit=1000)
    for k in (900, 2500, 6000):
        assert len(index.search(clustered[0], k)) == k


def test_kept_lists_are_used_and_what_they_lack_is_added(clustered: NDArray[np.float32]) -> None:
    codes = encode(clustered[:3000])
    lists = make_lists(decode(codes, DIMENSIONS), 3000)
    known = np.arange(0, 4000, 2)  # of some that are not here, too; not of the last ones
    numbers = lists.numbers([codes[at % 3000] for at in range(2000)])
    kept = KeptLists(lists, known, numbers, 1, "model", 1)
    index, plain = VectorIndex(DIMENSIONS, 0, kept), filled(clustered[:3000], ALWAYS_EXACT)
    for start in range(0, 3000, 700):
        index.add(
            range(2 * start, 2 * start + 2 * len(codes[start : start + 700]), 2), codes[start : start + 700]
        )
    assert not index.outgrown
    for query in clustered[:3000:60]:
        expected = [passage for passage, _ in plain.search(query, 5)]
        assert len({passage for passage, _ in index.search(query, 5)} & set(expected)) >= 4
    index.remove([(0, 5999)])
    assert index.search(clustered[0], 10) == []


def test_kept_lists_may_know_none_of_the_vectors(clustered: NDArray[np.float32]) -> None:
    """As when all documents were read again since, and have new passages."""
    lists = make_lists(clustered[:3000], 3000)
    known = np.concatenate([np.arange(3000), [10_000]])
    kept = KeptLists(lists, known, np.zeros(len(known), np.uint16), 1, "model", 1)
    index = VectorIndex(DIMENSIONS, 1000, kept)
    codes = encode(clustered[:3000])
    for start in (0, 1500):
        index.add(range(3000 + start, 4500 + start), codes[start : start + 1500])
    assert index.search(clustered[20], 1)[0][0] == 3020


@pytest.mark.parametrize("first", [0, 1000])
def test_all_that_is_left_to_move_may_be_removed_meanwhile(
    clustered: NDArray[np.float32], first: int
) -> None:
    index = filled(clustered[:3000], exact_limit=1000)
    lists = make_lists(index.sample(), len(index))
    assert not index.move_to(lists, 1000)
    index.remove([(first, 6000)])
    assert index.move_to(lists, 1000)
    index.add([6001], encode(clustered[3000:3001]))
    assert index.search(clustered[3000], 1)[0][0] == 6001
    assert len(index.search(clustered[0], 3000)) == len(index) == first // 2 + 1


def test_new_lists_are_made_while_the_index_is_used(clustered: NDArray[np.float32]) -> None:
    index = filled(clustered[:3000], exact_limit=1000)
    codes = encode(clustered[3000:9000])
    index.add(range(6000, 18_000, 2), codes)
    assert index.outgrown
    lists = make_lists(index.sample(), len(index))
    steps = 0
    while not index.move_to(lists, 1000):
        steps += 1
        index.remove([(100 * steps, 100 * steps + 9)])
        index.add([20_000 + steps], [codes[steps]])
        assert index.search(clustered[0], 1)[0][0] == 0
    assert steps == 9
    assert not index.outgrown
    assert len(index) == 9000 - 9 * 5 + 9
    assert len(index.search(clustered[0], 9000)) == len(index)
    assert index.search(clustered[10], 1)[0][0] == 20
    for gone in (50, 52, 450):
        assert index.search(clustered[gone], 1)[0][0] != 2 * gone
