"""A browser and an assistant, as far as sign-in is concerned, against a server in this process."""

import base64
import hashlib
import json
import re
import secrets
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from httpx2 import Client, Response
from starlette.testclient import TestClient

from stackroom.common.postgres.address import StoreAddress
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.client_documents import ClientDocuments
from stackroom.server.access.passphrase import Cost, hashed
from stackroom.server.access.passphrase_form import PassphraseForm
from stackroom.server.access.refusals import Refused
from stackroom.server.access.store import AccessStore
from stackroom.server.application import create_application
from stackroom.server.limits.throttle import Throttle

PUBLIC = "https://library.example"
PASSPHRASE = "four unrelated words here"
CHEAP = Cost(log_n=4, r=8, p=1)
CHATGPT = "https://chatgpt.com/oauth/client.json"
CHATGPT_REDIRECT = "https://chatgpt.com/connector_platform_oauth_redirect"
RPC = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

ONE_FILE = pytest.mark.parametrize("where", ["file"], indirect=True)
"""For a test of what only a file has, and a store in a database does not."""


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class Documents:
    """The web, as far as clients publish documents there."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.fetched: list[str] = []

    def publish(self, url: str, **members: Any) -> None:
        self.documents[url] = json.dumps({"client_id": url, **members}).encode()

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if url not in self.documents:
            raise Refused("invalid_client", "the client's document could not be fetched")
        return self.documents[url]


@dataclass
class Site:
    """A server with sign-in that is found at `url`, and a browser that keeps cookies."""

    reader: Reader
    where: Path | StoreAddress
    url: str = PUBLIC
    clock: Clock = field(default_factory=Clock)
    web: Documents = field(default_factory=Documents)

    def __post_init__(self) -> None:
        self.store = AccessStore(self.where, clock=self.clock)
        weakref.finalize(self, self.store.close)
        if self.store.passphrase() is None:
            self.store.set_passphrase(hashed(PASSPHRASE, CHEAP))
        passphrase_form = PassphraseForm(
            self.store, https=self.url.startswith("https:"), throttle=Throttle(10, 6, self.clock)
        )
        self.access = AccessControl(
            self.url,
            self.store,
            passphrase_form=passphrase_form,
            documents=ClientDocuments(self.web.fetch, self.clock),
        )
        self.application = create_application(
            Settings(data=self.folder), self.reader, self.url, "127.0.0.1", self.access
        )
        self.browser = self.new_browser()

    @property
    def folder(self) -> Path:
        """Of its data."""
        return self.where.folder if isinstance(self.where, StoreAddress) else self.where.parent

    def new_browser(self) -> TestClient:
        return TestClient(self.application, base_url=self.url, follow_redirects=False)

    def tools(self, token: str | None, path: str = "/mcp") -> Response:
        """Asks for the tools with a token, as a program."""
        headers = JSON | ({"Authorization": f"Bearer {token}"} if token else {})
        with self.new_browser() as program:
            return program.post(path, json=RPC, headers=headers)

    def register(self, *redirect_uris: object, **members: object) -> dict[str, object]:
        """Registers a client, and gives back what the server says of it."""
        response = self.browser.post("/register", json={"redirect_uris": redirect_uris, **members})
        assert response.status_code == 201, response.text
        registered: dict[str, object] = response.json()
        return registered

    def pdf(self) -> Response:
        return self.browser.get(f"/d/{2:024x}", headers={"Accept": "text/html"})


class Address(Protocol):
    """Where a browser finds a server, or several."""

    url: str

    @property
    def browser(self) -> Client:
        """It keeps cookies."""


@dataclass
class Assistant:
    """A client that wants to be allowed in: ChatGPT, if nothing else is said."""

    site: Address
    client_id: str = CHATGPT
    redirect_uri: str = CHATGPT_REDIRECT
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    state: str = "st&te"

    def request(self, **changes: str | None) -> str:
        """The path of an authorization request; None leaves a parameter out."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "state": self.state,
            "resource": f"{self.site.url}/mcp",
            **changes,
        }
        return "/authorize?" + urlencode(
            {name: value for name, value in parameters.items() if value is not None}
        )

    def ask(self, **changes: str | None) -> Response:
        return self.site.browser.get(self.request(**changes))

    def decide(
        self, passphrase: str = PASSPHRASE, decision: str = "allow", **changes: str | None
    ) -> Response:
        """The owner opens the page and fills it in."""
        path = self.request(**changes)
        return fill_in(self.site.browser, path, passphrase, decision=decision)

    def code(self, resource: str | None = f"{PUBLIC}/mcp") -> str:
        return answer(self.decide(resource=resource))["code"]

    def exchange(self, granted: str, **changes: str | None) -> Response:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": granted,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            "resource": f"{self.site.url}/mcp",
        }
        return self.token(**{**form, **changes})

    def refresh(self, token: str, **changes: str | None) -> Response:
        return self.token(grant_type="refresh_token", refresh_token=token, **changes)

    def token(self, **form: str | None) -> Response:
        form = {"client_id": self.client_id, **form}
        return self.site.browser.post("/token", data={name: v for name, v in form.items() if v is not None})

    def tokens(self) -> dict[str, Any]:
        """The whole dance."""
        response = self.exchange(self.code())
        assert response.status_code == 200, response.text
        tokens: dict[str, Any] = response.json()
        return tokens


def fill_in(browser: Client, path: str, passphrase: str, **fields: str) -> Response:
    """Opens a page with a form and sends it."""
    page = browser.get(path)
    assert page.status_code == 200, page.text
    return browser.post(path, data={"form_key": form_key(page), "passphrase": passphrase, **fields})


def form_key(page: Response) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', page.text)
    assert found
    return found[1]


def answer(response: Response) -> dict[str, str]:
    """The parameters of an authorization response, each of which must be there once."""
    assert response.status_code == 303, response.text
    pairs = parse_qsl(urlsplit(response.headers["Location"]).query)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)
