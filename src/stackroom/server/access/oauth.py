"""The authorization server: OAuth 2.1 for public clients, as ChatGPT and Claude ask for it.

/.well-known/oauth-authorization-server    the list of these endpoints (RFC 8414)
/authorize                                 the page that asks the owner; its answer carries `iss` (RFC 9207)
/token                                     exchanges codes and refresh tokens (errors: RFC 6749, 5.2)
/register                                  dynamic registration of clients (RFC 7591)
/revoke                                    a client gives a token back (RFC 7009)

The MCP SDK's own handlers are not used: they send no `iss`, want a secret for revoking, and read a request
without code_challenge_method as S256.
"""

import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastmcp.server.auth.redirect_validation import build_client_redirect
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from stackroom.server.access.client_documents import ClientDocuments
from stackroom.server.access.clients import Client, described_client, known_client
from stackroom.server.access.owner_pages import consent_page, problem_page, refused_page
from stackroom.server.access.passphrase_form import (
    PassphraseForm,
    Problem,
    or_unavailable,
    read_body,
    read_form,
    single_values,
)
from stackroom.server.access.refusals import Refused
from stackroom.server.access.store import ACCESS_SECONDS, AccessStore, Tokens
from stackroom.server.caller_names import listed_name
from stackroom.server.limits.shared import tries
from stackroom.server.limits.throttle import whole_seconds

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

# Paths that a client may name as the resource it wants: people type the tools' address in any of these ways.
_RESOURCE_PATHS = ("/mcp", "/sse", "")

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")

# Anybody may register, so that is limited: 30 at once, then one in 2 s.
_BURST, _SECONDS_EACH = 30, 2.0


@dataclass(frozen=True, slots=True)
class _AccessRequest:
    """A client's request for access. `refused` says what is wrong with it; None if nothing is."""

    client: Client
    redirect_uri: str
    state: str | None
    refused: Refused | None
    challenge: str
    resource: str


