"""Embedding what waits: every passage gets its vector, and no text is computed twice."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fresh_index import CountingEmbedder, FreshIndex, fingerprint
from indexer.passages.embed import Embedding, embed_pending
from indexer.store.publisher import Publisher
from stackroom.catalog.status import read_status
from stackroom.catalog.vector_codes import decode
from stackroom.common.errors import CatalogUnusable, ModelDamaged
from stackroom.common.postgres.address import StoreAddress
from stackroom.embedding.embedder import Embedder


def numbered(first: int, last: int) -> str:
    return "".join(f"Line {number}.\n" for number in range(first, last + 1))


def never() -> Embedder:
    pytest.fail("there was no need of the model")


class Run:
    """One run of `embed_pending` after everything was published, and what it told."""

    def __init__(self, index: FreshIndex, load: Callable[[], Embedder]) -> None:
        self.told: list[int] = []
        self.cancelled = threading.Event()
        self.after_commit: Callable[[], None] = lambda: None
        self._index = index
        self._load = load

    def __call__(self) -> "Run":
        with closing(Publisher(self._index.where)) as publisher:
            embed_pending(
                publisher,
                self._index.model,
                self._load,
                cancelled=self.cancelled,
                on_embedded=self._on_embedded,
            )
        return self

    def _on_embedded(self, count: int) -> None:
        self.told.append(count)
        self.after_commit()


@pytest.fixture(params=["files", "database"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FreshIndex]:
    """As that of all tests; also in a database."""
    store = request.getfixturevalue("store_url") if request.param == "database" else ""
    with closing(FreshIndex(tmp_path, store)) as fresh:
        yield fresh


def embed(index: FreshIndex, embedder: CountingEmbedder) -> list[str]:
    """Embeds all that waits. Returns the texts that were computed, in order."""
    before = len(embedder.passages)
    Run(index, lambda: embedder)()
    return [text.strip() for batch in embedder.passages[before:] for text in batch]


def check_vectors(index: FreshIndex, count: int) -> None:
    """Every passage has its own text's vector, and none waits."""
    ids, codes = index.catalog.vectors(index.model)
    words = list(index.catalog.words(index.model))
    assert ids == [passage.passage for passage in words]
    assert len(ids) == count
    expected = CountingEmbedder().vectors([passage.text for passage in words])
    products = (decode(codes, expected.shape[1]) * expected).sum(axis=1)
    assert count == 0 or products.min() > 0.99
    assert index.publisher.pending_count(index.model) == read_status(index.catalog).pending == 0


def embedded_changes(index: FreshIndex) -> list[tuple[int, int]]:
    changes = index.catalog.changes_since(0) or []
    return [(change.first, change.last) for change in changes if change.kind == "embedded"]


# All of them, in order


def test_every_passage_gets_the_vector_of_its_text(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 40), "", "Ünïcödé 文字 🐈\n")
    index.publish(2, numbered(101, 150))
    embedder = CountingEmbedder()
    computed = embed(index, embedder)
    assert computed == [passage.text.strip() for passage in index.catalog.words(index.model)]
    check_vectors(index, 91)
    assert embed(index, embedder) == []


def test_a_table_is_embedded_without_its_bars(index: FreshIndex) -> None:
    index.publish(1, "Harbour fees\n| Pier | Fee |\n|---|---|\n| 7 |  |\n")
    embedded = " ".join(embed(index, CountingEmbedder()))
    assert embedded.split() == ["Harbour", "fees", "Pier", "Fee", "7"]


def test_the_first_batches_are_small(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 1000))
    embedder = CountingEmbedder()
    run = Run(index, lambda: embedder)()
    assert run.told == [32, 32, 64, 128, 256, 256, 232]
    assert [len(batch) for batch in embedder.passages] == run.told
    check_vectors(index, 1000)


def test_ids_ascend(index: FreshIndex) -> None:
    for number in range(1, 9):
        index.publish(number, numbered(number * 100, number * 100 + 49))
    index.remove("3.pdf")
    embed(index, CountingEmbedder())
    index.publish(9, numbered(1, 80))
    embed(index, CountingEmbedder())
    changes = embedded_changes(index)
    ends = [end for change in changes for end in change]
    assert ends == sorted(ends)
    assert len(changes) > 4
    assert changes[-1][1] == 480
    check_vectors(index, 430)


