"""Programs that ask for access, and the addresses that an answer to them may be sent to."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from stackroom.server.access.refusals import Refused

LONGEST_URL = 2000

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

# No spaces and no backslashes: browsers read those in another way than urlsplit does.
_PLAIN = re.compile(r"[!-\[\]-~]+")

# Schemes that do something in a browser instead of opening a program.
_NO_PROGRAMS = frozenset(
    {"about", "blob", "data", "file", "filesystem", "ftp", "javascript", "mailto", "vbscript", "view-source"}
    | {"ws", "wss"}
)

_MOST_REDIRECTS = 20
_LONGEST_NAME = 80

# The page shows the owner the whole host or scheme that an answer goes to. No real host is longer.
_LONGEST_HOST, _LONGEST_SCHEME = 253, 50


@dataclass(frozen=True, slots=True)
class Client:
    """A program that asks for access. No client has a secret: anybody can register one, so it proves nothing.

    Attributes:
        id: given when it registered, or, if it published a document about itself, that document's https URL.
        name: what it calls itself; nobody has checked it.
        redirect_uris: the exact addresses an answer may be sent to; of a loopback address, any port.
        callbacks: a pattern of further such addresses, for a client that is built in; empty for others.
    """

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    callbacks: str = ""

    @property
    def host(self) -> str:
        """The host that published the client's document, and vouches for it. Empty if it only registered."""
        return (urlsplit(self.id).hostname or "") if self.id.startswith("https://") else ""

    def allows(self, redirect_uri: str) -> bool:
        """Whether an answer may be sent to this address."""
        if redirect_uri in self.redirect_uris:
            return True
        if self.callbacks and re.fullmatch(self.callbacks, redirect_uri):
            return True
        asked = _without_port(redirect_uri)
        return asked is not None and asked in map(_without_port, self.redirect_uris)


_CHATGPT_CALLBACK = r"https://chatgpt\.com/connector/oauth/[A-Za-z0-9_-]{1,200}"
_CHATGPT_OWN_DOCUMENT = re.compile(r"https://chatgpt\.com/oauth/([A-Za-z0-9_-]{1,200})/client\.json")
_PROGRAM_HERE = ("http://127.0.0.1/callback", "http://localhost/callback")

# The documents of these clients are not fetched: Claude's site refuses servers that ask for them, and nobody
# on the network can then change where an answer goes.
_KNOWN = {
    client.id: client
    for client in (
        Client(
            "https://chatgpt.com/oauth/client.json",
            "ChatGPT",
            ("https://chatgpt.com/connector_platform_oauth_redirect",),
            _CHATGPT_CALLBACK,
        ),
        Client("https://chatgpt.com/oauth/codex/client.json", "Codex", _PROGRAM_HERE),
        Client(
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "Claude",
            ("https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"),
        ),
        Client("https://claude.ai/oauth/claude-code-client-metadata", "Claude Code", _PROGRAM_HERE),
    )
}


def known_client(client_id: str) -> Client | None:
    """The client with this id if it is built in (ChatGPT, Codex, Claude or Claude Code), else None."""
    if client_id in _KNOWN:
        return _KNOWN[client_id]
    if found := _CHATGPT_OWN_DOCUMENT.fullmatch(client_id):
        return Client(client_id, "ChatGPT", (f"https://chatgpt.com/connector/oauth/{found[1]}",))
    return None


def described_client(client_id: str, description: Mapping[str, Any]) -> Client:
    """The client that a registration or a client's own document describes.

    Raises:
        Refused: it asks for something this server does not offer, or for redirects that are not safe.
    """
    uris = description.get("redirect_uris")
    if not isinstance(uris, list) or not 0 < len(uris) <= _MOST_REDIRECTS:
        raise Refused(
            "invalid_redirect_uri", f"redirect_uris must be a list of 1 to {_MOST_REDIRECTS} addresses"
        )
    for uri in uris:
        _check_redirect(uri)
    for member, needed in (("grant_types", "authorization_code"), ("response_types", "code")):
        offered = description.get(member)
        if offered is not None and (not isinstance(offered, list) or needed not in offered):
            raise Refused("invalid_client_metadata", f"{member} must include {needed!r}")
    name = description.get("client_name")
    return Client(client_id, _readable(name if isinstance(name, str) else ""), tuple(uris))


def destination(redirect_uri: str) -> str:
    """Where a redirect leads, for a person to read: its host, this computer, or a program's URL scheme."""
    parts = urlsplit(redirect_uri)
    if parts.scheme == "http":
        return f"a program on the computer of this browser ({parts.netloc})"
    return parts.netloc if parts.scheme == "https" else f"a program that opens {parts.scheme}: addresses"


def _check_redirect(uri: object) -> None:
    if not isinstance(uri, str) or len(uri) > LONGEST_URL or not _PLAIN.fullmatch(uri):
        raise Refused("invalid_redirect_uri", "a redirect_uri must be a URL in ASCII, without spaces")
    parts = _split(uri)
    if parts is None or "@" in parts.netloc or "#" in uri:
        raise Refused("invalid_redirect_uri", "a redirect_uri must have no user name and no fragment")
    if len(parts.hostname or "") > _LONGEST_HOST or len(parts.scheme) > _LONGEST_SCHEME:
        raise Refused("invalid_redirect_uri", "a redirect_uri has a host or a scheme that is too long")
    if parts.scheme == "https":
        if not parts.hostname:
            raise Refused("invalid_redirect_uri", "a redirect_uri must name a host")
    elif parts.scheme == "http":
        if parts.hostname not in _LOOPBACK:
            raise Refused("invalid_redirect_uri", "a redirect_uri must be https, or http on this machine")
    elif parts.scheme in _NO_PROGRAMS or not uri[len(parts.scheme) :].startswith(":/"):
        raise Refused("invalid_redirect_uri", "a redirect_uri has a scheme that is not accepted")


def _without_port(uri: str) -> tuple[str, str, str] | None:
    """A loopback redirect without its port, to compare two of them; None if `uri` is none."""
    parts = _split(uri)
    if parts is None or parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        return None
    if "@" in parts.netloc or "#" in uri or not _PLAIN.fullmatch(uri):
        return None
    return parts.hostname or "", parts.path, parts.query


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _readable(name: str) -> str:
    """A name as it may stand on a page: one short line, without characters that turn text around."""
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in name)
    return " ".join(kept.split())[:_LONGEST_NAME] or "A program without a name"
