"""Messages from a process that is not trusted: JSON, a line each, read as they come, never waited for."""

import json
import socket
from dataclasses import fields
from typing import Any, TypeVar

# Read at a time: so much can be waiting for us that other processes would wait with it.
_PIECE = 2**20

Message = tuple[str, dict[str, Any]]
"""A kind, and its content."""


M = TypeVar("M")


class NoMore(Exception):
    """The process has closed its end."""


class TooLong(Exception):
    """A message is longer than any may be."""


class Garbled(Exception):
    """What came is no message."""


class Inbox:
    """What one process sends through a socket, of which this is our end."""

    def __init__(self, connection: socket.socket, most_bytes: int) -> None:
        """Takes over `connection`; no message may have more than `most_bytes`."""
        connection.setblocking(False)
        self.connection = connection
        self._most_bytes = most_bytes
        self._unfinished = bytearray()

    def take_in(self) -> list[Message]:
        """The messages that are complete by now. Waits for nothing, and reads a limited piece.

        Raises:
            NoMore, TooLong, Garbled: nothing can come after that.
        """
        try:
            piece = self.connection.recv(_PIECE)
        except BlockingIOError:
            return []
        except OSError:
            piece = b""
        if not piece:
            raise NoMore
        messages = []
        first, *others = piece.split(b"\n")
        self._unfinished += first
        for start in others:
            messages.append(self._finished())
            self._unfinished = bytearray(start)
        if len(self._unfinished) > self._most_bytes:
            raise TooLong
        return messages

    def _finished(self) -> Message:
        if len(self._unfinished) > self._most_bytes:
            raise TooLong
        try:
            kind, content = json.loads(self._unfinished)
        except (ValueError, TypeError, RecursionError) as error:
            raise Garbled from error
        if not isinstance(kind, str) or not isinstance(content, dict):
            raise Garbled
        return kind, content


def made(kind: type[M], content: dict[str, Any]) -> M:
    """A `kind` of dataclass made of what came, in which plain fields have the types that they must have.

    Raises:
        TypeError, ValueError: it cannot be made of that; half of a surrogate pair cannot be kept.
    """
    result = kind(**content)
    for field in fields(result):  # type: ignore[arg-type]  # a type variable cannot say that it is a dataclass
        value = getattr(result, field.name)
        if field.type in (str, int, float) and type(value) is not field.type:
            raise TypeError(f"{field.name} is {type(value).__name__}")
        if isinstance(value, str):
            value.encode()
    return result


def send(connection: socket.socket, kind: str, content: dict[str, Any]) -> None:
    """Sends a message, from the process's end. Waits until there is room for it.

    Raises:
        ConnectionError: nobody is there to hear it.
    """
    # JSON has no line end of its own: it writes those of texts as \n. Half of a surrogate pair can stay one.
    text = json.dumps([kind, content], ensure_ascii=False)
    connection.sendall(text.encode("utf-8", "surrogatepass") + b"\n")
