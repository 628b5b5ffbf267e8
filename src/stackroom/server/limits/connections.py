"""uvicorn's HTTP connection, with limits on the time and size of a request's head. Does not fill the log."""

from asyncio import Transport
from asyncio.events import TimerHandle

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stackroom.server.address import plain_address
from stackroom.server.limits.rates import Refusals

HEAD_SECONDS = 10.0
"""Seconds a client has to send a request's head; also to send the rest of a body that was answered early."""

HEAD_BYTES = 64 * 1024
"""Most bytes of a request's head: path, and names and values of all headers. Browsers send some 2 kB."""

HEAD_LINES = 100
"""Most headers of one request."""

# Bytes that are parsed at a time. A head that does not end is noticed at most this far beyond the limit.
_PIECE = 16 * 1024

# Seconds until the connection of a client that does not read its refusal is closed.
_REFUSED_SECONDS = 2.0

_NOT_HTTP = (
    b"This is not an HTTP request. The server speaks plain HTTP: an address of it begins with http://.\n"
)

_TOO_LARGE = (
    f"The request's head is too large: at most {HEAD_LINES} headers, of {HEAD_BYTES:,} bytes in all.\n"
)


class LimitedConnection(HttpToolsProtocol):
    """uvicorn's connection; refuses a head that comes too slowly or is too large, and what is not HTTP.

    `RequestLimits` limits bodies.

    Attributes:
        head_seconds: see `HEAD_SECONDS`.
        refusals: counts what is refused here, and requests to upgrade to WebSocket, which are not granted.
    """

    head_seconds = HEAD_SECONDS
    refusals: Refusals | None = None
    _late: TimerHandle | None = None
    _refused = False
    _knows_head = False  # while a new parser is fed a head of ours, which only describes the body
    _waiting = 0  # bytes since the last piece of a body, or since a head was complete
    _lines = 0
    _size = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        # A tunnel on this machine says in a header whose request it passes on. uvicorn believes that header
        # only from 127.0.0.1, but the tunnel may come from ::1, or, to a server on "::", ::ffff:127.0.0.1.
        if self.client:
            self.client = (plain_address(self.client[0]), self.client[1])
        self._expect(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        """Bytes have come. Replaces uvicorn's method, which logs a line or two for each that is not HTTP."""
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        at = 0
        while at < len(data) and not self._refused:  # once refused, further bytes are thrown away
            piece = data[at : at + _PIECE]
            at += len(piece)
            self._waiting += len(piece)
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade as upgrade:
                # An upgrade to HTTP/2, which Java's client asks for with its requests, or to WebSocket. The
                # request is answered as if it had not asked. But this parser stops here: it reads neither the
                # body nor the next request.
                at -= len(piece) - upgrade.args[0]
                if dict(self.headers).get(b"upgrade", b"").lower() == b"websocket":
                    self._count("upgrades to WebSocket")
                self._go_on()
            except httptools.HttpParserError as error:
                self._refuse_error(error)
            else:
                if self._waiting > HEAD_BYTES:
                    self._refuse_head()

    def _go_on(self) -> None:
        """Replaces a parser that has stopped at an upgrade, to read the body and the next requests."""
        self.parser = httptools.HttpRequestParser(self)
        if body := self._about_body():
            self._knows_head = True
            try:
                self.parser.feed_data(b"POST / HTTP/1.1\r\n%b: %b\r\n\r\n" % body)
            except httptools.HttpParserError as error:  # the header describes no valid body
                self._refuse_error(error)
            self._knows_head = False

    def _about_body(self) -> tuple[bytes, bytes] | None:
        """The header that says how the body is sent; None if there is no body."""
        headers = dict(self.headers)
        for name in (b"content-length", b"transfer-encoding"):
            if headers.get(name, b"0").strip() != b"0":
                return name, headers[name]
        return None

    def on_message_begin(self) -> None:
        """Called by the parser: a head begins."""
        if self._knows_head:
            return
        super().on_message_begin()
        self._waiting = self._lines = self._size = 0
        if self._late is None:  # the first head's time runs since the connection was made
            self._expect(self.head_seconds)

    def on_url(self, url: bytes) -> None:
        """Called by the parser: a piece of the path."""
        if self._knows_head:
            return
        self._add(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser: a header, or a trailer after a body."""
        if self._knows_head:
            return
        self._lines += 1
        self._add(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Called by the parser: the head is complete."""
        if self._knows_head:
            return
        self._waiting = 0
        self._in_time()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Called by the parser: a piece of a body."""
        self._waiting = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Called by uvicorn: the answer has been sent."""
        super().on_response_complete()
        if self.cycle.more_body:
            self._expect(self.head_seconds)

    def on_message_complete(self) -> None:
        """Called by the parser: the request is complete."""
        if self.parser.should_upgrade() and self._about_body():
            return  # after an upgrade the parser calls this before it has read the body
        self._waiting = 0
        self._in_time()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has hung up."""
        self._in_time()
        super().connection_lost(exc)

    def _add(self, size: int) -> None:
        self._size += size
        if self._size > HEAD_BYTES or self._lines > HEAD_LINES:
            raise _TooLarge

    def _count(self, reason: str) -> None:
        if self.refusals:
            self.refusals.add(reason)

    def _refuse_error(self, error: httptools.HttpParserError) -> None:
        if isinstance(error.__context__, _TooLarge):
            self._refuse_head()
        else:
            self._count("what is not HTTP")
            self._refuse(b"400 Bad Request", _NOT_HTTP)

    def _refuse_head(self) -> None:
        self._count("requests with too large a head")
        self._refuse(b"431 Request Header Fields Too Large", _TOO_LARGE.encode())

    def _refuse(self, status: bytes, text: bytes) -> None:
        """Answers without the application; closes as soon as the client does, or after `_REFUSED_SECONDS`."""
        self._refused = True
        if self.cycle and not self.cycle.response_complete:
            if self.pipeline or self.cycle.response_started:  # another answer is being sent
                self.transport.close()
                return
            # The head was good, and the application is working on the request: tell it that the client left.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        head = b"HTTP/1.1 %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
        self.transport.write(head % (status, len(text)) + b"connection: close\r\n\r\n" + text)
        # Closing now would lose the answer for a client that is still sending.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._expect(_REFUSED_SECONDS)

    def _expect(self, seconds: float) -> None:
        self._in_time()
        self._late = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class _TooLarge(Exception):
    pass
