"""All documents of the library, sorted and filtered: /library

?q=FILTER leaves documents out: words of the title, the author or a file's path, and operators as in a search;
?sort=title, newest, indexed or pages; ?start=N leaves out the first N.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stackroom.reading.query.parse import without
from stackroom.server.room.library_html import EACH, PATH, library_page, sort_in
from stackroom.server.room.numbers import number_in
from stackroom.server.room.room import Room

# In characters. No filter that makes sense is longer.
_LONGEST = 1000


def library_route(room: Room) -> Route:
    """The route of the list."""

    async def library(request: Request) -> Response:
        asked = request.query_params
        # The list has pages of its own.
        query = without(" ".join(asked.get("q", "").split())[:_LONGEST], "skip")
        sort, start = sort_in(asked.get("sort", "")), number_in(asked.get("start", ""))
        listing = await run_in_threadpool(room.reader.documents, query, sort, start, EACH)
        if start and start >= listing.total:  # documents have gone, or somebody typed it
            start = 0
            listing = await run_in_threadpool(room.reader.documents, query, sort, start, EACH)
        unread = await run_in_threadpool(room.unread_instead_of, listing)
        page = library_page(listing, query, sort, start, unread)
        return room.page(request, "library.html", here=PATH, library=page)

    return room.shows(PATH, library)
