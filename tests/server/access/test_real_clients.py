"""Client libraries that other programs are made with, against a server on a real port."""

import asyncio
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import fastmcp
import httpx2
import pytest
from fastmcp.client.auth import OAuth
from fastmcp.client.transports import SSETransport
from mcp.shared.auth import AuthorizationCodeResult

from mcp_clients import SEARCH, ask, endpoint, rpc, serving, stream
from owner import PASSPHRASE, form_key
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.store import AccessStore


@pytest.fixture
def url(reader: Reader, store: AccessStore) -> Iterator[str]:
    with serving(reader, access=lambda url: AccessControl(url, store)) as url:
        yield url


class Owner(OAuth):
    """FastMCP's client, with an owner who types the passphrase where it would open a browser."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.allowed = 0

    async def redirect_handler(self, authorization_url: str) -> None:
        self._address = authorization_url

    async def callback_handler(self) -> AuthorizationCodeResult:
        async with httpx2.AsyncClient() as browser:
            page = await browser.get(self._address)
            fields = {"form_key": form_key(page), "passphrase": PASSPHRASE, "decision": "allow"}
            answer = await browser.post(self._address, data=fields)
        self.allowed += 1
        location = urlsplit(answer.headers["Location"])
        assert location.hostname == "localhost"
        return AuthorizationCodeResult(**{name: value[0] for name, value in parse_qs(location.query).items()})


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("document", [None, "https://claude.ai/oauth/claude-code-client-metadata"])
async def test_a_client_signs_in_and_refreshes(
    url: str, store: AccessStore, mode: str, document: str | None
) -> None:
    """Discovery, registration or a document, PKCE, issuer and resource: the client checks them all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it keeps tokens in memory
        owner = Owner(client_name="A program", client_metadata_url=document)
        async with fastmcp.Client(url + "/mcp", auth=owner, mode=mode) as client:
            found = await client.call_tool(SEARCH, {"query": "cats purr"})
            assert found.structured_content["results"][0]["url"].startswith(f"{url}/d/")
            first = owner.context.current_tokens
            assert first is not None
            with store.kept.writing() as sql:  # as if an hour had passed
                sql.execute("DELETE FROM tokens WHERE kind = 'access'")
            owner.context.token_expiry_time = 1.0
            await client.call_tool(SEARCH, {"query": "cats purr"})
            second = owner.context.current_tokens
    assert second is not None
    assert second.refresh_token != first.refresh_token
    assert owner.allowed == 1
    (grant,) = [grant for grant in store.grants() if grant.kind == "client"]
    assert grant.name == ("Claude Code" if document else "A program")


@pytest.mark.anyio
async def test_a_program_with_a_token(url: str, store: AccessStore) -> None:
    token = store.new_static_token("script")
    async with fastmcp.Client(url + "/mcp", auth=token) as client:
        assert {tool.name for tool in await client.list_tools()} == {"search", "fetch"}
        await asyncio.to_thread(store.revoke_static_token, "script")
        with pytest.raises(Exception, match="error response"):
            await client.call_tool(SEARCH, {"query": "cats"})


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/sse", "/sse/"])
async def test_a_client_signs_in_over_sse(url: str, store: AccessStore, path: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it keeps tokens in memory
        owner = Owner(client_name="An older program")
        async with fastmcp.Client(SSETransport(url + path, auth=owner)) as client:
            found = await client.call_tool(SEARCH, {"query": "cats purr"})
            assert found.structured_content["results"][0]["url"].startswith(f"{url}/d/")
    (grant,) = [grant for grant in store.grants() if grant.kind == "client"]
    assert grant.name == "An older program"
    tokens = owner.context.current_tokens
    assert tokens is not None
    async with fastmcp.Client(url + "/mcp", auth=tokens.access_token) as client:  # the library is one
        assert await client.list_tools()


def test_a_stream_is_for_who_opened_it_and_ends_with_the_access(url: str, store: AccessStore) -> None:
    one, other = store.new_static_token("one"), store.new_static_token("other")
    kind = {"Content-Type": "application/json"}
    ping = '{"jsonrpc": "2.0", "id": 1, "method": "ping"}'
    with stream(url) as refused:
        assert refused.status == 401
    with stream(url, token=one) as opened:
        path = endpoint(opened)

        def send(token: str) -> int:
            return ask(url, "POST", path, kind | {"Authorization": f"Bearer {token}"}, ping)[0]

        assert ask(url, "POST", path, kind, ping)[0] == 401
        assert (send(one), send(other)) == (202, 404)
        store.revoke_static_token("one")
        assert send(one) == 401


def test_without_a_token_there_is_nothing(url: str) -> None:
    for path in ("/mcp", "/mcp/"):
        assert rpc(url, path)[0] == 401
    assert ask(url, "GET", "/mcp")[0] in (401, 405)
    status, headers, body = ask(url, "POST", "/mcp", {"Content-Type": "application/json"}, "{}")
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Bearer ")
    assert (
        f'resource_metadata="{url}/.well-known/oauth-protected-resource/mcp"' in headers["WWW-Authenticate"]
    )
    assert b"search" not in body
