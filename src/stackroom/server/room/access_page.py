"""Who has access to the library; the owner ends it here, and makes tokens for programs.

/access                 clients, browsers and tokens
/access/end             takes the id of one of them, and ends its access
/access/end-browsers    signs out all browsers but the one that asks
/access/token           takes a name and the passphrase, and shows a new token, once
"""

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stackroom.common.errors import UsageError
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.clients import destination
from stackroom.server.access.grants import Grant
from stackroom.server.room.moments import Moment, moment
from stackroom.server.room.room import Room

PATH = "/access"

_KINDS = {"client": "Client", "browser": "Browser", "token": "Token"}

# What was done, in the address after a form was taken: words of our own, so that no link can make the page
# say something else.
_DONE = {
    "ended": "That access has ended.",
    "gone": "That access had ended before.",
    "browsers": "All other browsers are signed out.",
}


@dataclass(frozen=True, slots=True)
class HasAccess:
    """One who has access.

    Attributes:
        id: of the grant.
        kind: of it, as a word.
        name: what a client calls itself, or what the owner called a token.
        answers_to: where a client's answers go; empty for others.
        since, last_used: times.
        is_this: whether it is the browser that asks.
    """

    id: str
    kind: str
    name: str
    answers_to: str
    since: Moment
    last_used: Moment
    is_this: bool


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was made just now, and the address that it is for."""

    name: str
    token: str
    address: str


@dataclass(frozen=True, slots=True)
class TokenProblem:
    """Why no token was made, and the name that was typed for it."""

    name: str
    text: str


def access_routes(room: Room) -> list[Route]:
    """The routes under /access."""

    async def no_sign_in(request: Request) -> Response:
        return room.page(request, "no_sign_in.html", here=PATH, is_open=room.is_open)

    if room.access is None:
        return [room.shows(PATH, no_sign_in)]
    page = _AccessPage(room, room.access)
    return [
        room.shows(PATH, page.page),
        room.takes(f"{PATH}/end", page.end),
        room.takes(f"{PATH}/end-browsers", page.end_browsers),
        room.takes(f"{PATH}/token", page.token),
    ]


def who_has_access(grants: Iterable[Grant], this: str) -> list[HasAccess]:
    """The entries of the page; `this` is the id of the browser that asks."""
    return [
        HasAccess(
            grant.id,
            _KINDS[grant.kind],
            grant.name,
            destination(grant.destination) if grant.destination else "",
            moment(grant.created),
            moment(grant.last_used),
            grant.id == this,
        )
        for grant in grants
    ]


class _AccessPage:
    """Answers the routes; an AccessUnusable is for the application."""

    def __init__(self, room: Room, access: AccessControl) -> None:
        self._room = room
        self._access = access

    async def page(self, request: Request) -> Response:
        """Who has access."""
        done = _DONE.get(request.query_params.get("done", ""), "")
        return await run_in_threadpool(self._page, request, done=done)

    async def end(self, request: Request, form: dict[str, str]) -> Response:
        """Ends the access of the one whose id the form has."""

        def end() -> Response:
            this = self._access.passphrase_form.session(request)
            if this and form.get("id") == this.id:
                return self._access.sign_out(request)
            return _back("ended" if self._access.store.revoke(form.get("id", "")) else "gone")

        return await run_in_threadpool(end)

    async def end_browsers(self, request: Request, _: dict[str, str]) -> Response:
        """Signs out all browsers but this one."""

        def end() -> Response:
            # It may have been signed out since it was let in: then all are.
            this = self._access.passphrase_form.session(request)
            self._access.store.end_other_sessions(this.id if this else "")
            return _back("browsers")

        return await run_in_threadpool(end)

    async def token(self, request: Request, form: dict[str, str]) -> Response:
        """Makes a token. Asks for the passphrase again: whoever finds the browser open gets none to keep."""
        return await run_in_threadpool(self._token, request, form)

    def _token(self, request: Request, form: dict[str, str]) -> Response:
        name = " ".join(form.get("name", "").split())
        if problem := self._access.passphrase_form.problem(form.get("passphrase", "")):
            response = self._page(request, problem=TokenProblem(name, problem.text), status=problem.status)
            if problem.retry_after_seconds:
                response.headers["Retry-After"] = str(problem.retry_after_seconds)
            return response
        try:
            token = self._access.store.new_static_token(name)
        except UsageError as error:
            return self._page(request, problem=TokenProblem(name, str(error)), status=400)
        response = self._page(request, made=NewToken(name, token, f"{self._access.url}/mcp"))
        response.headers["Cache-Control"] = "no-store"  # not even for the browser's way back
        return response

    def _page(
        self,
        request: Request,
        *,
        done: str = "",
        made: NewToken | None = None,
        problem: TokenProblem | None = None,
        status: int = 200,
    ) -> Response:
        this = self._access.passphrase_form.session(request)
        entries = who_has_access(self._access.store.grants(), this.id if this else "")
        return self._room.page(
            request,
            "access.html",
            here=PATH,
            status=status,
            entries=entries,
            other_browsers=sum(entry.kind == _KINDS["browser"] and not entry.is_this for entry in entries),
            done=done,
            made=made,
            problem=problem,
        )


def _back(done: str) -> Response:
    return RedirectResponse(f"{PATH}?done={done}", 303)
