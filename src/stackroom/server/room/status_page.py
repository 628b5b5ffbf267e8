"""The state of the library, and what is being indexed.

/status          the page
/status/events   how far the indexer is, once a second, as server-sent events
/status/again    takes a form: tries a file again that could not, or not wholly, be read, or all
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from stackroom.embedding.models import Models
from stackroom.embedding.reranking.rerankers import chosen_reranker
from stackroom.server.html import PRIVATE
from stackroom.server.room.progress import Work, read_work
from stackroom.server.room.room import Room
from stackroom.server.room.status_html import StatusPage, name_below, status_page, with_key
from stackroom.server.room.trying_again import TryingAgain

PATH = "/status"
EVENTS_PATH = f"{PATH}/events"

# Seconds between two events, and between two looks at whether the server is to end.
_EACH_SECONDS, _LOOK_SECONDS = 1.0, 0.2


def status_routes(room: Room, trying_again: TryingAgain, is_ending: Callable[[], bool]) -> list[Route]:
    """The routes under /status.

    Args:
        room: what all pages have in common.
        trying_again: runs the command that tries files again.
        is_ending: whether the server is to end: then streams do.
    """
    page = _StatusPage(room, trying_again, is_ending)
    return [
        room.shows(PATH, page.page),
        room.shows(EVENTS_PATH, page.events),
        room.takes(f"{PATH}/again", page.again),
    ]


class _StatusPage:
    """Answers the routes."""

    def __init__(self, room: Room, trying_again: TryingAgain, is_ending: Callable[[], bool]) -> None:
        self._room = room
        self._trying_again = trying_again
        self._is_ending = is_ending
        self._looking = asyncio.Lock()
        self._looked = -_EACH_SECONDS
        self._work = Work("")

    async def page(self, request: Request) -> Response:
        """The whole page."""
        shown = await run_in_threadpool(self._read)
        work = await self._work_now()
        return self._room.page(
            request,
            "status.html",
            here=PATH,
            library=shown,
            work=work,
            trial=self._trying_again.last(),
            state=self._state(work),
            may_try=not self._room.is_open,
        )

    async def events(self, request: Request) -> Response:
        """The stream."""
        headers = {**PRIVATE, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(request), headers=headers, media_type="text/event-stream")

    async def again(self, request: Request, form: dict[str, str]) -> Response:
        """Begins to try a file again, or all."""
        if self._room.is_open:
            text = "Anybody may come in here without sign-in, so nothing can be changed here."
            return self._room.message(request, "Not here", text, (PATH, "To the status"), status=403)
        files: list[str] = []
        what = ""
        if key := form.get("file", ""):
            status = await run_in_threadpool(self._room.reader.status)
            failure = with_key(status.retriable, key)
            if failure is None:
                text = "That file is no longer among those that could not be read."
                return self._room.message(request, "Nothing to do", text, (PATH, "To the status"), status=404)
            files, what = [failure.file], name_below(failure.file, status.libraries)
        if not self._trying_again.start(files, what):
            text = "Files are being tried again already. Wait until that has ended."
            return self._room.message(request, "One at a time", text, (PATH, "To the status"), status=409)
        return RedirectResponse(PATH, 303)

    def _read(self) -> StatusPage:
        settings, status = self._room.settings, self._room.reader.status()
        models, digest = Models.of(settings), status.model_digest or ""
        reranker = chosen_reranker(settings, settings.models)
        return status_page(
            status, models.runtime(digest), models.warning(digest), reranker.runtime() if reranker else ""
        )

    async def _work_now(self) -> Work:
        """What the indexer does. Its locks are read once a second, however many look."""
        async with self._looking:
            if time.monotonic() - self._looked >= _EACH_SECONDS * 0.9:
                self._work = await run_in_threadpool(read_work, self._room.settings)
                self._looked = time.monotonic()
            return self._work

    def _state(self, work: Work) -> str:
        """Changes when the rest of the page is to be loaded again."""
        trial = self._trying_again.last()
        return f"{work.is_working} {trial and (trial.since.iso, trial.is_running)}"

    async def _stream(self, request: Request) -> AsyncIterator[str]:
        # A session may end while its page is open.
        while await self._room.lets_in(request):
            work = await self._work_now()
            values = {
                "headline": work.headline,
                "detail": work.detail,
                "percent": work.percent,
                "state": self._state(work),
            }
            yield f"data: {json.dumps(values)}\n\n"
            until = time.monotonic() + _EACH_SECONDS
            while (left := until - time.monotonic()) > 0:
                if self._is_ending():
                    return
                await asyncio.sleep(min(left, _LOOK_SECONDS))
