"""Makes the catalogue's file smaller, once a third of it is room that was left by what was removed."""

import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

from stackroom.common.amounts import size
from stackroom.common.errors import reason_of
from stackroom.common.sqlite_file import connect

# Below, what is indexed next uses the room again; SQLite writes the whole file anew.
_FREE_SHARE = 1 / 3

# How long to wait for readers of what was there before. A search takes less; a backup takes more.
_READER_MILLISECONDS = 2000

# Where SQLite looks for a place for temporary files, the first that can be written:
# https://sqlite.org/tempfiles.html, section 5.
_TEMPORARY = ("/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108


@dataclass(frozen=True, slots=True)
class Shrunk:
    """By how many bytes the file is smaller; or why it can't be made so, a clause for people."""

    freed: int = 0
    obstacle: str = ""


def shrink(
    catalog: Path, free_bytes: Callable[[Path], int] = lambda folder: disk_usage(folder).free
) -> Shrunk:
    """Writes the catalogue anew without the room in it, if that is a third of the file or more.

    Nobody else may write meanwhile. Others may read all the while: it is one transaction, and they see what
    was there before until it is committed. A process that is killed leaves the file as it was, or as it is to
    be; its temporary file has no name.

    Args:
        catalog: of the file.
        free_bytes: how many bytes can be written to the disk that a folder is on.
    """
    try:
        with closing(connect(catalog)) as db:
            before, free = _bytes(db)
            if free < _FREE_SHARE * before:
                return Shrunk()
            if lack := _lacks(catalog.parent, before - free, free_bytes):
                return Shrunk(obstacle=lack)
            db.execute("VACUUM")
            # From the log into the file, which is cut off. If somebody is reading what was there before, a
            # later commit does it.
            db.execute(f"PRAGMA busy_timeout = {_READER_MILLISECONDS}")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return Shrunk(before - _bytes(db)[0])
    except (OSError, sqlite3.Error) as error:
        return Shrunk(obstacle=f"{catalog} cannot be made smaller: {reason_of(error)}")


def _bytes(db: sqlite3.Connection) -> tuple[int, int]:
    """The size of the file, and the room in it."""
    page, pages, free = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    return page * pages, page * free


def _lacks(folder: Path, needed: int, free_bytes: Callable[[Path], int]) -> str:
    """Says that there is no room to write a file of this size anew; empty if there is.

    It is written to a temporary file first, then to the log beside the catalogue.
    """
    places = [folder, _temporary()]
    is_one = places[0].stat().st_dev == places[1].stat().st_dev
    for place in places:
        wanted = needed * (2 if is_one else 1)
        if (free := free_bytes(place)) < wanted:
            return f"to make the index smaller, {size(wanted)} must be free in {place}, and {size(free)} are"
    return ""


def _temporary() -> Path:
    if sys.platform == "win32":
        return Path(tempfile.gettempdir())
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), *_TEMPORARY)
    for place in named:
        if place and Path(place).is_dir() and os.access(place, os.W_OK | os.X_OK):
            return Path(place)
    return Path()
