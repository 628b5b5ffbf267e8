"""Signs a browser in so that it may open documents: the page /sign-in, and the redirect to it."""

from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from stackroom.server.access.owner_pages import problem_page, sign_in_page, signed_in_page
from stackroom.server.access.passphrase_form import (
    NOBODY_KNOWS,
    PassphraseForm,
    Problem,
    read_form,
    unavailable,
)
from stackroom.server.access.refusals import Refused

PATH = "/sign-in"


class SignInPage:
    """The page /sign-in, which asks for the passphrase."""

    def __init__(self, passphrase_form: PassphraseForm) -> None:
        """`passphrase_form` checks what was typed, and sets the cookies."""
        self._passphrase_form = passphrase_form

    def require_owner(self, request: Request) -> Response | None:
        """None if the browser is signed in; else the response to send instead: a redirect to the page.

        A program that does not ask for HTML gets status 401. If nobody can say who has access, it is 503.
        """
        try:
            if self._passphrase_form.session(request):
                return None
        except NOBODY_KNOWS as error:
            return unavailable(error)
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(
                "Sign in first: open this address in a browser.\n", 401, {"Cache-Control": "no-store"}
            )
        # What a form would have changed cannot be opened: back to the page that it was on.
        url = urlsplit(request.headers.get("referer", "") if request.method == "POST" else str(request.url))
        asked = (url.path or "/") + (f"?{url.query}" if url.query else "")
        # Browsers do not send the fragment, such as #page=3, but keep it across the redirect.
        return RedirectResponse(f"{PATH}?{urlencode({'next': asked})}", 303, {"Cache-Control": "no-store"})

    def sign_out(self, request: Request) -> Response:
        """Ends the session of the browser that asks. The form's key was checked before."""
        response = RedirectResponse(PATH, 303)
        try:
            self._passphrase_form.sign_out_browser(request, response)
        except NOBODY_KNOWS as error:
            return unavailable(error)
        return response

    async def page(self, request: Request) -> Response:
        """Shows the form, or takes it when it is sent."""
        if request.method != "POST":
            return self._form(request)
        try:
            form = await read_form(request)
        except Refused as refused:
            return problem_page(f"{refused}.", 400)
        if not self._passphrase_form.is_ours(request, form):
            return self._form(request, Problem("The page was open for too long. Please try again.", 403))
        if problem := await run_in_threadpool(self._passphrase_form.problem, form.get("passphrase", "")):
            return self._form(request, problem)
        target = _local(request.query_params.get("next", ""))
        response: Response = RedirectResponse(target, 303) if target else signed_in_page()
        await run_in_threadpool(self._passphrase_form.sign_in_browser, response)
        return response

    def _form(self, request: Request, problem: Problem | None = None) -> Response:
        key = self._passphrase_form.form_key(request)
        said = (problem.text, problem.status) if problem else ()
        response = sign_in_page(key, *said)
        self._passphrase_form.complete(response, key, problem)
        return response


def _local(target: str) -> str:
    """`target` if it is a path of this server, else "": signing in must not lead to another site."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    fine = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if fine and "\\" not in target and not parts.scheme and not parts.netloc else ""
