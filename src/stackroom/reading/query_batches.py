"""Queries into vectors: those asked at one time go through the model together, repeated ones not again."""

import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackroom.embedding.embedder import (
    Embedder,
    Fingerprint,
    ModelSource,
    Preparation,
    refuse_another_model,
)
from stackroom.embedding.prompts import has_same_files

# Vectors of the last queries that are kept: 1.5 MB with the bundled model.
_KEPT = 1000

# Most queries in one batch: it bounds how long the last of many queries waits.
_BATCH = 16


class Embedded(NamedTuple):
    """A query as a model reads it.

    Attributes:
        vector: float32, shape (dimensions,), length 1; not to be changed.
        known: see `Embedder.known_share`.
    """

    vector: NDArray[np.float32]
    known: float


@dataclass(slots=True, eq=False)
class _Waiting:
    """A query that a thread waits for; `embedded` is None until it is computed."""

    text: str
    embedded: Embedded | None = None


class QueryEmbedder:
    """Embeds queries with one model. Safe to use from several threads."""

    def __init__(self, embedder: Embedder) -> None:
        """Computes nothing yet. `embedder` is used by one thread at a time."""
        self.embedder = embedder
        self._lock = threading.Lock()  # guards `_kept` and `_waiting`
        self._kept: OrderedDict[str, Embedded] = OrderedDict()
        self._waiting: list[_Waiting] = []
        self._model = threading.Lock()  # held while the model computes

    def embed(self, text: str) -> Embedded:
        """A query's vector, and how much of the query the model knows."""
        with self._lock:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
            mine = _Waiting(text)
            self._waiting.append(mine)
        # The thread that gets the model embeds for all that wait; while it computes, the next batch gathers.
        try:
            while mine.embedded is None:
                with self._model:
                    if mine.embedded is None:
                        self._embed_some()
        finally:
            with self._lock, suppress(ValueError):
                self._waiting.remove(mine)  # still there only if the model has failed
        return mine.embedded

    def _embed_some(self) -> None:
        with self._lock:
            batch = self._waiting[:_BATCH]
        vectors = self.embedder.embed_queries([waiting.text for waiting in batch])
        known = [self.embedder.known_share(waiting.text) for waiting in batch]
        with self._lock:
            for waiting, embedded in zip(batch, map(Embedded, vectors, known), strict=True):
                waiting.embedded = self._kept[waiting.text] = embedded
            self._waiting = [waiting for waiting in self._waiting if waiting.embedded is None]
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)


class QueryModel:
    """The model that queries are embedded with: that of the index, loaded when it is first needed.

    Safe to use from several threads.
    """

    def __init__(self, models: ModelSource, wanted: str) -> None:
        """Loads nothing yet.

        Args:
            models: loads a model by its fingerprint.
            wanted: the model the user insists on; empty means whichever the index was built with.
        """
        self._models = models
        self._wanted = wanted
        self._loading = threading.Lock()
        self._loaded: QueryEmbedder | None = None

    @property
    def loaded(self) -> QueryEmbedder | None:
        """What embedded the last query; None if that was none yet."""
        return self._loaded

    def preparation(self, built_with: Fingerprint) -> Preparation:
        """Whether this model is prepared for this processor. Raises ModelError if it can't be had."""
        return self._models.preparation(built_with)

    def if_prepared(self, built_with: Fingerprint) -> QueryEmbedder | None:
        """As `load`; None if the model is not prepared yet: preparing it may take minutes."""
        loaded = self._loaded
        if loaded is not None and loaded.embedder.fingerprint.same_vectors(built_with):
            return loaded
        if self._models.preparation(built_with) is not Preparation.DONE:
            return None
        return self.load(built_with)

    def load(self, built_with: Fingerprint) -> QueryEmbedder:
        """The model with this fingerprint; it is prepared and loaded if that has not been done yet.

        Raises:
            ModelError: the model can't be had, or is not the one the user insists on.
        """
        with self._loading:
            if self._loaded is None or not self._loaded.embedder.fingerprint.same_vectors(built_with):
                # Other words before passages are nothing to a query: the index has those it was built with.
                if self._wanted:
                    digest = self._models.digest(self._wanted)
                    if not has_same_files(digest, built_with.digest):
                        refuse_another_model(self._wanted, digest, built_with)
                self._loaded = QueryEmbedder(self._models.load(built_with))
            return self._loaded
