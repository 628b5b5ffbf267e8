"""When to look again; the only file that knows watchdog.

Events are hints, the folder is the truth: any event, or a minute without one, means that the folders are
compared. A file that is still being written is left for the next look, a second later.
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from indexer.compare import File
from indexer.leave_out import IGNORE_FILE
from indexer.pipeline import Indexer
from indexer.publish import FileState
from indexer.run import Progress, Summary
from stackroom.errors import CatalogUnusable
from stackroom.settings import Settings

# Events come in bursts: how long to let one pass before looking, in seconds.
_DEBOUNCE_SECONDS = 0.2

_CHANGES = frozenset({"created", "modified", "moved", "deleted", "closed"})


def watch(
    indexer: Indexer,
    roots: Sequence[Path],
    settings: Settings,
    *,
    stop: threading.Event,
    on_progress: Callable[[Progress], None],
    on_summary: Callable[[Summary], None],
    on_trouble: Callable[[str], None],
) -> None:
    """Indexes `roots`, then follows them until `stop` is set.

    Args:
        indexer: entered.
        roots: absolute paths of folders or single PDFs.
        settings: `settle_seconds` and `rescan_seconds` are used here.
        stop: set from another thread or a signal handler to end after the run at hand.
        on_progress: see `Indexer.run`.
        on_summary: told what each run did; most find nothing to do.
        on_trouble: told what went wrong without ending the watch.

    Raises:
        ModelError: see `Indexer.run`.
    """
    wake = threading.Event()
    observer = Observer()
    _schedule(observer, roots, wake, on_trouble)
    observer.start()
    try:
        settling = _Settling(settings.settle_seconds)
        while not stop.is_set():
            wake.clear()
            settling.start_look()
            try:
                until = time.monotonic() + settings.rescan_seconds

                def put_off(until: float = until) -> bool:
                    return wake.is_set() or stop.is_set() or time.monotonic() > until

                summary = indexer.run(
                    roots, on_progress=on_progress, hold_back=settling.hold_back, put_off_scans=put_off
                )
                on_summary(summary)
                if summary.waiting_scans and not summary.ocr_obstacle and summary.recognised:
                    continue  # new files went first; now on with the scans
            except CatalogUnusable as error:
                on_trouble(f"{error} Trying again in {settings.rescan_seconds:g} s.")
            pause = settings.settle_seconds if settling.waiting else settings.rescan_seconds
            if _wait(wake, stop, pause):
                time.sleep(_DEBOUNCE_SECONDS)
    finally:
        observer.stop()
        observer.join()


class _Settling:
    """Tells files that are still being written from those that keep still."""

    def __init__(self, seconds: float) -> None:
        self.waiting: dict[Path, tuple[FileState, float]] = {}
        self._before: dict[Path, tuple[FileState, float]] = {}
        self._seconds = seconds

    def start_look(self) -> None:
        """Call before each comparison."""
        self._before, self.waiting = self.waiting, {}

    def hold_back(self, file: File) -> bool:
        """Whether `file` was written to within the last `seconds`, by its own time or by what we saw."""
        age = time.time() - file.state.modified_ns / 1e9
        if age >= self._seconds:
            return False
        # Young, or of the future: the clock of a network folder may differ from ours. Look again.
        now = time.monotonic()
        state, since = self._before.get(file.path, (file.state, now))
        if state != file.state:
            since = now
        elif now - since >= self._seconds:
            return False
        self.waiting[file.path] = (file.state, since)
        return True


class _Waker(FileSystemEventHandler):
    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in _CHANGES:
            return  # somebody only read a file: we do, all the time
        names = (str(event.src_path).lower(), str(event.dest_path).lower())
        if event.is_directory or any(name.endswith((".pdf", IGNORE_FILE)) for name in names):
            self._wake.set()


def _schedule(
    observer: BaseObserver, roots: Sequence[Path], wake: threading.Event, on_trouble: Callable[[str], None]
) -> None:
    for root in roots:
        folder = root if root.is_dir() else root.parent
        try:
            observer.schedule(_Waker(wake), str(folder), recursive=root.is_dir())
        except OSError as error:
            on_trouble(
                f"The system does not report changes in {folder} ({error}); it is looked at every "
                "STACKROOM_RESCAN_SECONDS instead. On Linux, raising fs.inotify.max_user_watches helps."
            )


def _wait(wake: threading.Event, stop: threading.Event, seconds: float) -> bool:
    """Waits for a wake-up, in steps short enough to see `stop`. Returns whether there was one."""
    until = time.monotonic() + seconds
    while not stop.is_set() and (left := until - time.monotonic()) > 0:
        if wake.wait(min(left, 1.0)):
            return True
    return False
