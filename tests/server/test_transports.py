"""SSE beside streamable HTTP: paths, streams, hosts, sessions, stopping. The tools over it: `test_tools`."""

import asyncio
import http.client
import json
from urllib.parse import urlsplit

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


# The form of an answer


def listed(url: str, *accept: str) -> tuple[int, str, bytes]:
    """Status, kind and body of an answer to tools/list."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    try:
        connection.putrequest("POST", "/mcp", skip_accept_encoding=True)
        for kind in accept:
            connection.putheader("Accept", kind)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "accept",
    [
        ["application/json"],
        ["*/*"],
        ["application/*"],
        ["application/json, text/event-stream"],
        ["text/event-stream, application/json;q=0.5"],
        ["text/event-stream", "application/json"],
        ["Text/Event-Stream, */*"],
        ["application/json;q=0.01, text/event-stream;q=0"],
        [],
    ],
)
def test_an_answer_is_json_for_all_who_take_that(url: str, accept: list[str]) -> None:
    status, kind, body = listed(url, *accept)
    assert (status, kind) == (200, "application/json")
    assert json.loads(body)["result"]["tools"]


@pytest.mark.parametrize(
    "accept",
    [
        "text/event-stream",
        "text/*",
        "text/event-stream;q=0.9, text/html",
        "text/event-stream, application/json;q=0, */*; Q=0.00",
    ],
)
def test_an_answer_is_a_stream_of_one_event_for_those_who_take_nothing_else(url: str, accept: str) -> None:
    status, kind, body = listed(url, accept)
    assert (status, kind) == (200, "text/event-stream")
    event, data, *rest = body.split(b"\r\n")
    assert (event, rest) == (b"event: message", [b"", b""])
    assert data.startswith(b"data: ")
    assert data.removeprefix(b"data: ") == listed(url, "application/json")[2]


def test_what_is_no_answer_is_no_stream(url: str) -> None:
    assert listed(url, "text/html")[0] == 406
    only = JSON | {"Accept": "text/event-stream"}
    note = '{"jsonrpc": "2.0", "method": "notifications/initialized"}'
    assert ask(url, "POST", "/mcp", only, note)[0] == 202
    status, headers, body = ask(url, "POST", "/mcp", only, "{")
    assert (status, headers["Content-Type"]) == (400, "application/json")
    assert json.loads(body)["error"]
    assert ask(url, "GET", "/mcp", only)[0] == 405


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "*/*"])
@pytest.mark.parametrize("id_", ["1.0", "null", "true", "1e3", "[]"])
def test_a_request_is_never_accepted_and_not_answered(url: str, id_: str, accept: str) -> None:
    body = f'{{"jsonrpc": "2.0", "id": {id_}, "method": "tools/list", "params": {{}}}}'
    status, headers, answer = ask(url, "POST", "/mcp", JSON | {"Accept": accept}, body)
    assert (status, headers["Content-Type"]) == (400, "application/json")
    error = json.loads(answer)["error"]
    assert error == {"code": -32600, "message": "The id of a request must be a string or an integer."}


def test_a_kind_in_capitals_is_the_same_kind(url: str) -> None:
    assert rpc(url, headers={"Content-Type": "Application/JSON; charset=UTF-8"})[0] == 200
    assert rpc(url, headers={"Content-Type": "text/plain"})[0] == 400


@pytest.mark.anyio
async def test_a_client_that_takes_streams_alone(url: str) -> None:
    headers = JSON | {"Accept": "text/event-stream"}
    call = {"name": SEARCH, "arguments": {"query": "cats purr"}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
    events = ask(url, "POST", "/mcp", headers, body)[2].decode()
    assert json.loads(events.split("data: ")[1])["result"]["structuredContent"]["results"]
