"""Loading while the server already answers: what fails is told once, and tried again."""

import threading
from contextlib import closing
from typing import Any

from fakes import OneModel, SomeModels, Wanting, WordHashEmbedder
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import ModelNotFound
from stackroom.common.events import Events
from stackroom.embedding.embedder import Embedder, Fingerprint
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.warming import warm_in_background
from waiting import wait_until


class Told(Events):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def tell(self, event: str, text: str, level: str = "info", /, **fields: Any) -> None:
        self.texts.append(text)


class LateModels(SomeModels):
    """Models that are there when they are asked for the third time."""

    def __init__(self, embedder: WordHashEmbedder) -> None:
        super().__init__(lambda _: embedder)
        self.asked = 0
        self.loaded = threading.Event()

    def load(self, model: Fingerprint) -> Embedder:
        self.asked += 1
        if self.asked < 3:
            raise ModelNotFound("The network is away.")
        self.loaded.set()
        return super().load(model)


def test_what_could_not_be_loaded_is_tried_again_and_told_once(shelf: Shelf) -> None:
    models, events = LateModels(shelf.embedder), Told()
    with closing(Reader(Catalog(shelf.path), WordIndex(shelf.words), models)) as reader:
        warm_in_background(reader, events, retry_seconds=0.01)
        assert models.loaded.wait(30)
    assert events.texts == ["Searching does not work yet. The network is away."]


def test_a_reader_that_was_closed_is_left_alone(shelf: Shelf) -> None:
    models, events = LateModels(shelf.embedder), Told()
    reader = Reader(Catalog(shelf.path), WordIndex(shelf.words), models)
    reader.close()
    warm_in_background(reader, events, retry_seconds=0.01)
    for thread in threading.enumerate():
        if thread.name == "warm":
            thread.join(30)
    assert (models.asked, events.texts) == (0, [])


def test_a_reranker_that_is_not_there_is_told_once_and_searches_go_on(shelf: Shelf) -> None:
    shelf.add(77, "badgers sleep\n")
    reranker, events = Wanting("badgers"), Told()
    reranker.error = ModelNotFound("There is none.")
    reader = Reader(Catalog(shelf.path), WordIndex(shelf.words), OneModel(shelf.embedder), reranker=reranker)
    with closing(reader):
        warm_in_background(reader, events, retry_seconds=0.01)
        wait_until(lambda: reranker.loads > 3)
        assert reader.search("badgers")
        reranker.error = None
        wait_until(lambda: not any(thread.name == "warm" for thread in threading.enumerate()))
        assert reader.answer("badgers").reread.scores
    assert events.texts == ["Nothing is reranked yet. There is none."]
