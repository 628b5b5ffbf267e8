"""Journals of SQLite that belong to another file, and files that are gone, cut off or half made."""

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from fakes import OneModel, WordHashEmbedder
from indexer.store.migrate import migrate
from indexer.store.publisher import Publisher
from indexer.upkeep.backup import back_up, restore
from indexer.upkeep.check import check
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import (
    AccessUnusable,
    CatalogUnusable,
)
from stackroom.common.settings import Settings
from stackroom.common.sqlite_file import begin
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.access.store import AccessStore


def titles(settings: Settings, query: str) -> list[str]:
    with closing(
        Reader(Catalog(settings.catalog), WordIndex(settings.words), OneModel(WordHashEmbedder()))
    ) as reader:
        return [hit.best.text.strip("… \n") for hit in reader.search(query)]


def journals(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}-*"))


def leave_journals(data: Path) -> Settings:
    """A folder whose catalogue and whose file of access were moved away without their journals."""
    settings = Settings(data=data)
    kept = data / "kept"
    kept.mkdir(parents=True)
    with AccessStore(settings.access) as store, closing(Publisher(settings.catalog)) as publisher:
        store.new_static_token("of long ago")
        publisher.add_library(Path("/of/long/ago"))
        for path in (settings.access, settings.catalog):
            for journal in journals(path):
                shutil.copy(journal, kept)
    for path in (settings.access, settings.catalog):
        path.unlink()
        for journal in kept.glob(f"{path.name}-*"):
            shutil.move(journal, path.parent)
        assert [journal.name for journal in journals(path)] == [f"{path.name}-shm", f"{path.name}-wal"]
    kept.rmdir()
    return settings


def test_a_restored_file_never_meets_the_journal_of_another(
    tmp_path: Path, settings: Settings, shelf: Shelf
) -> None:
    with AccessStore(settings.access) as store:
        store.new_static_token("laptop")
    back_up(settings, tmp_path / "library.tar")
    copy = leave_journals(tmp_path / "copy")
    restore(copy, tmp_path / "library.tar", migrate)
    assert check(copy) == check(settings)
    assert titles(copy, "damp cloth")[0] == "bread needs a damp cloth"
    with AccessStore(copy.access) as store:
        assert [grant.name for grant in store.grants()] == ["laptop"]
    # They may have the last changes of a file that is somewhere still.
    assert len(list(copy.index.glob("left-over-*.catalog.sqlite3-wal"))) == 1


def test_a_rollback_journal_is_not_written_into_a_restored_file(
    tmp_path: Path, settings: Settings, shelf: Shelf
) -> None:
    back_up(settings, tmp_path / "library.tar")
    copy = Settings(data=tmp_path / "copy")
    copy.index.mkdir(parents=True)
    with closing(sqlite3.connect(tmp_path / "other", isolation_level=None)) as other:
        other.executescript(
            "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(100000)); PRAGMA cache_size=1;"
        )
        other.execute("BEGIN")
        other.execute("UPDATE t SET x = zeroblob(200000)")
        other.execute("UPDATE t SET x = zeroblob(300000)")
        shutil.copy(tmp_path / "other-journal", copy.index / "catalog.sqlite3-journal")
    restore(copy, tmp_path / "library.tar", migrate)
    assert check(copy) == check(settings)


def test_nor_does_a_new_file_even_while_a_server_has_the_old_one_open(tmp_path: Path) -> None:
    copy = leave_journals(tmp_path / "left")
    with closing(Publisher(copy.catalog)) as publisher:
        assert publisher.libraries() == {}
    with AccessStore(copy.access) as store:
        assert store.grants() == []
    settings = Settings(data=tmp_path / "open")
    with closing(Publisher(settings.catalog)) as old:
        old.add_library(tmp_path / "old")
        settings.catalog.unlink()
        with closing(Publisher(settings.catalog)) as new:
            new.add_library(tmp_path / "new")
            old.close()  # would take the journal of its file's name along
            new.add_library(tmp_path / "newer")
            with Catalog(settings.catalog) as catalog:
                roots = [Path(root) for (root,) in catalog.rows("SELECT root FROM libraries ORDER BY id")]
                assert roots == [tmp_path / "new", tmp_path / "newer"]
                assert catalog.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_cut_off_catalogue_is_not_shown_as_an_empty_one(settings: Settings, shelf: Shelf) -> None:
    shelf.close()
    os.truncate(settings.catalog, 0)
    for path in journals(settings.catalog):
        path.unlink()
    with pytest.raises(CatalogUnusable, match="holds no catalogue"):
        Catalog(settings.catalog)
    assert settings.catalog.stat().st_size == 0


def test_a_deleted_file_of_access_is_noticed(settings: Settings) -> None:
    with AccessStore(settings.access) as server:
        token = server.new_static_token("laptop")
        assert server.bearer(token)
        settings.access.unlink()
        with pytest.raises(AccessUnusable, match="was deleted"):
            server.bearer(token)
        assert not settings.access.exists()
        with AccessStore(settings.access) as owner:
            new = owner.new_static_token("laptop")
        assert server.bearer(token) is None
        assert server.bearer(new)


def test_a_new_catalogue_is_there_with_its_tables_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "index" / "catalog.sqlite3"
    seen = []

    def fill(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE t (x)")
        seen.append(path.exists())

    begin(path, fill)
    begin(path, fill)
    assert seen == [False]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(file.name for file in path.parent.iterdir()) == ["catalog.sqlite3", "making.lock"]


@pytest.mark.parametrize("kind", [Catalog, Publisher])
def test_why_the_catalogue_cannot_be_read_is_not_covered_up(
    settings: Settings, shelf: Shelf, kind: type[Catalog] | type[Publisher]
) -> None:
    with closing(kind(settings.catalog)) as opened:
        rows = opened.rows if isinstance(opened, Catalog) else opened._rows
        snapshot = opened.snapshot if isinstance(opened, Catalog) else opened._snapshot

        def fail() -> None:
            rows("ROLLBACK")  # as SQLite does of itself when a disk fails
            raise CatalogUnusable("disk I/O error")

        with pytest.raises(CatalogUnusable, match="disk I/O error"), snapshot():
            fail()
