"""Signing in as clients do it: what the authorization server says of itself, the dance, and giving back."""

import functools

from stackroom.cli.doctor.check import Check, Skipped, need
from stackroom.cli.doctor.examined_server import Held, Visit, same_place
from stackroom.cli.doctor.http import NoAnswer
from stackroom.cli.doctor.messages import AuthorizationServer
from stackroom.cli.doctor.oauth_steps import DANCERS, Dancer, exchange, refresh, revoke, use_passphrase

_WELL_KNOWN = "/.well-known/oauth-authorization-server"
_CONNECT_ANEW = (
    "Update Stackroom; then start the server with `--public-url` and the address that clients use."
)


def _metadata(visit: Visit) -> str:
    _needs_sign_in(visit)
    if visit.resource is None:
        raise Skipped("the server does not say where to sign in")
    if visit.is_local and not same_place(visit.home, visit.url):
        raise Skipped(f"clients sign in at its public URL: `stackroom doctor {visit.home}`")
    answer = visit.wire.get(_WELL_KNOWN)
    need(answer.status == 200, f"{_WELL_KNOWN} has status {answer.status}")
    said = AuthorizationServer.model_validate(answer.json())
    issuer = visit.resource.authorization_servers[0]
    need(said.issuer == issuer, f"the issuer is {said.issuer} here and {issuer} in the resource's metadata")
    for name in ("authorization", "token", "registration", "revocation"):
        endpoint = getattr(said, f"{name}_endpoint")
        need(visit.is_ours(endpoint), f"the {name} endpoint is {endpoint or 'not there'}")
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
    visit.authorization = said
    return f"issuer {said.issuer}: PKCE, iss, registration, clients' documents, revoking"


def _sign_in(dancer: Dancer, visit: Visit) -> str:
    _needs_sign_in(visit)
    if visit.authorization is None:
        raise Skipped("the metadata that clients sign in with is not as it should be")
    if not visit.keeps_secrets:
        raise Skipped("the address is not encrypted: the passphrase is not sent there")
    request = dancer.request(visit)
    code = use_passphrase(visit, dancer, request, visit.ask_passphrase())
    tokens = exchange(visit, request, code)
    visit.held.append(Held(dancer.name, request.client_id, tokens))
    need(tokens.token_type.lower() == "bearer", f"the token is of the type {tokens.token_type}")
    need(visit.is_let_in(tokens.access_token), "the tools do not accept the token")
    renewed = refresh(visit, request, tokens)
    visit.held[-1] = Held(dancer.name, request.client_id, renewed)
    need(renewed.refresh_token != tokens.refresh_token, "a refresh gives the same refresh token again")
    need(visit.is_let_in(renewed.access_token), "the tools do not accept the token of a refresh")
    visit.token = visit.token or renewed.access_token
    return f"passphrase, code, token, refresh, call; {'registered' if dancer.registers else 'own document'}"


def give_back(visit: Visit) -> None:
    """Ends all access that we were given. Raises NoAnswer, after it has tried them all."""
    tokens = [(held.tokens.refresh_token, held.client_id) for held in visit.held]
    tokens += [(session, "") for session in visit.sessions]
    visit.held, visit.sessions = [], []
    trouble = None
    for token, client_id in tokens:
        try:
            revoke(visit, token, client_id)
        except NoAnswer as error:
            trouble = error
    if trouble:
        raise trouble


def _given_back(visit: Visit) -> str:
    if not visit.held and not visit.sessions:
        raise Skipped("none was given")
    tokens = {held.who: held.tokens.access_token for held in visit.held}
    sessions = len(visit.sessions)
    give_back(visit)
    for who, token in tokens.items():
        need(not visit.is_let_in(token), f"what {who} was given still works")
    opened = visit.wire.get("/d/0", browser=True, Accept="text/html")
    need(opened.status in (303, 302, 401), "the browser is still signed in")
    return f"ended: {len(tokens)} clients and {sessions} browser sessions"


def _needs_sign_in(visit: Visit) -> None:
    if not visit.signs_in:
        raise Skipped(
            "there is no sign-in" if visit.signs_in is False else "whether it signs in is not clear"
        )


SIGN_IN = (
    Check("sign-in metadata", _metadata, _CONNECT_ANEW),
    *(
        Check(f"sign in as {dancer.name}", functools.partial(_sign_in, dancer), _CONNECT_ANEW)
        for dancer in DANCERS
    ),
)

GIVEN_BACK = Check(
    "access given back",
    _given_back,
    "`stackroom clients` shows what is left; `stackroom clients revoke ID` ends it.",
)
