"""How far a command is: a bar on a terminal, an event now and then where there is none."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from stackroom.cli.terminal import duration
from stackroom.common.events import Events

# Share of a run's time that reading takes; the rest is embedding (measured, see docs/benchmarks.md).
_READING_SHARE = 0.08
_SECONDS_BETWEEN_LINES = 5.0


class ProgressDisplay:
    """A bar on a terminal, an event now and then where there is none. A context manager."""

    def __init__(self, events: Events, *, quiet: bool = False) -> None:
        """Shows nothing at all if `quiet`, and nothing before the first `update`."""
        self._events = events
        self._quiet = quiet
        self._bar: Progress | None = None
        self._started = self._last_line = time.monotonic()
        if sys.stderr.isatty() and not quiet and not events.as_json:
            self._bar = Progress(
                TextColumn("{task.description:<9}"),
                BarColumn(),
                TextColumn("{task.fields[counts]}"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task("comparing", total=1.0, counts="", left="", visible=False)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def rest(self) -> None:
        """Shows nothing until the next run begins."""
        if self._bar:
            self._bar.reset(self._task, total=1.0, visible=False)

    def update(
        self,
        stage: str,
        files: int,
        files_done: int,
        pages: int,
        passages: int,
        embedded: int,
        scans: int,
        scans_done: int,
    ) -> None:
        """Shows how far a run is; see `account.Progress`. Cheap enough to be called for every page."""
        read = files_done / files if files else 1.0
        if (scans and not scans_done) or not (scans or files_done or pages or embedded):
            self._started = time.monotonic()  # a run begins, or its scans do
        # Passages of the files still to be read are guessed from those read so far.
        expected = max(passages / read if read else 0.0, 1.0)
        share = _READING_SHARE * read + (1 - _READING_SHARE) * (embedded / expected if passages else 0.0)
        # What is read can be searched by its words a moment later; what is embedded, by its meaning as well.
        counts = f"{files_done}/{files} files  {pages} pages  {embedded}/{passages} passages embedded"
        if scans:  # which come when all else is done
            counts = f"{scans_done}/{scans} scanned pages  {embedded}/{passages} passages embedded"
            share = scans_done / scans
        # Until something is embedded nobody knows how fast that goes: the model may still be loading.
        elapsed = time.monotonic() - self._started
        known = (scans_done or embedded) and 0 < share < 1
        left = f"about {duration(elapsed * (1 - share) / share)} left" if known else ""
        if self._bar:
            self._bar.update(
                self._task, description=stage, completed=share, counts=counts, left=left, visible=True
            )
        elif not self._quiet and time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES < elapsed:
            self._last_line = time.monotonic()
            self._events.tell(
                "progress",
                f"{stage}: {counts}" + (f", {left}" if left else ""),
                stage=stage,
                files=files,
                files_done=files_done,
                pages=pages,
                passages=passages,
                embedded=embedded,
            )

    def count(self, stage: str, done: int, of: int) -> None:
        """Shows how much of something is done. Cheap enough to be called for each."""
        if self._bar:
            self._bar.update(
                self._task,
                description=stage,
                completed=done / of,
                counts=f"{done}/{of}",
                left="",
                visible=True,
            )
        elif not self._quiet and time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._events.tell("progress", f"{stage}: {done}/{of}", stage=stage, done=done, of=of)
