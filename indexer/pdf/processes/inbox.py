"""Receives messages from a process that is not trusted: lines of JSON, read as they come, without ever
waiting.
"""

import json
import socket
from dataclasses import fields
from typing import Any, TypeVar

# Bytes read at a time: if all that is waiting were read at once, the other processes would have to wait.
_PIECE = 2**20

LARGEST = 2**31
"""No number of a message may be larger: JSON can have some that Python does not print."""

Message = tuple[str, dict[str, Any]]
"""A message's kind, and its content."""


M = TypeVar("M")


class NoMore(Exception):
    """The process has closed its end."""


class TooLong(Exception):
    """A message is longer than any may be."""


class Garbled(Exception):
    """What came is no message."""


class Inbox:
    """Our end of the socket through which one process sends messages."""

    def __init__(self, connection: socket.socket, most_bytes: int) -> None:
        """Takes over `connection`. No message may have more than `most_bytes` bytes."""
        connection.setblocking(False)
        self.connection = connection
        self._most_bytes = most_bytes
        self._unfinished = bytearray()

    def take_in(self) -> list[Message]:
        """Reads a piece of what has come, without waiting. Returns the messages that are complete now.

        Raises:
            NoMore, TooLong, Garbled: after any of these, do not call it again.
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
    """Makes an object of the dataclass `kind` from a message, and checks the types of its plain fields.

    Raises:
        TypeError, ValueError: the fields do not fit, a number is too large, or a text has half of a surrogate
            pair.
    """
    result = kind(**content)
    for field in fields(result):  # type: ignore[arg-type]  # a type variable cannot say that it is a dataclass
        value = getattr(result, field.name)
        if field.type in (str, int, float) and type(value) is not field.type:
            raise TypeError(f"{field.name} is {type(value).__name__}")
        if isinstance(value, str):
            value.encode()
        elif isinstance(value, int) and abs(value) > LARGEST:
            raise ValueError(f"{field.name} is too large a number")
    return result


def send(connection: socket.socket, kind: str, content: dict[str, Any]) -> None:
    """Sends a message from the process's end. Waits until there is room for it.

    Raises:
        ConnectionError: the other end is closed.
    """
    # JSON has no line end of its own: it writes those of texts as \n. Half of a surrogate pair can stay one.
    text = json.dumps([kind, content], ensure_ascii=False)
    connection.sendall(text.encode("utf-8", "surrogatepass") + b"\n")
