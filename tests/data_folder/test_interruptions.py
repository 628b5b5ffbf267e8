"""A backup or a restore that does not come to its end leaves nothing behind."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from commands import clean_environment, stackroom_here
from indexer.passages.words_writer import WordsWriter
from indexer.upkeep import backup
from indexer.upkeep.backup import back_up, restore
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import (
    BackupUnusable,
    CatalogUnusable,
)
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.server.access.store import AccessStore


def test_a_backup_makes_nothing_where_nothing_is(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    with pytest.raises(BackupUnusable, match="not-there"):
        back_up(settings, tmp_path / "not-there" / "library.tar")
    assert sorted(tmp_path.iterdir()) == [settings.data, shelf.root]


@pytest.fixture
def large(settings: Settings, shelf: Shelf) -> Settings:
    """So large that a backup takes some tenths of a second."""
    shelf.close()
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        db.execute("CREATE TABLE ballast AS SELECT zeroblob(60000000) AS x")
    return settings


def interrupt(number: int, folder: Path, pattern: str, *command: object) -> "tuple[int, str]":
    """Runs a command, and sends it a signal as soon as there is something of this name in the folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stackroom", *map(str, command)],
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until and not any(folder.glob(pattern)):
        time.sleep(0.001)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("signum", [2, 1])  # SIGINT; SIGHUP: the terminal was closed
def test_an_interrupted_backup_leaves_nothing_behind(tmp_path: Path, large: Settings, signum: int) -> None:
    file = tmp_path / "library.tar"
    before = sorted(tmp_path.iterdir())
    code, said = interrupt(signum, tmp_path, ".stackroom-backup-*/*", "backup", file, "--data", large.data)
    assert (code, said) == (130, "\nstackroom: stopped; no backup was made\n")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_an_interrupted_restore_leaves_nothing_behind(tmp_path: Path, large: Settings) -> None:
    back_up(large, tmp_path / "library.tar")
    copy = Settings(data=tmp_path / "copy")
    command = ("restore", tmp_path / "library.tar", "--data", copy.data)
    code, said = interrupt(signal.SIGTERM, tmp_path / "copy", ".restoring-*/*", *command)
    assert (code, said) == (130, "\nstackroom: stopped; nothing was restored\n")
    assert [path.name for path in copy.data.iterdir()] == ["index"]
    assert not copy.catalog.exists()
    assert stackroom_here(*command).returncode == 0  # nor is anything in its way


def test_a_restore_that_fails_half_way_takes_back_what_it_put_there(
    tmp_path: Path, settings: Settings, shelf: Shelf
) -> None:
    with AccessStore(settings.access) as store:
        store.new_static_token("laptop")
    back_up(settings, tmp_path / "library.tar")
    copy = Settings(data=tmp_path / "copy")

    def prepare(catalog: Path) -> None:
        copy.catalog.touch()  # a server was started just now

    with pytest.raises(BackupUnusable, match="a file already"):
        restore(copy, tmp_path / "library.tar", prepare)
    assert not copy.access.exists()


def test_words_of_a_later_catalogue_do_not_meet_a_restored_one(
    tmp_path: Path, settings: Settings, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(settings, tmp_path / "library.tar")
    for number in range(7, 10):
        shelf.add(number, "zeppelins\n")
    shelf.close()
    for left in settings.index.glob("catalog.sqlite3*"):
        left.rename(tmp_path / left.name)

    def full(folder: Path) -> WordsWriter:
        raise CatalogUnusable("The index of words cannot be written: no space left.")

    with monkeypatch.context() as disk:  # the disk fills up once the catalogue is in its place
        disk.setattr(backup, "WordsWriter", full)
        with pytest.raises(CatalogUnusable):
            restore(settings, tmp_path / "library.tar", lambda catalog: None)
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        # As many changes as the catalogue that was moved away had since the backup.
        db.executemany("INSERT INTO changes (kind, first, last) VALUES ('named', 1, 1)", [()] * 9)
    with Catalog(settings.catalog) as catalog, closing(WordsWriter(settings.words)) as writer:
        writer.follow(catalog)
    assert WordIndex(settings.words).search("zeppelins", 9).hits == []
