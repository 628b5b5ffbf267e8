"""Shows how far a command is: by a bar on a terminal, else by an event every few seconds."""

import math
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from stackroom.common.amounts import counted, duration
from stackroom.common.events import Events

_SECONDS_BETWEEN_LINES = 5.0


class ProgressDisplay:
    """A bar on a terminal, else an event every few seconds. A context manager."""

    def __init__(
        self, events: Events, *, quiet: bool = False, on_text: Callable[[str], object] = lambda text: None
    ) -> None:
        """Shows nothing before the first `update`.

        Args:
            events: where it reports.
            quiet: shows nothing at all.
            on_text: also told how far it is, at most once a second, even if `quiet`.
        """
        self._events = events
        self._on_text = on_text
        self._last_text = -math.inf
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

    def hide(self) -> None:
        """Hides the bar until the next run begins."""
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
        share: float = 0.0,
        seconds_left: float | None = None,
    ) -> None:
        """Shows how far a run is; see `indexer.run.summary.Progress`. Cheap enough to call for every page."""
        if (scans and not scans_done) or not (scans or files_done or pages or embedded):
            self._started = time.monotonic()  # a run begins, or its scans begin
        elapsed = time.monotonic() - self._started
        of_passages = f"{embedded}/{counted(passages, 'passage')} embedded"
        counts = f"{files_done}/{counted(files, 'file')}  {counted(pages, 'page')}  {of_passages}"
        if not pages and (embedded or stage == "splitting"):
            counts = of_passages
        if scans:  # scans are read when everything else is done
            counts = f"{scans_done}/{counted(scans, 'scanned page')}  {of_passages}"
        left = f"about {duration(seconds_left)} left" if seconds_left is not None else ""
        text = f"{stage}: {counts}" + (f", {left}" if left else "")
        if time.monotonic() - self._last_text >= 1:
            self._last_text = time.monotonic()
            self._on_text(text)
        if self._bar:
            self._bar.update(
                self._task, description=stage, completed=share, counts=counts, left=left, visible=True
            )
        elif not self._quiet and time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES < elapsed:
            self._last_line = time.monotonic()
            self._events.tell(
                "progress",
                text,
                stage=stage,
                files=files,
                files_done=files_done,
                pages=pages,
                passages=passages,
                embedded=embedded,
                seconds_left=None if seconds_left is None else round(seconds_left),
            )

    def count(self, stage: str, done: int, of: int) -> None:
        """Shows that `done` of `of` items are done. Cheap enough to call for each item."""
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
