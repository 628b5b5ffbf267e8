"""Finds the nearest passages in a store: pgvector compares the vectors of the table `nearest`.

Of few passages all are compared. Of many, pgvector's graph (HNSW) gives the nearest one after the other,
and the query's filters are applied to each as it comes, until there are enough. The indexer's
`passages.postgres_nearest` fills the table and has the graph made.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.entries import Model
from stackroom.catalog.text_blocks import Rows
from stackroom.common.postgres.binary import bigint_ranges, bigints, half_vector
from stackroom.indexes.best_first import best_first
from stackroom.indexes.nearest import Ranges
from stackroom.indexes.row_ranges import RowRanges, joined, rows_of

# The graph keeps so many of the best it has seen while it looks for better ones: more in a larger one, or it
# would miss some of the nearest (docs/benchmarks.md). With fewer than are asked for, it would begin anew for
# the others; pgvector allows no more than 1,000.
_SEEN, _SEEN_OF, _SEEN_GROWS = 200, 100_000, 0.5
_LEAST_SEEN, _MOST_SEEN = 200, 1000

# A question that nothing is near to is the hardest for a graph. If the tenth nearest is not so many standard
# deviations more similar to it than passages are that have nothing to do with each other, it is asked once
# more, and sees so many times as many.
_NEAR, _TENTH, _TIMES = 2.5, 10, 2

# So many passages named by their ids are compared in the time in which the graph gives one more that filters
# may or may not let through: .7 and 19 microseconds. Of so few, all are compared in any case.
_GRAPH_STEPS = 25
_FEW = 5_000

# How old what we know of the table may be: only its size and whether there is a graph, neither of which
# changes what is found.
_SECONDS = 2.0

_LAST = 2**63 - 1


# The server finds an id in thousands of ranges by halving. It takes it that of a hundred passages one is in
# them: so it looks into the graph, as it would not if it were to find what is in ranges.
_LEFT = " AND NOT passage <@ ?3"


class _State(NamedTuple):
    passages: int = 0
    indexed: int = 0
    usual: float = 0.0
    spread: float = 0.0


class PostgresNearest:
    """The vectors of one model's passages in a store; see `NearestPassages`. Nothing is kept in memory."""

    def __init__(
        self, rows: Rows, model: Model, few: int = _FEW, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Reads nothing yet.

        Args:
            rows: asks the store; `Catalog.rows`, so that a search sees the moment that it sees of the truth.
            model: whose passages these are.
            few: of so many passages, all are compared.
            clock: gives seconds.
        """
        self._rows = rows
        self._model = model
        self._few = few
        self._clock = clock
        self._state = _State()
        self._known_until = -math.inf
        dimensions = model.fingerprint.dimensions
        # Both are written as numbers, because the graph is one of these rows alone.
        self._product = f"vector::halfvec({dimensions}) <#> ?1::halfvec({dimensions})"
        self._own = f"model = {model.id}"

    def __len__(self) -> int:
        return self._known().passages

    def search(
        self,
        vector: NDArray[np.float32],
        k: int,
        *,
        within: Ranges | None = None,
        without: Ranges = (),
    ) -> list[tuple[int, float]]:
        """The passages nearest to a query: see `NearestPassages`."""
        state = self._known()
        if k < 1 or not state.passages:
            return []
        inside = None if within is None else _joined(within)
        outside = _joined(without)
        left = state.passages
        if inside is not None:
            left = int(np.diff(inside).sum())
            # The graph gives as many in vain for each that filters let through as there are others.
            if left <= max(self._few, math.isqrt(_GRAPH_STEPS * k * state.passages)):
                return self._among(vector, k, rows_of(inside, outside))
            outside = _neither(inside, outside)
        found: list[tuple[int, float]] = []
        if state.indexed:
            seen = _seen(state.passages, k)
            found = self._by_graph(vector, k, outside, seen)
            near = state.usual + _NEAR * state.spread
            if seen < _MOST_SEEN and found and found[:_TENTH][-1][1] < near:
                found = self._by_graph(vector, k, outside, min(_TIMES * seen, _MOST_SEEN))
        if len(found) < k and (not state.indexed or len(outside)):
            # There is no graph, or it gave up: nothing near to the query is let through.
            found = self._by_all(vector, k, outside)
        return best_first(found)

    def similarities(self, vector: NDArray[np.float32], ids: Sequence[int]) -> dict[int, float]:
        """Passage id → cosine similarity to `vector`: see `NearestPassages`."""
        if not len(ids):
            return {}
        query = f"SELECT passage, -({self._product}) FROM nearest WHERE passage = ANY (?2) AND {self._own}"  # noqa: S608
        return dict(self._rows(query, (half_vector(vector), bigints(ids))))

    def _among(self, vector: NDArray[np.float32], k: int, ids: NDArray[np.int64]) -> list[tuple[int, float]]:
        """The nearest of these passages, all compared."""
        found = self._rows(
            f"SELECT passage, -({self._product}) AS similarity FROM nearest"  # noqa: S608
            f" WHERE passage = ANY (?2) AND {self._own} ORDER BY similarity DESC, passage LIMIT ?3",
            (half_vector(vector), bigints(ids), k),
        )
        return best_first(found)

    def _by_all(self, vector: NDArray[np.float32], k: int, outside: RowRanges) -> list[tuple[int, float]]:
        """The nearest that are not in these ranges, all compared."""
        # By the similarity, and not by the product, because that would have the graph used.
        return self._rows(
            f"SELECT passage, -({self._product}) AS similarity FROM nearest"  # noqa: S608
            f" WHERE {self._own}{_LEFT if len(outside) else ''} ORDER BY similarity DESC, passage LIMIT ?2",
            (half_vector(vector), k, *_parameters(outside)),
        )

    def _by_graph(
        self, vector: NDArray[np.float32], k: int, outside: RowRanges, seen: int
    ) -> list[tuple[int, float]]:
        """The nearest that the graph finds and that are not in these ranges."""
        # The settings are made in the same statement, and before it looks into the graph, because that
        # depends on them. They end with the transaction.
        return self._rows(
            "SELECT n.passage, n.similarity FROM (SELECT set_config('hnsw.ef_search', ?2, true) AS made,"  # noqa: S608
            " set_config('hnsw.iterative_scan', 'strict_order', true)) s CROSS JOIN LATERAL"
            f" (SELECT passage, -({self._product}) AS similarity FROM nearest"
            f" WHERE {self._own} AND s.made IS NOT NULL{_LEFT if len(outside) else ''}"
            f" ORDER BY {self._product} LIMIT {k}) n",
            (half_vector(vector), str(seen), *_parameters(outside)),
        )

    def _known(self) -> _State:
        now = self._clock()
        # An empty one is asked each time: the first vectors are to be found at once.
        if now >= self._known_until or not self._state.passages:
            found = self._rows(
                "SELECT passages, indexed, usual, spread FROM nearest_models WHERE model = ?",
                (self._model.id,),
            )
            self._state = _State(*found[0]) if found else _State()
            self._known_until = now + _SECONDS
        return self._state


def _seen(passages: int, k: int) -> int:
    """How many passages the graph of so many keeps while it looks for `k`."""
    wanted = int(_SEEN * math.pow(passages / _SEEN_OF, _SEEN_GROWS))
    return min(max(wanted, k, _LEAST_SEEN), _MOST_SEEN)


def _joined(ranges: Ranges) -> RowRanges:
    """The same ranges of ids from a first one to before a stop, ascending."""
    pairs = np.asarray(ranges, np.int64).reshape(-1, 2)
    return joined(pairs[:, 0], pairs[:, 1] + 1)


def _neither(inside: RowRanges, outside: RowRanges) -> RowRanges:
    """What is left out if what is not `inside`, and what is `outside`, is."""
    starts = np.concatenate([[0], inside[:, 1], outside[:, 0]])
    stops = np.concatenate([inside[:, 0], [_LAST], outside[:, 1]])
    return joined(starts, stops)


def _parameters(outside: RowRanges) -> list[object]:
    return [bigint_ranges(outside)] if len(outside) else []
