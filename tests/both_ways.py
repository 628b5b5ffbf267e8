"""Requests that take the short path, and then FastMCP's: the answers are the same bytes.

A header that is there twice leads a request away from the short path, and means nothing else.
"""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import ToolResult
from mcp_types import CallToolRequestParams

from mcp_clients import SEARCH, URL
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.limits.call_limits import CallLimits
from stackroom.server.limits.rates import Refusals
from stackroom.server.limits.request_limits import RequestLimits
from stackroom.server.monitoring.ledger import UNRECORDED, Ledger
from stackroom.server.monitoring.metrics import Metrics
from stackroom.server.protocol.tools import create_mcp
from stackroom.server.protocol.transports import SSE_PATH, http_transports

Headers = list[tuple[str, str]]

PLAIN: Headers = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]
TWICE: Headers = [("X-Twice", "1"), ("X-Twice", "2")]
QUERY = {"query": "cats purr"}
ID = {"id": f"{1:024x}"}


class Counted(Middleware):
    """Counts the calls that FastMCP has answered."""

    count = 0

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        self.count += 1
        return await call_next(context)


class Server:
    """The tools over HTTP, behind the limits on requests."""

    def __init__(
        self,
        reader: Reader,
        ledger: Ledger = UNRECORDED,
        limits: CallLimits | None = None,
        access: AccessControl | None = None,
    ) -> None:
        self.counted = Counted()
        self.metrics = Metrics()
        mcp = create_mcp(reader, URL, ledger, limits, self.metrics)
        mcp.add_middleware(self.counted)
        mcp.auth = access
        self.application = RequestLimits(http_transports(mcp), (SSE_PATH,), Refusals())


def ask(
    url: str, body: bytes, headers: Headers, path: str = "/mcp", method: str = "POST"
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers but the date, and body of an answer; the headers are sent as they are."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        answered = {name.lower(): value for name, value in response.headers.items()}
        answered.pop("date")
        return response.status, answered, response.read()
    finally:
        connection.close()


def both(url: str, body: bytes, headers: Headers, path: str = "/mcp") -> tuple[int, dict[str, str], bytes]:
    """The answer, after checking that it is the same on both ways."""
    short = ask(url, body, headers, path)
    assert short == ask(url, body, [*headers, *TWICE], path)
    return short


def call(tool: object = SEARCH, arguments: object = QUERY, **members: object) -> dict[str, Any]:
    """A call; with the members of the message and of `params` that are given, without those that are None."""
    params = {"name": tool, "arguments": arguments, **members.pop("params", {})}  # type: ignore[dict-item]
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params, **members}
    return {name: value for name, value in message.items() if value is not ...}


def modern(tool: str = SEARCH, **changes: str | None) -> Headers:
    """The headers of a call in the revision 2026-07-28; None leaves one out."""
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool}
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}  # type: ignore[misc]
    return [*PLAIN, *((name, value) for name, value in headers.items() if value is not None)]


def changed(name: str, value: str | None) -> Headers:
    """`PLAIN` with another value of a header, or without it."""
    others = [(one, its) for one, its in PLAIN if one != name]
    return others if value is None else [*others, (name, value)]


def written(message: object) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message).encode()
