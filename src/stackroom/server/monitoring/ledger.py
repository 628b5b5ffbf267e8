"""The ledger: a line of JSON for each call of a tool, so that the owner sees what left the machine.

Knows nothing of MCP. The lines are in a file, or in a store that several servers share. No token or
passphrase comes here: a caller is known by the name and the id that `stackroom clients` shows.
"""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from stackroom.common.errors import CatalogError, LedgerUnusable, StackroomError, StoreAway
from stackroom.common.postgres.address import StoreAddress
from stackroom.server.caller_names import listed_name
from stackroom.server.monitoring.ledger_file import LedgerFile

_log = logging.getLogger(__name__)

LONGEST = 1000
"""Most characters of a query, an id or an error in the ledger."""

_LONGEST_TITLE = 200

# Together with the file before it, or in a store, twice as much: some 20,000 calls.
_BYTES = 10_000_000


class Kept(Protocol):
    """Where the lines are. May be used from any thread."""

    def append(self, line: bytes) -> None:
        """Adds a line, which has no end of its own. Raises LedgerUnusable, or StoreAway."""

    def newest_first(self) -> Iterator[bytes]:
        """All lines; a file may also have parts of lines. Raises as `append`."""


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
    """Records calls. May be used from any thread."""

    def __init__(
        self, where: Path | StoreAddress | None, transport: str, *, nobody: str = "local", limit: int = _BYTES
    ) -> None:
        """Touches no file yet, and no database.

        Args:
            where: the file, or the store; None to record nothing.
            transport: "http" or "stdio".
            nobody: the name of a caller who has not signed in.
            limit: in bytes; a file that has reached it is renamed, and replaces the one renamed before. A
                store keeps twice as much.
        """
        self._kept = _kept(where, limit) if where else None
        self._transport = transport
        self._nobody = nobody
        self._warned = False

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
            if self._kept:
                self._append(self._kept, call)

    def _append(self, kept: Kept, call: Call) -> None:
        # A query may hold half a surrogate pair, which UTF-8 cannot hold: it is written as JSON's \udxxx.
        line = json.dumps(vars(call), ensure_ascii=False).encode("utf-8", "backslashreplace")
        try:
            kept.append(line)
        except StoreAway:
            pass  # told once by whoever connects to it; and then nothing of the library is given away
        except (LedgerUnusable, CatalogError) as error:
            if not self._warned:
                self._warned = True
                _log.warning("Calls may be missing from the ledger: %s This warning is not repeated.", error)


UNRECORDED = Ledger(None, "")
"""Records nothing."""


def newest(where: Path | StoreAddress, limit: int) -> list[dict[str, Any]]:
    """The last calls, at most `limit`, the newest last. Raises as `newest_first`."""
    return list(islice(newest_first(where), limit))[::-1]


def newest_first(where: Path | StoreAddress) -> Iterator[dict[str, Any]]:
    """All calls; each has the fields of `Call`.

    Raises:
        LedgerUnusable: they can't be read.
        StoreAway: they are in a store, whose database can't be reached.
    """
    for line in _kept(where, _BYTES).newest_first():
        if call := _parsed(line):
            yield call


def carry_over(source: Path | StoreAddress, target: Path | StoreAddress) -> int:
    """Copies all calls into a ledger that has none. Returns how many. Raises as `newest_first`."""
    if next(newest_first(target), None):
        return 0
    calls, kept = list(newest_first(source)), _kept(target, _BYTES)
    for call in reversed(calls):
        kept.append(json.dumps(call, ensure_ascii=False).encode("utf-8", "backslashreplace"))
    return len(calls)


def _kept(where: Path | StoreAddress, limit: int) -> Kept:
    if isinstance(where, Path):
        return LedgerFile(where, limit)
    # Needs the extra `postgres`.
    from stackroom.server.monitoring.ledger_table import LedgerTable

    return LedgerTable(where, 2 * limit)


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The call that a line holds; None if a full disk cut the line, or it is something else."""
    try:
        return vars(Call(**json.loads(line)))
    except (ValueError, TypeError):
        return None
