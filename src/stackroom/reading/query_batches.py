"""Queries into vectors: those that come at the same time in one batch, those that come again not at all."""

import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackroom.embedding.embedder import Embedder

# Vectors kept: 1.5 MB for the bundled model.
_KEPT = 1000

# Queries through the model at once: bounds what the last of many waits for.
_BATCH = 16


@dataclass(slots=True, eq=False)
class _Waiting:
    """A query that somebody waits for. `vector` has shape (dimensions,)."""

    text: str
    vector: NDArray[np.float32] | None = None


class QueryEmbedder:
    """Embeds queries with one model. Safe to use from several threads."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._lock = threading.Lock()  # for the two below
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._waiting: list[_Waiting] = []
        self._model = threading.Lock()

    def embed(self, text: str) -> NDArray[np.float32]:
        """The vector of a query, shape (dimensions,), of length 1."""
        with self._lock:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
            mine = _Waiting(text)
            self._waiting.append(mine)
        # Whoever gets the model takes all who wait along. While a batch is computed, the next one gathers.
        try:
            while mine.vector is None:
                with self._model:
                    if mine.vector is None:
                        self._embed_some()
        finally:
            with self._lock, suppress(ValueError):
                self._waiting.remove(mine)  # should the model have failed
        return mine.vector

    def _embed_some(self) -> None:
        with self._lock:
            batch = self._waiting[:_BATCH]
        vectors = self.embedder.embed_queries([waiting.text for waiting in batch])
        with self._lock:
            for waiting, vector in zip(batch, vectors, strict=True):
                waiting.vector = self._kept[waiting.text] = vector
            self._waiting = [waiting for waiting in self._waiting if waiting.vector is None]
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
