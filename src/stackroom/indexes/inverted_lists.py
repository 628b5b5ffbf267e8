"""Lists of 1-bit codes of vectors, by FAISS: they find the passages that may be nearest to a query.

A code (RaBitQ) has a bit for each number of a vector: whether it is more than that of its list's centroid.
"""

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from stackroom.indexes.row_ranges import RowRanges, mask
from stackroom.indexes.vector_lists import KeptLists, Lists

# With half as many lists, .03 less of what other libraries are asked is found at a million.
_MOST_LISTS = 1024
_SAMPLED_PER_LIST = 64
_ITERATIONS = 10
_SEED = 1
SAMPLE = _MOST_LISTS * _SAMPLED_PER_LIST
"""Lists are best made from so many vectors."""

ADDED_AT_ONCE = 10_000
"""Vectors that are compared with all centroids at once: bounds the memory, and the time of a step."""

# Of the query's numbers, while it is compared with codes; FAISS rounds them to 8 bits in any case.
_QUERY_BITS = 8


def make_lists(sample: NDArray[np.float32], count: int) -> Lists:
    """Divides the space of vectors by k-means: 2 CPU-seconds for SAMPLE vectors, in one thread.

    Args:
        sample: vectors from all over a library, shape (n, dimensions), each of length 1; at least one.
        count: how many vectors the library has.
    """
    use_one_thread()
    kmeans: Any = faiss.Kmeans(
        sample.shape[1],
        min(_MOST_LISTS, -(-len(sample) // _SAMPLED_PER_LIST)),
        niter=_ITERATIONS,
        seed=_SEED,
        min_points_per_centroid=1,
        max_points_per_centroid=len(sample),
    )
    kmeans.train(np.ascontiguousarray(sample))
    spread = float(np.sqrt(kmeans.obj[-1] / sample.size))
    return Lists(kmeans.centroids.astype(np.float16).astype(np.float32), count, spread)


def use_one_thread() -> None:
    """Keeps FAISS to the calling thread.

    It does not split one query over threads, yet wakes its OpenMP threads for each and lets them spin: 15 of
    a search's 25 CPU-milliseconds. OpenMP keeps this setting for each thread apart, so it is made every time.
    """
    faiss.omp_set_num_threads(1)


class Bits:
    """A selector of numbers for FAISS, which keeps pointers to it and to its bits only: keep this object."""

    def __init__(self, chosen: NDArray[np.bool_]) -> None:
        self._bits = np.packbits(chosen, bitorder="little")
        self.selector = faiss.IDSelectorBitmap(len(self._bits), faiss.swig_ptr(self._bits))


def select(inside: RowRanges | None, outside: RowRanges, size: int) -> Bits | None:
    """Selects the rows that are in `inside`, where None means all, and not in `outside`; None for all."""
    if inside is None and not len(outside):
        return None
    left = ~mask(outside, size)
    return Bits(left if inside is None else left & mask(inside, size))


class InvertedLists:
    """Ids of passages in lists, with a bit for each number of a vector."""

    def __init__(self, lists: Lists, kept: KeptLists | None = None) -> None:
        self.lists = lists
        self.last = -1  # the greatest id that was added
        self._kept = kept
        self._quantizers: dict[int, Any] = {}  # see `_add_kept`; by list
        count, dimensions = lists.centroids.shape
        # By distance, not by direction: that finds .02 more of what other libraries are asked.
        self._centroids = faiss.IndexFlatL2(dimensions)
        self._centroids.add(lists.centroids)
        self._index = faiss.IndexIVFRaBitQFastScan(
            self._centroids, dimensions, count, faiss.METRIC_INNER_PRODUCT
        )
        self._index.train(lists.centroids)
        self._index.implem = 10  # list after list: a fifth less time than what FAISS chooses for one query

    def add(self, ids: NDArray[np.int64], levels: NDArray[np.int8], steps: NDArray[np.float32]) -> None:
        self.last = int(ids[-1])
        new = np.full(len(ids), True)
        if self._kept:
            new = self._add_kept(self._kept, ids, levels, steps)
        rows = np.flatnonzero(new)
        for start in range(0, len(rows), ADDED_AT_ONCE):
            some = rows[start : start + ADDED_AT_ONCE]
            self._index.add_with_ids(levels[some] * steps[some, None], ids[some])

    def _add_kept(
        self, kept: KeptLists, ids: NDArray[np.int64], levels: NDArray[np.int8], steps: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Adds those whose lists are known; returns which are not."""
        places = np.searchsorted(kept.ids, ids).clip(max=len(kept.ids) - 1)
        known = np.flatnonzero(kept.ids[places] == ids)
        numbers = kept.numbers[places[known]]
        order = known[np.argsort(numbers, kind="stable")]
        used, counts = np.unique(numbers, return_counts=True)
        # FAISS asks its quantizer for the list of a vector: one that knows a single list has it at once.
        # To make them anew for each block would leave holes of 39 MB in the heap at a million vectors.
        for number, rows in zip(used.tolist(), np.split(order, np.cumsum(counts))[:-1], strict=True):
            if number not in self._quantizers:
                alone = faiss.IndexIDMap2(faiss.IndexFlatL2(levels.shape[1]))
                alone.add_with_ids(self.lists.centroids[number : number + 1], np.array([number]))
                self._quantizers[number] = alone
            self._index.quantizer = self._quantizers[number]
            self._index.add_with_ids(levels[rows] * steps[rows, None], ids[rows])
        self._index.quantizer = self._centroids
        unknown = np.full(len(ids), True)
        unknown[known] = False
        if self.last >= kept.ids[-1]:
            self._kept = None
            self._quantizers.clear()
        return unknown

    def remove(self, gone: Bits) -> None:
        self._index.remove_ids(gone.selector)

    def search(
        self, query: NDArray[np.float32], k: int, probes: int, chosen: Bits | None
    ) -> NDArray[np.int64]:
        """Up to k ids from so many lists, the likely nearest first."""
        parameters = faiss.IVFRaBitQSearchParameters()
        parameters.nprobe = probes
        parameters.qb = _QUERY_BITS
        if chosen:
            parameters.sel = chosen.selector
        ids: NDArray[np.int64] = self._index.search(query.reshape(1, -1), k, params=parameters)[1][0]
        return ids[ids >= 0]
