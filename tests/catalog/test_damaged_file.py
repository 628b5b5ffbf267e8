"""A catalogue that cannot be opened is not held open: Windows could not set it aside."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stackroom.catalog.schema import open_catalog, open_to_read
from stackroom.common.errors import CatalogUnusable, CatalogVersion

OPEN_FILES = Path("/proc/self/fd")


def is_open(path: Path) -> bool:
    return any(found.is_symlink() and found.readlink() == path for found in OPEN_FILES.iterdir())


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="this system does not tell which files are open")
@pytest.mark.parametrize("content", ["a letter", "another version"])
def test_a_file_that_is_refused_is_closed(tmp_path: Path, content: str) -> None:
    path = tmp_path / "catalog.sqlite3"
    if content == "a letter":
        path.write_bytes(b"This is no SQLite file, but somebody's letter." * 100)
    else:
        open_catalog(path, create=True).close()
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 9999")
    refusals = []
    for opened in (open_catalog, open_to_read):
        with pytest.raises((CatalogUnusable, CatalogVersion)) as refused:
            opened(path, create=False)
        refusals.append(refused)  # what it holds, such as a connection, is not given up
    assert not is_open(path)
    with path.open("rb"):
        assert is_open(path)
