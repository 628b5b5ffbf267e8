"""Clients that nobody has met: those that register, and those that publish a document about themselves."""

import asyncio

import pytest

from owner import Assistant, Clock, Documents, Site
from stackroom.server.access.client_documents import ClientDocuments

# Dynamic registration


def test_registered_clients_are_public(site: Site) -> None:
    registered = site.register(
        "https://app.example/cb", client_name="App", token_endpoint_auth_method="client_secret_post"
    )
    assert registered["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in registered
    assert registered["redirect_uris"] == ["https://app.example/cb"]
    assert "refresh_token" in registered["grant_types"]  # type: ignore[operator]


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://app.example/cb",
        "javascript:alert(1)",
        "javascript://app.example/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://app.example/cb#part",
        "https://user@app.example/cb",
        "https://app.example/a b",
        "https://app.example\\@evil.example/",
        "https:///cb",
        "https://app.example:x/",
        "/cb",
        "",
        7,
        "https://app.example/" + "a" * 3000,
        f"https://{'a.' * 200}example/cb",
        f"{'a' * 60}://cb",
    ],
)
def test_unsafe_redirects_are_not_registered(site: Site, redirect_uri: object) -> None:
    response = site.browser.post("/register", json={"redirect_uris": [redirect_uri]})
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"redirect_uris": []}',
        b'{"redirect_uris": ["https://a.example/"], "grant_types": ["client_credentials"]}',
        b'{"redirect_uris": ["https://a.example/"], "response_types": ["token"]}',
        b" " * 30_000,
        b"[" * 19_000,
    ],
)
def test_registrations_that_make_no_sense(site: Site, body: bytes) -> None:
    assert site.browser.post("/register", content=body).status_code == 400


def test_programs_may_have_schemes_of_their_own(site: Site) -> None:
    redirect = "cursor://anysphere.cursor-retrieval/oauth/callback"
    registered = site.register(redirect)
    client = Assistant(site, str(registered["client_id"]), redirect)
    page = client.ask()
    assert "a program that opens cursor: addresses" in page.text
    assert "form-action 'self' cursor:" in page.headers["Content-Security-Policy"]
    assert client.decide().headers["Location"].startswith(redirect + "?")


def test_registrations_are_limited_and_old_idle_ones_go(site: Site) -> None:
    allowed = site.register("https://app.example/cb")
    Assistant(site, str(allowed["client_id"]), "https://app.example/cb").tokens()
    with site.store.kept.writing() as sql:
        rows = [(f"idle {number}",) for number in range(997)]
        sql.executemany("INSERT INTO registrations (id, name, redirect_uris) VALUES (?, 'Idle', '[]')", rows)
    newest = [str(site.register("https://app.example/cb")["client_id"]) for _ in range(5)]
    kept = [site.store.registered(client_id) is not None for client_id in ("idle 0", "idle 1", "idle 2")]
    assert kept == [False, False, True]
    assert all(site.store.registered(client_id) for client_id in (*newest, str(allowed["client_id"])))
    statuses = [
        site.browser.post("/register", json={"redirect_uris": ["https://app.example/"]}).status_code
        for _ in range(30)
    ]
    assert statuses[-1] == 429


# Clients that publish a document


def test_a_client_by_its_document(site: Site) -> None:
    client_id = "https://app.example/oauth/client.json"
    site.web.publish(
        client_id,
        client_name="App",
        redirect_uris=["http://127.0.0.1/callback"],
        token_endpoint_auth_method="private_key_jwt",
    )
    client = Assistant(site, client_id, "http://127.0.0.1:5555/callback")
    assert "published by app.example" in client.ask().text
    tokens = client.tokens()
    assert site.tools(tokens["access_token"]).status_code == 200
    assert site.web.fetched == [client_id]  # once: it is kept for a while
    site.web.documents.clear()
    site.clock.now += 3000
    assert client.refresh(tokens["refresh_token"]).status_code == 200  # not needed for that
    assert client.ask().status_code == 400


@pytest.mark.parametrize(
    "client_id",
    [
        "http://app.example/client.json",
        "HTTPS://app.example/client.json",
        "https://app.example",
        "https://app.example/",
        "https://app.example/a/../client.json",
        "https://app.example/./client.json",
        "https://user@app.example/client.json",
        "https://app.example/client.json#x",
        "https://app.example:x/client.json",
        "https://[::1/client.json",
        "https://app.example/" + "a" * 2000,
        "nobody",
        "",
    ],
)
def test_client_ids_that_are_not_looked_up(site: Site, client_id: str) -> None:
    assert Assistant(site, client_id).ask().status_code == 400
    assert site.web.fetched == []


@pytest.mark.parametrize(
    "members",
    [
        {"client_id": "https://app.example/other.json"},
        {"client_id": "https://app.example/client.json/"},
        {"client_id": None},
        {"redirect_uris": []},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"client_secret": "x"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"grant_types": ["client_credentials"]},
    ],
)
def test_documents_that_are_not_believed(site: Site, members: dict[str, object]) -> None:
    client_id = "https://app.example/client.json"
    site.web.publish(client_id, **{"redirect_uris": ["https://app.example/cb"], **members})
    assert Assistant(site, client_id, "https://app.example/cb").ask().status_code == 400


def test_lookups_are_limited(site: Site) -> None:
    for number in range(40):
        Assistant(site, f"https://app.example/{number}").ask()
    assert len(site.web.fetched) == 20


def test_few_documents_are_kept() -> None:
    web, clock = Documents(), Clock()
    clients = ClientDocuments(web.fetch, clock)

    async def ask() -> None:
        for number in (*range(102), 101, 0):
            url = f"https://app.example/{number}"
            web.publish(url, redirect_uris=["https://app.example/cb"])
            assert (await clients.client(url)).id == url
            clock.now += 3  # more often it would be refused

    asyncio.run(ask())
    assert web.fetched == [f"https://app.example/{number}" for number in (*range(102), 0)]
