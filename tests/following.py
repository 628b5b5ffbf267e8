"""A watch in a thread, with a small embedder, and what it told."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fake_ocr import no_ocr
from fakes import OneModel, WordHashEmbedder
from indexer.ocr.tesseract import FindOcr
from indexer.run.indexer import Indexer
from indexer.run.summary import Summary
from indexer.run.watch import watch
from indexer.store.turns import turn
from stackroom.catalog.catalog import Catalog
from stackroom.common.roots import Root
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

# What takes two seconds or three takes longer on a loaded machine.
PATIENCE_SECONDS = 20.0


def eventually(check: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until it is so."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


class Slow(WordHashEmbedder):
    """Takes so many seconds a passage."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        time.sleep(self._seconds * len(texts))
        return super().embed_passages(texts)


class Following:
    """A folder, a data folder, and a watch that follows one into the other. To be closed.

    Attributes:
        folder: exists, and is empty.
        settings: of the watch; only events tell it of changes.
        reader: what a client finds meanwhile; embeds queries by counting words.
        summaries, troubles, news: what the watch told so far.
        ended: how the watch ended, if it was not by being told to.
    """

    def __init__(self, folder: Path) -> None:
        """Makes the folders."""
        self.folder = folder / "papers"
        self.folder.mkdir()
        self._data = folder / "data"
        self.adjust()
        self.reader = Reader(
            Catalog(self.settings.catalog, create=True),
            WordIndex(self.settings.words),
            OneModel(WordHashEmbedder()),
        )
        self.summaries: list[Summary] = []
        self.troubles: list[str] = []
        self.news: list[str] = []
        self.ended: Exception | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def adjust(self, **environment: str) -> None:
        """Other settings."""
        usual = {"STACKROOM_SETTLE_SECONDS": "0.3", "STACKROOM_RESCAN_SECONDS": "60"}
        self.settings = Settings.read({**usual, **environment}, data=self._data, workers=2)

    def begin(
        self,
        *roots: Path,
        follow_all: bool = False,
        embedder: WordHashEmbedder | None = None,
        find_ocr: FindOcr = no_ocr,
    ) -> None:
        """Begins to watch `roots`; without any, the folder, or all that the library has."""
        indexer = Indexer(
            self.settings,
            OneModel(embedder or WordHashEmbedder()),
            find_ocr,
            take_hold=lambda settings: turn(settings, 0.5),
        )

        def choose(known: list[Root]) -> list[Root]:
            return known if follow_all else [*roots] or [self.folder]

        def follow() -> None:
            try:
                watch(
                    indexer,
                    choose,
                    self.settings,
                    follow_all=follow_all,
                    stop=self._stop,
                    on_summary=self.summaries.append,
                    on_trouble=self.troubles.append,
                    on_news=self.news.append,
                )
            except Exception as error:
                self.ended = error
                raise

        self._stop.clear()
        self._thread = threading.Thread(target=follow)
        self._thread.start()

    def halt(self) -> None:
        """Ends the watch; it may begin again."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)
            assert not self._thread.is_alive()

    def another_indexer(self) -> Indexer:
        """As another command has it: waits for its turn."""
        models = OneModel(WordHashEmbedder())
        return Indexer(self.settings, models, no_ocr, take_hold=lambda settings: turn(settings, 20))

    def last(self) -> Summary:
        """The last run's; an empty one before."""
        return self.summaries[-1] if self.summaries else Summary()

    def titles(self, query: str = "-title:nothing") -> set[str]:
        """Of what a client finds."""
        return {hit.title for hit in self.reader.search(query)}

    def finds(self, *titles: str) -> bool:
        """Whether a client finds exactly these."""
        return self.titles() == set(titles)

    def close(self) -> None:
        """Ends all of it."""
        self.halt()
        self.reader.close()
