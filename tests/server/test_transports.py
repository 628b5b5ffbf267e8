"""SSE beside streamable HTTP: paths, streams, hosts, sessions, stopping. The tools over it: `test_tools`."""

import asyncio

import fastmcp
import pytest
from fastmcp.client.transports import SSETransport
from mcp import ClientSession
from mcp.client.sse import sse_client
from sse_starlette import EventSourceResponse

from mcp_clients import SEARCH, ask, content, endpoint, rpc, stream

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/sse", "/sse/"])
def test_a_stream_needs_no_redirect_and_is_not_held_back(url: str, path: str) -> None:
    with stream(url, path) as opened:
        assert opened.status == 200
        assert opened.headers["Content-Type"].startswith("text/event-stream")
        assert opened.headers["X-Accel-Buffering"] == "no"
        assert opened.headers["Cache-Control"] == "no-store"
        assert endpoint(opened).startswith("/messages/?session_id=")
    assert EventSourceResponse.DEFAULT_PING_INTERVAL <= 30  # tunnels end what is silent for a minute or two


def test_clients_that_try_the_newer_transport_first_see_that_it_is_not_there(url: str) -> None:
    assert ask(url, "POST", "/sse", JSON, "{}")[0] == ask(url, "POST", "/sse/", JSON, "{}")[0] == 405
    assert ask(url, "HEAD", "/sse")[0] == 405


@pytest.mark.anyio
async def test_the_sdk_over_sse(url: str) -> None:
    async with sse_client(url + "/sse/") as streams, ClientSession(*streams) as session:
        await session.initialize()
        assert [tool.name for tool in (await session.list_tools()).tools] == ["search", "fetch"]
        found = content(await session.call_tool(SEARCH, {"query": "cats purr"}))
        assert found["results"][0]["url"].startswith(f"{url}/d/")


@pytest.mark.anyio
async def test_many_callers_at_once_over_both_transports(url: str) -> None:
    async def one(number: int) -> None:
        target = SSETransport(url + "/sse") if number % 2 else url + "/mcp"
        async with fastmcp.Client(target) as client:
            assert content(await client.call_tool_mcp(SEARCH, {"query": f"{number} animals"}))["results"]

    await asyncio.gather(*(one(number) for number in range(6)))


def test_foreign_hosts_and_origins_are_refused(url: str) -> None:
    for method, path in (("GET", "/sse"), ("GET", "/sse/"), ("POST", "/messages/?session_id=x")):
        assert ask(url, method, path, {"Host": "evil.example"})[0] == 421
        assert ask(url, method, path, {"Origin": "https://evil.example"})[0] == 403
        assert ask(url, method, path, {"X-Forwarded-For": "192.0.2.1"})[0] == 403


def test_messages_that_make_no_sense(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with stream(url) as opened:
        path = endpoint(opened)
        for wrong, status in (("/messages/", 400), ("/messages/?session_id=x", 400), (path[:-1] + "x", 400)):
            assert ask(url, "POST", wrong, JSON, "{}")[0] == status
        assert ask(url, "POST", path[:-4] + "beef", JSON, "{}")[0] == 404
        for body in ("", "{", "[]", "null", '{"jsonrpc": "2.0"}', "\u00ff"):
            status, _, answer = ask(url, "POST", path, JSON, body)
            assert (status, answer) == (400, b"Could not parse message")
        assert ask(url, "GET", path)[0] == 405
        assert rpc(url)[0] == 200
    assert caplog.text == ""  # strangers do not write our log
