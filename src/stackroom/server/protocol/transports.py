"""Serves the tools over HTTP: as streamable HTTP at /mcp, and for older clients as SSE at /sse."""

import json
import logging
import re
from contextlib import suppress
from functools import lru_cache

import anyio
from fastmcp.server.auth.middleware import RequireAuthMiddleware
from fastmcp.server.http import StarletteWithLifespan
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stackroom.server.protocol.revisions import server_info
from stackroom.server.protocol.short_path import ShortPath, whole_body
from stackroom.server.protocol.tools import LibraryMCP

MCP_PATH, SSE_PATH = "/mcp", "/sse"

# The router would redirect these paths, and some clients fail on a redirect.
_WITH_SLASH = {f"{path}/": path for path in (MCP_PATH, SSE_PATH)}

_NO_ID = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {"code": -32600, "message": "The id of a request must be a string or an integer."},
}

# So many lists of kinds are read once; each is a part of a request's head, of 64 kB at most.
_KEPT = 16

# A kind of answer that a client does not take (RFC 9110, 12.4.2).
_REFUSED = re.compile(r";\s*q=0(?:\.0*)?\s*(?:;|$)", re.IGNORECASE)


def router_path(path: str) -> str:
    """`path` as the router knows it: /mcp for /mcp/, /sse for /sse/, and any other as it is."""
    return _WITH_SLASH.get(path, path)


def http_transports(mcp: LibraryMCP) -> StarletteWithLifespan:
    """The application with both transports, and with the endpoints of `mcp.auth`, which guards both."""
    application = mcp.http_app(
        path=MCP_PATH,
        # So nothing is lost at a restart, and no stream has to stay open through a tunnel.
        stateless_http=True,
        json_response=True,
        # `HostCheck` stands in front of it. FastMCP's own check lets pages of all sites ask a server that
        # others can reach and that has no sign-in, and it does not know the names of local networks.
        host_origin_protection=False,
    )

    # Of the second application only the routes are used: sign-in and lifespan are those of the first. The
    # library pings each SSE stream every 15 seconds, and asks proxies not to buffer it.
    routes = application.router.routes
    for route in routes:
        if isinstance(route, Route) and route.path == MCP_PATH:
            _add_short_path(route, mcp)
            route.app = _in_accepted_form(_never_silent(route.app))
    known = {route.path for route in routes if isinstance(route, Route | Mount)}
    for route in mcp.http_app(path=SSE_PATH, transport="sse").router.routes:
        if isinstance(route, Route | Mount) and route.path not in known:
            if isinstance(route, Route) and route.path == SSE_PATH:
                route.app = _with_one_answer(route.app)
                route.methods = {"GET"}  # a HEAD would open a stream, too
            elif isinstance(route, Mount):
                route.app = _for_who_is_there(route.app)
            routes.append(route)
    # Strangers can send messages without a session: the library would log a line or a traceback for each.
    logging.getLogger("mcp.server.sse").setLevel(logging.CRITICAL)
    return application


def _add_short_path(route: Route, mcp: LibraryMCP) -> None:
    """Puts the short path in front of FastMCP's own handler: behind sign-in, if there is one."""
    if mcp.auth is None:
        route.app = ShortPath(route.app, mcp.calls, server_info(mcp))
    elif isinstance(route.app, RequireAuthMiddleware):  # if not, we don't know where sign-in ends
        route.app.app = ShortPath(route.app.app, mcp.calls, server_info(mcp))


