"""A connection whose requests must begin in time: uvicorn waits for a head for as long as it takes."""

from asyncio import Transport
from asyncio.events import TimerHandle

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""In which a new connection must have sent the head of its first request, and each later head its end."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection, closed if the head of a request does not come."""

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

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has hung up."""
        self._in_time()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._late = self.loop.call_later(self.head_seconds, self.timeout_keep_alive_handler)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
