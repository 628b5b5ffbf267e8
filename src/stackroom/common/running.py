"""Who is at work in a data folder: one indexer at a time, and where the server listens.

A lock that the operating system releases when its process dies, beside a note that says who holds it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stackroom.common.errors import CatalogUnusable
from stackroom.common.sqlite_file import identity

# To look who holds a lock is to hold it for a moment: somebody who really wants it waits that long.
_LOOK_SECONDS = 0.5


@contextmanager
def hold(path: Path, note: dict[str, Any], *, needed: bool = True) -> Iterator[bool]:
    """Hold the lock `path` while the block runs, with `note` for others to read.

    Args:
        path: of the lock.
        note: what can be told of us.
        needed: whether we may not go on without it. If not, and the folder can't be written, nobody else
            can hold it either: then it is as if we did.

    Yields:
        True if we hold it; False if another process (or another holder in this one) does.

    Raises:
        CatalogUnusable: the folder can't be written, and the lock is needed.
    """
    lock = FileLock(path, mode=0o600)
    try:
        try:
            _acquire(lock, path)
        except FileNotFoundError:  # its folder was deleted while we waited
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
        # Before the lock: later it may be the next holder's. So it is if the folder was deleted meanwhile.
        # On Windows it stays while somebody reads it, which matters little: no holder, no note.
        with suppress(OSError):
            if identity(path) == ours:
                note_path.unlink()
        lock.release()


def holder(path: Path) -> dict[str, Any] | None:
    """The note of whoever holds the lock `path`; None if nobody does. A dead holder's note does not count.

    Nobody does either, as far as we can see, if it is in a folder that we can't write.
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


def _acquire(lock: FileLock, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock.acquire(timeout=_LOOK_SECONDS, poll_interval=0.02)


def _note_path(path: Path) -> Path:
    return path.with_suffix(".holder.json")
