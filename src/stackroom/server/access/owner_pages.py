"""The pages of sign-in that the owner sees in a browser. Plain HTML, no script, nothing from elsewhere."""

from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from stackroom.server.access.clients import Client, destination
from stackroom.server.html import PRIVATE, page


def consent_page(
    client: Client, redirect_uri: str, form_key: str, problem: str = "", status: int = 200
) -> HTMLResponse:
    """Asks whether a client may read the library.

    Args:
        client: who asks.
        redirect_uri: where the answer goes; the page names its host, which a client cannot make up.
        form_key: proves that the form comes from this page.
        problem: what was wrong with the last try; empty if there was none.
        status: the HTTP status of the response.
    """
    return _page(
        "consent.html",
        status,
        _form_action(redirect_uri),
        client=client,
        destination=destination(redirect_uri),
        form_key=form_key,
        problem=problem,
    )


def sign_in_page(form_key: str, problem: str = "", status: int = 200) -> HTMLResponse:
    """Asks for the passphrase before a document is shown; the arguments are those of `consent_page`."""
    return _page("sign_in.html", status, "'self'", form_key=form_key, problem=problem)


def signed_in_page() -> HTMLResponse:
    """Says that signing in worked, when there is no document to go on to."""
    return _page("signed_in.html", 200, "'none'")


def refused_page(client: Client) -> HTMLResponse:
    """Says that the client was refused, when the browser is not sent back to the client."""
    return _page("refused.html", 200, "'none'", client=client)


def problem_page(problem: str, status: int) -> HTMLResponse:
    """Says what is wrong when the page has no form to try again with."""
    return _page("problem.html", status, "'none'", problem=problem)


def _form_action(redirect_uri: str) -> str:
    """The consent page's form-action policy. Browsers check the redirects after the form against it."""
    parts = urlsplit(redirect_uri)
    if parts.scheme == "http" and ":" not in (parts.hostname or ""):
        return f"'self' http://{parts.netloc}"
    # The whole scheme, because the client's site may redirect on to another of its sites, and because the
    # policy's syntax has no IPv6 addresses.
    return f"'self' {parts.scheme}:"


def _page(template: str, status: int, form_action: str, **values: object) -> HTMLResponse:
    html = page(template, values, form_action=form_action)
    headers = {**PRIVATE, "Content-Security-Policy": html.policy, "X-Frame-Options": "DENY"}
    return HTMLResponse(html.body, status, {**headers, "Cache-Control": "no-store"})
