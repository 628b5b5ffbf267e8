"""Makes pages of HTML from the templates, and answers with them. Every value is escaped.

A page takes its style sheets and scripts from /assets/, whose files are the same for everybody and need no
sign-in. Nothing comes from elsewhere, and no attribute holds styles or scripts: policies
forbid it.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_TEMPLATES = Path(__file__).with_name("templates")
_ASSETS = Path(__file__).with_name("assets")
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

PRIVATE = {
    # Only the browser itself may keep an answer, and it must ask each time whether that is still current.
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser would send forms with `Origin: null`, which `HostCheck` refuses.
    "Referrer-Policy": "same-origin",
    # Other sites cannot embed it, and so learn nothing of the library.
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of each answer that shows something of the library."""


@dataclass(frozen=True, slots=True)
class Html:
    """A page of HTML, and its Content-Security-Policy, which lets the browser show it and no more."""

    body: bytes
    policy: str


def page(
    template: str, values: Mapping[str, object], *, style: str = "", form_action: str = "'self'"
) -> Html:
    """A page of HTML.

    Args:
        template: the name of a file in `templates`.
        values: for the template's variables; it is an error if one is missing.
        style: CSS that only this page has; empty for none.
        form_action: where its forms may be sent, as a Content-Security-Policy says it.
    """
    trusted = Markup(style)  # noqa: S704  made by us, never a stranger's text
    body = _environment().get_template(template).render(style=trusted, **values).encode()
    own = f" 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" if style else ""
    return Html(
        body,
        f"default-src 'none'; img-src 'self'; style-src 'self'{own}; script-src 'self'; connect-src 'self';"
        f" base-uri 'none'; form-action {form_action}; frame-ancestors 'none'",
    )


def answer(request: Request, html: Html, status: int = 200) -> Response:
    """The response with a page; without its body if the browser has the same page already."""
    headers = {**PRIVATE, "Content-Security-Policy": html.policy}
    headers["ETag"] = f'"{sha256(html.body).hexdigest()[:32]}"'
    if status == 200 and is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(html.body, status, headers, "text/html")


def is_known(request: Request, tag: str) -> bool:
    """Whether the browser has said that it has the answer with this ETag."""
    known = request.headers.get("if-none-match", "")
    return known == "*" or tag in (item.strip().removeprefix("W/") for item in known.split(","))


def asset_route() -> Route:
    """The route of style sheets and scripts."""

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _assets():
            return PlainTextResponse("There is no such file.\n", 404)
        content, _ = _assets()[name]
        headers = {
            # The address that pages give has the content's hash.
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        return Response(content, headers=headers, media_type=_KINDS[Path(name).suffix])

    return Route("/assets/{name}", asset, methods=["GET"])


@cache
def _assets() -> dict[str, tuple[bytes, str]]:
    """The files by their names: content, and address."""
    files = {path.name: path.read_bytes() for path in _ASSETS.iterdir() if path.suffix in _KINDS}
    return {
        name: (content, f"/assets/{name}?v={sha256(content).hexdigest()[:16]}")
        for name, content in files.items()
    }


def _address(name: str) -> str:
    return _assets()[name][1]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = _address
    return environment
