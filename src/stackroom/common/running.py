"""Locks that say who is at work in a data folder: one indexer at a time, one watcher, and the server.

The operating system releases a lock when the process that holds it dies. Beside each lock lies a note, a JSON
file, in which the holder says who it is.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stackroom.common.data_folder import HOLDER_SUFFIX
from stackroom.common.errors import CatalogUnusable
from stackroom.common.sqlite_file import identity

# `holder` takes the lock for a moment to see whether it is free. So `hold`
# tries this long before it gives up.
_LOOK_SECONDS = 0.5


@contextmanager
def hold(path: Path, note: dict[str, Any], *, needed: bool = True) -> Iterator[bool]:
    """Holds the lock `path` while the block runs, with `note` beside it for others to read.

    Args:
        path: of the lock file.
        note: what others can learn about the holder; anything that JSON can hold.
        needed: whether to raise if the folder can't be written. Without the need, that counts as holding the
            lock, since nobody else can hold it either.

    Yields:
        True if the lock is held now; False if another process, or another `hold` in this one, has it.

    Raises:
        CatalogUnusable: the folder can't be written, and the lock is needed.
    """
    lock = FileLock(path, mode=0o600)
    try:
        _acquire(lock, path)
    except Timeout:
        yield False
        return
    except OSError as error:
        if needed:
            raise CatalogUnusable(
                f"The folder {path.parent} cannot be written: {error.strerror or error}. Make it writable "
                "for you, or name another data folder with --data."
            ) from error
        yield True
        return
    ours = identity(path)
    note_path = _note_path(path)
    try:
        with suppress(OSError):  # a full disk keeps nobody from working: only who it is cannot be told
            note_path.write_text(json.dumps(note), encoding="utf-8")
        yield True
    finally:
        # Before the lock is released: after that the note may be the next holder's, as it is if the folder
        # was deleted meanwhile. On Windows the note stays while somebody reads it; without a holder nobody
        # asks.
        with suppress(OSError):
            if identity(path) == ours:
                note_path.unlink()
        lock.release()


def _acquire(lock: FileLock, path: Path) -> None:
    """Makes the folder, and takes the lock in it. Raises Timeout, or OSError if that can't be."""
    for is_last in (False, True):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            lock.acquire(timeout=_LOOK_SECONDS, poll_interval=0.02)
            return
        except FileNotFoundError:  # the folder was deleted while we waited
            if is_last:
                raise


def tell_more(path: Path, more: dict[str, Any]) -> None:
    """Adds to the note of the lock `path`, which this process holds. What can't be written is not told."""
    note = _note_path(path)
    new = note.with_suffix(".new")
    with suppress(OSError, ValueError):
        new.write_text(json.dumps({**json.loads(note.read_text(encoding="utf-8")), **more}), encoding="utf-8")
        new.replace(note)


def holder(path: Path) -> dict[str, Any] | None:
    """The note of whoever holds the lock `path`; None if nobody does, even if a dead holder left a note.

    None as well if the lock is in a folder that can't be written: then it can't be told.
    """
    lock = FileLock(path, mode=0o600)
    try:
        if not path.exists():
            return None
        lock.acquire(timeout=0)
    except Timeout:
        try:
            note = json.loads(_note_path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # held, but the note is not written yet
        return note if isinstance(note, dict) else {}
    except OSError:
        return None
    lock.release()
    return None


def _note_path(path: Path) -> Path:
    return path.with_suffix(HOLDER_SUFFIX)
