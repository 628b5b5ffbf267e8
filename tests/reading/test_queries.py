"""Queries into vectors: each computed once, those that come together in one batch."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from fresh_index import DIMENSIONS, CountingEmbedder
from stackroom.common.errors import ModelDamaged
from stackroom.reading.query_batches import Embedded, QueryEmbedder


class SlowEmbedder(CountingEmbedder):
    """Waits in each call until it is let go; then fails if told so."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.fails = False

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        vectors = super().embed_queries(texts)
        self.begun.release()
        assert self.go.acquire(timeout=60)
        if self.fails:
            raise ModelDamaged("The model has burnt down.")
        return vectors


class Gathering(QueryEmbedder):
    """Tells how many wait for a vector."""

    def wait_for(self, count: int) -> None:
        """Returns once `count` queries wait, those being computed included."""
        for _ in range(60_000):
            with self._lock:
                if len(self._waiting) == count:
                    return
            threading.Event().wait(0.001)
        pytest.fail(f"{count} queries never waited at once")


def ask_all(
    executor: ThreadPoolExecutor, queries: QueryEmbedder, texts: Sequence[str]
) -> list[Future[Embedded]]:
    return [executor.submit(queries.embed, text) for text in texts]


def test_a_query_gives_its_vector() -> None:
    embedder = CountingEmbedder()
    queries = QueryEmbedder(embedder)
    assert queries.embedder is embedder
    vector, known = queries.embed("otters")
    assert known == embedder.known_share("otters")
    assert vector.shape == (DIMENSIONS,)
    np.testing.assert_array_equal(vector, embedder.vectors(["otters"])[0])


def test_a_repeated_query_is_computed_once() -> None:
    embedder = CountingEmbedder()
    queries = QueryEmbedder(embedder)
    first, _ = queries.embed("otters")
    queries.embed("badgers")
    np.testing.assert_array_equal(queries.embed("otters").vector, first)
    assert embedder.queries == [["otters"], ["badgers"]]
    queries.embed("Otters")  # another query
    queries.embed("")
    assert embedder.queries[2:] == [["Otters"], [""]]


def test_those_that_come_meanwhile_share_a_batch() -> None:
    embedder = SlowEmbedder()
    queries = Gathering(embedder)
    texts = [f"query {number}" for number in range(40)]
    with ThreadPoolExecutor(41) as executor:
        first = executor.submit(queries.embed, "first")
        assert embedder.begun.acquire(timeout=60)
        asked = ask_all(executor, queries, texts)
        queries.wait_for(41)
        for _ in range(4):
            embedder.go.release()
        vectors = [future.result(60).vector for future in (first, *asked)]
    assert [len(batch) for batch in embedder.queries] == [1, 16, 16, 8]
    assert sorted(text for batch in embedder.queries[1:] for text in batch) == sorted(texts)
    np.testing.assert_array_equal(np.stack(vectors), embedder.vectors(["first", *texts]))
    assert queries.embed("query 3") is not None
    assert len(embedder.queries) == 4


def test_the_same_query_from_many_at_once() -> None:
    embedder = SlowEmbedder()
    queries = Gathering(embedder)
    with ThreadPoolExecutor(5) as executor:
        asked = ask_all(executor, queries, ["otters"] * 5)
        assert embedder.begun.acquire(timeout=60)
        queries.wait_for(5)
        for _ in range(5):
            embedder.go.release()
        vectors = [future.result(60).vector for future in asked]
    assert len(embedder.queries) <= 2  # those that came before and after it had begun
    np.testing.assert_array_equal(np.stack(vectors), embedder.vectors(["otters"] * 5))


def test_each_caller_is_told_that_the_model_failed() -> None:
    embedder = SlowEmbedder()
    embedder.fails = True
    queries = Gathering(embedder)
    texts = [f"query {number}" for number in range(20)]
    with ThreadPoolExecutor(20) as executor:
        asked = ask_all(executor, queries, texts)
        queries.wait_for(20)
        for _ in range(20):
            embedder.go.release()
        for future in asked:
            with pytest.raises(ModelDamaged, match="burnt down"):
                future.result(60)
    queries.wait_for(0)
    embedder.queries.clear()
    embedder.fails = False
    for text in texts:
        embedder.go.release()
        np.testing.assert_array_equal(queries.embed(text).vector, embedder.vectors([text])[0])
    assert embedder.queries == [[text] for text in texts]


def test_one_that_joins_a_batch_that_fails_is_asked_again() -> None:
    embedder = SlowEmbedder()
    embedder.fails = True
    queries = Gathering(embedder)
    with ThreadPoolExecutor(2) as executor:
        first = executor.submit(queries.embed, "first")
        assert embedder.begun.acquire(timeout=60)
        second = executor.submit(queries.embed, "second")
        queries.wait_for(2)
        embedder.go.release()
        with pytest.raises(ModelDamaged):
            first.result(60)
        assert embedder.begun.acquire(timeout=60)
        embedder.fails = False
        embedder.go.release()
        np.testing.assert_array_equal(second.result(60).vector, embedder.vectors(["second"])[0])
    assert embedder.queries == [["first"], ["second"]]


def test_the_thousand_used_last_are_kept() -> None:
    embedder = CountingEmbedder()
    queries = QueryEmbedder(embedder)
    for number in range(1000):
        queries.embed(f"query {number}")
    queries.embed("query 0")
    assert len(embedder.queries) == 1000
    queries.embed("one more")  # takes the place of query 1, used longest ago
    queries.embed("query 0")
    queries.embed("query 2")
    assert len(embedder.queries) == 1001
    queries.embed("query 1")
    assert embedder.queries[1001:] == [["query 1"]]


def test_many_threads_get_their_own_vectors() -> None:
    embedder = CountingEmbedder()
    queries = QueryEmbedder(embedder)
    texts = [f"query {number % 50}" for number in range(2000)]
    with ThreadPoolExecutor(16) as executor:
        vectors = [embedded.vector for embedded in executor.map(queries.embed, texts)]
    np.testing.assert_array_equal(np.stack(vectors), embedder.vectors(texts))
    assert max(len(batch) for batch in embedder.queries) <= 16
