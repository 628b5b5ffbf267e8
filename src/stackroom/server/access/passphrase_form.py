"""Forms that ask for the passphrase: limits how often one may try, and signs in the browser that knows it."""

import logging
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from stackroom.common.errors import AccessUnusable, StackroomError, StoreAway
from stackroom.reading.notices import AWAY_SECONDS, STORE_AWAY
from stackroom.server.access.grants import Grant
from stackroom.server.access.owner_pages import problem_page
from stackroom.server.access.passphrase import is_right
from stackroom.server.access.refusals import Refused
from stackroom.server.access.store import SESSION_SECONDS, AccessStore
from stackroom.server.form_key import FormKey
from stackroom.server.limits.shared import tries
from stackroom.server.limits.throttle import Tries, seconds, whole_seconds

LARGEST_BODY = 20_000

# Ten tries at once, then ten a minute: guessing a passphrase of four common words takes millennia.
_BURST, _SECONDS_EACH = 10, 6.0

_log = logging.getLogger(__name__)

NOBODY_KNOWS = (AccessUnusable, StoreAway)
"""The errors after which nobody can say who has access."""

_Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form was not accepted: the text for the page, and the status of the response."""

    text: str
    status: int
    retry_after_seconds: int | None = None


class PassphraseForm:
    """Checks forms, and sets two cookies: one proves that a form is ours, one is the browser's session."""

    def __init__(self, store: AccessStore, *, https: bool, throttle: Tries | None = None) -> None:
        """With `https`, browsers send the cookies over encrypted connections only, and to this host only."""
        self._store = store
        self._https = https
        self._throttle = throttle or tries(store.where, "passphrase", _BURST, _SECONDS_EACH)
        # Each check takes 32 MiB: one at a time, whatever strangers send.
        self._one_check = threading.Lock()
        self._form_key = FormKey(https=https)
        self._session_cookie = "__Host-stackroom-session" if https else "stackroom-session"

    def form_key(self, request: Request) -> str:
        """The key that this browser's forms must hold."""
        return self._form_key.of(request)

    def complete(self, response: Response, form_key: str, problem: Problem | None) -> None:
        """Sets the cookie that belongs to the form in `response`, and when to try again, if that is known."""
        self._form_key.keep(response, form_key)
        if problem and problem.retry_after_seconds:
            response.headers["Retry-After"] = str(problem.retry_after_seconds)

    def is_ours(self, request: Request, form: dict[str, str]) -> bool:
        """Whether we gave this form to this browser; a form of another site lacks the key of the cookie."""
        return self._form_key.fits(request, form)

    def problem(self, passphrase: str) -> Problem | None:
        """What is wrong with a passphrase; None if it is right.

        Takes a fifth of a second: not for the event loop.
        """
        if wait := self._throttle.wait():
            text = f"Too many wrong passphrases were typed. Try again in {seconds(wait)}."
            return Problem(text, 429, whole_seconds(wait))
        kept = self._store.passphrase()
        if kept is None:
            return Problem(
                "There is no passphrase yet: run `stackroom passphrase` where the server runs.", 503
            )
        with self._one_check:
            right = is_right(passphrase, kept)
        if not right:
            _log.warning("Somebody typed a wrong passphrase.")
            return Problem("That is not the passphrase.", 403)
        self._throttle.give_back()
        return None

    def sign_in_browser(self, response: Response) -> None:
        """Adds the cookie to `response` that signs in the browser which gets it."""
        # Lax: a link from an assistant's answer must find the owner signed in.
        response.set_cookie(
            self._session_cookie,
            self._store.new_session(),
            max_age=SESSION_SECONDS,
            path="/",
            secure=self._https,
            httponly=True,
            samesite="lax",
        )

    def sign_out_browser(self, request: Request, response: Response) -> None:
        """Ends the session of the browser that asks, and takes its cookie back with `response`."""
        if session := self.session(request):
            self._store.revoke(session.id)
        response.delete_cookie(self._session_cookie, path="/", secure=self._https, httponly=True)

    def session(self, request: Request) -> Grant | None:
        """The grant of the browser that asks; None if it is not signed in."""
        cookie = request.cookies.get(self._session_cookie)
        return self._store.session(cookie) if cookie else None


def or_unavailable(handler: _Handler) -> _Handler:
    """`handler`, which answers with status 503 if nobody can say who has access."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except NOBODY_KNOWS as error:
            return unavailable(error)

    return handle


def unavailable(error: StackroomError) -> Response:
    """The answer to everybody if `error` is one of NOBODY_KNOWS. The reason is in the log, for the owner.

    That the database is away is told there once, by whoever connects to it.
    """
    if isinstance(error, StoreAway):
        response = problem_page(STORE_AWAY, 503)
        response.headers["Retry-After"] = str(AWAY_SECONDS)
        return response
    _log.error("%s", error)
    return problem_page(
        "Sign-in does not work at the moment. The server's owner finds the reason in its log.", 503
    )


async def read_body(request: Request) -> bytes:
    """The body of a request.

    Raises:
        Refused: it is larger than any form or registration may be.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise Refused("invalid_request", "the request is too large")
    return bytes(body)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form. Starlette's parser is not used: it would write uploaded files to the disk.

    Raises:
        Refused: it is too large, not a form, or has a field twice.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused("invalid_request", "send the parameters as application/x-www-form-urlencoded")
    try:
        return single_values(parse_qsl((await read_body(request)).decode(), max_num_fields=50))
    except ValueError as error:
        raise Refused("invalid_request", "the form cannot be read") from error


def single_values(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The parameters of a request by name. As OAuth says, one without a value counts as not sent.

    Raises:
        Refused: a parameter is there twice.
    """
    values = {name: value for name, value in pairs if value}
    if len(values) != sum(1 for _, value in pairs if value):
        raise Refused("invalid_request", "a parameter is there twice")
    return values
