"""The best entries of one part of an index of words. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackroom.indexes.clauses import Clause, HasPart, HasTerm, RequiredWord
from stackroom.indexes.postgres.lists import ListsOfPart
from stackroom.indexes.postgres.postings import PART, PART_BITS, PARTS, unpack
from stackroom.indexes.postgres.scoring import Scored, Scores, union
from stackroom.indexes.row_ranges import mask


@dataclass(frozen=True, slots=True)
class Asked:
    """What the entries of one kind are asked.

    Attributes:
        field: of the terms.
        clauses: of the query.
        words: that entries must have.
        weights: of the terms of clauses.
        shares: see `scoring.shares`.
    """

    field: int
    clauses: Sequence[Clause]
    words: Sequence[RequiredWord]
    weights: Mapping[str, float]
    shares: NDArray[np.float32]


class Allowed:
    """Which passages may be found."""

    def __init__(self, within: NDArray[np.int64] | None, without: Sequence[NDArray[np.int64]]) -> None:
        """Ranges of ids that do not overlap: shape (n, 2), both ends inclusive; None for all."""
        self._within = within
        self._without = [ranges for ranges in without if len(ranges)]

    def in_part(self, part: int) -> NDArray[np.bool_] | None:
        """For each offset of a part whether it may be found; None if all may."""
        allowed = None if self._within is None else _inside(self._within, part)
        for ranges in self._without:
            outside = _inside(ranges, part)
            allowed = ~outside if allowed is None else allowed & ~outside
        return allowed


def best_of_part(
    scores: Scores,
    part: int,
    lists: ListsOfPart,
    asked: Asked,
    allowed: Allowed,
    only: NDArray[np.int64] | None,
    k: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The best entries of a part.

    Args:
        scores: to add them up in; it is empty before and afterwards.
        part: its number.
        lists: of all terms and parts of words that are asked for.
        asked: the query.
        allowed: which entries may be found.
        only: ids of the entries to look at, ascending; None for all.
        k: the most entries to give, at least 1.

    Returns:
        Up to k entries, the best first, equal ones by id: their ids, and their scores.
    """
    base = part << PART_BITS
    try:
        for clause in asked.clauses:
            _add(scores, clause, lists, asked)
        may = allowed.in_part(part)
        for word in asked.words:
            has = _has_word(word, lists, asked.field)
            may = has if may is None else may & has
        if only is None:
            offsets, some = scores.best(k, may)
            return offsets + base, some
        low, high = np.searchsorted(only, [base, base + PART])
        offsets = only[low:high] - base
        some = scores.take(offsets)
        found = np.flatnonzero(some if may is None else some * may[offsets])
        found = found[np.lexsort((offsets[found], -some[found]))][:k]
        return offsets[found] + base, some[found]
    finally:
        scores.clear()


def _add(scores: Scores, clause: Clause, lists: ListsOfPart, asked: Asked) -> None:
    ways: list[list[Scored]] = []
    for way in clause.ways:
        if isinstance(way, HasPart):
            ways += [
                [(unpack(packed, coded=False)[0], way.score) for packed in lists.get((PARTS, part), ())]
                for part in way.parts
            ]
        else:
            times = np.float32(way.boost * asked.weights[way.text])
            ways.append(
                [_scored(packed, asked.shares, times) for packed in lists.get((asked.field, way.text), ())]
            )
    filled = [way for way in ways if way]
    if len(filled) == 1:
        scores.add(filled[0])
    else:
        scores.add_best([scored for way in filled for scored in way])


def _scored(packed: bytes, shares: NDArray[np.float32], times: np.float32) -> Scored:
    offsets, codes = unpack(packed, coded=True)
    scores = shares.take(codes, mode="clip")  # no code is outside; not to check takes half the time
    scores *= times
    return offsets, scores


def _has_word(word: RequiredWord, lists: ListsOfPart, field: int) -> NDArray[np.bool_]:
    """For each offset of a part whether its entry has a word."""
    has = []
    for clause in word.terms:
        terms = [way.text for way in clause.ways if isinstance(way, HasTerm)]
        having = [unpack(packed, coded=True)[0] for term in terms for packed in lists.get((field, term), ())]
        has.append(union(having, PART))
    *others, whole = has
    if not others:
        return whole
    together = np.logical_and.reduce(others)
    return np.asarray(whole | together if word.either else whole & together)


def _inside(ranges: NDArray[np.int64], part: int) -> NDArray[np.bool_]:
    rows = np.stack([ranges[:, 0], ranges[:, 1] + 1], axis=1) - (part << PART_BITS)
    rows = rows[np.argsort(rows[:, 0], kind="stable")].clip(0, PART)
    return mask(rows[rows[:, 0] < rows[:, 1]], PART)
