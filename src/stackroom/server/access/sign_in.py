"""Signing a browser in, to open documents: /sign-in, and who is sent there."""

from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from stackroom.common.errors import AccessUnusable
from stackroom.server.access.owner_pages import problem_page, sign_in_page, signed_in_page
from stackroom.server.access.passphrase_form import PassphraseForm, Problem, read_form, unavailable
from stackroom.server.access.refusals import Refused

PATH = "/sign-in"


class SignInPage:
    """The page that asks for the passphrase."""

    def __init__(self, passphrase_form: PassphraseForm) -> None:
        """Opens `door` for browsers."""
        self._passphrase_form = passphrase_form

    def require_owner(self, request: Request) -> Response | None:
        """None if the browser is signed in; else what to answer instead: the way to the sign-in page.

        A program that does not ask for HTML gets status 401; and everybody 503 if nobody can say.
        """
        try:
            if self._passphrase_form.is_signed_in(request):
                return None
        except AccessUnusable as error:
            return unavailable(error)
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(
                "Sign in first: open this address in a browser.\n", 401, {"Cache-Control": "no-store"}
            )
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        # The fragment, such as #page=3, is not sent to us; the browser carries it along.
        return RedirectResponse(f"{PATH}?{urlencode({'next': asked})}", 303, {"Cache-Control": "no-store"})

    async def page(self, request: Request) -> Response:
        """Shows the form, or takes it."""
        if request.method != "POST":
            return self._form(request)
        try:
            form = await read_form(request)
        except Refused as refused:
            return problem_page(f"{refused}.", 400)
        if not self._passphrase_form.is_ours(request, form):
            return self._form(request, Problem("The page was open for too long. Type it once more.", 403))
        if problem := await run_in_threadpool(self._passphrase_form.problem, form.get("passphrase", "")):
            return self._form(request, problem)
        target = _local(request.query_params.get("next", ""))
        response: Response = RedirectResponse(target, 303) if target else signed_in_page()
        await run_in_threadpool(self._passphrase_form.sign_in_browser, response)
        return response

    def _form(self, request: Request, problem: Problem | None = None) -> Response:
        key = self._passphrase_form.form_key(request)
        response: Response
        if problem:
            response = sign_in_page(key, problem.text, problem.status)
            if problem.retry_after_seconds:
                response.headers["Retry-After"] = str(problem.retry_after_seconds)
        else:
            response = sign_in_page(key)
        self._passphrase_form.keep_form_key(response, key)
        return response


def _local(target: str) -> str:
    """`target` if it is a path of this server, else nothing: a link must not lead elsewhere."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    fine = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if fine and "\\" not in target and not parts.scheme and not parts.netloc else ""
