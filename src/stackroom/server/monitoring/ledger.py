"""The ledger: a line of JSON for each call of a tool, so that the owner sees what left the machine.

Knows nothing of MCP. Each line is appended by a single write to a file opened for appending. The system keeps
such a line whole, even if other threads and processes write at the same time (the HTTP server, and a server
over stdio for each client that starts its own). No token or passphrase comes here: a caller is known by the
name and the id that `stackroom clients` shows.
"""

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stackroom.common.errors import LedgerUnusable, StackroomError
from stackroom.server.caller_names import listed_name

_log = logging.getLogger(__name__)

LONGEST = 1000
"""Most characters of a query, an id or an error in the ledger."""

_LONGEST_TITLE = 200

# The file and the one before it have 20 MB together at most: some 20,000 calls.
_ROTATE_BYTES = 10_000_000


@dataclass
class Call:
    """A call of a tool: who asked what, and what went back.

    Attributes:
        client: the name of the client or token; "local" or "anonymous" without sign-in; see `caller_names`.
        grant: its id in `stackroom clients`; empty without sign-in.
        asked: the query of a search, or the id of a fetch.
        documents: of each document in the answer the id, title, and numbers of the pages ("2, 5" or "1-40").
        pages: how many pages of all documents are in the answer.
        characters: how long the whole answer is.
        error: why there was no answer; empty if there was one.
    """

    time: str
    client: str
    grant: str
    transport: str
    tool: str
    asked: str
    documents: list[dict[str, str]] = field(default_factory=list)
    pages: int = 0
    characters: int = 0
    error: str = ""

    def add(self, document_id: str, title: str, shown: str, pages: int) -> None:
        """Adds a document of the answer; `shown` names its pages there, and `pages` is how many they are."""
        self.documents.append({"id": document_id, "title": title[:_LONGEST_TITLE], "pages": shown})
        self.pages += pages


class Ledger:
    """Appends calls to the file. May be used from any thread."""

    def __init__(
        self, path: Path | None, transport: str, *, nobody: str = "local", limit: int = _ROTATE_BYTES
    ) -> None:
        """Touches no file yet.

        Args:
            path: the file; None to record nothing.
            transport: "http" or "stdio".
            nobody: the name of a caller who has not signed in.
            limit: in bytes; a file that has reached it is renamed, and replaces the one renamed before.
        """
        self._path = path
        self._transport = transport
        self._nobody = nobody
        self._limit = limit
        self._torn = self._warned = False

    @contextmanager
    def call(
        self, tool: str, asked: str, client: tuple[str, str] | None = None, user_agent: str = ""
    ) -> Iterator[Call]:
        """Records the call that the block answers, also if the block raises. Never raises by itself.

        Args:
            tool: its name.
            asked: the query or the id.
            client: the name and the grant's id of the client that signed in; None if none did.
            user_agent: what the program says of itself, over HTTP.
        """
        name, grant = client or (self._nobody, "")
        name = listed_name(name, user_agent)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        call = Call(now, name, grant, self._transport, tool, asked[:LONGEST])
        try:
            yield call
        except StackroomError as error:
            call.error = str(error)[:LONGEST]
            raise
        except BaseException as error:
            # Only its type: the text may hold anything. The server's log has all of it.
            call.error = type(error).__name__
            raise
        finally:
            if self._path:
                self._append(self._path, call)

    def _append(self, path: Path, call: Call) -> None:
        # A query may hold half a surrogate pair, which UTF-8 cannot hold: it is written as JSON's \udxxx.
        line = json.dumps(vars(call), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            # Opened each time (3 µs): another process may have renamed the file, or the owner deleted it.
            file = _open(path)
            try:
                size = os.fstat(file).st_size
                # If the last line was cut because the disk was full, this one still gets its own line.
                line = b"\n" + line if self._torn else line
                written = os.write(file, line)
            finally:
                os.close(file)
            self._torn = written < len(line)
            if self._torn:
                raise OSError("the disk is full")
            if size + written >= self._limit:
                self._rotate(path)
        except OSError as error:
            if not self._warned:
                self._warned = True
                _log.warning(
                    "Calls may be missing from the ledger: %s cannot be written: %s. "
                    "This warning is not repeated.",
                    path,
                    error.strerror or error,
                )

    def _rotate(self, path: Path) -> None:
        try:
            with FileLock(path.with_suffix(".lock"), timeout=0, mode=0o600):
                # Another process may have renamed the file already: a short new one must not replace that.
                if path.stat().st_size >= self._limit:
                    path.replace(_older(path))
        except (Timeout, FileNotFoundError):
            pass  # another process is doing it


UNRECORDED = Ledger(None, "")
"""Records nothing."""


def newest(path: Path, limit: int) -> list[dict[str, Any]]:
    """The last calls, at most `limit`, the newest last. Raises as `newest_first`."""
    return list(islice(newest_first(path), limit))[::-1]


def newest_first(path: Path) -> Iterator[dict[str, Any]]:
    """All calls, those of the file before this one last; each has the fields of `Call`.

    Raises:
        LedgerUnusable: a file is there and cannot be read.
    """
    for file in (path, _older(path)):
        try:
            lines = file.read_bytes().split(b"\n")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LedgerUnusable(
                f"{file} cannot be read: {error.strerror}. Make it readable for you, or delete it."
            ) from error
        for line in reversed(lines):
            if call := _parsed(line):
                yield call


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The call that a line holds; None if a full disk cut the line, or it is something else."""
    try:
        return vars(Call(**json.loads(line)))
    except (ValueError, TypeError):
        return None


def _open(path: Path) -> int:
    # Without O_BINARY Windows would write two bytes for the end of a line, and count one.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        # Not the folder above it: if the data folder is away, one made here would keep it from coming back.
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return os.open(path, flags, 0o600)


def _older(path: Path) -> Path:
    return path.with_name(f"{path.stem}.1{path.suffix}")
