"""All routes of the reading room."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stackroom.server.html import asset_route
from stackroom.server.room.access_page import access_routes
from stackroom.server.room.document_page import document_routes
from stackroom.server.room.library_page import library_route
from stackroom.server.room.log_page import log_route
from stackroom.server.room.pictures import Pictures
from stackroom.server.room.room import Room
from stackroom.server.room.search_page import search_routes
from stackroom.server.room.status_page import status_routes
from stackroom.server.room.trying_again import TryingAgain


def room_routes(room: Room, pictures: Pictures, is_ending: Callable[[], bool] = lambda: False) -> list[Route]:
    """The routes of the reading room. Besides the tools, only they show something of the library.

    Args:
        room: what the pages have in common.
        pictures: draws the pages of documents.
        is_ending: whether the server is to end: then streams do.
    """

    async def sign_out(request: Request, _: dict[str, str]) -> Response:
        if room.access is None:
            return RedirectResponse("/", 303)
        return await run_in_threadpool(room.access.sign_out, request)

    return [
        asset_route(),
        *search_routes(room),
        *document_routes(room, pictures),
        library_route(room),
        *status_routes(room, TryingAgain(room.settings), is_ending),
        *access_routes(room),
        log_route(room),
        room.takes("/sign-out", sign_out),
    ]
