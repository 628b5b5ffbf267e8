"""Passages that wait → vectors. Runs beside extraction, in a thread of its own."""

import threading
from collections.abc import Callable

from indexer.publish import Publisher
from stackroom.catalog import Model
from stackroom.embedding.embedder import Embedder
from stackroom.vectors import encode

# Passages for each commit: what a kill can cost, and how often a server has something to follow.
_BATCH = 64
_WAIT_SECONDS = 0.2


def embed_pending(
    publisher: Publisher,
    model: Model,
    embedder: Embedder,
    *,
    complete: threading.Event,
    cancelled: threading.Event,
    on_embedded: Callable[[int], None],
) -> None:
    """Embeds and stores waiting passages, in ascending order of id, until no more can come.

    Args:
        publisher: a connection of this thread's own.
        model: whose waiting passages are embedded.
        embedder: the same model, ready to run.
        complete: set when nothing more will be published.
        cancelled: set to stop after the batch at hand.
        on_embedded: told how many more passages have their vectors, after each commit.
    """
    while not cancelled.is_set():
        # Looked at before the query: what was published before it was set must be seen by the query.
        was_complete = complete.is_set()
        batch = publisher.pending(model, _BATCH)
        if batch:
            vectors = embedder.embed_passages([passage.text for passage in batch])
            publisher.store_vectors([passage.id for passage in batch], encode(vectors))
            on_embedded(len(batch))
        elif was_complete:
            return
        else:
            complete.wait(_WAIT_SECONDS)
