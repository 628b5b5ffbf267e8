"""Sends plain HTTP requests, to see exactly what the server sends. The only file that knows httpx2."""

import asyncio
import functools
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx2

from stackroom import __version__
from stackroom.cli.doctor.check import Failed
from stackroom.server.address import is_loopback_url

REQUEST_SECONDS = 30.0
"""The longest time for one request, from connecting to the last byte."""

_UNTRUSTED = "Give the tunnel or proxy a certificate that everybody trusts: ChatGPT and Claude take no other."

_MOST_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response.

    Attributes:
        status: the status code.
        headers: by name; upper and lower case are the same.
        text: the body; if the stream was closed after its first event, that event.
        seconds: from sending the request to the last byte.
    """

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    def json(self) -> Any:
        """The body.

        Raises:
            Failed: it is not JSON.
        """
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            raise Failed(f"status {self.status}, and an answer that is not JSON: {self.text[:100]}") from None


@functools.cache
def _trusted_certificates() -> ssl.SSLContext:
    """Read once, because reading them takes longer than a request."""
    return httpx2.create_ssl_context()


class NoAnswer(Failed):
    """No answer came, or not in time."""


class HttpClient:
    """Sends requests to one server, as a program or as a browser that keeps cookies. Follows no redirect."""

    def __init__(self, url: str, request_seconds: float = REQUEST_SECONDS) -> None:
        """Resolves paths against `url`, which has no slash at its end. A context manager."""
        self._url = url
        self._seconds = request_seconds
        # The environment's proxy cannot reach this machine.
        self._trust_env = not is_loopback_url(url)
        self._runner = asyncio.Runner()
        self._program = self._client()
        self._browser = self._client()

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            verify=_trusted_certificates(),
            timeout=self._seconds,
            trust_env=self._trust_env,
            headers={"User-Agent": f"stackroom-doctor/{__version__}"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._close())
        self._runner.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        browser: bool = False,
        one_event: bool = False,
    ) -> Answer:
        """Sends one request.

        Args:
            method: GET or POST.
            url: a path of the server, or a whole URL.
            headers: in addition to the usual ones.
            body: to be sent as JSON.
            form: to be sent as a form.
            browser: whether the browser sends it, with its cookies; else a program does.
            one_event: whether to close a stream after its first event.

        Raises:
            NoAnswer: no connection, no HTTP, too slow or too long.
        """
        if url.startswith("/"):
            url = self._url + url
        given: dict[str, Any] = {"headers": dict(headers or {})}
        if body is not None:
            given["json"] = body
        if form is not None:
            given["data"] = dict(form)
        client = self._browser if browser else self._program
        try:
            return self._runner.run(self._exchange(client, method, url, given, one_event=one_event))
        except (TimeoutError, httpx2.TimeoutException):
            raise NoAnswer(f"no whole answer within {self._seconds:g} seconds") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            advice = _UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""
            raise NoAnswer(f"no answer: {str(error) or type(error).__name__}", advice) from error

    def get(self, url: str, *, browser: bool = False, **headers: str) -> Answer:
        """Sends a GET; in the names of `headers`, underscores stand for hyphens. Raises NoAnswer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("GET", url, headers=named, browser=browser)

    def cookies(self) -> dict[str, str]:
        """The cookies that the browser has."""
        return {cookie.name: cookie.value or "" for cookie in self._browser.cookies.jar}

    async def _close(self) -> None:
        await self._program.aclose()
        await self._browser.aclose()

    async def _exchange(
        self, client: httpx2.AsyncClient, method: str, url: str, given: dict[str, Any], *, one_event: bool
    ) -> Answer:
        started = time.perf_counter()
        body = bytearray()
        # httpx2's own timeout is for each step: a byte now and then could keep us waiting for ever.
        async with asyncio.timeout(self._seconds), client.stream(method, url, **given) as response:
            async for part in response.aiter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise NoAnswer(f"an answer of more than {_MOST_BYTES:,} bytes")
                if one_event and b"\n\n" in body.replace(b"\r\n", b"\n"):
                    break
        seconds = time.perf_counter() - started
        return Answer(response.status_code, response.headers, body.decode(errors="replace"), seconds)
