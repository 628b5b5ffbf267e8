"""Passages that wait → vectors. Runs beside extraction, in a thread of its own."""

import threading
from collections.abc import Callable

from indexer.publish import Publisher
from stackroom.codes import encode
from stackroom.embedding.embedder import Embedder
from stackroom.records import Model

# Passages for each commit: what a kill can cost, how often a server has something to follow, and among how
# many the runtime finds some of like length. The first commits are smaller, so that searching begins soon.
_FIRST, _MOST = 32, 256
_WAIT_SECONDS = 0.2


def embed_pending(
    publisher: Publisher,
    model: Model,
    load: Callable[[], Embedder],
    *,
    compact: bool = False,
    complete: threading.Event,
    cancelled: threading.Event,
    on_embedded: Callable[[int], None],
) -> None:
    """Embeds and stores waiting passages, in ascending order of id, until no more can come.

    A text that another passage of the catalogue or of the same batch has is not embedded again.

    Args:
        publisher: a connection of this thread's own.
        model: whose waiting passages are embedded.
        load: gives the same model, ready to run; not called before it is needed.
        compact: see `stackroom.codes.encode`.
        complete: set when nothing more will be published.
        cancelled: set to stop after the batch at hand.
        on_embedded: told how many more passages have their vectors, after each commit.
    """
    done = 0
    while not cancelled.is_set():
        # Looked at before the query: what was published before it was set must be seen by the query.
        was_complete = complete.is_set()
        batch = publisher.pending(model, min(max(done, _FIRST), _MOST))
        if batch:
            codes = {passage.text: passage.code for passage in batch if passage.code is not None}
            new = list(dict.fromkeys(passage.text for passage in batch if passage.text not in codes))
            if new:
                codes.update(zip(new, encode(load().embed_passages(new), compact=compact), strict=True))
            publisher.store_vectors(
                [passage.id for passage in batch], [codes[passage.text] for passage in batch]
            )
            done += len(batch)
            on_embedded(len(batch))
        elif was_complete:
            return
        else:
            complete.wait(_WAIT_SECONDS)
