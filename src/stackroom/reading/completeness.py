"""How complete the index is, for whoever searches: kept for some seconds, so that no search waits for it."""

import time
from collections.abc import Callable

from stackroom.catalog.library_state import Contents, LibraryState, read_contents, state_with
from stackroom.reading.in_memory import Turn

# Seconds for which an answer is kept: an indexer commits several times a second.
_KEPT = 5.0


class Completeness:
    """Tells how complete the index is. Safe to use from several threads."""

    def __init__(self, turn: Turn, clock: Callable[[], float] = time.monotonic) -> None:
        """Reads nothing yet.

        Args:
            turn: for the catalogue.
            clock: seconds, for how long an answer is kept.
        """
        self._turn = turn
        self._clock = clock
        self._contents = Contents()
        self._version: tuple[int, int] | None = None  # of the catalogue that the contents are of
        self._kept = LibraryState()
        self._kept_until = float("-inf")

    def state(self) -> LibraryState:
        """See `Reader.state`."""
        if self._clock() < self._kept_until:
            return self._kept
        with self._turn.at_one_moment():
            version = self._turn.catalog.version()
            if version != self._version:
                self._contents = read_contents(self._turn.catalog)
                self._version = version
            self._kept = state_with(self._turn.catalog, self._contents)
        self._kept_until = self._clock() + _KEPT
        return self._kept
