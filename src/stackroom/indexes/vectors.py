"""Finds the passages whose vectors are nearest to a query's. The only file that knows FAISS.

Up to EXACT_LIMIT vectors, a search compares all of them. Above that, it first compares 1-bit codes (RaBitQ,
which learns nothing but the mean), and then the vectors of the best candidates. That takes a quarter of the
time at 100,000 passages and a seventh at a million, and 99 of 100 of the ten nearest are the right ones
(docs/benchmarks.md).
"""

from collections.abc import Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.vector_codes import decode, encode, split_codes
from stackroom.indexes.best_first import best_first

EXACT_LIMIT = 50_000
"""Up to so many vectors, a search compares all of them, in at most 5 ms."""

# How many candidates' vectors are compared: at least so many, or one for so many passages if that is more.
_CANDIDATES = 600
_PASSAGES_PER_CANDIDATE = 1000

# When vectors are removed, those behind them move up, so many at once: bounds the memory for the copy.
_MOVED_AT_ONCE = 20_000


Ranges = Sequence[tuple[int, int]] | NDArray[np.int64]
"""Ranges of passage ids, pairs (first, last), both inclusive. As an array of shape (n, 2), thousands are
cheap.
"""


class VectorIndex:
    """The vectors of passages, to be searched for the nearest. Not thread-safe: one thread at a time may use
    it.
    """

    def __init__(self, dimensions: int, exact_limit: int = EXACT_LIMIT) -> None:
        self._dimensions = dimensions
        self._exact_limit = exact_limit
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._vectors: _Exact | _Rescored = _Exact(dimensions)

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
        _use_one_thread()
        added = np.asarray(ids, np.int64)
        if added[0] <= self.last or np.any(np.diff(added) <= 0):
            raise ValueError(f"Passage ids must ascend: {added[0]} after {self.last}.")
        self._ids = np.concatenate([self._ids, added])
        if len(self._ids) > self._exact_limit and isinstance(self._vectors, _Exact):
            grown = _Rescored(self._dimensions)
            grown.add(encode(self._vectors.all()))
            self._vectors = grown
        self._vectors.add(codes)

    def remove(self, ranges: Ranges) -> None:
        """Removes the passages in these ranges; ids that are not here are ignored.

        Goes through all vectors once, so thousands of ranges take as long as one.
        """
        removed = self._inside(ranges)
        if not removed.any():
            return
        self._vectors.remove(removed)
        self._ids = self._ids[~removed]

    def search(
        self,
        vector: NDArray[np.float32],
        k: int,
        *,
        within: Ranges | None = None,
        without: Ranges = (),
    ) -> list[tuple[int, float]]:
        """The passages nearest to a query.

        Args:
            vector: of the query; float32, shape (dimensions,), length 1.
            k: most passages to return.
            within: passages to look in; None means all.
            without: passages to leave out.

        Returns:
            Pairs (passage id, cosine similarity from -1 to 1), the most similar first, equal ones by id.
        """
        selector = None
        if within is not None or len(without):
            included = np.full(len(self._ids), True) if within is None else self._inside(within)
            if len(without):
                included &= ~self._inside(without)
            bits = np.packbits(included, bitorder="little")
            # `bits` and the selector are held by names: FAISS keeps pointers to both only.
            selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        k = min(k, len(self._ids))
        if k == 0:
            return []
        _use_one_thread()
        positions, similar = self._vectors.search(vector.reshape(1, -1), k, selector)
        return best_first(list(zip(self._ids[positions].tolist(), similar.tolist(), strict=True)))

    def _inside(self, ranges: Ranges) -> NDArray[np.bool_]:
        """For each position, whether its passage is in one of the ranges."""
        ends = np.asarray(ranges, np.int64).reshape(-1, 2)
        ends = ends[ends[:, 0] <= ends[:, 1]]
        # How many more ranges begin than end at a position: their sum up to it is how many it is in.
        places = len(self._ids) + 1
        steps = np.bincount(np.searchsorted(self._ids, ends[:, 0]), minlength=places)
        steps -= np.bincount(np.searchsorted(self._ids, ends[:, 1], side="right"), minlength=places)
        inside: NDArray[np.bool_] = np.cumsum(steps[:-1]) > 0
        return inside

    def similarities(self, vector: NDArray[np.float32], ids: Sequence[int]) -> dict[int, float]:
        """Passage id → cosine similarity to `vector`, for those of `ids` that are here; higher is nearer.

        Args:
            vector: of the query; float32, shape (dimensions,), length 1.
            ids: of passages; any.
        """
        wanted = np.array(sorted(ids), np.int64)
        positions = np.searchsorted(self._ids, wanted)
        here = positions < len(self._ids)
        here[here] = self._ids[positions[here]] == wanted[here]
        similar = self._vectors.similarities(vector, positions[here])
        return dict(zip(wanted[here].tolist(), similar.tolist(), strict=True))


