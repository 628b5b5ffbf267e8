"""Copies of the files of sources, for as long as they are read. Those of this machine need none."""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from indexer.store.publisher import FileState
from stackroom.common.errors import ExtractionFailed, SourceAway, SourceChanged
from stackroom.common.roots import RemotePath, Root

# Longest name of a copy, in bytes: file systems take 255. It is the file's own: a title may come from it.
_LONGEST = 200

_PREFIX = "stackroom-copies-"


class Copies:
    """Copies that are in use, and the last one that was: what is attached to one file is read one by one.

    May be used from several threads. Close it at the end.
    """

    def __init__(self, most_mb: int) -> None:
        """Copies nothing yet. Files of more than `most_mb` MiB are not copied."""
        self._most_mb = most_mb
        self._turn = threading.Lock()
        self._folder: Path | None = None
        self._made = 0
        self._held: dict[tuple[Root, FileState], tuple[Path, int]] = {}  # with how many users

    def close(self) -> None:
        """Removes them all."""
        with self._turn:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
            self._folder, self._held = None, {}

    def hold(self, file: Root, state: FileState) -> Path:
        """Where the file can be read: it itself, or a copy, until it is let go as often.

        Args:
            file: of this machine or of a source.
            state: what it should look like.

        Raises:
            SourceAway: its source can't be read.
            ExtractionFailed: it is too large, or has changed, or the copy can't be written.
        """
        if not isinstance(file, RemotePath):
            return file
        with self._turn:
            known = self._held.get((file, state))
            if known:
                self._held[file, state] = known[0], known[1] + 1
                return known[0]
        copy = self._copy(file, state)
        with self._turn:
            self._drop_idle()
            self._held[file, state] = copy, 1
        return copy

    def let_go(self, file: Root, state: FileState) -> None:
        """The file was read."""
        with self._turn:
            if (file, state) in self._held:
                copy, users = self._held[file, state]
                self._drop_idle()
                self._held[file, state] = copy, users - 1

    @contextmanager
    def held(self, file: Root, state: FileState) -> Iterator[Path]:
        """`hold`, while a block runs."""
        copy = self.hold(file, state)
        try:
            yield copy
        finally:
            self.let_go(file, state)

    def _drop_idle(self) -> None:
        for key, (copy, users) in list(self._held.items()):
            if users <= 0:
                del self._held[key]
                shutil.rmtree(copy.parent, ignore_errors=True)

    def _copy(self, file: RemotePath, state: FileState) -> Path:
        from stackroom.common import sources  # here, because it is an extra

        if state.size > self._most_mb * 2**20:
            reason = f"has more than {self._most_mb} MiB; STACKROOM_FILE_MEMORY_MB raises the limit"
            raise ExtractionFailed(file, "too large", reason)
        name = file.name.replace("\\", "_").encode()[-_LONGEST:].decode(errors="ignore")
        try:
            with self._turn:
                self._folder = self._folder or _new_folder()
                self._made += 1
                folder = self._folder / str(self._made)
                folder.mkdir()
            try:
                sources.fetch(file, sources.RemoteState(state.size, state.modified_ns), folder / name)
            except SourceAway:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        except SourceChanged as error:
            reason = "was changed since the source was listed; it is read again on the next run"
            raise ExtractionFailed(file, "changed", reason) from error
        except OSError as error:
            with suppress(OSError):
                shutil.rmtree(folder)
            reason = f"cannot be copied here: {error.strerror or error}"
            raise ExtractionFailed(file, "unreadable", reason) from error
        return folder / name


def _new_folder() -> Path:
    """A folder for this process; those of processes that were killed are removed."""
    if sys.platform != "win32":  # where the question whether a process is there would end it
        for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
            number = folder.name.removeprefix(_PREFIX).partition("-")[0]
            if number.isdigit() and not _is_alive(int(number)):
                shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True
