"""What left the machine, /log: the calls of the tools that the ledger holds, the newest first.

?client=NAME shows the calls of one client only; ?start=N leaves out the N newest.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stackroom.common.errors import LedgerUnusable
from stackroom.page.foreign_text import own_line
from stackroom.page.visible_text import visible
from stackroom.server.monitoring.ledger import newest_first
from stackroom.server.room.moments import Moment, written_moment
from stackroom.server.room.numbers import number_in
from stackroom.server.room.room import Room

PATH = "/log"

_EACH = 50

# The filter offers the clients of so many of the newest calls. Looking at all of a full ledger would take a
# fifth of a second.
_LOOKED_AT = 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Given:
    """A document that an answer held: its title, the numbers of its pages, and where it opens."""

    title: str
    pages: str
    address: str


@dataclass(frozen=True, slots=True)
class CallShown:
    """A call. `opens` is the address of the document that was asked for; empty for a search."""

    time: Moment
    client: str
    tool: str
    asked: str
    opens: str
    given: tuple[Given, ...]
    characters: int
    error: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of the log.

    Attributes:
        calls: the newest first.
        clients: that the filter offers.
        client: whose calls are shown; empty for all.
        newer, older: addresses of the pages before and after; empty if there is none.
    """

    calls: tuple[CallShown, ...]
    clients: tuple[str, ...]
    client: str
    newer: str
    older: str


def log_route(room: Room) -> Route:
    """The route of the log."""

    async def log(request: Request) -> Response:
        if room.is_open:
            text = "Anybody may come in here without sign-in, and does not learn what others asked. On the "
            text += "machine that the server runs on, `stackroom log` shows it."
            return room.message(request, "The log is not shown here", text, status=403)
        client = request.query_params.get("client", "")
        start = number_in(request.query_params.get("start", ""))
        try:
            page = await run_in_threadpool(
                lambda: log_page(newest_first(room.settings.ledger_of_calls), client, start)
            )
        except LedgerUnusable as error:
            _log.error("%s", error)
            text = "The ledger of calls cannot be read. `stackroom log` and the server's own log say why."
            return room.message(request, "The log cannot be shown", text, status=503)
        return room.page(request, "log.html", here=PATH, log=page, is_recorded=room.settings.ledger)

    return room.shows(PATH, log)


def log_page(calls: Iterable[Mapping[str, Any]], client: str, start: int, each: int = _EACH) -> LogPage:
    """A page of `each` calls.

    Args:
        calls: the newest first, with the fields of `monitoring.ledger.Call`.
        client: whose calls are shown; empty for all.
        start: how many of these are left out.
        each: how many are shown.
    """
    calls = iter(calls)
    looked_at = list(islice(calls, _LOOKED_AT))
    clients = {str(call["client"]) for call in looked_at} | ({client} if client else set())
    wanted = (
        call for part in (looked_at, calls) for call in part if not client or str(call["client"]) == client
    )
    shown = list(islice(wanted, start, start + each + 1))
    return LogPage(
        tuple(map(shown_call, shown[:each])),
        tuple(sorted(clients, key=str.casefold)),
        client,
        _address(client, max(0, start - each)) if start else "",
        _address(client, start + each) if len(shown) > each else "",
    )


def shown_call(call: Mapping[str, Any]) -> CallShown:
    """A call as the page shows it: whatever a client wrote is one visible line."""
    asked = str(call["asked"])
    return CallShown(
        written_moment(str(call["time"])),
        _line(call["client"]),
        _line(call["tool"]),
        _line(asked),
        _document(asked) if call["tool"] == "fetch" else "",
        tuple(map(_given, call["documents"])),
        int(call["characters"]),
        _line(call["error"]),
    )


def _given(document: Mapping[str, str]) -> Given:
    id_, pages = str(document.get("id", "")), str(document.get("pages", ""))
    first = re.match(r"\d{1,9}", pages)
    address = _document(id_)
    return Given(
        own_line(str(document.get("title", ""))) or id_,
        _line(pages),
        f"{address}?page={first[0]}" if address and first else address,
    )


def _document(id_: str) -> str:
    """The address of the document with this id, which may name a part of it; empty if it is no id."""
    found = re.match(r"[0-9a-f]{24}(?![0-9a-f])", id_.strip())
    return f"/d/{found[0]}" if found else ""


def _line(text: object) -> str:
    return " ".join(visible(str(text)).split())


def _address(client: str, start: int) -> str:
    values = {name: value for name, value in (("client", client), ("start", start)) if value}
    return PATH + (f"?{urlencode(values)}" if values else "")
