"""The ledger as a file, and the one before it.

Each line is appended by a single write to a file opened for appending. The system keeps such a line whole,
even if other threads and processes write at the same time (the HTTP server, and a server over stdio for each
client that starts its own).
"""

import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from stackroom.common.errors import LedgerUnusable


class LedgerFile:
    """See `ledger.Kept`."""

    def __init__(self, path: Path, limit: int) -> None:
        """Touches no file yet; for `limit` see `Ledger`."""
        self._path = path
        self._limit = limit
        self._torn = False

    def append(self, line: bytes) -> None:
        """See `ledger.Kept`."""
        path, line = self._path, line + b"\n"
        try:
            # Opened each time (3 µs): another process may have renamed the file, or the owner deleted it.
            file = _open(path)
            try:
                size = os.fstat(file).st_size
                # If the last line was cut because the disk was full, this one still gets its own line.
                line = b"\n" + line if self._torn else line
                written = os.write(file, line)
            finally:
                os.close(file)
            self._torn = written < len(line)
            if self._torn:
                raise OSError("the disk is full")
            if size + written >= self._limit:
                self._rotate(path)
        except OSError as error:
            raise LedgerUnusable(f"{path} cannot be written: {error.strerror or error}.") from error

    def newest_first(self) -> Iterator[bytes]:
        """See `ledger.Kept`; those of the file before this one last."""
        for file in (self._path, _older(self._path)):
            try:
                lines = file.read_bytes().split(b"\n")
            except FileNotFoundError:
                continue
            except OSError as error:
                raise LedgerUnusable(
                    f"{file} cannot be read: {error.strerror}. Make it readable for you, or delete it."
                ) from error
            yield from reversed(lines)

    def _rotate(self, path: Path) -> None:
        try:
            with FileLock(path.with_suffix(".lock"), timeout=0, mode=0o600):
                # Another process may have renamed the file already: a short new one must not replace that.
                if path.stat().st_size >= self._limit:
                    path.replace(_older(path))
        except (Timeout, FileNotFoundError):
            pass  # another process is doing it


def _open(path: Path) -> int:
    # Without O_BINARY Windows would write two bytes for the end of a line, and count one.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        # Not the folder above it: if the data folder is away, one made here would keep it from coming back.
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return os.open(path, flags, 0o600)


def _older(path: Path) -> Path:
    return path.with_name(f"{path.stem}.1{path.suffix}")
