"""Clients that publish a document about themselves: the client's id is the https URL of that document."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastmcp.server.auth.ssrf import SSRFError, SSRFFetchError, ssrf_safe_fetch
from starlette.concurrency import run_in_threadpool

from stackroom.server.access.clients import LONGEST_URL, Client, described_client, known_client
from stackroom.server.access.refusals import Refused
from stackroom.server.limits.throttle import Throttle, Tries

_LARGEST_BYTES = 10_000
_PATIENCE_SECONDS = 5.0
_KEPT_SECONDS = 600.0
_MOST_KEPT = 100

BURST, SECONDS_EACH = 20, 3.0
"""Anybody can make this server fetch a document, so that is limited: 20 at once, then one in 3 s."""

_SECRETS = ("client_secret_post", "client_secret_basic", "client_secret_jwt")


async def fetch_document(url: str) -> bytes:
    """The bytes at `url`, if a public host answers with a small document.

    FastMCP's fetch connects to the IP address that it has checked, so that DNS cannot change it in between.
    It takes https only, follows no redirect, and stops at the size limit.

    Raises:
        Refused: the address is not public, or nothing useful came in time.
    """
    try:
        async with asyncio.timeout(2 * _PATIENCE_SECONDS):
            return await ssrf_safe_fetch(
                url,
                require_path=True,
                max_size=_LARGEST_BYTES,
                timeout=_PATIENCE_SECONDS,
                overall_timeout=_PATIENCE_SECONDS,
            )
    except SSRFError as error:
        raise Refused("invalid_client", "the client's document is not at a public https address") from error
    except (SSRFFetchError, TimeoutError) as error:
        raise Refused("invalid_client", "the client's document could not be fetched") from error


class ClientDocuments:
    """Finds clients by the URLs of their documents. Keeps a fetched document for ten minutes."""

    def __init__(
        self,
        fetch: Callable[[str], Awaitable[bytes]] = fetch_document,
        clock: Callable[[], float] = time.monotonic,
        throttle: Tries | None = None,
    ) -> None:
        """`fetch` returns the bytes at a URL, or raises Refused; `throttle` limits that."""
        self._fetch = fetch
        self._clock = clock
        self._throttle = throttle or Throttle(BURST, SECONDS_EACH, clock)
        self._kept: dict[str, tuple[float, Client]] = {}

    async def client(self, client_id: str) -> Client:
        """The client whose id is this URL.

        Raises:
            Refused: the URL or its document is not what it must be, or cannot be fetched.
        """
        if known := known_client(client_id):
            return known
        until, kept = self._kept.get(client_id, (0.0, None))
        if kept and self._clock() < until:
            return kept
        _check_address(client_id)
        if await run_in_threadpool(self._throttle.wait):
            raise Refused(
                "temporarily_unavailable", "too many unknown clients have asked; try again in a minute"
            )
        client = _described(client_id, await self._fetch(client_id))
        self._kept[client_id] = self._clock() + _KEPT_SECONDS, client
        while len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return client


def _check_address(client_id: str) -> None:
    try:
        parts = urlsplit(client_id)
        fine = (
            len(client_id) <= LONGEST_URL
            and client_id.startswith("https://")
            and bool(parts.hostname)
            and parts.path not in ("", "/")
            and not {".", ".."} & set(parts.path.split("/"))
            and "@" not in parts.netloc
            and "#" not in client_id
        )
        _ = parts.port
    except ValueError:
        fine = False
    if not fine:
        raise Refused(
            "invalid_client", "a client_id that is a URL must be https with a path, and nothing else"
        )


def _described(client_id: str, document: bytes) -> Client:
    try:
        description = json.loads(document)
    except (ValueError, RecursionError):
        description = None
    if not isinstance(description, dict):
        raise Refused("invalid_client", "the client's document is not a JSON object")
    if description.get("client_id") != client_id:
        raise Refused("invalid_client", "the client's document is about another client_id")
    if "client_secret" in description or description.get("token_endpoint_auth_method") in _SECRETS:
        raise Refused("invalid_client", "a client that publishes its description cannot have a secret")
    return described_client(client_id, description)
