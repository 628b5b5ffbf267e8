"""Finds the passages whose vectors are nearest to a query's. The only file that knows FAISS.

Up to EXACT_LIMIT vectors, a search compares all of them. Above that, they are divided into lists (see
`vector_lists`). A search then takes candidates from the lists nearest to the query, by 1-bit codes (RaBitQ)
of what a vector has beyond its list's centroid, and compares their 8-bit codes. At a million passages that
takes a seventh of the time that comparing all 1-bit codes takes, and finds more (docs/benchmarks.md).
"""

from collections.abc import Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.vector_codes import decode, encode, split_codes
from stackroom.indexes.best_first import best_first
from stackroom.indexes.inverted_lists import (
    ADDED_AT_ONCE,
    SAMPLE,
    Bits,
    InvertedLists,
    make_lists,
    select,
    use_one_thread,
)
from stackroom.indexes.nearest import Ranges
from stackroom.indexes.row_ranges import RowRanges, mask, rows_inside, rows_of
from stackroom.indexes.vector_lists import EXACT_LIMIT, KeptLists, Lists

# The first lists are made from fewer, because whoever adds vectors waits for them: .2 s.
_FIRST_SAMPLE = 8192

# One list in so many is looked into, but at least a few.
_LISTS_PER_PROBE = 12
_LEAST_PROBES = 24

# A search that finds nothing near looks into more lists, up to one in so many: into those whose centroid's
# product with the query is at most so many spreads (see `Lists`) below the tenth best of what was found.
_MOST_LISTS_PER_PROBE = 2
_SPREADS = 4
_TENTH = 10

# So many candidates' 8-bit codes are compared: at least so many, or one for so many passages if that is more.
_CANDIDATES = 1000
_PASSAGES_PER_CANDIDATE = 1000

# All lists are looked into if filters leave less than this share of the passages: what is near to the query
# may be just what they leave out, and the nearest of the others in any list.
_MOST_LEFT = 0.9

# Of so few passages that filters let through, all 8-bit codes are compared, in at most 3 ms: they may be in
# any lists.
_FEW = 10_000

# When vectors are removed, those behind them move up, so many at once: bounds the memory for the copy.
_MOVED_AT_ONCE = 20_000


