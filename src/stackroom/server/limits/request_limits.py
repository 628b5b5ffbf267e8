"""Refuses requests before anything else looks at them: too many, too large or too slow ones."""

import asyncio
from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stackroom.server.address import is_loopback
from stackroom.server.limits.rates import Counting, Refusals, count
from stackroom.server.limits.throttle import whole_seconds

# In bytes. The longest query takes a quarter of it, even if every character is escaped. Forms have a smaller
# limit of their own.
LARGEST_BODY = 100_000

# Far more than it takes to send such a body through any tunnel.
BODY_SECONDS = 15.0

# More than the calls that `CallLimits` takes, so that a refused call gets its message from there. The bodies
# of so many requests take 50 MB.
MOST_REQUESTS = 512

# Streams stay open for as long as their clients like. 256 are enough for 128 callers at once.
MOST_STREAMS = 256

# If there are too many at once, a client is told to come back after this time, in seconds.
_BUSY_SECONDS = 2


class RequestLimits:
    """An ASGI application that passes on what is within the limits; it passes a body on in one piece."""

    def __init__(
        self,
        application: ASGIApp,
        stream_paths: Collection[str],
        refusals: Refusals,
        rates: Counting | None = None,
        *,
        most_requests: int = MOST_REQUESTS,
        most_streams: int = MOST_STREAMS,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        """Stands in front of `application`.

        Args:
            application: what the requests are for.
            stream_paths: requests for these paths open a stream that stays open; they are counted separately.
            refusals: counts what is refused.
            rates: how many requests each address may make; None for any number.
            most_requests: how many requests are answered at the same time.
            most_streams: how many streams may be open at the same time.
            body_seconds: how many seconds a client has to send a request's body.
        """
        self._application = application
        self._stream_paths = frozenset(stream_paths)
        self._refusals = refusals
        self._rates = rates
        self._open = {"requests": 0, "streams": 0}
        self._most = {"requests": most_requests, "streams": most_streams}
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 408, 413, 429 or 503 itself."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        if wait := await self._wait(scope):
            self._refusals.add("too many requests of an address")
            await _refuse(429, "Too many requests.", wait)(scope, receive, send)
            return
        kind = "streams" if scope["path"] in self._stream_paths else "requests"
        if self._open[kind] >= self._most[kind]:
            self._refusals.add(f"too many {kind} at once")
            await _refuse(503, f"Too many {kind} at the same time.", _BUSY_SECONDS)(scope, receive, send)
            return
        self._open[kind] += 1
        try:
            await self._pass_on(scope, receive, send)
        finally:
            self._open[kind] -= 1

    async def _wait(self, scope: Scope) -> float:
        address = scope["client"][0] if scope.get("client") else ""
        # This machine may be a tunnel that does not say whose requests it passes on. If those were counted
        # together, a stranger could shut out everybody.
        if self._rates is None or _is_this_machine(address):
            return 0.0
        return await count(self._rates, address)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        if not length and b"transfer-encoding" not in headers:
            await self._application(scope, receive, send)
            return
        try:
            if length.isdigit() and int(length) > LARGEST_BODY:
                raise _TooLarge
            async with asyncio.timeout(self._body_seconds):
                body = await _body(receive)
        except _TooLarge:
            self._refusals.add("too large requests")
            # The rest of the body is thrown away. Closing at once would lose the answer for a client that
            # reads only after it has sent everything. `LimitedConnection` limits how long this may take.
            large = _refuse(413, f"The request is too large: more than {LARGEST_BODY:,} bytes.")
            await large(scope, receive, send)
            return
        except TimeoutError:
            self._refusals.add("requests that came too slowly")
            late = _refuse(408, "The request came too slowly.")
            late.headers["Connection"] = "close"
            await late(scope, receive, send)
            return
        if body is None:  # the client has hung up
            return
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_whole() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._application(scope, receive_whole, send)


class _TooLarge(Exception):
    pass


async def _body(receive: Receive) -> bytes | None:
    """The body; None if the client hung up before all of it was there."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise _TooLarge
        if not message.get("more_body", False):
            return bytes(body)


def _refuse(status: int, text: str, wait: float = 0.0) -> PlainTextResponse:
    if not wait:
        return PlainTextResponse(f"{text}\n", status)
    whole = whole_seconds(wait)
    return PlainTextResponse(f"{text} Try again after {whole} s.\n", status, {"Retry-After": str(whole)})


def _is_this_machine(address: str) -> bool:
    try:
        return is_loopback(address)
    except ValueError:
        return False