def test_nothing_waits_and_no_model_is_loaded(index: FreshIndex) -> None:
    run = Run(index, never)()
    assert run.told == []
    index.publish(1, "", "")
    assert Run(index, never)().told == []
    assert embedded_changes(index) == []


def test_another_model_s_passages_wait_on(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 5))
    new = index.publisher.add_model(fingerprint("new"))
    index.split_for(new)
    embedder = CountingEmbedder()
    assert len(embed(index, embedder)) == 5
    assert index.publisher.pending_count(index.model) == 0
    assert index.publisher.pending_count(new) == 5
    assert index.catalog.vectors(new) == ([], [])
    index.model = new  # its vectors are others: nothing is taken from the first
    assert len(embed(index, embedder)) == 5
    assert index.publisher.pending_count(new) == 0


# Once for each text


def test_the_same_text_in_one_batch_is_computed_once(index: FreshIndex) -> None:
    index.publish(1, "Header.\nOne.\n", "Header.\nTwo.\n", "Header.\nOne.\n")
    assert embed(index, CountingEmbedder()) == ["Header.", "One.", "Two."]
    check_vectors(index, 6)


def test_nor_is_one_of_an_earlier_batch_or_run_computed_again(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 40) + "Header.\n")
    index.publish(2, "Header.\n" + numbered(30, 120))
    embedder = CountingEmbedder()
    computed = embed(index, embedder)
    assert len(embedder.passages) > 2
    assert computed == [*numbered(1, 40).split("\n")[:-1], "Header.", *numbered(41, 120).split("\n")[:-1]]
    check_vectors(index, 133)
    index.publish(3, numbered(100, 130) + "Header.\n")
    assert embed(index, embedder) == numbered(121, 130).split("\n")[:-1]
    check_vectors(index, 165)


def test_a_model_is_not_loaded_for_texts_that_are_known(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 100))
    embed(index, CountingEmbedder())
    index.publish(2, numbered(50, 100))
    index.publish(3, numbered(1, 10), file="1.pdf")  # in place of the first, whose texts go with it
    run = Run(index, never)()
    assert sum(run.told) == 61
    check_vectors(index, 61)


def test_only_what_changed_in_a_document_is_computed(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 50), file="a.pdf")
    embedder = CountingEmbedder()
    embed(index, embedder)
    index.publish(2, numbered(1, 20) + "A new line.\n" + numbered(21, 50), file="a.pdf")
    assert index.catalog.document(f"{1:024x}") == index.catalog.document(f"{2:024x}")
    assert embed(index, embedder) == ["A new line."]
    check_vectors(index, 51)
    index.publish(3, numbered(5, 50) + "Another one.\n", file="a.pdf")
    index.publish(4, numbered(5, 50) + "A third one.\n", file="a.pdf")  # before the last was embedded
    assert embed(index, embedder) == ["A third one."]
    check_vectors(index, 47)


def change(index: FreshIndex, sql: str) -> None:
    with index.publisher._transaction() as db:
        assert db.execute(sql).rowcount


def test_damaged_vectors_are_not_taken_over(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 4))
    embed(index, CountingEmbedder())
    change(index, "UPDATE vectors SET pack = substr(pack, 1, length(pack) - 1)")
    with pytest.raises(CatalogUnusable, match="check --repair"):
        index.publish(2, numbered(1, 2))


def test_nor_is_one_that_waits(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 4))
    embed(index, CountingEmbedder())
    index.publish(2, numbered(1, 2))
    change(index, "UPDATE pending SET code = substr(code, 2) WHERE code IS NOT NULL")
    with pytest.raises(CatalogUnusable, match="check --repair"):
        index.publisher.pending(index.model, 10)


def test_texts_that_differ_in_a_blank_are_two(index: FreshIndex) -> None:
    index.publish(1, "Otters sleep.\nOtters  sleep.\n")
    assert embed(index, CountingEmbedder()) == ["Otters sleep.", "Otters  sleep."]
    check_vectors(index, 2)


# Interrupted


def test_cancelled_it_stops_after_the_batch_at_hand(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 300))
    embedder = CountingEmbedder()
    run = Run(index, lambda: embedder)
    run.after_commit = run.cancelled.set
    assert run().told == [32]
    assert index.publisher.pending_count(index.model) == 268
    ids, _ = index.catalog.vectors(index.model)
    assert ids == list(range(1, 33))
    assert len(embed(index, embedder)) == 268
    check_vectors(index, 300)


def test_cancelled_before_it_begins_it_does_nothing(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 3))
    run = Run(index, never)
    run.cancelled.set()
    assert run().told == []
    assert index.publisher.pending_count(index.model) == 3


