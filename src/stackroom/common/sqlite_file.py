"""SQLite files as files: making, moving, opening and identifying them.

SQLite finds the journal of a file by the file's name alone. If a file was moved or deleted and its journal
was left behind, SQLite would write that journal into the next file of this name. So a file is only put in a
place after old journals there were set aside.
"""

import errno
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path, PurePath
from urllib.parse import quote

from filelock import FileLock

from stackroom.common.data_folder import LEFT_OVER_PREFIX, MAKING_LOCK
from stackroom.common.errors import CatalogUnusable

_JOURNALS = ("-wal", "-shm", "-journal")

_BUSY_SECONDS = 30.0


def identity(path: Path) -> tuple[int, int] | None:
    """Identifies the file at a path: its device and its inode number; None if there is no file.

    While somebody has a file open, no other file on its device gets its number.

    Raises:
        OSError: it can't be told, for example because a drive is away.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def begin(path: Path, fill: Callable[[sqlite3.Connection], object]) -> None:
    """Makes a file that only its owner can read, if there is none or it is empty. Others see it only once
    filled.

    Args:
        path: of the file.
        fill: makes the tables in the new, empty database.

    Raises:
        OSError: it can't be made.
        sqlite3.Error: it can't be filled.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _holds_something(path):
        return
    with _making(path):
        if not _holds_something(path):  # another process may have been first, and be at work with its journal
            unfinished = _beside(path, ".unfinished")
            create(unfinished)
            with closing(connect(unfinished)) as db:
                fill(db)
            _set_journals_aside(path)
            unfinished.replace(path)


def create(path: Path) -> None:
    """Makes an empty file that only its owner can read, and deletes what was there. Raises OSError."""
    remove(path)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def put(source: Path, path: Path) -> None:
    """Moves a file to `path`, where there must be none yet. Nobody may have it open, and it must have no
    journal.

    Journals that were left behind at `path` are set aside first. Raises OSError if it can't be moved, or
    there is a file already.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _making(path):
        if path.exists():
            raise FileExistsError(errno.EEXIST, "there is a file already", path)
        _set_journals_aside(path)
        source.rename(path)


def move(path: Path, target: Path) -> None:
    """Moves a file, which may be damaged, out of the way, with its journals. Raises OSError if it can't."""
    for ending in ("", *_JOURNALS):
        with suppress(FileNotFoundError):
            _beside(path, ending).rename(_beside(target, ending))


def remove(path: Path) -> None:
    """Deletes a file with its journals, if it is there. Raises OSError if it can't."""
    for ending in ("", *_JOURNALS):
        _beside(path, ending).unlink(missing_ok=True)


def connect(path: Path, busy_seconds: float = _BUSY_SECONDS) -> sqlite3.Connection:
    """A connection to a file that is there, in autocommit mode, usable from any one thread at a time.

    Args:
        path: of the file.
        busy_seconds: how long to wait for others that write.

    Raises:
        sqlite3.Error: it is not there, or can't be opened.
    """
    return _connect(path, "mode=rw", busy_seconds)


def connect_to_read(path: Path) -> tuple[sqlite3.Connection, bool]:
    """As `connect`, but also where nothing can be written: on a read-only drive, or in another user's folder.

    Returns:
        The connection; and whether SQLite was told that nobody changes the file. Then the caller has to
        compare `state` from time to time, and to open the file anew when it has changed.

    Raises:
        sqlite3.Error: it is not there, or can't be opened.
        CatalogUnusable: it can't be read without writing.
    """
    if os.access(path.parent, os.W_OK) and os.access(path, os.W_OK):
        return connect(path), False
    if not _holds_something(_beside(path, "-wal")):
        # SQLite would make its files for the journal, if only to see that the journal is empty.
        return _connect(path, "mode=ro&immutable=1"), True
    if not _beside(path, "-shm").exists():
        raise CatalogUnusable(
            f"{path} cannot be read where nothing can be written: its last changes are in its journal, which "
            "has to be taken in first. Run `stackroom status` where the folder can be written, and try again."
        )
    return _connect(path, "mode=ro"), False


def state(path: Path) -> tuple[int, int, bool]:
    """What changes when a file is written to: its modification time in ns, its bytes, and whether it has a
    journal.

    Raises OSError if it is not there.
    """
    found = path.stat()
    return found.st_mtime_ns, found.st_size, _holds_something(_beside(path, "-wal"))


def uri(path: PurePath) -> str:
    """The URI of a file for SQLite, which only there does not make the file if it is missing.

    `path` is absolute. Path's own URI has the server of a Windows share where SQLite takes none.
    """
    where = path.as_posix()
    return f"file://{'' if where.startswith('/') else '/'}{quote(os.fsencode(where))}"


def _connect(path: Path, mode: str, busy_seconds: float = _BUSY_SECONDS) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{uri(path.absolute())}?{mode}",
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )


def _making(path: Path) -> FileLock:
    return FileLock(path.with_name(MAKING_LOCK), mode=0o600)


def _set_journals_aside(path: Path) -> None:
    """Call while there is no file at the path, and nobody else can make one."""
    _beside(path, "-shm").unlink(missing_ok=True)  # what is in it is in the others
    now = time.strftime("%Y%m%d-%H%M%S")
    for ending in ("-wal", "-journal"):
        left = _beside(path, ending)
        if _holds_something(left):  # perhaps the last changes of a file that still is somewhere
            left.rename(path.with_name(f"{LEFT_OVER_PREFIX}{now}.{path.name}{ending}"))
        else:
            left.unlink(missing_ok=True)


def _holds_something(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
