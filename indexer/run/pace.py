"""How far a run is and how long it still takes, told to its caller and to whoever asks `status`."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from indexer.run.summary import Progress
from stackroom.common.running import tell_more

# Reading PDFs takes this share of a run's time, embedding the rest (measured, see docs/benchmarks.md).
_READING_SHARE = 0.08

# How often the note beside the indexer's lock is written in one stage, in seconds.
_NOTE_SECONDS = 2.0


class Pace:
    """Adds to a run's progress what share of the work is done and how long the rest takes, and passes it on.

    The estimate comes from how fast this run was so far. There is none before something is embedded: the
    model may still be loading.
    """

    def __init__(
        self,
        lock: Path,
        on_progress: Callable[[Progress], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Tells nothing yet.

        Args:
            lock: which this process holds; its note then says how far the run is.
            on_progress: told the same, each time.
            clock: seconds, from any beginning.
        """
        self._lock = lock
        self._on_progress = on_progress
        self._clock = clock
        self._started = self._noted = clock()
        self._stage = ""
        self._waiting = self._first = 0

    def __call__(self, progress: Progress) -> None:
        """Completes `progress`, and tells it."""
        now = self._clock()
        progress.share, progress.seconds_left = self._estimate(progress, now)
        self._on_progress(progress)
        if progress.stage != self._stage or now - self._noted >= _NOTE_SECONDS:
            self._stage, self._noted = progress.stage, now
            tell_more(self._lock, {"progress": asdict(progress)})

    def close(self) -> None:
        """The run has ended: the note says nothing of it any more."""
        tell_more(self._lock, {"progress": None})

    def _estimate(self, progress: Progress, now: float) -> tuple[float, float | None]:
        """The share of the work that is done, and the seconds that the rest takes, if that can be told."""
        read = progress.files_done / progress.files if progress.files else 1.0
        if not progress.files_done:
            self._waiting = progress.passages  # by earlier runs
        # How many passages there will be is estimated from the files read so far.
        more = (progress.passages - self._waiting) / read if read else 0.0
        expected = max(self._waiting + more, 1.0)
        is_read = bool(progress.pages)
        if progress.scans:  # scans are read when everything else is done
            share = progress.scans_done / progress.scans
        elif is_read:
            embedded = progress.embedded / expected if progress.passages else 0.0
            share = _READING_SHARE * read + (1 - _READING_SHARE) * embedded
        else:
            share = progress.embedded / expected
        begun = progress.scans_done if progress.scans else progress.pages or progress.embedded
        if not begun:
            self._started = now
            self._first = 0
        elif not (progress.scans or is_read or self._first):
            # Nothing is read: the clock begins with the first passages that are embedded.
            self._started, self._first = now, progress.embedded
        before = 0.0 if progress.scans or is_read else self._first / expected
        is_known = (progress.scans_done or progress.embedded) and before < share < 1
        left = (now - self._started) * (1 - share) / (share - before) if is_known else None
        return min(share, 1.0), left
