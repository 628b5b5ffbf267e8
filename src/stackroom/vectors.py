"""Nearest passages; the only file that knows FAISS.

A vector is kept as little-endian float16, which is exactly FAISS's fp16 scalar-quantiser code: the bytes in
the catalogue are the bytes that are searched. fp16 changes the ten best of real queries in 4 of 10,000
places against fp32, at half the size.
"""

from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

# FAISS does not split one query over threads, and under load its OpenMP threads make searching 8 times
# slower. The setting is for the whole process, so it is made where FAISS enters.
faiss.omp_set_num_threads(1)

BYTES_PER_DIMENSION = 2


def encode(vectors: NDArray[np.float32]) -> list[bytes]:
    """The codes of `vectors`, shape (n, dimensions): n byte strings of 2 * dimensions, aligned."""
    return [row.tobytes() for row in vectors.astype("<f2")]


class VectorIndex:
    """Exact search over the vectors of passages. Not thread-safe: its owner takes turns."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._index = faiss.IndexScalarQuantizer(
            dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: Sequence[int], codes: Sequence[bytes]) -> None:
        """Adds passages `ids`, ascending and greater than all before, with their aligned codes."""
        if not ids:
            return
        added = np.asarray(ids, np.int64)
        last = self._ids[-1] if len(self._ids) else -1
        if added[0] <= last or np.any(np.diff(added) <= 0):
            raise ValueError(f"Passage ids must ascend: {added[0]} after {last}.")
        block = np.frombuffer(b"".join(codes), np.uint8)
        self._index.add_sa_codes(block.reshape(len(added), self._dimensions * BYTES_PER_DIMENSION))
        self._ids = np.concatenate([self._ids, added])

    def remove(self, first: int, last: int) -> None:
        """Removes the passages with ids from `first` to `last`, both inclusive; absent ones are ignored."""
        start, stop = np.searchsorted(self._ids, [first, last + 1])
        if start == stop:
            return
        self._index.remove_ids(faiss.IDSelectorRange(int(start), int(stop)))
        self._ids = np.delete(self._ids, slice(start, stop))

    def search(
        self, vector: NDArray[np.float32], k: int, excluded: Sequence[tuple[int, int]] = ()
    ) -> list[tuple[int, float]]:
        """The passages nearest to `vector`, shape (dimensions,), length 1.

        Args:
            vector: of the query.
            k: most passages to return.
            excluded: ranges of passage ids, both ends inclusive, to leave out.

        Returns:
            Pairs (passage id, cosine similarity), the most similar first, equal ones by id.
        """
        parameters = None
        if excluded:
            included = np.ones(len(self._ids), bool)
            for first, last in excluded:
                start, stop = np.searchsorted(self._ids, [first, last + 1])
                included[start:stop] = False
            bits = np.packbits(included, bitorder="little")
            # Held by a name: FAISS keeps pointers to both only.
            selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
            parameters = faiss.SearchParameters()
            parameters.sel = selector
        k = min(k, len(self._ids))
        if k == 0:
            return []
        scores, positions = self._index.search(vector.reshape(1, -1), k, params=parameters)
        found = positions[0] >= 0
        pairs = zip(self._ids[positions[0][found]].tolist(), scores[0][found].tolist(), strict=True)
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
