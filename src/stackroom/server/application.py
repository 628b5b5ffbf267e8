"""The HTTP application around the MCP tools, and running it.

/mcp         the tools, over stateless streamable HTTP
/sse         the same for older clients, over a stream of events; they send to /messages/
/, /d/...    the reading room, for people: see `stackroom.server.room`
/healthz     whether the catalogue can be read; if the server has no sign-in, also how much it holds
/metrics     figures for Prometheus; if the server has sign-in, only for a token or the owner's browser

If the server has sign-in, `stackroom.server.access` adds its own paths. Every request first passes
`limits.host_names` and then `limits.request_limits`.
"""

import asyncio
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from types import FrameType
from typing import Any

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from stackroom.common.errors import UsageError
from stackroom.common.events import Events
from stackroom.common.running import hold, holder
from stackroom.common.service_manager import ServiceManager
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl, OrUnavailable, create_access_control
from stackroom.server.address import http_url, is_loopback, is_loopback_url
from stackroom.server.limits.call_limits import CallLimits
from stackroom.server.limits.connections import LimitedConnection
from stackroom.server.limits.host_names import HostCheck, HostNames
from stackroom.server.limits.rates import Refusals
from stackroom.server.limits.request_limits import RequestLimits
from stackroom.server.limits.shared import rates
from stackroom.server.monitoring.ledger import UNRECORDED, Ledger
from stackroom.server.monitoring.metrics import Metrics
from stackroom.server.monitoring.routes import monitoring_routes
from stackroom.server.outages import tell_outages
from stackroom.server.protocol.tools import create_mcp
from stackroom.server.protocol.transports import SSE_PATH, http_transports, router_path
from stackroom.server.room.pictures import Pictures
from stackroom.server.room.room import Room
from stackroom.server.room.routes import room_routes
from stackroom.server.room.status_page import EVENTS_PATH
from stackroom.server.warming import warm_in_background

# Headers that only tunnels and proxies add to a request.
_FORWARDED_HEADERS = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"cf-connecting-ip"}
)
_FORWARDED = (
    "This server has no sign-in and answers programs on its own machine only. To open it to others, start it "
    "with `--public-url https://...`, the address of the tunnel.\n"
)

# Requests that an address may make for each call that a client may make: a client also connects, asks for the
# list of tools and shows pages.
_REQUESTS_EACH = 4

# When the server is stopped, answers that it has begun may take this long, in seconds.
_STOP_SECONDS = 2


