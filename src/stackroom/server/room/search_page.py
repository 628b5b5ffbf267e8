"""The search: a field, and what is found.

/?q=QUERY&page=2         a page of HTML: ten results; without a query, how to ask
/?q=QUERY&part=results   only the HTML of the results, for search.js

`part` is a parameter, not a header: with one address for both, a browser that goes back might show the one
in place of the other. What is searched here has not left the machine, so the ledger has nothing of it.
"""

from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stackroom.server.html import answer, page
from stackroom.server.room.numbers import number_in
from stackroom.server.room.progress import read_work
from stackroom.server.room.room import Room
from stackroom.server.room.search_html import (
    EACH,
    Found,
    LibraryShown,
    address,
    examples,
    found,
    refused,
)

# Searches at the same time, in threads of their own, so that they take none from the tools; and how many
# more may wait: whoever types fast asks again before the last answer is there.
_AT_ONCE = 2
_WAITING = 20

# Characters of a query, as for the tools.
_LONGEST = 4000

# Of a passage's text: some three lines on a wide screen.
_CHARACTERS = 320

# Results further down answer nothing, and each page takes longer than the one before.
_MOST_PAGES = 100


def search_routes(room: Room) -> list[Route]:
    """The route of the search."""
    return [room.shows("/", _Search(room).page)]


class _Search:
    """Answers the route."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._limiter = CapacityLimiter(_AT_ONCE)
        self._asked_for = 0  # searches that are under way or waited for

    async def page(self, request: Request) -> Response:
        """The page of HTML, or its results only."""
        query = request.query_params.get("q", "").strip()
        number = min(max(1, number_in(request.query_params.get("page", ""))), _MOST_PAGES)
        if self._asked_for >= _AT_ONCE + _WAITING:
            busy = "Too many searches are under way. Try again in a moment."
            link = address(query, number), "Search again"
            return self._room.message(request, "Too much to do", busy, link, status=503)
        self._asked_for += 1
        try:
            shown = await run_sync(self._shown, query, number, limiter=self._limiter)
        finally:
            self._asked_for -= 1
        status = 400 if len(query) > _LONGEST else 200
        values: dict[str, Any] = {"query": query, "shown": shown, "is_found": isinstance(shown, Found)}
        if request.query_params.get("part") == "results":
            return answer(request, page("search_results.html", values), status)
        return self._room.page(request, "search.html", here="/", status=status, number=number, **values)

    def _shown(self, query: str, number: int) -> Found | LibraryShown:
        if len(query) > _LONGEST:
            return refused(query, f"The query has {len(query):,} characters; at most {_LONGEST:,} are taken.")
        reader = self._room.reader
        if query:
            answer = reader.answer(
                query, EACH, _CHARACTERS, marked=True, brief=True, start=EACH * (number - 1), facets=True
            )
            known = reader.descriptions([hit.document_id for hit, _ in answer.hits])
            return found(query, number, answer, known, reader.state().contents)
        listing = reader.documents(limit=1)
        work = read_work(self._room.settings)
        return LibraryShown(
            listing.total, self._room.unread_instead_of(listing), examples(listing.facets), work
        )
