"""The table in which PostgreSQL finds the nearest passages follows the truth, whatever happens to either."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fresh_index import DIMENSIONS, FreshIndex, fingerprint
from indexer.passages.postgres_nearest import PostgresNearestWriter
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model
from stackroom.catalog.vector_codes import decode, encode
from stackroom.common.errors import CatalogUnusable
from stackroom.common.postgres.database import NEAREST, Database, database
from stackroom.indexes.postgres.nearest import PostgresNearest

GRAPH_FROM = 40


@pytest.fixture
def index(tmp_path: Path, store_url: str) -> Iterator[FreshIndex]:
    with closing(FreshIndex(tmp_path, store_url)) as fresh:
        yield fresh


@pytest.fixture
def store(store_url: str) -> Database:
    return database(store_url)


@pytest.fixture
def writer(store: Database) -> PostgresNearestWriter:
    """One that takes little at once."""
    return PostgresNearestWriter(store, at_once=8, graph_from=GRAPH_FROM)


def publish(index: FreshIndex, number: int, lines: int) -> None:
    index.publish(number, "".join(f"Line {line} of {number}.\n" for line in range(lines)))


def embed(index: FreshIndex, most: int = 1000, model: Model | None = None) -> None:
    ids = [passage.id for passage in index.publisher.pending(model or index.model, most)]
    vectors = np.random.default_rng(ids[0]).standard_normal((len(ids), DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.publisher.store_vectors(ids, encode(vectors.astype(np.float32)))


def rows(store: Database, sql: str) -> list[tuple[Any, ...]]:
    with store.session() as session:
        return session.execute(sql).fetchall()


def graphs(store: Database) -> list[str]:
    """The names of the graphs that there are."""
    found = rows(store, "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%hnsw%' ORDER BY indexname")
    return [name for (name,) in found]


def check(index: FreshIndex, store: Database, *models: Model) -> None:
    """Checks that the table has the vectors of the truth, and nothing else, and knows it."""
    there = rows(store, "SELECT model, passage, document, vector::text FROM nearest ORDER BY passage")
    wanted = []
    for model in models or (index.model,):
        ids, codes = index.catalog.vectors(model)
        mine = [row for row in there if row[0] == model.id]
        assert [row[1] for row in mine] == ids
        if ids:
            vectors = np.array([np.fromstring(row[3][1:-1], sep=",") for row in mine])
            np.testing.assert_allclose(vectors, decode(codes, DIMENSIONS), atol=0.001)
        ranges = index.catalog.passage_ranges(model)
        owners = {id_: one.document for one in ranges for id_ in range(one.first, one.last + 1)}
        assert [row[2] for row in mine] == [owners[id_] for id_ in ids]
        wanted.append((model.id, len(ids)))
    assert len(there) == sum(count for _, count in wanted)
    assert rows(store, "SELECT model, passages FROM nearest_models ORDER BY model") == wanted


def test_it_follows_what_is_embedded_and_removed(
    index: FreshIndex, store: Database, writer: PostgresNearestWriter
) -> None:
    assert writer.follow(index.catalog)
    assert not writer.follow(index.catalog)
    publish(index, 1, 5)
    publish(index, 2, 30)
    embed(index, 3)
    assert writer.follow(index.catalog)
    check(index, store)
    embed(index)
    publish(index, 3, 4)
    embed(index)
    index.remove("1.pdf")
    assert writer.follow(index.catalog)
    check(index, store)
    assert not writer.follow(index.catalog)
    index.publish(4, "One line.\n", file="3.pdf")
    index.remove("2.pdf")
    writer.follow(index.catalog)
    check(index, store)


def test_a_table_that_is_new_to_a_library_is_filled_block_by_block(
    index: FreshIndex, store: Database, writer: PostgresNearestWriter
) -> None:
    for number in range(7):
        publish(index, number, 9)
    embed(index)
    index.remove("3.pdf")
    writer.follow(index.catalog)
    check(index, store)
    assert graphs(store) == [f"nearest_graph_{index.model.id}"]


class Killed(Exception):
    """Instead of a kill."""


class KilledCatalog(Catalog):
    """Dies when vectors are read the next time but so many."""

    left = 0

    def vectors(self, *arguments: Any, **named: Any) -> tuple[list[int], list[bytes]]:
        self.left -= 1
        if self.left < 0:
            raise Killed
        return super().vectors(*arguments, **named)


def test_a_kill_loses_nothing(index: FreshIndex, store: Database, writer: PostgresNearestWriter) -> None:
    for number in range(5):
        publish(index, number, 9)
    embed(index)
    seen = []
    with KilledCatalog(index.where) as catalog:
        for left in (0, 1, 2):
            catalog.left = left
            with pytest.raises(Killed):
                writer.follow(catalog)
            seen += rows(store, "SELECT count(*) FROM nearest")
            # What happens meanwhile is not missed, whether that part was filled or not.
            index.remove(f"{left}.pdf")
            publish(index, 10 + left, 3)
            embed(index)
    assert seen == [(0,), (8,), (16,)]  # of the third time, the first eight were removed before
    writer.follow(index.catalog)
    check(index, store)


def test_what_nobody_can_tell_any_more_is_found_out(
    index: FreshIndex, store: Database, writer: PostgresNearestWriter
) -> None:
    for number in range(4):
        publish(index, number, 9)
    embed(index)
    writer.follow(index.catalog)
    index.remove("1.pdf", "2.pdf")
    publish(index, 5, 12)
    embed(index)
    with store.session() as session:
        session.execute("DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes)")
        session.execute("DELETE FROM nearest WHERE passage = 2")
        session.execute("UPDATE nearest_models SET passages = passages - 1")
    writer.follow(index.catalog)
    check(index, store)


def test_many_changes_at_once_are_taken_in_block_by_block(
    index: FreshIndex, store: Database, writer: PostgresNearestWriter
) -> None:
    publish(index, 1, 2)
    embed(index)
    writer.follow(index.catalog)
    for number in range(2, 6):
        publish(index, number, 7)
        embed(index)
    index.remove("3.pdf")
    with KilledCatalog(index.where) as catalog:
        catalog.left = 2
        with pytest.raises(Killed):
            writer.follow(catalog)
    assert rows(store, "SELECT count(*) FROM nearest") == [(2 + 16,)]
    writer.follow(index.catalog)
    check(index, store)


def test_two_models_are_side_by_side_and_the_one_that_was_replaced_has_no_graph(
    index: FreshIndex, store: Database, writer: PostgresNearestWriter
) -> None:
    for number in range(5):
        publish(index, number, 9)
    embed(index)
    writer.follow(index.catalog)
    other = index.publisher.add_model(fingerprint("another"))
    index.split_for(other)
    embed(index, 20, other)
    writer.follow(index.catalog)
    check(index, store, index.model, other)
    embed(index, model=other)
    writer.follow(index.catalog)
    names = [f"nearest_graph_{model.id}" for model in (index.model, other)]
    assert graphs(store) == names  # the second one is ready when it comes to be searched
    index.publisher.switch_model(other)
    writer.follow(index.catalog)
    assert graphs(store) == names[1:]
    check(index, store, index.model, other)
    index.remove("2.pdf")
    writer.follow(index.catalog)
    check(index, store, index.model, other)
    index.publisher.forget_other_models()
    writer.follow(index.catalog)
    check(index, store, other)


def test_the_graph_is_made_anew_if_most_of_the_library_is_new_to_it(
    index: FreshIndex, store: Database, writer: PostgresNearestWriter
) -> None:
    publish(index, 1, GRAPH_FROM)
    embed(index)
    writer.follow(index.catalog)
    for number in range(2, 6):
        publish(index, number, GRAPH_FROM)
    embed(index)
    with KilledCatalog(index.where) as catalog:
        catalog.left = 5
        with pytest.raises(Killed):
            writer.follow(catalog)
    assert graphs(store) == []
    writer.follow(index.catalog)
    assert graphs(store) == [f"nearest_graph_{index.model.id}"]
    check(index, store)


def test_while_one_is_at_it_another_leaves_it(
    index: FreshIndex, store: Database, store_url: str, writer: PostgresNearestWriter
) -> None:
    publish(index, 1, 5)
    embed(index)
    other = Database(store_url)

    class Watched(Catalog):
        """Another writer tries while this one's is at work."""

        def vectors(self, *arguments: Any, **named: Any) -> tuple[list[int], list[bytes]]:
            assert not PostgresNearestWriter(other).follow(index.catalog)
            return super().vectors(*arguments, **named)

    with Watched(index.where) as catalog:
        assert writer.follow(catalog)
    other.close()
    check(index, store)


