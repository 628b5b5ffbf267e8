"""Proves that a form which a browser sends comes from a page of this server: a key in both form and cookie.

Another site can make a browser send us a form (CSRF), but can neither read the cookie nor set it.
"""

import hmac
import re
import secrets
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

FIELD = "form_key"
"""The name of the form's field that holds the key."""

_SECONDS = 24 * 3600


class FormKey:
    """The key that the forms of one browser hold."""

    def __init__(self, *, https: bool) -> None:
        """With `https`, browsers send the cookie over encrypted connections only, and to this host only."""
        self._https = https
        self._cookie = "__Host-stackroom-form" if https else "stackroom-form"

    def of(self, request: Request) -> str:
        """The key for the forms of this browser: the one in its cookie, or a new one for both."""
        key = request.cookies.get(self._cookie, "")
        return key if re.fullmatch(r"[A-Za-z0-9_-]{43}", key) else secrets.token_urlsafe(32)

    def keep(self, response: Response, key: str) -> None:
        """Sets the cookie that belongs to the forms in `response`."""
        response.set_cookie(
            self._cookie,
            key,
            max_age=_SECONDS,
            path="/",
            secure=self._https,
            httponly=True,
            # Not strict: a link from elsewhere would not find the cookie, and open pages lose their key.
            samesite="lax",
        )

    def fits(self, request: Request, form: Mapping[str, str]) -> bool:
        """Whether we gave this form to this browser."""
        cookie = request.cookies.get(self._cookie, "")
        return bool(cookie) and hmac.compare_digest(cookie.encode(), form.get(FIELD, "").encode())
