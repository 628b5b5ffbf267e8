"""Embeds the passages that wait for vectors, in a thread of its own."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress

from indexer.passages.writers import nearest_followed
from indexer.store.publisher import Publisher
from stackroom.catalog.entries import Model
from stackroom.catalog.vector_codes import encode
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Embedder

# How many passages are committed at once. That is what a kill can cost, how often a server has something to
# follow, and among how many the runtime finds some of similar length. The first commits are smaller, so that
# searching can begin soon.
_FIRST, _MOST = 32, 256
_POLL_SECONDS = 0.1

# Embedding runs at the lowest priority, as `nice` counts (Linux only): extraction and words come first, and a
# laptop in use stays usable.
_NICE = 19


def embed_pending(
    publisher: Publisher,
    model: Model,
    load: Callable[[], Embedder],
    *,
    compact: bool = False,
    cancelled: threading.Event,
    on_embedded: Callable[[int], None],
) -> None:
    """Embeds and stores waiting passages, in ascending order of id, until none waits.

    A text that another passage of the catalogue or of the same batch has is not embedded again.

    Args:
        publisher: a connection of this thread's own.
        model: whose waiting passages are embedded.
        load: gives the same model, ready to run; not called before it is needed.
        compact: see `stackroom.catalog.vector_codes.encode`.
        cancelled: set to stop after the batch at hand.
        on_embedded: told how many more passages have their vectors, after each commit.
    """
    done = 0
    while not cancelled.is_set():
        batch = publisher.pending(model, min(max(done, _FIRST), _MOST))
        if not batch:
            return
        codes = {passage.text: passage.code for passage in batch if passage.code is not None}
        new = list(dict.fromkeys(passage.text for passage in batch if passage.text not in codes))
        if new:
            codes.update(zip(new, encode(load().embed_passages(new), compact=compact), strict=True))
        publisher.store_vectors([passage.id for passage in batch], [codes[passage.text] for passage in batch])
        done += len(batch)
        on_embedded(len(batch))


class Embedding:
    """Embeds what waits, in a thread that goes on while the next run compares, reads and publishes."""

    def __init__(self, settings: Settings, load: Callable[[Model], Embedder]) -> None:
        """Begins nothing yet.

        Args:
            settings: of the data folder.
            load: gives a model, ready to run; called in the thread, and not before it is needed.
        """
        self._settings = settings
        self._load = load
        self._executor = ThreadPoolExecutor(1, "embedding", initializer=_stand_back)
        self._work: Future[None] | None = None
        self._cancelled = threading.Event()
        self._embedded = 0  # written by the thread alone
        self._told = 0

    def close(self) -> None:
        """Ends the thread after the batch that it is at."""
        self._cancelled.set()
        self._executor.shutdown()

    def go_on(self, model: Model) -> int:
        """Starts embedding what waits, unless that goes on already. Call it after something was published.

        Returns:
            How many passages were embedded since the last call.

        Raises:
            ModelError, CatalogUnusable, …: the error that ended the thread.
        """
        if self._work is None or self._work.done():
            self._take_outcome()
            self._work = self._executor.submit(self._embed, model)
        return self._news()

    def finish(
        self, publisher: Publisher, model: Model, tell: Callable[[int], None], put_off: Callable[[], bool]
    ) -> None:
        """Waits until nothing waits any more, or `put_off` says so; then embedding goes on by itself.

        Args:
            publisher: the calling thread's connection.
            model: whose passages are embedded.
            tell: told how many more passages have their vectors.
            put_off: asked a few times a second.

        Raises:
            ModelError, CatalogUnusable, …: the error that ended the thread.
        """
        while True:
            tell(self.go_on(model))
            if self._work is not None:
                wait([self._work], timeout=_POLL_SECONDS)
                if self._work.done():
                    self._take_outcome()
                    # It may have looked just before the last document was published.
                    if not publisher.pending(model, 1):
                        break
            if put_off():
                break
        tell(self._news())

    def _take_outcome(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work.result()

    def _news(self) -> int:
        told, self._told = self._told, self._embedded
        return self._told - told

    def _embed(self, model: Model) -> None:
        def count(more: int) -> None:
            self._embedded += more
            follow()

        settings = self._settings
        # Made by whoever reads: if it is gone now, it is not for us to begin a new one.
        with (
            closing(Publisher(settings.truth, compact=settings.compact, create=False)) as publisher,
            nearest_followed(settings) as follow,
        ):
            embed_pending(
                publisher,
                model,
                lambda: self._load(model),
                compact=settings.compact,
                cancelled=self._cancelled,
                on_embedded=count,
            )


def _stand_back() -> None:
    """Gives the calling thread, and the threads and processes that it starts, the lowest priority."""
    if sys.platform == "linux":  # elsewhere only whole processes have a priority
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
