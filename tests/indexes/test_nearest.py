"""The contract of the nearest passages, for all that we have: in memory, exact and in lists; in PostgreSQL,
exact and by its graph.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from divided import divide
from fresh_index import FreshIndex
from indexer.upkeep.contracts.nearest import DIMENSIONS, LENGTH, NearestContract, Shelf
from stackroom.catalog.vector_codes import encode
from stackroom.indexes.vectors import VectorIndex


class InMemory:
    """See `Shelf`."""

    def __init__(self, exact_limit: int) -> None:
        self.nearest = VectorIndex(DIMENSIONS, exact_limit)

    def add(self, vectors: NDArray[np.float32]) -> None:
        first = self.nearest.last + 1 if len(self.nearest) else 1
        self.nearest.add(range(first, first + len(vectors)), encode(vectors))

    def remove(self, documents: Sequence[int]) -> None:
        self.nearest.remove([(1 + LENGTH * one, LENGTH * (one + 1)) for one in documents])


class InPostgres:
    """See `Shelf`."""

    def __init__(self, index: FreshIndex, graph_from: int) -> None:
        from indexer.passages.postgres_nearest import PostgresNearestWriter
        from stackroom.common.postgres.database import database
        from stackroom.indexes.postgres.nearest import PostgresNearest

        self._index = index
        self._writer = PostgresNearestWriter(database(index.settings.store), graph_from=graph_from)
        self._documents = 0
        now = iter(range(10**9))
        self.nearest = PostgresNearest(index.catalog.rows, index.model, 0, lambda: 10.0 * next(now))

    def add(self, vectors: NDArray[np.float32]) -> None:
        for _ in range(len(vectors) // LENGTH):
            text = "".join(f"Line {line} of {self._documents}.\n" for line in range(LENGTH))
            self._index.publish(self._documents, text)
            self._documents += 1
        ids = [passage.id for passage in self._index.publisher.pending(self._index.model, len(vectors))]
        self._index.publisher.store_vectors(ids, encode(vectors))
        self._writer.follow(self._index.catalog)

    def remove(self, documents: Sequence[int]) -> None:
        self._index.remove(*(f"{one}.pdf" for one in documents))
        self._writer.follow(self._index.catalog)


class TestExact(NearestContract):
    """Vectors in memory, all compared."""

    @pytest.fixture
    def shelf(self) -> Shelf:
        return InMemory(10**9)


class TestLists(NearestContract):
    """Vectors in memory, in lists."""

    @pytest.fixture
    def shelf(self) -> Shelf:
        return InMemory(1000)


class TestPostgres(NearestContract):
    """Vectors in a database, all compared."""

    @pytest.fixture
    def shelf(self, tmp_path: Path, store_url: str) -> Iterator[Shelf]:
        with closing(FreshIndex(tmp_path, store_url)) as index:
            yield InPostgres(index, 10**9)


class TestGraph(NearestContract):
    """Vectors in a database, with a graph."""

    @pytest.fixture
    def shelf(self, tmp_path: Path, store_url: str) -> Iterator[Shelf]:
        with closing(FreshIndex(tmp_path, store_url)) as index:
            yield InPostgres(index, 1000)


class TestDivided(TestGraph):
    """With a graph for each piece of its table."""

    @pytest.fixture(autouse=True)
    def divided(self, store_url: str) -> None:
        divide(store_url, passages=1000)
