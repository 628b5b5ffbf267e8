"""Nearest passages; the only file that knows FAISS.

Up to some ten thousand vectors each search compares them all. Above, it first compares 1-bit codes (RaBitQ,
which needs no training but the mean), and then the candidates' own vectors: a quarter of the time at 100,000
passages, a seventh at a million, for the same ten nearest in 99 of 100 places (docs/benchmarks.md).
"""

from collections.abc import Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from stackroom.codes import decode, encode, split_codes

EXACT_LIMIT = 50_000
"""Most vectors that are all compared; at this number that takes 5 ms."""

# Candidates whose own vectors are compared: at least, and one for every so many passages.
_CANDIDATES = 600
_PASSAGES_PER_CANDIDATE = 1000


class VectorIndex:
    """The nearest of the vectors of passages. Not thread-safe: its owner takes turns."""

    def __init__(self, dimensions: int, exact_limit: int = EXACT_LIMIT) -> None:
        self._dimensions = dimensions
        self._exact_limit = exact_limit
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._vectors: _Exact | _Rescored = _Exact(dimensions)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def last(self) -> int:
        """The greatest id of a passage here; -1 if there is none."""
        return int(self._ids[-1]) if len(self._ids) else -1

    def add(self, ids: Sequence[int], codes: Sequence[bytes]) -> None:
        """Adds passages `ids`, ascending and greater than all before, with their aligned codes."""
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

    def remove(self, first: int, last: int) -> None:
        """Removes the passages with ids from `first` to `last`, both inclusive; absent ones are ignored."""
        start, stop = (int(at) for at in np.searchsorted(self._ids, [first, last + 1]))
        if start == stop:
            return
        self._vectors.remove(start, stop)
        self._ids = np.delete(self._ids, slice(start, stop))

    def search(
        self,
        vector: NDArray[np.float32],
        k: int,
        *,
        within: Sequence[tuple[int, int]] | None = None,
        without: Sequence[tuple[int, int]] = (),
    ) -> list[tuple[int, float]]:
        """The passages nearest to `vector`, shape (dimensions,), length 1.

        Args:
            vector: of the query.
            k: most passages to return.
            within: ranges of passage ids, both ends inclusive, to look in; None means all.
            without: ranges to leave out.

        Returns:
            Pairs (passage id, cosine similarity), the most similar first, equal ones by id.
        """
        selector = None
        if within is not None or without:
            included = np.full(len(self._ids), within is None)
            for ranges, value in ((within or (), True), (without, False)):
                for first, last in ranges:
                    start, stop = np.searchsorted(self._ids, [first, last + 1])
                    included[start:stop] = value
            bits = np.packbits(included, bitorder="little")
            # `bits` and the selector are held by names: FAISS keeps pointers to both only.
            selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        k = min(k, len(self._ids))
        if k == 0:
            return []
        _use_one_thread()
        positions, similar = self._vectors.search(vector.reshape(1, -1), k, selector)
        pairs = zip(self._ids[positions].tolist(), similar.tolist(), strict=True)
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def similarities(self, vector: NDArray[np.float32], ids: Sequence[int]) -> dict[int, float]:
        """The cosine similarity to `vector` of each of these passages that is here."""
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


class _Exact:
    """Vectors by position, as float16: four times finer than the steps of 8 bits at their largest."""

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

    def remove(self, start: int, stop: int) -> None:
        self._index.remove_ids(faiss.IDSelectorRange(start, stop))

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
    """Vectors by position: 1-bit codes to find candidates, and the catalogue's codes to compare these."""

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

    def remove(self, start: int, stop: int) -> None:
        left = self._index.ntotal - (stop - start)
        self._levels[start:left] = self._levels[stop : self._index.ntotal]
        self._steps[start:left] = self._steps[stop : self._index.ntotal]
        self._index.remove_ids(faiss.IDSelectorRange(start, stop))

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
