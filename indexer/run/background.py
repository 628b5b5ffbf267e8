"""Indexes words and embeds passages, in threads, while PDFs are read."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from indexer.passages.embed import Embedding
from indexer.passages.follow_words import follow_words
from indexer.passages.writers import words_writer
from indexer.run.account import Run
from indexer.store.publisher import Publisher
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model
from stackroom.common.settings import Settings


@contextmanager
def in_background(
    settings: Settings,
    run: Run,
    model: Model,
    publisher: Publisher,
    embedding: Embedding,
    put_off: Callable[[], bool],
) -> Iterator[Callable[[], None]]:
    """Indexes words and embeds waiting passages, in threads, while the block runs and until all is done.

    Args:
        settings: of the data folder.
        run: told how many passages were embedded.
        model: whose passages are embedded.
        publisher: the calling thread's connection.
        embedding: of the same data folder.
        put_off: asked, once all words can be found, whether to stop waiting for the embedding.

    Yields:
        A function to call after each document: it starts the embedding again if that has ended, and re-raises
        the error of a thread that has failed, so that the run ends at once and not after the last file.
        The first words can be searched before the model is loaded, which takes a second of both processors.
    """
    news, found, complete, cancelled = (threading.Event() for _ in range(4))

    def index_words() -> None:
        with (
            Catalog(settings.truth) as catalog,
            closing(words_writer(settings)) as writer,
        ):
            follow_words(writer, catalog, news=news, found=found, complete=complete, cancelled=cancelled)

    def tell(count: int) -> None:
        if count:
            run.tell(embedded=count)

    with ThreadPoolExecutor(1, "words") as executor:
        words = executor.submit(index_words)

        def check() -> None:
            news.set()
            if words.done():
                words.result()
            if found.is_set():
                tell(embedding.go_on(model))

        try:
            if publisher.pending(model, 1):
                tell(embedding.go_on(model))
            yield check
            complete.set()
            news.set()
            words.result()
        finally:
            cancelled.set()
            complete.set()  # the thread waits for these events, and then sees that it is cancelled
            news.set()
    run.tell("embedding")
    embedding.finish(publisher, model, tell, put_off)