class VectorIndex:
    """The vectors of passages, to be searched for the nearest. Not thread-safe: one thread at a time may use
    it.
    """

    def __init__(
        self, dimensions: int, exact_limit: int = EXACT_LIMIT, kept: KeptLists | None = None
    ) -> None:
        """An index without vectors.

        Args:
            dimensions: of the vectors.
            exact_limit: up to so many, a search compares all of them.
            kept: the lists of vectors that will be added, so that these need not be compared with centroids.
        """
        self._dimensions = dimensions
        self._exact_limit = exact_limit
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._vectors: _Exact | _Listed = _Listed(kept.lists, kept) if kept else _Exact(dimensions)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def last(self) -> int:
        """The greatest passage id in the index; -1 if it is empty."""
        return int(self._ids[-1]) if len(self._ids) else -1

    def add(self, ids: Sequence[int], codes: Sequence[bytes]) -> None:
        """Adds passages.

        Args:
            ids: of the passages, ascending, and greater than all that are here.
            codes: aligned with `ids`; see `stackroom.catalog.vector_codes`.

        Raises:
            ValueError: the ids do not ascend.
        """
        if not ids:
            return
        use_one_thread()
        added = np.asarray(ids, np.int64)
        if added[0] <= self.last or np.any(np.diff(added) <= 0):
            raise ValueError(f"Passage ids must ascend: {added[0]} after {self.last}.")
        self._ids = np.concatenate([self._ids, added])
        self._vectors.add(added, codes)
        if len(self._ids) > self._exact_limit and isinstance(self._vectors, _Exact):
            vectors = self._vectors.all()
            sample = vectors[:: -(-len(vectors) // _FIRST_SAMPLE)]
            listed = _Listed(make_lists(sample, len(sample)))
            listed.add(self._ids, encode(vectors))
            self._vectors = listed

    def remove(self, ranges: Ranges) -> None:
        """Removes the passages in these ranges; ids that are not here are ignored.

        Goes through all vectors once, so thousands of ranges take as long as one.
        """
        removed = mask(self._rows(ranges), len(self._ids))
        if not removed.any():
            return
        self._vectors.remove(removed, self._ids)
        self._ids = self._ids[~removed]

    def search(
        self,
        vector: NDArray[np.float32],
        k: int,
        *,
        within: Ranges | None = None,
        without: Ranges = (),
    ) -> list[tuple[int, float]]:
        """The passages nearest to a query: see `NearestPassages`."""
        inside = None if within is None else self._rows(within)
        outside = self._rows(without)
        k = min(k, len(self._ids))
        if k == 0:
            return []
        use_one_thread()
        rows, similar = self._vectors.search(vector, k, self._ids, inside, outside)
        return best_first(list(zip(self._ids[rows].tolist(), similar.tolist(), strict=True)))

    def similarities(self, vector: NDArray[np.float32], ids: Sequence[int]) -> dict[int, float]:
        """Passage id → cosine similarity to `vector`: see `NearestPassages`."""
        wanted = np.array(sorted(ids), np.int64)
        rows = np.searchsorted(self._ids, wanted)
        here = rows < len(self._ids)
        here[here] = self._ids[rows[here]] == wanted[here]
        similar = self._vectors.similarities(vector, rows[here])
        return dict(zip(wanted[here].tolist(), similar.tolist(), strict=True))

    @property
    def outgrown(self) -> bool:
        """Whether there are so many more vectors than their lists were made for that new ones are due."""
        return isinstance(self._vectors, _Listed) and self._vectors.lists.outgrown_by(len(self))

    def sample(self) -> NDArray[np.float32]:
        """Vectors to make lists from, shape (n, dimensions), from all over the index; call if `outgrown`."""
        assert isinstance(self._vectors, _Listed)  # noqa: S101
        return self._vectors.vectors(np.arange(0, len(self), -(-len(self) // SAMPLE)))

    def move_to(self, lists: Lists, most: int = ADDED_AT_ONCE) -> bool:
        """Puts the next vectors into new lists, which are searched as soon as all vectors are in them.

        To be called again with the same lists until then. The index may be used and changed in between.

        Args:
            lists: made by `make_lists`.
            most: vectors to move in this call.

        Returns:
            Whether all are there.
        """
        assert isinstance(self._vectors, _Listed)  # noqa: S101
        use_one_thread()
        return self._vectors.move_to(lists, self._ids, most)

    def _rows(self, ranges: Ranges) -> RowRanges:
        return rows_inside(self._ids, np.asarray(ranges, np.int64).reshape(-1, 2))


class _Exact:
    """Vectors by row, as float16, whose steps are at most a quarter of those of the 8-bit codes."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._index = faiss.IndexScalarQuantizer(
            dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )

    def all(self) -> NDArray[np.float32]:
        """Shape (n, dimensions)."""
        vectors: NDArray[np.float32] = self._index.reconstruct_n(0, self._index.ntotal)
        return vectors

    def add(self, ids: NDArray[np.int64], codes: Sequence[bytes]) -> None:
        self._index.add(decode(codes, self._dimensions))

    def remove(self, removed: NDArray[np.bool_], ids: NDArray[np.int64]) -> None:
        gone = Bits(removed)
        self._index.remove_ids(gone.selector)

    def similarities(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if not len(rows):
            return np.empty(0, np.float32)
        similar: NDArray[np.float32] = self._index.reconstruct_batch(rows) @ query
        return similar

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        ids: NDArray[np.int64],
        inside: RowRanges | None,
        outside: RowRanges,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        parameters = None
        chosen = select(inside, outside, len(ids))
        if chosen:
            parameters = faiss.SearchParameters()
            parameters.sel = chosen.selector
        scores, rows = self._index.search(query.reshape(1, -1), k, params=parameters)
        found = rows[0] >= 0
        return rows[0][found], scores[0][found]


class _Listed:
    """Vectors by row, as the catalogue's codes; lists of 1-bit codes find the candidates among them."""

    def __init__(self, lists: Lists, kept: KeptLists | None = None) -> None:
        self._lists = InvertedLists(lists, kept)
        self._next: InvertedLists | None = None
        # Both with room for what will be added, and to grow in place: at a million vectors a copy would take
        # another 400 MB. Room that was never written takes no memory; what `resize` adds does.
        room = len(kept.ids) if kept else 0
        self._levels: NDArray[np.int8] = np.empty((room, lists.centroids.shape[1]), np.int8)
        self._steps: NDArray[np.float32] = np.empty(room, np.float32)
        self._count = 0
        self._runs = _Runs(np.empty(0, np.int64))

    @property
    def lists(self) -> Lists:
        return self._lists.lists

    def add(self, ids: NDArray[np.int64], codes: Sequence[bytes]) -> None:
        start, stop = self._count, self._count + len(codes)
        dimensions = self._levels.shape[1]
        if stop > len(self._levels):
            room = max(stop, len(self._levels) * 9 // 8)
            self._levels.resize((room, dimensions), refcheck=False)
            self._steps.resize(room, refcheck=False)
        self._levels[start:stop], self._steps[start:stop] = split_codes(codes, dimensions)
        self._count = stop
        self._lists.add(ids, self._levels[start:stop], self._steps[start:stop])

    def remove(self, removed: NDArray[np.bool_], ids: NDArray[np.int64]) -> None:
        left = int(np.argmax(removed))  # what is before the first one stays where it is
        for start in range(left, len(removed), _MOVED_AT_ONCE):
            kept = start + np.flatnonzero(~removed[start : start + _MOVED_AT_ONCE])
            self._levels[left : left + len(kept)] = self._levels[kept]
            self._steps[left : left + len(kept)] = self._steps[kept]
            left += len(kept)
        self._count = left
        marked = np.zeros(ids[-1] + 1, np.bool_)
        marked[ids[removed]] = True
        gone = Bits(marked)
        for lists in filter(None, (self._lists, self._next)):
            lists.remove(gone)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Shape (n, dimensions), aligned with `rows`."""
        return self._levels.take(rows, axis=0) * self._steps[rows, None]

    def similarities(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        # Half the time of a product that converts the levels by itself.
        levels = self._levels.take(rows, axis=0).astype(np.float32)
        similar: NDArray[np.float32] = (levels @ query) * self._steps[rows]
        return similar

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        ids: NDArray[np.int64],
        inside: RowRanges | None,
        outside: RowRanges,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        left = len(ids) if inside is None else int(np.diff(inside).sum())
        if inside is not None and left <= _FEW:
            return self._best(query, rows_of(inside, outside), k)
        left -= int(np.diff(outside).sum())
        wanted = min(max(k, _CANDIDATES, len(ids) // _PASSAGES_PER_CANDIDATE), len(ids))
        chosen = select(_id_ranges(inside, ids), _id_ranges(outside, ids), int(ids[-1]) + 1)
        count = len(self.lists.centroids)
        if self._runs.ids is not ids:
            self._runs = _Runs(ids)
        probes, more = 0, max(_LEAST_PROBES, count * wanted // (_CANDIDATES * _LISTS_PER_PROBE))
        if left < _MOST_LEFT * len(ids):
            more = count
        while probes < min(more, count):
            probes = min(more, count)
            found = self._lists.search(query, wanted, probes, chosen)
            found.sort()
            rows, scores = self._best(query, self._runs.rows(found), k)
            more = count if len(found) < wanted else self._promising(query, scores)
        return rows, scores

    def _best(
        self, query: NDArray[np.float32], rows: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Of rows, ascending, the k nearest, the nearest first, with their similarities."""
        scores = self.similarities(query, rows)
        best = np.argsort(-scores, kind="stable")[:k]
        return rows[best], scores[best]

    def _promising(self, query: NDArray[np.float32], scores: NDArray[np.float32]) -> int:
        """How many lists may have something as near as the best of these scores, which descend."""
        least = scores[:_TENTH][-1] - _SPREADS * self.lists.spread
        promising = np.count_nonzero(self.lists.centroids @ query > least)
        return min(int(promising), len(self.lists.centroids) // _MOST_LISTS_PER_PROBE)

    def move_to(self, lists: Lists, ids: NDArray[np.int64], most: int) -> bool:
        if self._next is None or self._next.lists is not lists:
            self._next = InvertedLists(lists)
        start = int(np.searchsorted(ids, self._next.last, side="right"))
        some = slice(start, min(start + most, len(ids)))
        if start < len(ids):  # if not, all vectors that were left to move have been removed meanwhile
            self._next.add(ids[some], self._levels[some], self._steps[some])
        if some.stop < len(ids):
            return False
        self._lists, self._next = self._next, None
        return True


class _Runs:
    """Finds the rows of ids by where runs of ids without gaps begin.

    Among all ids of a million, to look for 1,000 takes a quarter of a search.
    """

    def __init__(self, ids: NDArray[np.int64]) -> None:
        self.ids = ids
        begins = np.flatnonzero(np.diff(ids, prepend=-2) != 1)
        self._firsts = ids[begins]
        self._before = self._firsts - begins  # how much greater than its row an id is

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        return ids - self._before[np.searchsorted(self._firsts, ids, side="right") - 1]


def _id_ranges(rows: RowRanges | None, ids: NDArray[np.int64]) -> Any:
    """The same ranges in numbers that FAISS knows: ids, from a start to before a stop."""
    if rows is None or not len(rows):
        return rows
    return np.stack([ids[rows[:, 0]], ids[rows[:, 1] - 1] + 1], axis=1)