def _use_one_thread() -> None:
    """Keeps FAISS to the calling thread.

    It does not split one query over threads, yet wakes its OpenMP threads for each and lets them spin: 15 of
    a search's 25 CPU-milliseconds. OpenMP keeps this setting for each thread apart, so it is made every time.
    """
    faiss.omp_set_num_threads(1)


def _remove_positions(index: Any, removed: NDArray[np.bool_]) -> None:
    bits = np.packbits(removed, bitorder="little")  # held by a name: FAISS keeps a pointer only
    index.remove_ids(faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits)))


class _Exact:
    """Vectors by position, as float16, whose steps are at most a quarter of those of the 8-bit codes."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._index = faiss.IndexScalarQuantizer(
            dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )

    def all(self) -> NDArray[np.float32]:
        """Shape (n, dimensions)."""
        vectors: NDArray[np.float32] = self._index.reconstruct_n(0, self._index.ntotal)
        return vectors

    def add(self, codes: Sequence[bytes]) -> None:
        self._index.add(decode(codes, self._dimensions))

    def remove(self, removed: NDArray[np.bool_]) -> None:
        _remove_positions(self._index, removed)

    def similarities(self, query: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        if not len(positions):
            return np.empty(0, np.float32)
        similar: NDArray[np.float32] = self._index.reconstruct_batch(positions) @ query
        return similar

    def search(
        self, query: NDArray[np.float32], k: int, selector: Any
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        parameters = None
        if selector is not None:
            parameters = faiss.SearchParameters()
            parameters.sel = selector
        scores, positions = self._index.search(query, k, params=parameters)
        found = positions[0] >= 0
        return positions[0][found], scores[0][found]


class _Rescored:
    """Vectors by position: 1-bit codes find candidates, which are then compared by the catalogue's codes."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._index = faiss.IndexRaBitQ(dimensions, faiss.METRIC_INNER_PRODUCT)
        # Both with room to grow in place: at a million vectors a copy would take another 400 MB.
        self._levels: NDArray[np.int8] = np.empty((0, dimensions), np.int8)
        self._steps: NDArray[np.float32] = np.empty(0, np.float32)

    def add(self, codes: Sequence[bytes]) -> None:
        vectors = decode(codes, self._dimensions)
        if not self._index.is_trained:
            self._index.train(vectors)
        start, stop = self._index.ntotal, self._index.ntotal + len(codes)
        if stop > len(self._levels):
            room = max(stop, len(self._levels) * 9 // 8)
            self._levels.resize((room, self._dimensions), refcheck=False)
            self._steps.resize(room, refcheck=False)
        self._levels[start:stop], self._steps[start:stop] = split_codes(codes, self._dimensions)
        self._index.add(vectors)

    def remove(self, removed: NDArray[np.bool_]) -> None:
        left = int(np.argmax(removed))  # what is before the first one stays where it is
        for start in range(left, len(removed), _MOVED_AT_ONCE):
            kept = start + np.flatnonzero(~removed[start : start + _MOVED_AT_ONCE])
            self._levels[left : left + len(kept)] = self._levels[kept]
            self._steps[left : left + len(kept)] = self._steps[kept]
            left += len(kept)
        _remove_positions(self._index, removed)

    def similarities(self, query: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        similar: NDArray[np.float32] = (self._levels[positions] @ query) * self._steps[positions]
        return similar

    def search(
        self, query: NDArray[np.float32], k: int, selector: Any
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        parameters = faiss.RaBitQSearchParameters()
        if selector is not None:
            parameters.sel = selector
        candidates = max(k, _CANDIDATES, self._index.ntotal // _PASSAGES_PER_CANDIDATE)
        _, positions = self._index.search(query, min(candidates, self._index.ntotal), params=parameters)
        found = positions[0][positions[0] >= 0]
        scores = self.similarities(query[0], found)
        best = np.argsort(-scores, kind="stable")[:k]
        return found[best], scores[best]