def test_damaged_vectors_are_told(index: FreshIndex, store: Database, writer: PostgresNearestWriter) -> None:
    publish(index, 1, 5)
    embed(index)
    with store.session() as session:
        session.execute("UPDATE vectors SET pack = '\\x0102'::bytea")
    with pytest.raises(CatalogUnusable, match="check --repair"):
        writer.follow(index.catalog)


class Recorded:
    """Asks a store, and remembers how it answered each question: by the graph, or not."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self.plans: list[str] = []

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._store.session() as session:
            plan = session.execute(f"EXPLAIN {sql}", parameters).fetchall()
            self.plans.append("\n".join(line for (line,) in plan))
            return session.execute(sql, parameters).fetchall()


def test_the_graph_is_used_where_it_pays(index: FreshIndex, store: Database) -> None:
    publish(index, 1, 3000)
    embed(index, 3000)
    recorded = Recorded(store)
    query: NDArray[np.float32] = np.eye(DIMENSIONS, dtype=np.float32)[0]
    now = 0.0
    nearest = PostgresNearest(recorded.rows, index.model, 0, lambda: now)

    def uses_graph(**ranges: list[tuple[int, int]]) -> bool:
        assert len(nearest.search(query, 10, **ranges)) == 10
        return "nearest_graph_" in recorded.plans[-1]

    PostgresNearestWriter(store).follow(index.catalog)
    assert not uses_graph()
    PostgresNearestWriter(store, graph_from=100).follow(index.catalog)
    assert not uses_graph()  # what is known of the table is two seconds old
    now = 3.0
    assert uses_graph()
    assert uses_graph(without=[(1, 100)])
    assert uses_graph(within=[(1, 1000), (2000, 2900)])
    assert not uses_graph(within=[(1, 100)])
    assert not uses_graph(within=[(1, 10)])
    assert "nearest_pkey" in recorded.plans[-1]
    nearest.similarities(query, [1, 2, 3])
    assert "nearest_pkey" in recorded.plans[-1]
    recorded.plans.clear()
    assert uses_graph()
    assert len(recorded.plans) == 1  # the table is not asked again how large it is


def test_who_comes_last_waits_for_one_that_has_nothing_to_do(
    index: FreshIndex, store: Database, store_url: str, writer: PostgresNearestWriter
) -> None:
    publish(index, 1, 5)
    embed(index)
    with closing(Database(store_url).connect().raw) as other, ThreadPoolExecutor(1) as thread:
        other.execute("SELECT pg_advisory_lock(%s)", (NEAREST,))
        assert not writer.follow(index.catalog)
        followed = thread.submit(writer.follow, index.catalog, is_last=True)
        other.execute("SELECT pg_advisory_unlock_all()")
        assert followed.result(60)
    check(index, store)


def test_what_nothing_is_near_to_is_looked_for_deeper(index: FreshIndex, store: Database) -> None:
    for number in range(4):
        publish(index, number, 50)
    ids = [passage.id for passage in index.publisher.pending(index.model, 200)]
    vectors = np.random.default_rng(1).standard_normal((200, DIMENSIONS)).astype(np.float32)
    vectors[:, 0] = np.abs(vectors[:, 0]) + 3  # somewhat alike, as a model's are
    vectors[:20] = vectors[0] + vectors[:20] / 5  # what the first one asks
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.publisher.store_vectors(ids, encode(vectors))
    PostgresNearestWriter(store, graph_from=100).follow(index.catalog)
    recorded = Recorded(store)
    nearest = PostgresNearest(recorded.rows, index.model)
    assert len(nearest) == 200
    for query, times in ((vectors[0], 1), (-vectors[0], 2)):
        recorded.plans.clear()
        found = nearest.search(query, 5)
        assert len(recorded.plans) == times
        best = sorted(vectors @ query, reverse=True)[:5]
        assert [similarity for _, similarity in found] == pytest.approx(best, abs=0.01)
