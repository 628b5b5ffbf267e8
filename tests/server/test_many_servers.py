"""Servers on one store: whichever is asked, the answer is the same, and a sign-in goes on at the next one."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import httpx2
import pytest

from mcp_clients import serving
from owner import PASSPHRASE, PUBLIC, Assistant, answer, fill_in
from postgres_server import Databases
from stackroom.common.settings import Settings
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.store import AccessStore
from stackroom.server.monitoring.ledger import newest
from store_servers import Both, Library, StoreServer, balanced, call, store_server


@pytest.fixture(scope="module")
def settings(
    databases: Databases, store_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    url = databases.new_database(store_template)
    yield Settings.read({}, data=tmp_path_factory.mktemp("data"), store=url)
    databases.drop_database(url)


@pytest.fixture(scope="module")
def library(settings: Settings) -> Iterator[Library]:
    library = Library(settings)
    library.add(1, "Cats sleep.\n", "Cats purr.\n")
    library.add(2, "Dogs bark.\n")
    yield library
    library.close()


@pytest.fixture(scope="module")
def servers(settings: Settings, library: Library) -> Iterator[list[StoreServer]]:
    with store_server(settings) as first, store_server(settings) as second:
        yield [first, second]


def ok(response: httpx2.Response) -> str:
    """The text of a tool's answer."""
    assert response.status_code == 200, response.text
    result = response.json()["result"]
    assert not result["isError"], result
    return str(result["content"][0]["text"])


def test_a_sign_in_that_goes_from_server_to_server(
    servers: list[StoreServer], settings: Settings, library: Library
) -> None:
    """Each request goes to the other server than the one before."""
    with balanced(*servers) as browser:
        assistant = Assistant(Both(browser))
        tokens = assistant.tokens()
        # The passphrase has signed the browser in, too: at both.
        pages = [browser.get(path) for path in ("/", "/library", "/status", "/log", "/access")]
        assert [page.status_code for page in pages] == [200] * 5
        assert "ChatGPT" in pages[-1].text
        for _ in range(2):
            found = ok(call(browser, "search", "cats purr", tokens["access_token"]))
            assert f"{PUBLIC}/d/{1:024x}" in found
            assert "Cats purr." in ok(call(browser, "fetch", f"{1:024x}", tokens["access_token"]))
        renewed = assistant.refresh(tokens["refresh_token"]).json()
        again = assistant.refresh(tokens["refresh_token"]).json()  # at the other one, within seconds
        assert again == renewed
        ok(call(browser, "search", "dogs", renewed["access_token"]))
        ok(call(browser, "search", "dogs", renewed["access_token"]))
        # What one adds, the other finds; and all calls are in one ledger.
        library.add(3, "Owls hoot.\n")
        assert all("Owls hoot" in ok(call(browser, "search", "owls", renewed["access_token"])) for _ in "12")
        asked = [record["asked"] for record in newest(settings.ledger_of_calls, 20)]
        assert asked == ["cats purr", f"{1:024x}"] * 2 + ["dogs"] * 2 + ["owls"] * 2
        assert browser.get("/log").text == browser.get("/log").text
        # What one server ends has ended at the other.
        with AccessStore(settings.sign_in) as access:
            (client,) = [grant for grant in access.grants() if grant.kind == "client"]
            assert access.revoke(client.id)
        for _ in range(2):
            assert call(browser, "search", "cats", renewed["access_token"]).status_code == 401


def test_a_code_is_good_once_whichever_is_asked(servers: list[StoreServer]) -> None:
    with balanced(*servers) as browser:
        assistant = Assistant(Both(browser))
        code = answer(assistant.decide())["code"]
        tokens = assistant.exchange(code).json()
        assert assistant.exchange(code).status_code == 400
        # It was stolen: what came of it has ended, at both.
        assert {call(browser, "search", "x", tokens["access_token"]).status_code for _ in "12"} == {401}


def test_calls_are_counted_together(settings: Settings, library: Library) -> None:
    few = replace(settings, calls_per_minute=10)
    with (
        closing(library.reader()) as reader,
        AccessStore(settings.sign_in) as access,
        serving(reader, access=lambda url: AccessControl(url, access), settings=few) as first,
        serving(reader, access=lambda url: AccessControl(url, access), settings=few) as second,
    ):
        token = access.new_static_token("program")
        with httpx2.Client() as program:
            results = [
                call(program, "search", "cats", token, url).json()["result"] for url in [first, second] * 7
            ]
    refused = [result["content"][0]["text"] for result in results if result["isError"]]
    assert 3 <= len(refused) <= 4  # one may come back in six seconds
    assert refused[0].startswith("Too many calls: 10 in a minute. Try again in ")


def test_wrong_passphrases_are_counted_together(servers: list[StoreServer]) -> None:
    """The last of these tests: then no passphrase is taken for a while."""
    with balanced(*servers) as browser:
        statuses = [fill_in(browser, "/sign-in", f"wrong words {n}").status_code for n in range(12)]
        assert statuses == [403] * 10 + [429] * 2
        assert fill_in(browser, "/sign-in", PASSPHRASE).status_code == 429
