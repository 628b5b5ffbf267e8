"""The steps of OAuth 2.1 with PKCE, as ChatGPT and Claude take them through the owner's browser."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

from stackroom.cli.doctor.check import Failed, Skipped, need, shortened
from stackroom.cli.doctor.examined_server import ExaminedServer
from stackroom.cli.doctor.http import Answer
from stackroom.cli.doctor.messages import AuthorizationServer, Registered, Tokens

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class PlayedClient:
    """A client that doctor plays. `document` is the URL of its own document; without one it registers."""

    name: str
    redirect_uri: str
    document: str = ""

    @property
    def registers(self) -> bool:
        """Whether it has to register first."""
        return not self.document

    def request(self, server: ExaminedServer) -> "Request":
        """Its request for access. Raises Failed if it cannot register."""
        resource = server.resource.resource if server.resource else ""
        return Request(self.document or self._register(server), self.redirect_uri, resource)

    def _register(self, server: ExaminedServer) -> str:
        described = {
            "client_name": self.name,  # the owner's list adds "Stackroom doctor", by our User-Agent
            "redirect_uris": [self.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        }
        answer = server.http.request(
            "POST", _authorization_server(server).registration_endpoint, body=described
        )
        need(answer.status == 201, f"registering failed: {_problem(answer)}")
        registered = Registered.model_validate(answer.json())
        need(self.redirect_uri in registered.redirect_uris, f"{self.redirect_uri} was not registered")
        return registered.client_id


PLAYED_CLIENTS = (
    PlayedClient(
        "ChatGPT",
        "https://chatgpt.com/connector_platform_oauth_redirect",
        "https://chatgpt.com/oauth/client.json",
    ),
    PlayedClient(
        "Claude",
        "https://claude.ai/api/mcp/auth_callback",
        "https://claude.ai/oauth/mcp-oauth-client-metadata",
    ),
    PlayedClient("Claude Code", "http://localhost:3118/callback"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """A client's request for access."""

    client_id: str
    redirect_uri: str
    resource: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    state: str = field(default_factory=lambda: secrets.token_urlsafe(12) + "&=")

    def url(self, endpoint: str) -> str:
        """The URL that the client opens in the owner's browser."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "state": self.state,
            "resource": self.resource,
        }
        return f"{endpoint}?{urlencode(parameters)}"


def use_passphrase(server: ExaminedServer, client: PlayedClient, request: Request, passphrase: str) -> str:
    """Opens the page that asks the owner, types the passphrase, and agrees. Returns the code.

    Raises:
        Failed: it is another page, the passphrase is refused, or the answer is not as it should be.
    """
    url = request.url(_authorization_server(server).authorization_endpoint)
    page = server.http.get(url, browser=True, Accept="text/html")
    need(page.status == 200, f"the page that asks the owner has status {page.status}")
    need(_may_lead_to(page, request.redirect_uri), "the page's policy keeps the browser from going back")
    need(client.name in page.text, f"the page that asks the owner does not name {client.name}")
    form = {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}
    form |= {"passphrase": passphrase, "decision": "allow"}
    answer = server.http.request("POST", url, form=form, headers={"Accept": "text/html"}, browser=True)
    server.sessions += [
        value
        for name, value in server.http.cookies().items()
        if name.endswith("session") and value not in server.sessions
    ]
    if answer.status in (403, 429):
        server.ask_passphrase = _no_second_try
        raise Failed(
            f"the passphrase was not taken, status {answer.status}",
            "Type the passphrase of this server's data folder; `stackroom passphrase` sets a new one.",
        )
    need(answer.status in (302, 303), f"agreeing got status {answer.status} instead of a redirect")
    target = answer.headers.get("Location", "")
    need(target.startswith(request.redirect_uri + "?"), f"the browser is sent to {shortened(target, 60)}")
    return _code(dict(parse_qsl(urlsplit(target).query)), request, _authorization_server(server).issuer)


def exchange(server: ExaminedServer, request: Request, code: str) -> Tokens:
    """Exchanges a code for tokens. Raises Failed."""
    return _tokens(
        server,
        request,
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": request.redirect_uri,
            "code_verifier": request.verifier,
        },
    )


def refresh(server: ExaminedServer, request: Request, tokens: Tokens) -> Tokens:
    """Exchanges the refresh token for new tokens. Raises Failed."""
    return _tokens(server, request, {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token})


def revoke(server: ExaminedServer, token: str, client_id: str = "") -> None:
    """Gives a token or a browser's session back. Raises NoAnswer."""
    form = {"token": token} | ({"client_id": client_id} if client_id else {})
    server.http.request("POST", _authorization_server(server).revocation_endpoint, form=form)


def _tokens(server: ExaminedServer, request: Request, form: dict[str, str]) -> Tokens:
    form |= {"client_id": request.client_id, "resource": request.resource}
    answer = server.http.request("POST", _authorization_server(server).token_endpoint, form=form)
    need(answer.status == 200, f"{form['grant_type']} was not accepted: {_problem(answer)}")
    need(
        "no-store" in answer.headers.get("Cache-Control", ""),
        "the answer with the tokens lacks Cache-Control: no-store",
    )
    return Tokens.model_validate(answer.json())


def _code(values: Mapping[str, str], request: Request, issuer: str) -> str:
    need("error" not in values, f"the client gets the error {values.get('error')}")
    need(values.get("state") == request.state, "the answer does not have the client's state")
    need(values.get("iss") == issuer, f"the answer's iss is {values.get('iss', 'not there')}, not {issuer}")
    need(values.get("code"), "the answer has no code")
    return values["code"]


def _may_lead_to(page: Answer, redirect_uri: str) -> bool:
    """Whether the page's policy allows the redirect after the form; browsers check it too."""
    policy = re.search(r"form-action ([^;]*)", page.headers.get("Content-Security-Policy", ""))
    parts = urlsplit(redirect_uri)
    return policy is None or bool(
        {"*", f"{parts.scheme}:", f"{parts.scheme}://{parts.netloc}"} & set(policy[1].split())
    )


def _problem(answer: Answer) -> str:
    # Only the two fields that the standard names: any other might contain a secret.
    error = answer.json()
    reason = f"{error.get('error')}, {error.get('error_description')}" if isinstance(error, dict) else ""
    return f"status {answer.status}, {reason}"


def _authorization_server(server: ExaminedServer) -> AuthorizationServer:
    if server.authorization is None:
        raise Skipped("the authorization server is not known")
    return server.authorization


def _no_second_try() -> str:
    raise Skipped("the passphrase was not taken before, and wrong tries are counted")
