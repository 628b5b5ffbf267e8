"""Work that takes many turns lets others have theirs in between."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from fresh_index import DIMENSIONS, FreshIndex
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.vector_codes import encode
from stackroom.reading.in_memory import InMemory, Turn

AT_ONCE = 50
LIMIT = 100


class Searcher:
    """Wants a turn, in a thread of its own, whenever somebody pauses; keeps what `look` saw in it."""

    def __init__(self, look: Callable[[InMemory], object]) -> None:
        self.turn: Turn
        self.seen: list[object] = []
        self._look = look

    def pause(self) -> None:
        # Who pauses without giving up the lock would be waited for as long as it waits for us.
        thread = Thread(target=self._search, daemon=True)
        thread.start()
        thread.join(10)

    def _search(self) -> None:
        with self.turn.at_one_moment() as memory:
            self.seen.append(self._look(memory))


def publish(index: FreshIndex, number: int, lines: int) -> None:
    index.publish(number, "".join(f"Line {line} of {number}.\n" for line in range(lines)))
    ids = [passage.id for passage in index.publisher.pending(index.model, lines)]
    vectors = np.random.default_rng(number).standard_normal((len(ids), DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.publisher.store_vectors(ids, encode(vectors.astype(np.float32)))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[FreshIndex]:
    with closing(FreshIndex(tmp_path)) as fresh:
        yield fresh


@pytest.fixture
def catalog(index: FreshIndex) -> Iterator[Catalog]:
    with closing(Catalog(index.path)) as catalog:
        yield catalog


def turns_of(catalog: Catalog, searcher: Searcher) -> Turn:
    searcher.turn = Turn(catalog, LIMIT, AT_ONCE, searcher.pause)
    return searcher.turn


def test_searches_have_turns_between_blocks_of_vectors_and_leave_the_loading_to_the_loader(
    index: FreshIndex, catalog: Catalog
) -> None:
    publish(index, 1, 120)
    searcher = Searcher(lambda memory: len(memory.vectors))
    turn = turns_of(catalog, searcher)
    assert turn.load_all() == (index.model, 120)
    assert searcher.seen == [50, 100]
    publish(index, 2, 190)
    for loaded in (220, 270, 310, 310):  # nobody loads all now
        with turn.at_one_moment() as memory:
            assert len(memory.vectors) == loaded


def test_searches_have_turns_between_the_steps_of_other_work(index: FreshIndex, catalog: Catalog) -> None:
    publish(index, 1, 10)
    left = [1, 2, 3]
    searcher = Searcher(lambda _: len(left))
    turns_of(catalog, searcher).in_steps(lambda _: left.pop() == 1)
    assert searcher.seen == [2, 1, 0]


def test_searches_have_turns_while_vectors_move_to_new_lists(index: FreshIndex, catalog: Catalog) -> None:
    publish(index, 1, 120)
    searcher = Searcher(lambda memory: bool(memory.own and memory.own.outgrown))
    turn = turns_of(catalog, searcher)
    turn.load_all()
    publish(index, 2, 300)
    turn.load_all()
    searcher.seen.clear()
    turn.fit_lists()
    assert searcher.seen == [True]
    with turn.at_one_moment() as memory:
        assert memory.own
        assert not memory.own.outgrown
