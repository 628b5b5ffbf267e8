"""The server that is examined, and what the checks have learnt about it so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit

from stackroom.cli.doctor.check import Failed, Skipped
from stackroom.cli.doctor.http import HttpClient, NoAnswer
from stackroom.cli.doctor.messages import AuthorizationServer, Fetched, Resource, SearchResult, Tokens, Tool
from stackroom.cli.doctor.protocol_revisions import McpClient, StatelessClient
from stackroom.server.address import is_loopback_url


@dataclass(frozen=True, slots=True)
class GrantedAccess:
    """Access that a check got as the client `who`, and that has to be given back."""

    who: str
    client_id: str
    tokens: Tokens = field(repr=False)


@dataclass
class ExaminedServer:
    """A server, as the checks see it. They take it as their argument, and write down here what they learn.

    Attributes:
        url: where it is examined, without a slash at its end.
        http: sends requests there.
        query: what to search for.
        ask_passphrase: gets the owner's passphrase, or raises Skipped with the reason why there is none.
        token: what programs sign in with; empty if there is none, or none is needed.
        signs_in: whether the tools need a token; None as long as that is not known.
        resource, authorization: what the server says about signing in.
        granted, sessions: the access and the browser sessions that we have, to be given back.
        mcp_client: the first one with which the tools answered; None until then.
        greetings: the instructions that each revision of MCP was given, by its date.
        tools: by name.
        found, found_characters: the results of the search, and how long its answer was.
        fetched, fetched_characters: the documents fetched, and how long the longest answer was.
    """

    url: str
    http: HttpClient
    query: str
    ask_passphrase: Callable[[], str]
    token: str = field(default="", repr=False)
    signs_in: bool | None = None
    resource: Resource | None = None
    authorization: AuthorizationServer | None = None
    granted: list[GrantedAccess] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list, repr=False)
    mcp_client: McpClient | None = None
    greetings: dict[str, str] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    found: list[SearchResult] = field(default_factory=list)
    found_characters: int = 0
    fetched: list[Fetched] = field(default_factory=list)
    fetched_characters: int = 0

    @property
    def is_local(self) -> bool:
        """Whether the server runs on this machine, as its URL says."""
        return is_loopback_url(self.url)

    @property
    def keeps_secrets(self) -> bool:
        """Whether a passphrase or token may be sent to this URL: it is encrypted, or this machine."""
        return self.is_local or self.url.startswith("https:")

    @property
    def stated_origin(self) -> str:
        """The origin that the server's metadata names; without sign-in there is none, and it is `url`."""
        return origin(self.resource.resource) if self.resource else self.url

    def leads_here(self, url: str) -> bool:
        """Whether another URL has the same origin as `url`."""
        return same_place(url, self.url)

    def url_here(self, url: str) -> str:
        """The same path at the origin of `url`, because the server's own URLs may lead through a tunnel."""
        parts, base = _split(url), _split(self.url)
        return urlunsplit(parts._replace(scheme=base.scheme, netloc=base.netloc, fragment=""))

    def working_client(self) -> McpClient:
        """`mcp_client`. Raises Skipped if there is none."""
        if self.mcp_client is None:
            raise Skipped("no exchange over MCP has worked")
        return self.mcp_client

    def tool(self, name: str) -> Tool:
        """A tool, as the server lists it. Raises Skipped if it does not."""
        self.working_client()
        if name not in self.tools:
            raise Skipped(f"there is no tool {name}")
        return self.tools[name]

    def results(self) -> list[SearchResult]:
        """The results of the search. Raises Skipped if there are none."""
        if not self.found:
            raise Skipped("the search found nothing to go on with")
        return self.found

    def accepts_token(self, token: str) -> bool:
        """Whether the tools answer a client with this token. Raises NoAnswer."""
        try:
            StatelessClient(self.http, token).tools()
        except NoAnswer:
            raise
        except Failed:
            return False
        return True


def origin(url: str) -> str:
    """Scheme, host and port of a URL in one spelling; empty if it is not http or https, or has no host."""
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = _port(parts)
    usual = port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{host}" if usual else f"{parts.scheme}://{host}:{port}"


def same_place(one: str, other: str) -> bool:
    """Whether two URLs have the same origin; all names of this machine count as one."""
    if not origin(one) or not origin(other):
        return False
    if origin(one) == origin(other):
        return True
    both_here = is_loopback_url(one) and is_loopback_url(other)
    return both_here and _port(_split(one)) == _port(_split(other))


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return None