def _with_one_answer(application: ASGIApp) -> ASGIApp:
    """`application`, made to send exactly one answer, and to end it.

    When the server stops, the library leaves its streams open, and FastMCP begins a second answer after a
    stream; uvicorn would log an error for either.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        starts, ended = 0, False

        async def send_first(message: Message) -> None:
            nonlocal starts, ended
            starts += message["type"] == "http.response.start"
            if starts == 1 and not ended:
                ended = message["type"] == "http.response.body" and not message.get("more_body", False)
                await send(message)

        await application(scope, receive, send_first)
        if not ended:
            await send({"type": "http.response.body", "body": b""})

    return answer


def _for_who_is_there(application: ASGIApp) -> ASGIApp:
    """`application`, which takes messages, for clients that may hang up their stream meanwhile.

    They have their answer by then: that the message was accepted.
    """

    async def take(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            await application(scope, receive, send)

    return take


def _in_accepted_form(application: ASGIApp) -> ASGIApp:
    """`application`, which answers in JSON, for clients that accept only a stream, or do not say.

    Claude's connector has been seen to accept nothing but text/event-stream: it gets a stream of one event.
    Errors of HTTP stay as they are, and so does the answer to server/discover, which clients expect in JSON
    whatever they accept.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        # Several Accept headers are one list (RFC 9110, 5.3); without one, the client accepts anything.
        takes_json, takes_stream = _taken(",".join(Headers(scope=scope).getlist("accept")) or "*/*")
        if not takes_json and not takes_stream:
            await application(scope, receive, send)  # which refuses it
            return
        # The library knows this kind in small letters only; they are of no meaning (RFC 9110, 8.3.1).
        others = [
            (name, value.lower() if name == b"content-type" else value)
            for name, value in scope["headers"]
            if name != b"accept"
        ]
        accept = b"application/json, text/event-stream" if takes_stream else b"application/json"
        scope = {**scope, "headers": [*others, (b"accept", accept)]}
        if takes_json:
            await application(scope, receive, send)
            return
        body, receive = await whole_body(receive)
        await application(scope, receive, send if _method(body) == "server/discover" else _as_one_event(send))

    return answer


@lru_cache(_KEPT)
def _taken(asked: str) -> tuple[bool, bool]:
    """Whether a client takes JSON, and whether it takes a stream; `asked` is its list of kinds."""
    kinds = {kind.partition(";")[0].strip().lower() for kind in asked.split(",") if not _REFUSED.search(kind)}
    return (
        not kinds.isdisjoint({"*/*", "application/*", "application/json"}),
        not kinds.isdisjoint({"*/*", "text/*", "text/event-stream"}),
    )


def _never_silent(application: ASGIApp) -> ASGIApp:
    """`application`, which takes a request whose id is 1.0, null or true for a notification: that is refused.

    It would be accepted and never answered, and its client would wait.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        refused = False
        body, receive = await whole_body(receive)

        async def send_or_refuse(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 202 and _is_asked(body):
                refused = True
                await JSONResponse(_NO_ID, 400)(scope, receive, send)
            elif not refused:
                await send(message)

        await application(scope, receive, send_or_refuse)

    return answer


def _is_asked(body: bytes) -> bool:
    """Whether a message wants an answer: it calls a method, and has an id of whatever kind."""
    message = json.loads(body)
    return "method" in message and "id" in message


def _method(body: bytes) -> object:
    """The method that a request calls; None if the body is no request, which `application` will refuse."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return message.get("method") if isinstance(message, dict) else None


def _as_one_event(send: Send) -> Send:
    """`send`, which turns an answer in JSON into a stream of one event, and leaves others as they are."""
    start: Message | None = None
    body = b""

    async def send_event(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start":
            kind = Headers(raw=message["headers"]).get("content-type", "")
            if message["status"] == 200 and kind.startswith("application/json"):
                start = message
                return
        if start is None or message["type"] != "http.response.body":
            await send(message)
            return
        body += message.get("body", b"")
        if message.get("more_body", False):
            return
        # Our JSON is one line, as the data of an event has to be.
        body = b"event: message\r\ndata: " + body + b"\r\n\r\n"
        headers = MutableHeaders(scope=start)
        headers["content-type"] = "text/event-stream"
        headers["content-length"] = str(len(body))
        headers["cache-control"] = "no-store"
        await send(start)
        await send({**message, "body": body})

    return send_event
