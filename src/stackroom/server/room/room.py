"""What all pages of the reading room have in common: who may see them, their frame, and how they are sent."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stackroom.common.errors import CatalogError, StackroomError, StoreAway
from stackroom.common.settings import Settings
from stackroom.page.visible_text import visible
from stackroom.reading.listing import Listing
from stackroom.reading.notices import AWAY_SECONDS, CATALOG_UNREADABLE, STORE_AWAY
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.passphrase_form import read_form
from stackroom.server.access.refusals import Refused
from stackroom.server.form_key import FormKey
from stackroom.server.html import answer, page

PAGES = (
    ("/", "Search"),
    ("/library", "Library"),
    ("/status", "Status"),
    ("/access", "Access"),
    ("/log", "Log"),
)
"""The pages that each page leads to: address, and name."""

_NOT_NOW = "The library cannot answer at the moment. The reason is in the server's log."

_log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]
FormHandler = Callable[[Request, dict[str, str]], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Frame:
    """What each page shows around its own content.

    Attributes:
        pages: see `PAGES`.
        here: the one of their addresses that this page belongs to; empty for none.
        form_key: what each form holds in the field of this name.
        signs_in: whether there is sign-in, so that one can sign out.
    """

    pages: tuple[tuple[str, str], ...]
    here: str
    form_key: str
    signs_in: bool


class Room:
    """What all pages have in common."""

    def __init__(
        self, settings: Settings, reader: Reader, access: AccessControl | None, *, https: bool
    ) -> None:
        """Reads nothing yet.

        Args:
            settings: of the server.
            reader: answers all requests; it is not closed here.
            access: says who may see the pages; without it everybody may see and change everything.
            https: whether browsers find the server under https.
        """
        self.settings = settings
        self.reader = reader
        self.access = access
        self.is_open = access is None and settings.allow_anonymous
        """Whether strangers may see the pages: without sign-in, others reach only a server that allows it."""
        self._form_key = FormKey(https=https)

    def shows(self, path: str, handler: Handler) -> Route:
        """The route of a page, a picture or a file, which only the owner gets.

        `handler` need not handle a catalogue or a model that can't be read.
        """

        async def handle(request: Request) -> Response:
            refusal = await self._refusal(request)
            if refusal:
                return refusal
            try:
                return await handler(request)
            except StoreAway:
                return self._away(request)
            except CatalogError:
                return self.message(request, "Not now", CATALOG_UNREADABLE, status=503)
            except StackroomError as error:
                # The text may name folders of this machine.
                _log.error("%s", error)
                return self.message(request, "Not now", _NOT_NOW, status=503)

        return Route(path, handle, methods=["GET"])

    def takes(self, path: str, handler: FormHandler) -> Route:
        """The route of a form that changes something: `handler` gets its fields.

        Only the owner's browser can send it, from one of our pages. A client's token opens nothing here.
        """

        async def handle(request: Request) -> Response:
            refusal = await self._refusal(request)
            if refusal:
                return refusal
            try:
                form = await read_form(request)
            except Refused as refused:
                return self.message(request, "This is not possible", f"{refused}.", status=400)
            if not self._form_key.fits(request, form):
                return self.message(
                    request,
                    "Please try again",
                    "The page was open for too long. Go back, load it again and repeat what you did.",
                    status=403,
                )
            try:
                return await handler(request, form)
            except StoreAway:
                return self._away(request)

        return Route(path, handle, methods=["POST"])

    def page(
        self,
        request: Request,
        template: str,
        *,
        here: str = "",
        status: int = 200,
        style: str = "",
        **values: object,
    ) -> Response:
        """The response with a page.

        Args:
            request: what is answered.
            template: the name of a file in `templates` that extends room.html.
            here: the address in `PAGES` that the page belongs to; empty for none.
            status: of the response.
            style: CSS that only this page has.
            values: for the template's variables.
        """
        key = self._form_key.of(request)
        frame = Frame(PAGES, here, key, self.access is not None)
        response = answer(request, page(template, {**values, "frame": frame}, style=style), status)
        self._form_key.keep(response, key)
        return response

    def message(
        self,
        request: Request,
        heading: str,
        message: str,
        link: tuple[str, str] = ("/", "To the search"),
        *,
        status: int,
    ) -> Response:
        """The response with a page that has only a message; `link` (address, words) leads on from it."""
        return self.page(
            request,
            "message.html",
            status=status,
            heading=visible(heading),
            message=visible(message),
            link=link,
        )

    def unread_instead_of(self, listing: Listing) -> int:
        """How many files could not be read, if `listing` has no document; else 0, without looking.

        An index that has none because all failed is not one of an empty folder.
        """
        return 0 if listing.total else len(self.reader.status().failures)

    async def lets_in(self, request: Request) -> bool:
        """Whether the pages may be shown to the browser that asks; it may change while a stream is open."""
        return await self._refusal(request) is None

    def _away(self, request: Request) -> Response:
        response = self.message(request, "Not now", STORE_AWAY, status=503)
        response.headers["Retry-After"] = str(AWAY_SECONDS)
        return response

    async def _refusal(self, request: Request) -> Response | None:
        # In a thread, because it reads a file.
        return await run_in_threadpool(self.access.require_owner, request) if self.access else None
