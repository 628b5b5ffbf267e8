"""The owner at the page that asks whether a client may read the library, without a real browser."""

import re
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

PATIENCE_SECONDS = 30


def allow(authorize_url: str, passphrase: str) -> str:
    """Opens the page, gives the passphrase, follows the redirect. Returns what the client shows at its end.

    Raises:
        HTTPError: a page could not be had, or the passphrase was refused.
        AssertionError: the page has no form.
    """
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    with browser.open(authorize_url, timeout=PATIENCE_SECONDS) as page:
        found = re.search(r'name="form_key" value="([^"]+)"', page.read().decode())
    assert found, "the page has no form"
    fields = {"form_key": found[1], "passphrase": passphrase, "decision": "allow"}
    with browser.open(authorize_url, urlencode(fields).encode(), PATIENCE_SECONDS) as end:
        return str(end.read().decode())