class Failing(CountingEmbedder):
    """Fails in its third call."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        vectors = super().embed_passages(texts)
        if len(self.passages) == 3:
            raise ModelDamaged("The model has burnt down.")
        return vectors


def test_after_a_failure_the_next_run_goes_on(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 300))
    failing = Failing()
    run = Run(index, lambda: failing)
    with pytest.raises(ModelDamaged):
        run()
    assert run.told == [32, 32]
    assert read_status(index.catalog).pending == 236
    embedder = CountingEmbedder()
    assert embed(index, embedder) == numbered(65, 300).split("\n")[:-1]
    check_vectors(index, 300)


class Meanwhile(CountingEmbedder):
    """Something happens while the first batch is computed."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self._happens = happens

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        vectors = super().embed_passages(texts)
        if len(self.passages) == 1:
            self._happens()
        return vectors


def test_a_document_removed_meanwhile_gets_no_vectors(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 10))
    index.publish(2, numbered(11, 20))
    index.publish(3, numbered(21, 60))
    embed(index, Meanwhile(lambda: index.remove("2.pdf")))
    ids, _ = index.catalog.vectors(index.model)
    assert ids == [*range(1, 11), *range(21, 61)]
    check_vectors(index, 50)


def test_a_document_changed_meanwhile_gets_the_new_one_s(index: FreshIndex) -> None:
    index.publish(1, numbered(1, 10), file="a.pdf")
    embed(index, Meanwhile(lambda: index.publish(2, numbered(6, 15), file="a.pdf")))
    check_vectors(index, 10)


# Beside all else


def test_what_is_published_meanwhile_is_waited_for(index: FreshIndex) -> None:
    settings = index.settings
    index.publish(1, numbered(1, 10))
    embedder = Meanwhile(lambda: index.publish(2, numbered(11, 100)))
    told: list[int] = []
    with closing(Embedding(settings, lambda model: embedder)) as embedding:
        told.append(embedding.go_on(index.model))
        embedding.finish(index.publisher, index.model, told.append, lambda: False)
        assert sum(told) == 100
        index.publish(3, numbered(101, 110))
        embedding.finish(index.publisher, index.model, told.append, lambda: False)
    assert sum(told) == 110
    check_vectors(index, 110)


def test_put_off_it_goes_on_by_itself(index: FreshIndex) -> None:
    settings = index.settings
    index.publish(1, numbered(1, 100))
    may_go_on = threading.Event()
    embedder = Meanwhile(lambda: may_go_on.wait(60))
    told: list[int] = []
    with closing(Embedding(settings, lambda model: embedder)) as embedding:
        embedding.finish(index.publisher, index.model, told.append, lambda: True)
        assert index.publisher.pending_count(index.model) == 100
        may_go_on.set()
        embedding.finish(index.publisher, index.model, told.append, lambda: False)
    assert sum(told) == 100
    check_vectors(index, 100)


def test_what_ended_it_is_told_and_it_can_go_on(index: FreshIndex) -> None:
    settings = index.settings
    index.publish(1, numbered(1, 300))
    failing = Failing()
    with closing(Embedding(settings, lambda model: failing)) as embedding:
        with pytest.raises(ModelDamaged):
            embedding.finish(index.publisher, index.model, lambda count: None, lambda: False)
        embedding.finish(index.publisher, index.model, lambda count: None, lambda: False)
    check_vectors(index, 300)


class _Overtaken(Publisher):
    """Another connection removes a document as soon as this one has listed what waits."""

    def __init__(self, where: Path | StoreAddress, remove: Callable[[], None]) -> None:
        super().__init__(where)
        read = self._rows

        def overtaken(sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
            rows = read(sql, parameters)
            if "FROM pending" in sql:
                remove()
            return rows

        self._rows = overtaken


def test_what_waits_is_read_in_one_moment(index: FreshIndex) -> None:
    index.publish(1, "Otters sleep.\n", "They hold hands.\n")
    index.publish(2, "Bread rests.\n")
    with closing(_Overtaken(index.where, lambda: index.remove("1.pdf"))) as publisher:
        waiting = publisher.pending(index.model, 10)
    assert [passage.text for passage in waiting] == [
        "Otters sleep.\n",
        "They hold hands.\n",
        "Bread rests.\n",
    ]
    assert embed(index, CountingEmbedder()) == ["Bread rests."]
