"""The few pages that the owner sees in a browser. Plain HTML, no script, nothing from elsewhere."""

import base64
import hashlib
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from stackroom.server.access.clients import Client, destination

_STYLE = """
:root { color-scheme: light dark }
body { font: 17px/1.5 system-ui, sans-serif; max-width: 28em; margin: 12vh auto; padding: 0 1.2em;
  color: #1c1c1c; background: #fbfaf7; overflow-wrap: anywhere }
h1 { font-size: 1.3em }
dt { color: #666; font-size: .85em } dd { margin: 0 0 .7em; font-weight: 600 }
input, button { font: inherit; padding: .5em .7em; border: 1px solid #888; border-radius: 6px }
input { width: 100%; box-sizing: border-box; margin: .3em 0 1em; background: #fff; color: #000 }
button { background: #234; color: #fff; border-color: #234; margin-right: .4em }
button.no { background: none; color: inherit }
.problem { color: #a01616; font-weight: 600 }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #191a1c } dt { color: #aaa }
  .problem { color: #ff8f8f } input { background: #26282b; color: #eee }
  button { background: #cde; color: #123 } button.no { border-color: #888 } }
"""


def consent_page(
    client: Client, redirect_uri: str, form_key: str, problem: str = "", status: int = 200
) -> HTMLResponse:
    """Asks whether a client may read the library.

    Args:
        client: who asks.
        redirect_uri: where the answer goes; the page names its host, which a client cannot make up.
        form_key: what proves that the form comes from this page.
        problem: what was wrong with the last try.
        status: of the response.
    """
    vouched = f"published by {escape(client.host)}" if client.host else "not checked by anybody"
    body = f"""
<h1>May {escape(client.name)} read your library?</h1>
<p>It will be able to search all documents and read them whole, until you end that with
<code>stackroom clients revoke</code>. Agree only if you have just started this yourself.</p>
<dl><dt>It calls itself</dt><dd>{escape(client.name)} ({vouched})</dd>
<dt>The answer goes to</dt><dd>{escape(destination(redirect_uri))}</dd></dl>
{_problem(problem)}<form method="post">{_passphrase(form_key)}
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny" class="no" formnovalidate>Refuse</button></form>"""
    return _page(f"Allow {client.name}", body, status, _form_action(redirect_uri))


def sign_in_page(form_key: str, problem: str = "", status: int = 200) -> HTMLResponse:
    """Asks the owner for the passphrase, to open a document; the arguments are those of `consent_page`."""
    body = f"""
<h1>Sign in</h1>
<p>This document is in a private library. Its owner's passphrase opens it.</p>
{_problem(problem)}<form method="post">{_passphrase(form_key)}
<button>Sign in</button></form>"""
    return _page("Sign in", body, status, "'self'")


def signed_in_page() -> HTMLResponse:
    """Says that it worked, where there is no document to go on to."""
    body = "<h1>Signed in</h1><p>Links to documents of this library now open in this browser.</p>"
    return _page("Signed in", body, 200, "'none'")


def refused_page(client: Client) -> HTMLResponse:
    """Says that nothing was given, to whom an answer is not sent."""
    told = f"{escape(client.name)} was given nothing, and is not told. You can close this page."
    body = f"<h1>Refused</h1><p>{told}</p>"
    return _page("Refused", body, 200, "'none'")


def problem_page(problem: str, status: int) -> HTMLResponse:
    """Says what is wrong where there is nothing to be done on the page."""
    return _page("Not possible", f"<h1>This is not possible</h1>{_problem(problem)}", status, "'none'")


def _passphrase(form_key: str) -> str:
    # No action: the address of the page, with the fragment that names a citation's page.
    return f"""
<input type="hidden" name="form_key" value="{escape(form_key)}">
<label>Passphrase<input type="password" name="passphrase" autocomplete="current-password" required autofocus>
</label>"""


def _problem(problem: str) -> str:
    return f'<p class="problem" role="alert">{escape(problem)}</p>\n' if problem else ""


def _form_action(redirect_uri: str) -> str:
    """Where the consent form may lead. Browsers check every redirect that follows it, too."""
    parts = urlsplit(redirect_uri)
    if parts.scheme == "http" and ":" not in (parts.hostname or ""):
        return f"'self' http://{parts.netloc}"
    # The client's site may send the browser on to another of its sites. An IPv6 address has no name here.
    return f"'self' {parts.scheme}:"


def _page(title: str, body: str, status: int, form_action: str) -> HTMLResponse:
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return HTMLResponse(
        f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Stackroom</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<style>{_STYLE}</style></head><body>{body}
</body></html>
""",
        status,
        {
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{style}';"
            f" form-action {form_action}; frame-ancestors 'none'; base-uri 'none'",
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            # With no-referrer the browser would hide the form's origin, too, and the host guard refuse it.
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
        },
    )