def create_application(
    settings: Settings,
    reader: Reader,
    url: str,
    address: str,
    access: AccessControl | None = None,
    *,
    ledger: Ledger = UNRECORDED,
    refusals: Refusals | None = None,
    is_ending: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """The HTTP application.

    Args:
        settings: `data`, `allow_anonymous`, `allow_host`, `calls_per_minute`, `ledger`, and what `passwords`
            reads. Calls are counted only if other machines can reach the application.
        reader: answers all requests; the application does not close it.
        url: the application's own URL, without a slash at its end; addresses of documents begin with it.
        address: the numeric IP address it is bound to.
        access: decides who may come in; without it everybody may.
        ledger: records the calls of the tools.
        refusals: counts what is refused.
        is_ending: whether the server is to end: then it ends the streams that are open.
    """
    forwarded_allowed = access is not None or settings.allow_anonymous or not is_loopback(address)
    refusals = refusals or Refusals()
    # If only programs on this machine can call, their calls are not limited: they belong to the owner anyway.
    counted = settings.calls_per_minute if forwarded_allowed else 0
    where, metrics = settings.sign_in, Metrics()
    mcp = create_mcp(reader, url, ledger, CallLimits(rates(where, "calls", counted), refusals), metrics)
    mcp.auth = access

    routes = http_transports(mcp)
    routes.router.routes.extend(monitoring_routes(reader, metrics, refusals, access))
    room = Room(settings, reader, access, https=url.startswith("https:"))
    routes.router.routes.extend(room_routes(room, Pictures(settings.passwords), is_ending))
    if access:
        routes.add_middleware(OrUnavailable)  # around FastMCP's, which asks for each token
    request_limits = RequestLimits(
        routes, (SSE_PATH, EVENTS_PATH), refusals, rates(where, "requests", _REQUESTS_EACH * counted)
    )
    host_check = HostCheck(request_limits, HostNames(url, address, settings.allow_host), refusals)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # httptools leaves the blanks at the end of a value, which are not part of it (RFC 9110, 5.5).
            headers = [(name, value.strip()) for name, value in scope["headers"]]
            # The router goes by `path`; `raw_path` stays as it was sent.
            scope = {**scope, "path": router_path(scope["path"]), "headers": headers}
        if scope["type"] == "http" and not forwarded_allowed and _is_forwarded(scope):
            # A tunnel that writes this machine's name into the request gets past `HostCheck`.
            await PlainTextResponse(_FORWARDED, 403)(scope, receive, send)
            return
        await host_check(scope, receive, send)

    return application


def _other_server_remarks(note: Mapping[str, object] | None, url: str) -> Iterator[tuple[str, str]]:
    """A warning if another server of the same data folder runs, under another URL than this one's `url`.

    `note` is what it wrote into its lock.
    """
    if note is not None and note.get("url") != url:
        yield (
            "warning",
            f"another server of this data folder runs at {note.get('url', 'another port')} (process "
            f"{note.get('pid', 'unknown')}). Both answer, each with its own addresses; `stackroom search`, "
            "`stackroom fetch` and servers over stdio give those of the other one.",
        )


def _remarks(settings: Settings, url: str, address: str, *, signs_in: bool) -> Iterator[tuple[str, str]]:
    """What the owner should know about who can read the library: pairs of log level and text."""
    if not signs_in:
        if settings.public_url:
            yield "warning", f"there is no sign-in. Anyone who learns {url} can read the library."
        elif not is_loopback(address):
            yield "warning", "there is no sign-in. Anyone who reaches this machine can read the library."
        return
    yield (
        "info",
        "Clients and browsers sign in with your passphrase; `stackroom clients` shows who has access.",
    )
    if not settings.public_url:
        yield "info", "Browsers elsewhere can sign in only if --public-url says where they find this server."
    elif url.startswith("http:") and not is_loopback_url(url):
        yield "warning", f"{url} is not encrypted. Others can read the passphrase on its way; use https."


def listen(host: str, port: int) -> socket.socket:
    """A socket that already takes connections: a client can connect as soon as the address is printed.

    Raises:
        UsageError: it can't listen there, for example because the port is in use.
    """
    try:
        listener = socket.create_server(
            (host, port),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            # "::" is every address, of IPv4 too.
            dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"Port {port} of {host} is in use, perhaps by another Stackroom server. "
                "Stop that program, or choose another port with --port (0 takes any free one)."
            ) from error
        raise UsageError(
            f"Cannot listen on {host} port {port}: {error.strerror}. Choose others with --host and --port."
        ) from error
    # asyncio sets this only for sockets that it made itself. Without it each answer waits 40 ms, until the
    # client has acknowledged the answer's head. Connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve_http(settings: Settings, reader: Reader, manager: ServiceManager | None = None) -> None:
    """Serves until the process gets SIGINT or SIGTERM, then returns. Call it in the main thread.

    Says on standard error where it listens. While it runs, `address.base_url` gives its URL, unless another
    server of the same data folder has been running for longer.

    Args:
        settings: `host`, `port` (0 takes any free one), `public_url`, `allow_anonymous`, `allow_host`,
            `calls_per_minute`, `ledger`, `log_json` and `data`.
        reader: answers all requests; it is not closed here. Its catalogue may be empty.
        manager: is told when the server answers, that it goes on doing so, and when it ends.

    Raises:
        UsageError: it can't listen there, for example because the port is in use.
        SignInMissing: others could reach it, and there is no passphrase to sign in with.
        AccessUnusable: the file of clients and tokens cannot be read or written.
    """
    with (
        _Signals() as signals,
        listen(settings.host, settings.port) as listener,
        ExitStack() as stack,
    ):
        events = Events(as_json=settings.log_json)
        tell_outages(settings, events)
        address, port = listener.getsockname()[:2]
        url = settings.public_url or http_url(settings.host, port)
        access = create_access_control(settings, url, exposed=not is_loopback(address))
        if access:
            stack.callback(access.close)
        ledger = Ledger(
            settings.ledger_of_calls if settings.ledger else None,
            "http",
            # With --allow-anonymous a caller may be anybody.
            nobody="anonymous" if settings.allow_anonymous else "local",
        )
        refusals = Refusals()
        ending = threading.Event()
        application = create_application(
            settings,
            reader,
            url,
            address,
            access,
            ledger=ledger,
            refusals=refusals,
            is_ending=ending.is_set,
        )
        server = _Server(
            uvicorn.Config(
                application,
                http=type("CountingConnection", (LimitedConnection,), {"refusals": refusals}),
                lifespan="on",
                ws="none",
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_STOP_SECONDS,
            ),
            ending,
            manager or ServiceManager(),
        )
        lock = settings.server_lock
        with hold(lock, {"url": url, "pid": os.getpid()}, needed=False) as is_the_first:
            events.take_logging()
            warm_in_background(reader, events)
            events.tell(
                "listening",
                f"Stackroom listens on {address} port {port}. MCP URL: {url}/mcp"
                " (docs/clients.md says how to connect ChatGPT, Claude and others)."
                f" To search and read yourself: {url}/",
                address=address,
                port=port,
                url=f"{url}/mcp",
            )
            other = None if is_the_first else holder(lock)
            for level, remark in (
                *_other_server_remarks(other, url),
                *_remarks(settings, url, address, signs_in=access is not None),
            ):
                events.tell(
                    "remark", f"WARNING: {remark}" if level == "warning" else remark, level, message=remark
                )
            signals.stop(server)
            if not signals.came:
                server.run(sockets=[listener])


def _is_forwarded(scope: Scope) -> bool:
    return any(name in _FORWARDED_HEADERS for name, _ in scope["headers"])


class _Server(uvicorn.Server):
    """Ends in good order however often it is told to: that takes a few seconds at most.

    At a second Ctrl-C, uvicorn would leave everything as it stands, and write tracebacks to the log.
    """

    def __init__(self, config: uvicorn.Config, ending: threading.Event, manager: ServiceManager) -> None:
        """`ending` is set when it is told to end. `manager`: see `serve_http`."""
        super().__init__(config)
        self._ending = ending
        self._manager = manager
        logging.getLogger("uvicorn.error").addFilter(_is_no_end)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._ending.set()
        self._manager.tell("STOPPING=1")
        self.force_exit = False

    async def on_tick(self, counter: int) -> bool:
        # uvicorn calls it ten times a second, in the loop that answers requests, from when it takes them.
        self._manager.beat()
        return await super().on_tick(counter)


def _is_no_end(record: logging.LogRecord) -> bool:
    """Whether a line of the log tells of more than a request that was given up because the server ends."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


class _Signals:
    """Handles SIGINT and SIGTERM within a block: a server that was given to `stop` ends on them.

    While uvicorn runs it handles them itself: it stops in good order, then raises them again. The command's
    own handler would then end the process before the note in the lock is removed, so this one stands in for
    it. It sets a flag instead of raising, because an exception that is raised in a callback of the
    interpreter is lost, and the server would go on.
    """

    def __init__(self) -> None:
        self.came = False
        self._server: uvicorn.Server | None = None
        self._before: dict[signal.Signals, Any] = {}

    def stop(self, server: uvicorn.Server) -> None:
        """From now on a signal ends `server`, even if it has not begun to run."""
        self._server = server

    def __enter__(self) -> "_Signals":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, _signal: int, _frame: FrameType | None) -> None:
        self.came = True
        if self._server is not None:
            self._server.should_exit = True
