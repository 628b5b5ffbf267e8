"""The tools over HTTP: streamable at /mcp, and for older clients over a stream of events at /sse."""

import logging

from fastmcp import FastMCP
from fastmcp.server.http import StarletteWithLifespan
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MCP_PATH, SSE_PATH = "/mcp", "/sse"

# Where the router would redirect, and some clients fail on the redirect.
_SAME = {f"{path}/": path for path in (MCP_PATH, SSE_PATH)}


def same_path(path: str) -> str:
    """The path that the router knows for `path`."""
    return _SAME.get(path, path)


def http_transports(
    mcp: FastMCP, allowed_hosts: list[str] | None, allowed_origins: list[str] | None
) -> StarletteWithLifespan:
    """Both transports behind one guard of hosts and origins, with the endpoints of `mcp.auth`.

    Args:
        mcp: the server; its `auth` says who may come in, on both.
        allowed_hosts: besides this machine's names; None if the address alone decides.
        allowed_origins: whose pages may call.
    """
    application = mcp.http_app(
        path=MCP_PATH,
        # Nothing to lose at a restart, and no stream to keep open through a tunnel.
        stateless_http=True,
        json_response=True,
        host_origin_protection="auto",
        allowed_hosts=allowed_hosts,
        allowed_origins=allowed_origins,
    )
    # Its routes alone: the guard, the sign-in and the lifespan are those of the first. The library pings each
    # stream every 15 seconds and asks proxies not to buffer it.
    routes = application.router.routes
    known = {route.path for route in routes if isinstance(route, Route | Mount)}
    for route in mcp.http_app(path=SSE_PATH, transport="sse").router.routes:
        if isinstance(route, Route | Mount) and route.path not in known:
            if isinstance(route, Route) and route.path == SSE_PATH:
                route.app = _answered_once(route.app)
                route.methods = {"GET"}  # a HEAD would open a stream, too
            routes.append(route)
    # It would write to the log what strangers send, a line or a traceback for each message without a session.
    logging.getLogger("mcp.server.sse").setLevel(logging.CRITICAL)
    return application


def _answered_once(application: ASGIApp) -> ASGIApp:
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
