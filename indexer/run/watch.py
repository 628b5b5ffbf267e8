"""Follows folders: decides when to compare them again, and when to let other commands in.

An event is only a hint: after any event, or after a minute without one, the folders are compared (a "look").
A file that is still being written is left for the next look, a second later. Long work (reading, embedding,
OCR) is interrupted for a look, and for any other command that wants the data folder.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from indexer.folder.compare import File
from indexer.folder.listen import Listener
from indexer.run.indexer import Indexer
from indexer.run.summary import Progress, Summary
from indexer.store.publisher import FileState
from indexer.store.turns import is_wanted, is_watched, the_only_watcher
from stackroom.common.errors import AlreadyRunning, CatalogError, SettingsError
from stackroom.common.roots import Root
from stackroom.common.settings import Settings

# Events come in bursts: how long to wait for the end of one before looking, in seconds.
_DEBOUNCE_SECONDS = 0.2

# However much happens in the folders, some work must be done between two looks: for twice as long as the look
# took, but for at least 1 and at most 10 seconds.
_WORK_PER_LOOK, _LEAST_WORK_SECONDS, _MOST_WORK_SECONDS = 2.0, 1.0, 10.0

# Seconds between two checks whether another command waits, or a folder has come or gone.
_POLL_SECONDS = 0.5


def watch(
    indexer: Indexer,
    roots: Callable[[list[Root]], Sequence[Root]],
    settings: Settings,
    *,
    follow_all: bool = False,
    stop: threading.Event,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_summary: Callable[[Summary], None] = lambda summary: None,
    on_trouble: Callable[[str], None] = lambda trouble: None,
    on_news: Callable[[str], None] = lambda news: None,
) -> None:
    """Indexes folders, then follows them until `stop` is set.

    Args:
        indexer: not entered yet. If another indexer is at work when this one is entered, we wait for it.
        roots: gets the folders that the library has, and returns the folders, sources or single PDFs to
            follow.
        settings: `settle_seconds` and `rescan_seconds` are used here.
        follow_all: whether to follow also what other commands add to the library.
        stop: set from another thread to end the watch. What is being read is finished first.
        on_progress: see `Indexer.run`.
        on_summary: told what each run did; most find nothing to do.
        on_trouble: told once about each thing that has gone wrong without ending the watch.
        on_news: told when a trouble is over, and what else a person may want to know.

    Raises:
        AlreadyRunning: another watcher is at work in the data folder.
        CatalogError: the catalogue can't be opened at first.
        ModelError: see `Indexer.run`.
        UsageError: from `roots`.
    """
    troubles = _Troubles(on_trouble, on_news)
    wake = threading.Event()
    with closing(Listener(wake, troubles.tell)) as listener:
        settling = _Settling(settings.settle_seconds)
        _Watcher(indexer, settings, listener, troubles, settling, wake, stop, on_progress, on_summary).run(
            _Roots(roots, on_news, follow_all=follow_all)
        )


@dataclass(frozen=True, slots=True)
class _Watcher:
    """One watch. What its fields are, `watch` says."""

    _indexer: Indexer
    _settings: Settings
    _listener: Listener
    _troubles: "_Troubles"
    _settling: "_Settling"
    _wake: threading.Event
    _stop: threading.Event
    _on_progress: Callable[[Progress], None]
    _on_summary: Callable[[Summary], None]

    def run(self, roots: "_Roots") -> None:
        """Follows the folders until it is stopped."""
        while not self._stop.is_set():
            with the_only_watcher(self._settings):
                while not self._stop.is_set() and not self._is_lost():
                    self._take_turn(roots)

    def _take_turn(self, roots: "_Roots") -> None:
        """Holds the data folder, and looks again and again, until another command wants the folder."""
        try:
            with self._indexer as indexer:
                self._troubles.tell("turn", "")
                roots.choose(indexer)
                while not self._must_stop() and not self._is_lost() and indexer.is_current():
                    self._look(roots.now)
                roots.note(indexer)
        except AlreadyRunning as error:
            self._troubles.tell("turn", f"{error} This one goes on after it.")
        except (CatalogError, OSError) as error:
            if not roots.are_known:
                raise
            self._tell_and_wait(error)

    def _look(self, roots: Sequence[Root]) -> None:
        self._wake.clear()
        self._settling.start_look()
        self._listener.follow([root for root in roots if isinstance(root, Path)])
        try:
            self._settings.passwords()
            self._troubles.tell("passwords", "")
        except SettingsError as error:  # the run uses the passwords read last, if any
            self._troubles.tell("passwords", f"{error} It is tried again at each look.")
        settings = self._settings
        look = _Look(settings, self._settling, self._must_stop, self._has_news)
        try:
            summary = self._indexer.run(
                roots, on_progress=self._on_progress, hold_back=self._settling.hold_back, put_off=look.put_off
            )
        except SettingsError:
            self._wait(settings.rescan_seconds)
            return
        except (CatalogError, OSError) as error:
            if self._is_there():
                self._tell_and_wait(error)
            return  # the index was deleted meanwhile: opening it makes a new one, or tells why it can't
        self._troubles.tell("run", "")
        self._on_summary(summary)
        if look.was_put_off:
            self._wait(0)
        else:
            self._wait(settings.settle_seconds if self._settling.waiting else settings.rescan_seconds)

    def _must_stop(self) -> bool:
        return self._stop.is_set() or self._is_wanted()

    def _has_news(self) -> bool:
        return self._wake.is_set() or self._listener.is_outdated()

    def _tell_and_wait(self, error: Exception) -> None:
        seconds = self._settings.rescan_seconds
        self._troubles.tell("run", f"{error} Trying again every {seconds:g} s.")
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        """Waits until there is a reason to look again, for at most this many seconds."""
        until = time.monotonic() + seconds
        was_current, was_there = self._indexer.is_current(), self._is_there()
        while not self._must_stop():
            if self._has_news():
                self._stop.wait(_DEBOUNCE_SECONDS)
                return
            if (was_current and not self._indexer.is_current()) or (was_there and not self._is_there()):
                return  # the index was deleted: everything is to be indexed again
            left = until - time.monotonic()
            if left <= 0:
                return
            self._wake.wait(min(left, _POLL_SECONDS))

    def _is_wanted(self) -> bool:
        try:
            return is_wanted(self._settings)
        except OSError:  # the data folder's drive is away
            return False

    def _is_there(self) -> bool:
        try:
            return bool(self._settings.store) or self._settings.catalog.exists()
        except OSError:
            return False

    def _is_lost(self) -> bool:
        """Whether the index was deleted with our lock, and made again: a second watcher could start now."""
        try:
            there = self._settings.store or self._settings.catalog.exists()
            return bool(there) and not is_watched(self._settings)
        except OSError:
            return False


@dataclass(slots=True)
class _Look:
    """One look at the folders and the work after it. Decides when to put off the work and look again."""

    _settings: Settings
    _settling: "_Settling"
    _must_stop: Callable[[], bool]
    _has_news: Callable[[], bool]
    was_put_off: bool = False
    _started: float = field(default_factory=time.monotonic)
    _working_since: float | None = None

    def put_off(self, summary: Summary) -> bool:
        """See `Indexer.run`."""
        now = time.monotonic()
        if self._working_since is None:
            self._working_since = now  # the first call comes after the comparison
        share = _WORK_PER_LOOK * (self._working_since - self._started)
        share = min(max(_LEAST_WORK_SECONDS, share), _MOST_WORK_SECONDS)
        has_worked = now - self._working_since >= share
        leave_off = self._must_stop() or (has_worked and self._is_due(now, summary))
        self.was_put_off |= leave_off
        return leave_off

    def _is_due(self, now: float, summary: Summary) -> bool:
        is_settled = bool(self._settling.waiting) and now - self._started >= self._settings.settle_seconds
        # Once all files are read, the summary should be told at once, not when everything is embedded.
        is_taken_in = not summary.waiting_files and bool(
            summary.added or summary.changed or summary.moved or summary.removed or summary.failures
        )
        is_late = now - self._started >= self._settings.rescan_seconds
        return is_settled or is_taken_in or is_late or self._has_news()


class _Roots:
    """The folders to follow: those asked for, without those forgotten since, and those that others added."""

    def __init__(
        self,
        first: Callable[[list[Root]], Sequence[Root]],
        on_news: Callable[[str], None],
        *,
        follow_all: bool,
    ) -> None:
        self.now: list[Root] = []
        self.are_known = False
        self._first = first
        self._follow_all = follow_all
        self._on_news = on_news
        self._asked_for: list[Root] = []
        self._seen: set[Root] = set()
        self._catalog = 0

    def choose(self, indexer: Indexer) -> None:
        """Finds out what to follow from now on, after others may have been at work."""
        known = indexer.libraries()
        before = self.now
        if not self.are_known:
            self.now = self._asked_for = before = list(self._first(known))
            self.are_known = True
        else:
            self._begin_anew_with(indexer.catalog_id)
            wanted = before if self._follow_all else self._asked_for
            self.now = [root for root in wanted if root in known or root not in self._seen]
            if self._follow_all:
                self.now += [root for root in known if root not in self.now]
        for root in self.now:
            if root not in before:
                self._on_news(f"{root} is followed as well.")
        for root in before:
            if root not in self.now:
                self._on_news(f"{root} is not followed any more: it was forgotten.")
        self.note(indexer)

    def note(self, indexer: Indexer) -> None:
        """Remembers which folders the library has, before others may change that."""
        known = indexer.libraries()
        self._begin_anew_with(indexer.catalog_id)
        self._seen |= set(known)

    def _begin_anew_with(self, catalog: int) -> None:
        """Clears what was remembered if the catalogue is a new one.

        Then the index was deleted, and a folder that the new catalogue lacks was not forgotten by anybody.
        """
        if catalog != self._catalog:
            self._catalog, self._seen = catalog, set()


class _Troubles:
    """Tells each trouble once, and when it is over."""

    def __init__(self, on_trouble: Callable[[str], None], on_news: Callable[[str], None]) -> None:
        self._now: dict[Path | str, str] = {}
        self._on_trouble = on_trouble
        self._on_news = on_news

    def tell(self, about: Path | str, trouble: str) -> None:
        """Takes in what is wrong with `about` now; "" if nothing is."""
        before = self._now.get(about, "")
        self._now[about] = trouble
        if trouble and not before:
            self._on_trouble(trouble)
        elif before and not trouble:
            what = f"Changes in {about} are reported again" if isinstance(about, Path) else "Going on"
            self._on_news(f"{what}.")


class _Settling:
    """Finds out which files are still being written."""

    def __init__(self, seconds: float) -> None:
        self.waiting: dict[Root, tuple[FileState, float]] = {}
        self._before: dict[Root, tuple[FileState, float]] = {}
        self._seconds = seconds

    def start_look(self) -> None:
        """Begins a look. Call it before each comparison."""
        self._before, self.waiting = self.waiting, {}

    def hold_back(self, file: File) -> bool:
        """Whether `file` may still be being written.

        That is so if its modification time is less than `seconds` ago, and we have not yet seen it unchanged
        for that long.
        """
        age = time.time() - file.state.modified_ns / 1e9
        if age >= self._seconds:
            return False
        # Its time is recent or in the future, but the clock of a network folder may differ from ours.
        now = time.monotonic()
        state, since = self._before.get(file.path, (file.state, now))
        if state != file.state:
            since = now
        elif now - since >= self._seconds:
            return False
        self.waiting[file.path] = (file.state, since)
        return True
