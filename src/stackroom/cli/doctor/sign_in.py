"""Checks of sign-in: the server's metadata, signing in as clients do, and giving the access back."""

import functools

from stackroom.cli.doctor.check import Check, Skipped, need
from stackroom.cli.doctor.examined_server import ExaminedServer, GrantedAccess, same_place
from stackroom.cli.doctor.http import NoAnswer
from stackroom.cli.doctor.messages import AuthorizationServer
from stackroom.cli.doctor.oauth_steps import (
    PLAYED_CLIENTS,
    PlayedClient,
    exchange,
    refresh,
    revoke,
    use_passphrase,
)
from stackroom.common.amounts import counted

_WELL_KNOWN = "/.well-known/oauth-authorization-server"
_CONNECT_ANEW = (
    "Update Stackroom; then start the server with `--public-url` and the address that clients use."
)


def _metadata(server: ExaminedServer) -> str:
    _needs_sign_in(server)
    if server.resource is None:
        raise Skipped("the server does not say where to sign in")
    if server.is_local and not same_place(server.stated_origin, server.url):
        raise Skipped(f"clients sign in at its public URL: `stackroom doctor {server.stated_origin}`")
    answer = server.http.get(_WELL_KNOWN)
    need(answer.status == 200, f"{_WELL_KNOWN} has status {answer.status}")
    said = AuthorizationServer.model_validate(answer.json())
    issuer = server.resource.authorization_servers[0]
    need(said.issuer == issuer, f"the issuer is {said.issuer} here and {issuer} in the resource's metadata")
    for name in ("authorization", "token", "registration", "revocation"):
        endpoint = getattr(said, f"{name}_endpoint")
        need(server.leads_here(endpoint), f"the {name} endpoint is {endpoint or 'not there'}")
    for values, value, what in (
        (said.code_challenge_methods_supported, "S256", "PKCE with S256"),
        (said.response_types_supported, "code", "the response type code"),
        (said.grant_types_supported, "authorization_code", "authorization codes"),
        (said.grant_types_supported, "refresh_token", "refresh tokens"),
        (said.token_endpoint_auth_methods_supported, "none", "clients without a secret"),
    ):
        need(value in values, f"{what} is not in the metadata")
    need(said.authorization_response_iss_parameter_supported, "iss in answers (RFC 9207) is not announced")
    need(said.client_id_metadata_document_supported, "clients' own documents are not announced")
    server.authorization = said
    return f"issuer {said.issuer}: PKCE, iss, registration, clients' documents, revoking"


def _sign_in(client: PlayedClient, server: ExaminedServer) -> str:
    _needs_sign_in(server)
    if server.authorization is None:
        raise Skipped("the metadata that clients sign in with is not as it should be")
    if not server.keeps_secrets:
        raise Skipped("the address is not encrypted: the passphrase is not sent there")
    request = client.request(server)
    code = use_passphrase(server, client, request, server.ask_passphrase())
    tokens = exchange(server, request, code)
    server.granted.append(GrantedAccess(client.name, request.client_id, tokens))
    need(tokens.token_type.lower() == "bearer", f"the token is of the type {tokens.token_type}")
    need(server.accepts_token(tokens.access_token), "the tools do not accept the token")
    renewed = refresh(server, request, tokens)
    server.granted[-1] = GrantedAccess(client.name, request.client_id, renewed)
    need(renewed.refresh_token != tokens.refresh_token, "a refresh gives the same refresh token again")
    need(server.accepts_token(renewed.access_token), "the tools do not accept the token of a refresh")
    server.token = server.token or renewed.access_token
    return f"passphrase, code, token, refresh, call; {'registered' if client.registers else 'own document'}"


def give_back(server: ExaminedServer) -> None:
    """Gives back all tokens and sessions. Raises NoAnswer if one failed, after it has tried all."""
    tokens = [(granted.tokens.refresh_token, granted.client_id) for granted in server.granted]
    tokens += [(session, "") for session in server.sessions]
    server.granted, server.sessions = [], []
    trouble = None
    for token, client_id in tokens:
        try:
            revoke(server, token, client_id)
        except NoAnswer as error:
            trouble = error
    if trouble:
        raise trouble


def _given_back(server: ExaminedServer) -> str:
    if not server.granted and not server.sessions:
        raise Skipped("none was given")
    tokens = {granted.who: granted.tokens.access_token for granted in server.granted}
    sessions = len(server.sessions)
    give_back(server)
    for who, token in tokens.items():
        need(not server.accepts_token(token), f"the access of {who} still works")
    opened = server.http.get("/d/0", browser=True, Accept="text/html")
    need(opened.status in (303, 302, 401), "the browser is still signed in")
    return f"ended: {counted(len(tokens), 'client')} and {counted(sessions, 'browser session')}"


def _needs_sign_in(server: ExaminedServer) -> None:
    if not server.signs_in:
        raise Skipped(
            "there is no sign-in"
            if server.signs_in is False
            else "it is not known whether the server has sign-in"
        )


SIGN_IN = (
    Check("sign-in metadata", _metadata, _CONNECT_ANEW),
    *(
        Check(f"sign in as {client.name}", functools.partial(_sign_in, client), _CONNECT_ANEW)
        for client in PLAYED_CLIENTS
    ),
)

GIVEN_BACK = Check(
    "access given back",
    _given_back,
    "`stackroom clients` shows what is left; `stackroom clients revoke ID` ends it.",
)