class AuthorizationServer:
    """The endpoints of the authorization server."""

    def __init__(
        self, url: str, store: AccessStore, passphrase_form: PassphraseForm, documents: ClientDocuments
    ) -> None:
        """For the server at `url`, which has no slash at its end. That string is the issuer everywhere."""
        self.issuer = url
        self._store = store
        self._passphrase_form = passphrase_form
        self._documents = documents
        self._registrations = tries(store.where, "registrations", _BURST, _SECONDS_EACH)

    def routes(self) -> list[Route]:
        """The routes of all endpoints."""
        return [
            Route("/.well-known/oauth-authorization-server", self._metadata, methods=["GET"]),
            Route("/authorize", or_unavailable(self._authorize), methods=["GET", "POST"]),
            Route("/token", or_unavailable(self._token), methods=["POST"]),
            Route("/register", or_unavailable(self._register), methods=["POST"]),
            Route("/revoke", or_unavailable(self._revoke), methods=["POST"]),
        ]

    def resource(self, asked: str) -> str | None:
        """The canonical URL of the resource that a client named; None if it is not this server's."""
        try:
            parts = urlsplit(asked.rstrip("/"))
            port = parts.port
        except ValueError:
            return None
        host = (parts.hostname or "") if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
        if port is not None and port != {"http": 80, "https": 443}.get(parts.scheme):
            host += f":{port}"
        ours = {f"{self.issuer}{path}" for path in _RESOURCE_PATHS}
        written = f"{parts.scheme}://{host}{parts.path}"
        return written if written in ours and not set("?#@") & set(asked) else None

    async def _metadata(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "registration_endpoint": f"{self.issuer}/register",
                "revocation_endpoint": f"{self.issuer}/revoke",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "revocation_endpoint_auth_methods_supported": ["none"],
                "authorization_response_iss_parameter_supported": True,
                "client_id_metadata_document_supported": True,
            }
        )

    # Asking the owner

    async def _authorize(self, request: Request) -> Response:
        """Shows the page that asks the owner, or takes its form; the URL of both is the client's request."""
        try:
            asked = await self._read_request(request)
        except Refused as refused:
            # Without a known client nobody vouches for the address of the answer: show the error here.
            return problem_page(
                f"A program asked for access in a way that cannot be answered: {refused}.", 400
            )
        if asked.refused:
            if await run_in_threadpool(self._is_trusted, asked):
                return self._send_back(asked, error=asked.refused.error, error_description=str(asked.refused))
            name = asked.client.name
            return problem_page(
                f"{name} asked for access in a way that cannot be answered: {asked.refused}.", 400
            )
        if request.method != "POST":
            return self._show_consent(request, asked)
        try:
            form = await read_form(request)
        except Refused as refused:
            return problem_page(f"{refused}.", 400)
        if not self._passphrase_form.is_ours(request, form):
            return self._show_consent(
                request, asked, Problem("The page was open for too long. Please try again.", 403)
            )
        if form.get("decision") != "allow":
            if await run_in_threadpool(self._is_trusted, asked):
                return self._send_back(asked, error="access_denied", error_description="the owner refused")
            return refused_page(asked.client)
        if problem := await run_in_threadpool(self._passphrase_form.problem, form.get("passphrase", "")):
            return self._show_consent(request, asked, problem)
        name = listed_name(asked.client.name, request.headers.get("user-agent", ""))
        code = await run_in_threadpool(
            self._store.allow, asked.client, asked.redirect_uri, asked.challenge, asked.resource, name
        )
        response = self._send_back(asked, code=code)
        await run_in_threadpool(self._passphrase_form.sign_in_browser, response)
        return response

    def _is_trusted(self, asked: _AccessRequest) -> bool:
        """Whether the owner's browser may be redirected to the client with an error or a refusal.

        Anybody can register a client with any address and send the owner a link to /authorize. A mistake in
        such a link, or the owner's refusal, must not send the browser to that address (RFC 9700, 4.11.2): an
        owner refuses just when the address looks bad. So the client must be built in, or let in before.
        """
        known = known_client(asked.client.id) is not None
        return known or self._store.has_allowed(asked.client.id, asked.redirect_uri)

    async def _read_request(self, request: Request) -> _AccessRequest:
        pairs = request.query_params.multi_items()
        resources = [value for name, value in pairs if name == "resource" and value]
        values = single_values([(name, value) for name, value in pairs if name != "resource"])
        client = await self._client(values.get("client_id", ""))
        uri = values.get("redirect_uri") or (
            client.redirect_uris[0] if len(client.redirect_uris) == 1 else ""
        )
        if not client.allows(uri):
            raise Refused("invalid_request", f"{client.name} did not register this redirect_uri")
        known = [self.resource(resource) for resource in resources] or [f"{self.issuer}/mcp"]
        refused = None
        if values.get("response_type") != "code":
            refused = Refused("unsupported_response_type", "response_type must be code")
        elif not _CHALLENGE.fullmatch(values.get("code_challenge", "")):
            refused = Refused("invalid_request", "code_challenge is missing, or not a SHA-256 in base64url")
        elif values.get("code_challenge_method") != "S256":
            refused = Refused("invalid_request", "code_challenge_method must be S256")
        elif None in known:
            refused = Refused("invalid_target", f"this server grants access to {self.issuer}/mcp only")
        challenge = values.get("code_challenge", "")
        return _AccessRequest(client, uri, values.get("state"), refused, challenge, known[0] or "")

    async def _client(self, client_id: str) -> Client:
        if client_id.lower().startswith(("https:", "http:")):
            return await self._documents.client(client_id)
        client = await run_in_threadpool(self._store.registered, client_id)
        if client is None:
            raise Refused("invalid_client", "the client_id is not known here; connect the program once more")
        return client

    def _show_consent(
        self, request: Request, asked: _AccessRequest, problem: Problem | None = None
    ) -> Response:
        key = self._passphrase_form.form_key(request)
        said = (problem.text, problem.status) if problem else ()
        response = consent_page(asked.client, asked.redirect_uri, key, *said)
        self._passphrase_form.complete(response, key, problem)
        return response

    def _send_back(self, asked: _AccessRequest, **values: str) -> Response:
        if asked.state is not None:
            values["state"] = asked.state
        # 303: the browser must not send the form, and the passphrase in it, on to the client.
        return RedirectResponse(
            build_client_redirect(asked.redirect_uri, values, iss=self.issuer), 303, _NO_STORE
        )

    # Tokens

    async def _token(self, request: Request) -> Response:
        try:
            form = await read_form(request)
            tokens = await run_in_threadpool(self._exchange, form)
        except Refused as refused:
            return _error(refused)
        answer = {
            "access_token": tokens.access,
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "refresh_token": tokens.refresh,
        }
        return JSONResponse(answer, headers=_NO_STORE)

    def _exchange(self, form: dict[str, str]) -> Tokens:
        kind = _needed(form, "grant_type")
        if kind not in ("authorization_code", "refresh_token"):
            raise Refused("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
        client_id = _needed(form, "client_id")
        if known_client(client_id) is None and not self._store.has(client_id):
            raise Refused("invalid_client", "the client_id is not known here; register anew")
        resource = None
        if "resource" in form and (resource := self.resource(form["resource"])) is None:
            raise Refused("invalid_target", f"this server grants access to {self.issuer}/mcp only")
        if kind == "refresh_token":
            return self._store.refresh(_needed(form, "refresh_token"), client_id, resource)
        code, verifier = _needed(form, "code"), _needed(form, "code_verifier")
        return self._store.redeem(code, client_id, _needed(form, "redirect_uri"), verifier, resource)

    async def _revoke(self, request: Request) -> Response:
        try:
            form = await read_form(request)
            token = _needed(form, "token")
        except Refused as refused:
            return _error(refused)
        # Whoever has the token may give it back: a public client has no other proof.
        await run_in_threadpool(self._store.revoke_token, token, form.get("client_id"))
        return Response(status_code=200, headers=_NO_STORE)

    # Registration

    async def _register(self, request: Request) -> Response:
        if wait := await run_in_threadpool(self._registrations.wait):
            return JSONResponse(
                {
                    "error": "temporarily_unavailable",
                    "error_description": "too many registrations; try later",
                },
                429,
                {**_NO_STORE, "Retry-After": str(whole_seconds(wait))},
            )
        try:
            client = described_client(secrets.token_urlsafe(16), _object(await read_body(request)))
        except Refused as refused:
            return _error(refused)
        await run_in_threadpool(self._store.register, client)
        answer = {
            "client_id": client.id,
            "client_id_issued_at": int(time.time()),
            "client_name": client.name,
            "redirect_uris": list(client.redirect_uris),
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        }
        return JSONResponse(answer, 201, _NO_STORE)


def _needed(form: dict[str, str], name: str) -> str:
    if name not in form:
        raise Refused("invalid_request", f"{name} is missing")
    return form[name]


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused("invalid_client_metadata", "the registration is not a JSON object")
    return found


def _error(refused: Refused) -> Response:
    # With 400 and invalid_grant a client asks its user again; with 401 and invalid_client it registers again.
    status, headers = 400, _NO_STORE
    if refused.error == "invalid_client":
        status, headers = 401, {**_NO_STORE, "WWW-Authenticate": 'Bearer error="invalid_client"'}
    return JSONResponse({"error": refused.error, "error_description": str(refused)}, status, headers)
