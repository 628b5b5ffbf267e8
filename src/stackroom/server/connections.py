"""A connection that is closed if its client is slow: uvicorn waits for a head for as long as it takes."""

from asyncio import Transport
from asyncio.events import TimerHandle

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""In which the head of a request must have come, and the rest of a body after its answer."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection, closed if its client sends too slowly. Bodies in general: see `Intake`."""

    head_seconds = HEAD_SECONDS
    _late: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._expect()

    def on_message_begin(self) -> None:
        """The first byte of a head has come."""
        super().on_message_begin()
        if self._late is None:  # else it is the connection's first, and time runs already
            self._expect()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._in_time()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """The answer has been sent."""
        super().on_response_complete()
        if self.cycle.more_body:
            self._expect()

    def on_message_complete(self) -> None:
        """The whole request is there."""
        self._in_time()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has hung up."""
        self._in_time()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._in_time()
        self._late = self.loop.call_later(self.head_seconds, self.timeout_keep_alive_handler)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
