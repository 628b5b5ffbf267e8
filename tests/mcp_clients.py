"""Both client libraries behind the same few calls, and a server for them to speak to."""

import http.client
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import fastmcp
import mcp
import uvicorn
from fastmcp.client.transports import SSETransport
from mcp_types import CallToolResult, ListToolsResult, TextContent
from starlette.types import ASGIApp

from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.address import http_url
from stackroom.server.application import create_application, listen
from stackroom.server.limits.connections import LimitedConnection
from stackroom.server.monitoring.ledger import UNRECORDED, Ledger
from stackroom.server.protocol.tools import create_mcp
from stackroom.server.room.room import Room

URL = "http://stackroom.test"
SEARCH, FETCH = "search", "fetch"

_NO_SETTINGS = Settings(calls_per_minute=0)
MODES = ["legacy", "2026-07-28"]

# What a request of the newer revision says of itself.
NEW = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@contextmanager
def serving(
    reader: Reader,
    application: ASGIApp | None = None,
    *,
    access: Callable[[str], AccessControl | None] = lambda _: None,
    ledger: Ledger = UNRECORDED,
    settings: Settings = _NO_SETTINGS,
    connection: type[LimitedConnection] = LimitedConnection,
    host: str = "127.0.0.1",
) -> Iterator[str]:
    """An HTTP server in a thread, on a free port, of the whole application or another; yields its URL.

    `access` makes the application's sign-in, given that.
    """
    with listen(host, 0) as listener:
        address, port = listener.getsockname()[:2]
        url = http_url(address, port)
        config = uvicorn.Config(
            application or create_application(settings, reader, url, address, access(url), ledger=ledger),
            http=connection,
            lifespan="on",
            ws="none",
            log_level="warning",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join()


def room_of(reader: Reader) -> Room:
    """What the pages of a reading room without sign-in have in common."""
    return Room(_NO_SETTINGS, reader, None, https=False)


class Connected:
    """The same few calls for both client libraries."""

    def __init__(self, client: "fastmcp.Client[Any] | mcp.Client") -> None:
        self._client = client

    async def tools(self) -> ListToolsResult:
        if isinstance(self._client, mcp.Client):
            return await self._client.list_tools()
        return await self._client.list_tools_mcp()

    async def call(self, name: str, **arguments: object) -> CallToolResult:
        if isinstance(self._client, mcp.Client):
            return await self._client.call_tool(name, arguments)
        return await self._client.call_tool_mcp(name, arguments)


CLIENTS = ["fastmcp in memory", "fastmcp auto", "fastmcp sse", *(f"mcp {mode}" for mode in MODES)]


@asynccontextmanager
async def connect(how: str, reader: Reader, url: str) -> AsyncIterator[Connected]:
    library, mode = how.split(" ", 1)
    if mode == "in memory":
        async with fastmcp.Client(create_mcp(reader, url)) as memory_client:
            yield Connected(memory_client)
    elif mode == "sse":
        async with fastmcp.Client(SSETransport(url + "/sse")) as sse_client:
            yield Connected(sse_client)
    elif library == "fastmcp":
        async with fastmcp.Client(url + "/mcp", mode=mode) as http_client:
            yield Connected(http_client)
    else:
        async with mcp.Client(url + "/mcp", mode=mode) as sdk_client:
            yield Connected(sdk_client)


def content(result: CallToolResult) -> Any:
    """The structured content of an answer, after checking that the one text item is the same JSON."""
    assert not result.is_error
    (item,) = result.content
    assert isinstance(item, TextContent)
    assert json.loads(item.text) == result.structured_content
    return result.structured_content


def error(result: CallToolResult) -> str:
    """The message of an error."""
    assert result.is_error
    assert result.structured_content is None
    (item,) = result.content
    assert isinstance(item, TextContent)
    return item.text


def ask(
    url: str, method: str, path: str, headers: dict[str, str] | None = None, body: str | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request, with the path exactly as given."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def rpc(url: str, path: str = "/mcp", headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Lists the tools as a client without the older handshake would."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}})
    kind = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    status, _, answer = ask(url, "POST", path, kind | (headers or {}), body)
    return status, answer


@contextmanager
def stream(
    url: str, path: str = "/sse", token: str = "", cookie: str = ""
) -> Iterator[http.client.HTTPResponse]:
    """An open stream of events; the first line has not been read."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("GET", path, headers=headers | ({"Cookie": cookie} if cookie else {}))
        yield connection.getresponse()
    finally:
        connection.close()


def endpoint(opened: http.client.HTTPResponse) -> str:
    """Where the stream's client sends its messages."""
    assert opened.readline() == b"event: endpoint\r\n"
    return opened.readline().decode().removeprefix("data: ").strip()
