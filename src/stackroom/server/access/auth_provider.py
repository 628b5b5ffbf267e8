"""Decides who may come in: the one object of this package that the HTTP application uses."""

import logging
from typing import Any

from fastmcp.server.auth import AccessToken, AuthProvider
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stackroom.common.errors import SignInMissing, StoreAway
from stackroom.common.settings import Settings
from stackroom.server.access.client_documents import BURST, SECONDS_EACH, ClientDocuments
from stackroom.server.access.oauth import AuthorizationServer
from stackroom.server.access.passphrase_form import NOBODY_KNOWS, PassphraseForm, or_unavailable, unavailable
from stackroom.server.access.sign_in import PATH, SignInPage
from stackroom.server.access.store import AccessStore
from stackroom.server.limits.shared import tries


class AccessControl(AuthProvider):
    """FastMCP asks it before it answers at /mcp or /sse, and our own pages before they show a document."""

    def __init__(
        self,
        url: str,
        store: AccessStore,
        *,
        passphrase_form: PassphraseForm | None = None,
        documents: ClientDocuments | None = None,
    ) -> None:
        """For the server at `url`, which has no slash at its end. `close` closes `store`.

        All three stay as attributes, for the page on which the owner sees who has access.
        """
        super().__init__(base_url=url)
        self.url = url
        self.store = store
        self.passphrase_form = passphrase_form or PassphraseForm(store, https=url.startswith("https:"))
        self._sign_in = SignInPage(self.passphrase_form)
        documents = documents or ClientDocuments(
            throttle=tries(store.where, "client documents", BURST, SECONDS_EACH)
        )
        self._server = AuthorizationServer(url, store, self.passphrase_form, documents)

    def close(self) -> None:
        """Closes the store; no other method may be called afterwards."""
        self.store.close()

    def require_owner(self, request: Request) -> Response | None:
        """None if the browser is signed in; else the response to send instead of the page. Never raises.

        A handler that shows something of the library begins with

            if access and (refusal := access.require_owner(request)):
                return refusal
        """
        return self._sign_in.require_owner(request)

    def sign_out(self, request: Request) -> Response:
        """Ends the session of the browser that asks; the response leads to the page where it can sign in."""
        return self._sign_in.sign_out(request)

    async def require_token_or_owner(self, request: Request) -> Response | None:
        """None if the request has a good token or is from the owner's browser; else the response to send."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return await run_in_threadpool(self.require_owner, request)
        try:
            known = await self.verify_token(token.strip())
        except NOBODY_KNOWS as error:
            return unavailable(error)
        headers = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
        return None if known else PlainTextResponse("The token is not good.\n", 401, headers)

    async def verify_token(self, token: str) -> AccessToken | None:
        """What FastMCP asks: who has this token; None if it is not good for this server.

        Raises:
            AccessUnusable: the file of clients and tokens cannot be read.
            StoreAway: they are in a store, whose database can't be reached.
        """
        if self.store.kept.is_quick:  # then handing it to a thread would take longer
            grant = self.store.bearer(token)
        else:
            grant = await run_in_threadpool(self.store.bearer, token)
        if grant is None:
            return None
        # A client's token is good only at the address it was made for: not through another tunnel that serves
        # the same data folder.
        if grant.kind == "client" and self._server.resource(grant.resource) is None:
            return None
        # Not the token itself, because the object may be logged.
        return AccessToken(
            token=grant.id,
            client_id=grant.id,
            scopes=[],
            expires_at=None if grant.expires is None else int(grant.expires),
            resource=grant.resource or None,
            claims={"name": grant.name},  # for the ledger
        )

    def get_routes(self, mcp_path: str | None = None) -> list[Route]:
        """All endpoints besides the tools. `mcp_path` is a path of the tools; FastMCP asks for each of them.

        A token opens all of those paths, because they lead to the same library.
        """
        path = (mcp_path or "/mcp").rstrip("/")
        well_known = "/.well-known/oauth-protected-resource"
        return [
            # RFC 9728 has the resource exactly as the client wrote it, with its slash.
            *(self._described(f"{well_known}{typed}", typed) for typed in (path, f"{path}/")),
            # For clients that do not look at the WWW-Authenticate header.
            self._described(well_known, path),
            Route(PATH, or_unavailable(self._sign_in.page), methods=["GET", "POST"]),
            *self._server.routes(),
        ]

    def _described(self, where: str, path: str) -> Route:
        described = {
            "resource": f"{self.url}{path}",
            "authorization_servers": [self.url],
            "bearer_methods_supported": ["header"],
            "resource_name": "Stackroom",
        }
        return Route(where, _constant(described), methods=["GET"])


class OrUnavailable:
    """An ASGI application around another, which may raise what NOBODY_KNOWS has before it answers: 503."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is the other one, by the name that Starlette gives it."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        try:
            await self._app(scope, receive, send)
        except NOBODY_KNOWS as error:
            await unavailable(error)(scope, receive, send)


def create_access_control(settings: Settings, url: str, *, exposed: bool) -> AccessControl | None:
    """Sign-in for the server at `url`, to be closed after the server; None if the server needs no sign-in.

    Args:
        settings: `data`, `public_url` and `allow_anonymous`.
        url: without a slash at its end.
        exposed: whether other machines can reach it.

    Raises:
        SignInMissing: the server needs sign-in, and there is no passphrase.
        AccessUnusable: the file of clients and tokens cannot be read or written.

    If sign-in is in a store that is away, the server needs not wait for it: it lets nobody in meanwhile.
    """
    if settings.allow_anonymous or not (exposed or settings.public_url):
        return None
    store = AccessStore(settings.sign_in)
    if _lacks_passphrase(store):
        store.close()
        where = f"at {settings.public_url}" if settings.public_url else f"by other machines ({settings.host})"
        raise SignInMissing(
            f"The library would be reachable {where}, and there is no passphrase to sign in with. Set one: "
            f"`stackroom passphrase --data {settings.data}`. If anybody may read it: --allow-anonymous."
        )
    # FastMCP would write a line to the log for each request without a token, and strangers send many.
    logging.getLogger("fastmcp.server.auth").setLevel(logging.WARNING)
    return AccessControl(url, store)


def _lacks_passphrase(store: AccessStore) -> bool:
    try:
        return store.passphrase() is None
    except StoreAway:  # whoever signs in later is told if there is none
        return False


def _constant(value: dict[str, Any]) -> Any:
    async def answer(_: Request) -> Response:
        return JSONResponse(value)

    return answer
