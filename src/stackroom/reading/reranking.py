"""The reranker that searches may ask: loaded when it is first needed, and never in a search's way."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from stackroom.common.errors import ModelError
from stackroom.embedding.embedder import Preparation
from stackroom.embedding.reranking.reranker import NOTHING_READ, Reranker, RerankerSource, Reread
from stackroom.reading.notices import RERANKER_NOT_READY, RERANKER_TOO_SLOW, RERANKER_UNUSABLE

# What was said of the last queries is kept: asked again, they are answered in the same order.
_KEPT = 100

# Seconds until a reranker that could not be had is tried again: the owner may put right what was wrong.
_RETRY_SECONDS = 60.0


class Reranking:
    """Has the best passages of a query read again. Safe to use from several threads."""

    def __init__(self, source: RerankerSource, clock: Callable[[], float] = time.monotonic) -> None:
        """Loads nothing yet.

        Args:
            source: of the reranker.
            clock: seconds, for when to try again.
        """
        self._source = source
        self._clock = clock
        self._loading = threading.Lock()
        self._loaded: Reranker | None = None
        self._failed_at: float | None = None  # on the clock
        self._kept: OrderedDict[tuple[str, ...], Reread] = OrderedDict()
        self._keeping = threading.Lock()

    def preparation(self) -> Preparation:
        """See `RerankerSource`."""
        return self._source.preparation()

    def warm(self) -> None:
        """Loads the reranker now; prepares it if need be.

        Raises:
            ModelError: it can't be had.
        """
        with self._loading:
            if self._loaded is None:
                try:
                    self._loaded = self._source.load()
                except ModelError:
                    self._failed_at = self._clock()
                    raise
                self._failed_at = None

    def reread(self, query: str, passages: Sequence[str]) -> tuple[Reread, str]:
        """What the reranker says of the first passages, and a notice if that is not what was asked for.

        Never raises, and never waits for a reranker that is not prepared: the passages stay in their order.
        """
        asked = (query, *passages)
        with self._keeping:
            if asked in self._kept:
                self._kept.move_to_end(asked)
                return self._kept[asked]._replace(milliseconds=0.0), ""
        try:
            reranker = self._if_prepared()
            if reranker is None:
                return NOTHING_READ, RERANKER_NOT_READY if self._failed_at is None else RERANKER_UNUSABLE
            reread = reranker.reread(query, passages)
        except ModelError:
            self._failed_at = self._clock()
            self._loaded = None
            return NOTHING_READ, RERANKER_UNUSABLE
        # One passage alone has nothing to change places with.
        if len(reread.scores) < min(2, len(passages)):
            return reread, RERANKER_TOO_SLOW
        with self._keeping:
            self._kept[asked] = reread
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return reread, ""

    def _if_prepared(self) -> Reranker | None:
        """The reranker; None if it is not prepared yet, or could not be had a short while ago."""
        if self._loaded is None:
            if self._failed_at is not None and self._clock() < self._failed_at + _RETRY_SECONDS:
                return None
            if self._loading.locked():  # whoever loads it may have to download it first
                return None
            if self._source.preparation() is not Preparation.DONE:
                return None
            self.warm()
        return self._loaded
