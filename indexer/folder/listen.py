"""Listens for changes in folders; the only file that knows watchdog.

An event is only a hint to look. A folder for which the system reports no events is looked at by the clock.
"""

import stat
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from indexer.folder.leave_out import IGNORE_FILE

_CHANGES = frozenset({"created", "modified", "moved", "deleted", "closed"})


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder to listen in, with its device and inode: another folder may take its place later."""

    folder: Path
    recursive: bool
    device: int
    inode: int


class Listener:
    """Listens in the folders of a watch, and wakes the watch when something changes."""

    def __init__(
        self,
        wake: threading.Event,
        on_trouble: Callable[[Path, str], None],
        new_observer: Callable[[], BaseObserver] = Observer,
    ) -> None:
        """Listens nowhere yet.

        Args:
            wake: set when something happens.
            on_trouble: told whenever listening in a folder is begun: the folder, and why its changes can't be
                heard; "" if they can.
            new_observer: makes an observer; each observer listens in one folder.
        """
        self._new_observer = new_observer
        self._wake = wake
        self._on_trouble = on_trouble
        self._roots: tuple[Path, ...] = ()
        self._observers: dict[_Place, BaseObserver | None] = {}  # None for a folder without events

    def close(self) -> None:
        """Stops listening."""
        for observer in self._observers.values():
            _end(observer)
        self._observers = {}

    def follow(self, roots: Sequence[Path]) -> None:
        """Listens in the folders that are there now. Call it before each look.

        Args:
            roots: absolute paths of folders or single PDFs.
        """
        self._roots = tuple(roots)
        places = self._places()
        for place in [place for place in self._observers if place not in places or self._is_deaf(place)]:
            _end(self._observers.pop(place))
        for place in places:
            if place not in self._observers:
                self._observers[place] = self._listen(place)

    def is_outdated(self) -> bool:
        """Whether a folder has come, gone, or been replaced by another since `follow`. Cheap."""
        heard = {place for place, observer in self._observers.items() if not _has_ended(observer)}
        return self._places() != heard

    def _is_deaf(self, place: _Place) -> bool:
        observer = self._observers[place]
        return observer is None or _has_ended(observer)

    def _places(self) -> set[_Place]:
        places = set()
        for root in self._roots:
            for folder in (root, root.parent):
                try:
                    found = folder.stat()
                except FileNotFoundError:
                    continue  # listen in the parent, where a single PDF may appear
                except OSError:
                    break  # a dead share: the comparison reports it
                if stat.S_ISDIR(found.st_mode):
                    places.add(_Place(folder, folder == root, found.st_dev, found.st_ino))
                    break
        return places

    def _listen(self, place: _Place) -> BaseObserver | None:
        try:
            observer = self._new_observer()
            observer.schedule(_Waker(self._wake), str(place.folder), recursive=place.recursive)
            observer.start()
        except OSError as error:
            self._on_trouble(
                place.folder,
                f"The system does not report changes in {place.folder} ({error}); it is looked at every "
                "STACKROOM_RESCAN_SECONDS instead. On Linux, raising fs.inotify.max_user_watches or "
                "max_user_instances helps.",
            )
            return None
        self._on_trouble(place.folder, "")
        return observer


class _Waker(FileSystemEventHandler):
    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in _CHANGES:
            return  # a file was only opened or read, as we do ourselves
        names = (str(event.src_path).lower(), str(event.dest_path).lower())
        if event.is_directory or any(name.endswith((".pdf", IGNORE_FILE)) for name in names):
            self._wake.set()


def _has_ended(observer: BaseObserver | None) -> bool:
    """Whether an observer has stopped listening, because its folder has been deleted."""
    return observer is not None and not all(emitter.is_alive() for emitter in observer.emitters)


def _end(observer: BaseObserver | None) -> None:
    if observer is not None:
        observer.stop()
        observer.join()
