"""`stackroom move` takes a library into PostgreSQL and back, and goes on where it was stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from fakes import OneModel, WordHashEmbedder
from full_store import content, content_of_database, fill, without_nul
from indexer.upkeep.moving.move import complete, to_database, to_folder
from indexer.upkeep.moving.tables import tables
from places import TESTS
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.schema import open_catalog
from stackroom.common.errors import CatalogMissing, CatalogUnusable, StoreAway, UsageError
from stackroom.common.postgres.database import Database
from stackroom.common.postgres.migrate import migrate, require_current
from stackroom.common.settings import Settings
from stackroom.indexes.opened import matching_words, nearest_in_store
from stackroom.reading.reader import Reader
from waiting import read_line


@pytest.fixture
def full(settings: Settings) -> Settings:
    """A data folder whose catalogue has rows in all tables."""
    fill(settings.catalog)
    return settings


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    """A data folder that is not there yet."""
    return Settings(data=tmp_path / "other")


def test_there_and_back_again(full: Settings, empty: Settings, store_url: str) -> None:
    moved = to_database(full, store_url)
    assert (moved.documents, moved.passages, moved.was_there) == (3, 4, False)
    expected = without_nul(content(full.catalog))
    assert content_of_database(store_url) == expected
    assert not to_folder(store_url, empty).was_there
    assert content(empty.catalog) == expected
    assert sorted(path.name for path in empty.index.iterdir()) == ["catalog.sqlite3", "making.lock"]


def test_all_tables_are_moved(full: Settings) -> None:
    with closing(open_catalog(full.catalog, create=False)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {table.name for table in tables()} == names - {"sqlite_sequence"}
    assert all(content(full.catalog)[table.name] for table in tables())


def test_the_source_stays_as_it_was(full: Settings, store_url: str) -> None:
    before = content(full.catalog)
    to_database(full, store_url)
    assert content(full.catalog) == before
    assert [path.name for path in full.index.iterdir() if path.suffix == ".sqlite3"] == ["catalog.sqlite3"]


def test_a_library_that_was_moved_is_recognised(full: Settings, empty: Settings, store_url: str) -> None:
    to_database(full, store_url)
    assert to_database(full, store_url).was_there
    to_folder(store_url, empty)
    assert to_folder(store_url, empty).was_there


def test_another_library_is_not_overwritten(full: Settings, empty: Settings, store_url: str) -> None:
    to_database(full, store_url)
    with closing(open_catalog(empty.catalog, create=True)) as db:
        db.execute("INSERT INTO libraries (root) VALUES ('/elsewhere')")
    before = content_of_database(store_url)
    with pytest.raises(UsageError, match="holds another library"):
        to_database(empty, store_url)
    with pytest.raises(UsageError, match="holds another library"):
        to_folder(store_url, empty)
    assert content_of_database(store_url) == before
    assert content(empty.catalog)["libraries"] == [(1, "/elsewhere")]


def test_an_empty_library(settings: Settings, empty: Settings, store_url: str) -> None:
    open_catalog(settings.catalog, create=True).close()
    assert to_database(settings, store_url).documents == 0
    assert to_folder(store_url, empty).documents == 0
    assert content(empty.catalog) == {
        **content(settings.catalog),
        "numbers": content(empty.catalog)["numbers"],
    }
    assert {number for _, number in content(empty.catalog)["numbers"]} <= {0}


def test_tables_are_made(full: Settings, bare_url: str) -> None:
    to_database(full, bare_url)
    assert content_of_database(bare_url) == without_nul(content(full.catalog))


def test_nothing_to_move(settings: Settings, empty: Settings, store_url: str, bare_url: str) -> None:
    with pytest.raises(CatalogMissing):
        to_database(settings, store_url)
    with pytest.raises(CatalogMissing):
        to_folder(bare_url, empty)
    assert not empty.catalog.exists()


def test_a_database_that_is_not_there(full: Settings) -> None:
    with pytest.raises(StoreAway, match="cannot be reached"):
        to_database(full, "postgresql://127.0.0.1:1/nothing?connect_timeout=2")


def test_a_damaged_copy_is_not_kept(full: Settings, store_url: str) -> None:
    with psycopg.connect(store_url, autocommit=True, options="-c search_path=stackroom") as db:
        db.execute(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.page := NEW.page + 1; RETURN NEW; END $$"
        )
        db.execute(
            "CREATE TRIGGER spoils BEFORE INSERT ON passages FOR EACH ROW WHEN (NEW.id = 3)"
            " EXECUTE FUNCTION spoil()"
        )
        with pytest.raises(CatalogUnusable, match="table passages, 3"):
            to_database(full, store_url)
        assert content_of_database(store_url)["documents"] == []
        db.execute("DROP TRIGGER spoils ON passages")
    to_database(full, store_url)
    assert content_of_database(store_url) == without_nul(content(full.catalog))


class Moving:
    """Moves in other processes, which may be killed in the middle."""

    def __init__(self, program: "subprocess.Popen[bytes]") -> None:
        assert program.stdin is not None
        assert program.stdout is not None
        self._program, self._orders, self._reports = program, program.stdin, program.stdout

    def move(self, way: str, catalog: Path, url: str, events: int) -> tuple[int, bool]:
        """Moves until so much has happened. Returns how many rows were there before, and if it is done."""
        self._orders.write(f"{way}\t{catalog}\t{url}\t{events}\n".encode())
        before = int(read_line(self._reports, self._program))
        code = int(read_line(self._reports, self._program))
        assert code in (0, -signal.SIGKILL)
        return before, code == 0


@pytest.fixture
def moving() -> Iterator[Moving]:
    with subprocess.Popen(
        [sys.executable, str(TESTS / "move_and_die.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as program:
        yield Moving(program)
        assert program.stdin is not None
        program.stdin.close()


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_a_killed_move_goes_on(full: Settings, empty: Settings, store_url: str, moving: Moving) -> None:
    fill(full.catalog.with_name("large.sqlite3"), copies=12_000)
    full.catalog.with_name("large.sqlite3").replace(full.catalog)
    expected = without_nul(content(full.catalog))
    rows = sum(len(found) for name, found in expected.items() if name != "numbers")
    for way, catalog in (("there", full.catalog), ("back", empty.catalog)):
        befores, is_done = [], False
        for events in (1, 4, 20, 3000, 5500, 2000, 5300, 2030, 10**6):
            assert not is_done
            before, is_done = moving.move(way, catalog, store_url, events)
            befores.append(before)
            if not is_done and way == "there":
                refused(store_url)
            assert is_done or not empty.catalog.exists()
        assert is_done
        assert befores == sorted(befores)
        assert befores[-1] == rows  # killed while it was compared
        assert len(set(befores)) >= 5
    assert content_of_database(store_url) == content(empty.catalog) == expected


def refused(url: str) -> None:
    """Neither readers nor indexers take what is half moved."""
    database = Database(url)
    session = database.connect()
    with pytest.raises(CatalogUnusable, match="is being moved"):
        require_current(session, database.shown)
    session.raw.close()
    with pytest.raises(CatalogUnusable, match="is being moved"):
        migrate(database)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_what_changed_meanwhile(full: Settings, empty: Settings, store_url: str, moving: Moving) -> None:
    assert moving.move("there", full.catalog, store_url, 30) == (0, False)
    fill(empty.catalog)
    with pytest.raises(UsageError, match="a part of another library"):
        to_database(empty, store_url)
    with closing(open_catalog(full.catalog, create=False)) as db:
        db.execute("UPDATE models SET name = 'another'")
    to_database(full, store_url)
    assert content_of_database(store_url) == without_nul(content(full.catalog))


def test_what_is_found_is_the_same(indexed: Path, empty: Settings, tmp_path: Path, store_url: str) -> None:
    settings = Settings(data=indexed / "data")
    stored = Settings(data=tmp_path / "beside", store=store_url)
    to_database(settings, store_url)
    complete(stored)
    to_folder(store_url, empty)
    complete(empty)
    for query in ("otters that sleep", "dough", '"damp cloth"', "title:otters stones"):
        expected = found(settings, query)
        assert expected
        assert found(stored, query) == expected
        assert found(empty, query) == expected


def found(settings: Settings, query: str) -> list[tuple[str, int, str]]:
    """What a search gives: the documents, their best pages and passages.

    Without the scores: tantivy counts notes of where it has come to as entries, which tells among so few.
    """
    catalog = Catalog(settings.truth)
    reader = Reader(
        catalog,
        matching_words(settings),
        OneModel(WordHashEmbedder()),
        nearest=nearest_in_store(settings, catalog),
    )
    with closing(reader):
        return [(hit.document_id, hit.best.page, hit.best.text) for hit in reader.search(query)]
