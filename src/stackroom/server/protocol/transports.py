"""The tools over HTTP: streamable at /mcp, and for older clients over a stream of events at /sse."""

import json
import logging

from fastmcp import FastMCP
from fastmcp.server.http import StarletteWithLifespan
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MCP_PATH, SSE_PATH = "/mcp", "/sse"

# Where the router would redirect, and some clients fail on the redirect.
_WITH_SLASH = {f"{path}/": path for path in (MCP_PATH, SSE_PATH)}


def router_path(path: str) -> str:
    """The path that the router knows for `path`."""
    return _WITH_SLASH.get(path, path)


def http_transports(mcp: FastMCP) -> StarletteWithLifespan:
    """Both transports, with the endpoints of `mcp.auth`, which says who may come in on both."""
    application = mcp.http_app(
        path=MCP_PATH,
        # Nothing to lose at a restart, and no stream to keep open through a tunnel.
        stateless_http=True,
        json_response=True,
        # `HostCheck` stands in front of it. FastMCP's own check lets pages of all sites ask a server that
        # others can reach and that has no sign-in, and it does not know the names of local networks.
        host_origin_protection=False,
    )
    # Its routes alone: the sign-in and the lifespan are those of the first. The library pings each
    # stream every 15 seconds and asks proxies not to buffer it.
    routes = application.router.routes
    for route in routes:
        if isinstance(route, Route) and route.path == MCP_PATH:
            route.app = _in_accepted_form(route.app)
    known = {route.path for route in routes if isinstance(route, Route | Mount)}
    for route in mcp.http_app(path=SSE_PATH, transport="sse").router.routes:
        if isinstance(route, Route | Mount) and route.path not in known:
            if isinstance(route, Route) and route.path == SSE_PATH:
                route.app = _with_one_answer(route.app)
                route.methods = {"GET"}  # a HEAD would open a stream, too
            routes.append(route)
    # It would write to the log what strangers send, a line or a traceback for each message without a session.
    logging.getLogger("mcp.server.sse").setLevel(logging.CRITICAL)
    return application


def _with_one_answer(application: ASGIApp) -> ASGIApp:
    """`application` with one answer, which ends.

    A stream that the server ends because it stops is left open by the library, and FastMCP begins another
    answer after it; uvicorn writes an error to the log for either.
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


def _in_accepted_form(application: ASGIApp) -> ASGIApp:
    """`application`, which answers in JSON, for clients that take a stream of events alone, or do not say.

    Claude's connector has asked for nothing but text/event-stream. Its answer is a stream of one event; but
    that to server/discover, which clients expect in JSON whatever they ask for, and errors of HTTP are not.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        # Several of them are one list (RFC 9110, 5.3), and none says that anything will do.
        asked = ",".join(Headers(scope=scope).getlist("accept")) or "*/*"
        kinds = {kind.partition(";")[0].strip().lower() for kind in asked.split(",")}
        takes_json = kinds & {"*/*", "application/*", "application/json"}
        takes_stream = kinds & {"*/*", "text/*", "text/event-stream"}
        if not takes_json and not takes_stream:
            await application(scope, receive, send)  # which refuses it
            return
        others = [(name, value) for name, value in scope["headers"] if name != b"accept"]
        accept = b"application/json, text/event-stream" if takes_stream else b"application/json"
        scope = {**scope, "headers": [*others, (b"accept", accept)]}
        if takes_json:
            await application(scope, receive, send)
            return
        request = await receive()  # whole: see `RequestLimits`

        async def receive_again() -> Message:
            nonlocal request
            message, request = request, {"type": ""}
            return message if message["type"] else await receive()

        if _method(request.get("body", b"")) == "server/discover":
            await application(scope, receive_again, send)
        else:
            await application(scope, receive_again, _as_one_event(send))

    return answer


def _method(body: bytes) -> object:
    """Which method a request calls; None if it is no request, as whoever answers it will say."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return message.get("method") if isinstance(message, dict) else None


def _as_one_event(send: Send) -> Send:
    """Sends an answer of JSON as a stream of one event; all others as they are."""
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
        # JSON of ours has no ends of lines in it.
        body = b"event: message\r\ndata: " + body + b"\r\n\r\n"
        headers = MutableHeaders(scope=start)
        headers["content-type"] = "text/event-stream"
        headers["content-length"] = str(len(body))
        headers["cache-control"] = "no-store"
        await send(start)
        await send({**message, "body": body})

    return send_event
