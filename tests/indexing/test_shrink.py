"""The catalogue's file gets smaller after large removals, while others read it; and nothing else changes."""

import os
import random
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fakes import OneModel, WordHashEmbedder
from index_content import content
from indexer.run.indexer import Indexer
from indexer.store.shrink import Shrunk, shrink
from indexer.upkeep.check import check
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.common.sqlite_file import connect

DOCUMENTS, GONE = 30, 20


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """With documents whose texts can't be made small."""
    shelf = Shelf(tmp_path)
    chance = random.Random(5)
    for number in range(DOCUMENTS):
        shelf.add(number, f"otters {number}\n" + chance.randbytes(8000).hex() + "\n")
    yield shelf
    shelf.close()


@pytest.fixture
def settings(shelf: Shelf) -> Settings:
    return Settings(data=shelf.path.parent.parent)


def size(shelf: Shelf) -> int:
    with closing(connect(shelf.path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return shelf.path.stat().st_size


def test_it_waits_until_a_third_is_room_then_nothing_but_that_goes(shelf: Shelf, settings: Settings) -> None:
    full = size(shelf)
    for number in range(6):
        shelf.remove(number)
    assert (shrink(shelf.path), size(shelf)) == (Shrunk(), full)
    for number in range(6, GONE):
        shelf.remove(number)
    before, damages = content(settings.data), check(settings).damages
    with Catalog(shelf.path) as catalog:
        identity = catalog.id(), catalog.last_change()
        shrunk = shrink(shelf.path)
        assert (catalog.id(), catalog.last_change()) == identity  # so that indexes and servers go on
    assert shrunk.freed > full / 3
    assert shelf.path.stat().st_size == full - shrunk.freed
    assert content(settings.data) == before
    assert check(settings).damages == damages
    assert shrink(shelf.path) == Shrunk()


def test_servers_answer_all_the_while(shelf: Shelf, settings: Settings) -> None:
    for number in range(GONE):
        shelf.remove(number)
    found: list[int] = []
    is_done = threading.Event()

    def ask() -> None:
        with closing(shelf.reader()) as reader:
            while not is_done.is_set() or len(found) < 3:
                found.append(len(reader.search("otters", 50)))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        assert shrink(shelf.path).freed > 0
    finally:
        is_done.set()
        asking.join()
    assert set(found) == {DOCUMENTS - GONE}


def test_a_reader_of_what_was_there_before_is_not_disturbed(shelf: Shelf) -> None:
    full = size(shelf)
    for number in range(GONE):
        shelf.remove(number)
    with Catalog(shelf.path) as catalog:
        with catalog.snapshot():
            assert len(catalog.rows("SELECT content FROM texts")) == DOCUMENTS - GONE
            assert shrink(shelf.path).freed > 0
            assert len(catalog.rows("SELECT content FROM texts")) == DOCUMENTS - GONE
        assert shelf.path.stat().st_size >= full
        shelf.add(99, "bread\n")  # a later commit
        assert size(shelf) < 0.7 * full
        assert len(catalog.rows("SELECT content FROM texts")) == DOCUMENTS - GONE + 1


def test_without_room_it_is_left_as_it_is(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(GONE):
        shelf.remove(number)
    full = size(shelf)
    asked: list[Path] = []

    def free(folder: Path) -> int:
        asked.append(folder)
        return 100_000

    monkeypatch.setenv("TMPDIR", str(shelf.root))  # on the same disk: both need it
    shrunk = shrink(shelf.path, free)
    assert (shrunk.freed, shelf.path.stat().st_size) == (0, full)
    assert "to make the index smaller" in shrunk.obstacle
    assert "must be free in" in shrunk.obstacle
    assert "100.0 kB are" in shrunk.obstacle
    assert asked == [shelf.path.parent]
    if os.path.isdir("/dev/shm") and os.stat("/dev/shm").st_dev != os.stat(shelf.root).st_dev:  # noqa: PTH112, PTH116
        monkeypatch.setenv("TMPDIR", "/dev/shm")
        assert (
            "must be free in /dev/shm"
            in shrink(shelf.path, lambda folder: 10**6 * (folder != Path("/dev/shm"))).obstacle
        )
    assert shrink(shelf.path.with_name("none.sqlite3")).obstacle.endswith("unable to open database file")


def test_a_run_and_forgetting_do_it_and_say_so(settings: Settings, shelf: Shelf) -> None:
    full = size(shelf)
    shelf.close()
    models = OneModel(WordHashEmbedder())
    with Indexer(settings, models) as indexer:
        for number in range(GONE):
            (shelf.root / f"{number}.pdf").unlink()
        summary = indexer.run([shelf.root])
        assert (summary.removed, summary.shrink_obstacle) == (GONE, "")
        assert summary.freed_bytes > full / 3
        half = size(shelf)
        assert half == full - summary.freed_bytes
        assert indexer.run([shelf.root]).freed_bytes == 0
        assert indexer.forget(shelf.root) == DOCUMENTS - GONE
        assert size(shelf) < 0.7 * half
