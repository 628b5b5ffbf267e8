"""What goes on beside the reading of PDFs: words are indexed and passages embedded, in threads."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress

from indexer.embed import embed_pending
from indexer.publish import Publisher
from indexer.run import Run
from indexer.words import follow_words
from stackroom.catalog import Catalog
from stackroom.embedding.embedder import Embedder
from stackroom.lexicon_writer import LexiconWriter
from stackroom.records import Model
from stackroom.settings import Settings

# How much the embedding threads stand back behind everything else, as `nice` counts (Linux only): words come
# first, and a laptop that is in use stays usable.
_NICE = 19


@contextmanager
def beside(
    settings: Settings, run: Run, model: Model, load: Callable[[], Embedder]
) -> Iterator[Callable[[], None]]:
    """Indexes words and embeds what waits, in threads, while the block runs and until all is done.

    Args:
        settings: of the data folder.
        run: is told what is embedded.
        model: whose passages are embedded.
        load: gives it, ready to run; not called before it is needed.

    Yields:
        What raises the error of a thread that has failed: it should not be told after the last file only.
    """
    complete, cancelled = threading.Event(), threading.Event()

    def embed() -> None:
        _stand_back()
        with closing(Publisher(settings.catalog, compact=settings.compact)) as publisher:
            embed_pending(
                publisher,
                model,
                load,
                compact=settings.compact,
                complete=complete,
                cancelled=cancelled,
                on_embedded=lambda count: run.tell(embedded=count),
            )

    def index_words() -> None:
        with (
            Catalog(settings.catalog) as catalog,
            closing(LexiconWriter(settings.words)) as lexicon,
        ):
            follow_words(lexicon, catalog, complete=complete, cancelled=cancelled)

    with ThreadPoolExecutor(2, "beside") as executor:
        threads = [executor.submit(index_words), executor.submit(embed)]

        def check() -> None:
            for thread in threads:
                if thread.done():
                    thread.result()

        try:
            yield check
            complete.set()
            for thread in threads:
                thread.result()
        finally:
            cancelled.set()


def _stand_back() -> None:
    """Lets the calling thread, and the threads and processes it starts, run when others need not."""
    if sys.platform == "linux":  # elsewhere only whole processes have a priority
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
