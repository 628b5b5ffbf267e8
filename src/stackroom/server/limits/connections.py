"""uvicorn's connection, with limits on the time and size of a request's head, and on lines in the log."""

from asyncio import Transport
from asyncio.events import TimerHandle

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stackroom.server.address import plain_address
from stackroom.server.limits.rates import Refusals

HEAD_SECONDS = 10.0
"""In which the head of a request must have come, and the rest of a body after its answer."""

HEAD_BYTES = 64 * 1024
"""Of a request's head: its path, and the names and values of its headers. Browsers send some 2 kB."""

HEAD_LINES = 100
"""Headers of one request."""

# What is looked at at once. A head that does not end is noticed when it is longer than the limit by so much.
_PIECE = 16 * 1024

# For whom does not read the refusal, in seconds.
_REFUSED_SECONDS = 2.0

_NOT_HTTP = (
    b"This is not an HTTP request. The server speaks plain HTTP: an address of it begins with http://.\n"
)

_TOO_LARGE = (
    f"The request's head is too large: at most {HEAD_LINES} headers, of {HEAD_BYTES:,} bytes in all.\n"
)


class LimitedConnection(HttpToolsProtocol):
    """uvicorn's connection, closed if its client sends too slowly, too much of a head, or what is not HTTP.

    Bodies in general: see `RequestLimits`.

    Attributes:
        refusals: hears of what is refused here, and of upgrades, which nobody gets.
    """

    head_seconds = HEAD_SECONDS
    refusals: Refusals | None = None
    _late: TimerHandle | None = None
    _refused = False
    _knows_head = False
    _waiting = 0  # bytes since the last piece of a body, or since a head was complete
    _lines = 0
    _size = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        # uvicorn believes a tunnel on this machine, which says for whom it asks, if it comes from 127.0.0.1.
        # It may come from ::1 as well, and a server on "::" sees clients of IPv4 as ::ffff:127.0.0.1.
        if self.client:
            self.client = (plain_address(self.client[0]), self.client[1])
        self._expect(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        """Something has come. In place of uvicorn's, which writes a line or two for what is not for it."""
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        at = 0
        while at < len(data) and not self._refused:  # else thrown away, until the client has read why
            piece = data[at : at + _PIECE]
            at += len(piece)
            self._waiting += len(piece)
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade as upgrade:
                # To HTTP/2, as Java's client asks for with its requests, or to WebSocket. It is answered as
                # if it had not asked, but this parser reads no further: no body, and no other request.
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
        """Puts another parser in the place of one that has come to an upgrade."""
        self.parser = httptools.HttpRequestParser(self)
        if body := self._about_body():
            self._knows_head = True
            try:
                self.parser.feed_data(b"POST / HTTP/1.1\r\n%b: %b\r\n\r\n" % body)
            except httptools.HttpParserError as error:  # no way to send one
                self._refuse_error(error)
            self._knows_head = False

    def _about_body(self) -> tuple[bytes, bytes] | None:
        """The header that says how the body is sent; None if there is none."""
        headers = dict(self.headers)
        for name in (b"content-length", b"transfer-encoding"):
            if headers.get(name, b"0").strip() != b"0":
                return name, headers[name]
        return None

    def on_message_begin(self) -> None:
        """The first byte of a head has come."""
        if self._knows_head:
            return
        super().on_message_begin()
        self._waiting = self._lines = self._size = 0
        if self._late is None:  # else it is the connection's first, and time runs already
            self._expect(self.head_seconds)

    def on_url(self, url: bytes) -> None:
        """A piece of the path."""
        if self._knows_head:
            return
        self._add(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or what looks like one behind a body."""
        if self._knows_head:
            return
        self._lines += 1
        self._add(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there."""
        if self._knows_head:
            return
        self._waiting = 0
        self._in_time()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._waiting = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """The answer has been sent."""
        super().on_response_complete()
        if self.cycle.more_body:
            self._expect(self.head_seconds)

    def on_message_complete(self) -> None:
        """The whole request is there."""
        if self.parser.should_upgrade() and self._about_body():
            return  # it says so before the body
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
        """Answers without the application, and closes as soon as the client does."""
        self._refused = True
        if self.cycle and not self.cycle.response_complete:
            if self.pipeline or self.cycle.response_started:  # in the middle of another answer
                self.transport.close()
                return
            # The head was good, and the application is at it.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        head = b"HTTP/1.1 %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
        self.transport.write(head % (status, len(text)) + b"connection: close\r\n\r\n" + text)
        # To close now would take the answer back from a client that still sends.
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
