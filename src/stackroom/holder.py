"""Who is at work in a data folder: one indexer at a time, and where the server listens.

A lock that the operating system releases when its process dies, beside a note that says who holds it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

# To look who holds a lock is to hold it for a moment: somebody who really wants it waits that long.
_LOOK_SECONDS = 0.5


@contextmanager
def hold(path: Path, note: dict[str, Any]) -> Iterator[bool]:
    """Hold the lock `path` while the block runs, with `note` for others to read.

    Yields:
        True if we hold it; False if another process (or another holder in this one) does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=_LOOK_SECONDS, poll_interval=0.02)
    except Timeout:
        yield False
        return
    note_path = _note_path(path)
    try:
        with suppress(OSError):  # a full disk keeps nobody from working: only who it is cannot be told
            note_path.write_text(json.dumps(note), encoding="utf-8")
        yield True
    finally:
        note_path.unlink(missing_ok=True)
        lock.release()


def holder(path: Path) -> dict[str, Any] | None:
    """The note of whoever holds the lock `path`; None if nobody does. A dead holder's note does not count."""
    if not path.exists():
        return None
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        try:
            note = json.loads(_note_path(path).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}  # held, but the note is not written yet
        return note if isinstance(note, dict) else {}
    lock.release()
    return None


def _note_path(path: Path) -> Path:
    return path.with_suffix(".holder.json")
