"""Checks the host name and the origin of each request. Without this any web page could read the library.

A site can make its own name lead to this machine (DNS rebinding); browsers then take the server for a part of
that site. So a request must use one of the server's own names (otherwise: status 421). A request from a page
of another site is refused with 403, unless that site is trusted; then the browser is told so (CORS).
"""

import re
from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stackroom.server.address import is_loopback
from stackroom.server.limits.rates import Refusals

# Pages of these sites may call the server; others may not.
_TRUSTED_ORIGINS = ("https://chatgpt.com", "https://claude.ai")

# Nobody can own a name with one of these endings in the Internet: RFC 6762 with its appendix G, RFC 8375,
# RFC 2606, and what ICANN keeps free. The same is true of a name without a dot.
_LOCAL = (
    *("local", "internal", "lan", "home", "home.arpa", "corp", "intranet", "private", "localdomain"),
    *("test", "invalid"),
)

# Paths that pages of other sites may ask for: the tools, and signing in to use them.
_FOR_PAGES = ("/mcp", "/sse", "/messages", "/.well-known", "/token", "/register", "/revoke")

# A host and its port, and nothing more, such as a user's name.
_NETLOC = re.compile(r"(?:\[[^\[\]]*\]|[^\[\]@:/?#\\\s]*)(?::\d*)?")

# Headers of an answer that such a page may read.
_READABLE = "WWW-Authenticate, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After"

# So many hosts and origins are judged once; each is a part of a request's head, of 64 kB at most.
_KEPT = 16

# A browser may remember for this time that it may ask, in seconds.
_REMEMBERED = "3600"

_NOT_THAT_SITE = "Pages of that site may not ask this server.\n"


class HostNames:
    """The host names of the server, and the origins whose pages may ask it. Pure."""

    def __init__(self, url: str, address: str, also: Collection[str] = ()) -> None:
        """Collects the names.

        Args:
            url: the server's URL.
            address: the numeric IP address it is bound to. If other machines on the network can reach that,
                every name that only a local network can have is accepted: whoever could make up such a name
                there can reach the server anyway.
            also: further names, in lower case.
        """
        self._names = {_host(urlsplit(url).netloc), *also}
        self._origins = {_origin(url), *_TRUSTED_ORIGINS}
        self._for_the_network = not is_loopback(address)

    def is_ours(self, host: str) -> bool:
        """Whether a request with this Host header is meant for the server."""
        name = _host(host)
        if _is_this_machine(name) or name in self._names:
            return True
        try:
            ip_address(name)
        except ValueError:
            return self._for_the_network and _is_local(name)
        return True  # an IP address: no site can claim it as its name

    def may_ask(self, origin: str, host: str) -> bool:
        """Whether a page with this Origin may send a request with this Host header, which is ours."""
        origin = _origin(origin)
        if origin in self._origins:
            return True
        theirs = urlsplit(origin).netloc
        # Either a page of another program on this machine, if the server was asked as this machine; or a page
        # of the server itself, of which a proxy may have changed the scheme.
        both_here = _is_this_machine(_host(theirs)) and _is_this_machine(_host(host))
        return both_here or (bool(theirs) and origin == _origin(f"{urlsplit(origin).scheme}://{host}"))


class HostCheck:
    """An ASGI application that passes on requests with a good host and origin, and adds CORS headers."""

    def __init__(self, application: ASGIApp, names: HostNames, refusals: Refusals) -> None:
        """Stands in front of `application`; `refusals` counts what is refused."""
        self._application = application
        # What nearly every request says is the same as the one before.
        self._is_ours = lru_cache(_KEPT)(names.is_ours)
        self._may_ask = lru_cache(_KEPT)(names.may_ask)
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers itself with 403 or 421, or to a browser that asks whether it may ask (CORS preflight)."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = Headers(scope=scope)
        # Several of them are no name, and no site: whoever stands in between may have gone by another one.
        host, origin = (",".join(headers.getlist(name)) for name in ("host", "origin"))
        if not self._is_ours(host):
            self._refusals.add("requests by a name that is not the server's")
            await PlainTextResponse(_not_my_name(host), 421)(scope, receive, send)
            return
        if origin and not self._may_ask(origin, host):
            self._refusals.add("requests of pages of other sites")
            await PlainTextResponse(_NOT_THAT_SITE, 403)(scope, receive, send)
            return
        if not _is_for_pages(scope["path"]):
            await self._application(scope, receive, send)
            return
        if origin and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            allowed = {
                "Access-Control-Allow-Methods": "GET, POST, DELETE",
                "Access-Control-Allow-Headers": headers.get("access-control-request-headers", ""),
                "Access-Control-Max-Age": _REMEMBERED,
            }
            answer: ASGIApp = Response(status_code=204, headers=allowed)
        else:
            answer = self._application

        async def send_readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                answered.add_vary_header("Origin")
                if origin:
                    answered["Access-Control-Allow-Origin"] = origin
                    answered["Access-Control-Expose-Headers"] = _READABLE
            await send(message)

        await answer(scope, receive, send_readable)


def _not_my_name(host: str) -> str:
    name = _host(host)
    if not re.fullmatch(r"[a-z0-9._-]{1,200}", name):
        return "The request does not name this server: see --public-url and --allow-host.\n"
    return (
        f"{name} is not a name of this server. If it should be, start the server with `--allow-host {name}` "
        f"(or STACKROOM_ALLOW_HOST={name}); for the address of a tunnel, with `--public-url https://{name}`.\n"
    )


def _is_for_pages(path: str) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in _FOR_PAGES)


def _host(netloc: str) -> str:
    """The host of a netloc, in lower case, without the port and the dot that may end a full name."""
    if not _NETLOC.fullmatch(netloc):
        return ""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _origin(url: str) -> str:
    """An origin as browsers write it; empty if `url` has none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if not parts.scheme or not host:
        return ""
    shown = f"[{host}]" if ":" in host else host.rstrip(".")
    usual = port in (None, {"http": 80, "https": 443}.get(parts.scheme))
    return f"{parts.scheme}://{shown}" if usual else f"{parts.scheme}://{shown}:{port}"


def _is_this_machine(name: str) -> bool:
    try:
        return is_loopback(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _is_local(name: str) -> bool:
    """Whether only a local network can have this name."""
    labels = re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", name)
    return bool(labels) and ("." not in name or name.endswith(tuple(f".{ending}" for ending in _LOCAL)))
