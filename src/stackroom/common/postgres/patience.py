"""Ends connections on which a database has not answered for too long, though its machine is there."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

# Seconds between two looks, while there is something to look at.
_LOOK_SECONDS = 0.25


class Patience:
    """Watches connections in a thread of its own. May be used from any thread."""

    def __init__(self) -> None:
        """Starts no thread yet."""
        self._watched: dict[int, tuple[float, psycopg.Connection[Any]]] = {}  # by the connection's id
        self._change = threading.Condition()
        self._is_started = False

    @contextmanager
    def at_most(self, connection: "psycopg.Connection[Any]", seconds: float) -> Iterator[None]:
        """If the block takes longer, the connection is ended: what waits for its answer fails.

        Blocks may be nested; then the inner one counts as long as it lasts.
        """
        key, until = id(connection), time.monotonic() + seconds
        outer = self._watched.get(key)
        with self._change:
            self._watched[key] = until, connection
            if not self._is_started:
                self._is_started = True
                threading.Thread(target=self._watch, name="patience", daemon=True).start()
            elif len(self._watched) == 1:
                self._change.notify()
        try:
            yield
        finally:
            with self._change:
                if outer:
                    self._watched[key] = outer
                else:
                    del self._watched[key]

    def _watch(self) -> None:
        while True:
            with self._change:
                while not self._watched:
                    self._change.wait()
                now = time.monotonic()
                for until, connection in self._watched.values():
                    if now > until:
                        _end(connection)
            time.sleep(_LOOK_SECONDS)


def _end(connection: "psycopg.Connection[Any]") -> None:
    """Makes the end of a connection known to whoever waits on it. Closing it here would leave him waiting."""
    if connection.closed:
        return
    try:
        with socket.socket(fileno=socket.dup(connection.fileno())) as ours:
            ours.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has ended at this very moment
        pass
