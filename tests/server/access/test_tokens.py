"""What a client has after it was allowed in, and how it ends."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from httpx2 import Response
from psycopg import sql

from owner import CHATGPT, PUBLIC, Assistant, Site
from stackroom.common.postgres.address import StoreAddress
from stackroom.reading.reader import Reader
from stackroom.server.access.refusals import Refused
from stackroom.server.access.store import ACCESS_SECONDS, AccessStore, Tokens


def refused(response: Response, error: str) -> None:
    """Checks an error about the token: always 400, which makes a client ask its user again."""
    assert response.status_code == 400
    assert response.json()["error"] == error
    assert response.headers["Cache-Control"] == "no-store"


def test_tokens_open_the_tools(site: Site, chatgpt: Assistant) -> None:
    tokens = chatgpt.tokens()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == ACCESS_SECONDS
    assert site.tools(tokens["access_token"]).json()["result"]["tools"][0]["name"] == "search"
    assert site.tools(tokens["access_token"], "/mcp/").status_code == 200
    for wrong in ("wrong", tokens["refresh_token"], tokens["access_token"] + "x", "a b"):
        response = site.tools(wrong)
        assert response.status_code == 401
        assert "resource_metadata=" in response.headers["WWW-Authenticate"]
        assert wrong not in response.text


def test_access_tokens_expire(site: Site, chatgpt: Assistant) -> None:
    tokens = chatgpt.tokens()
    site.clock.now += ACCESS_SECONDS - 1
    assert site.store.bearer(tokens["access_token"]) is not None
    site.clock.now += 2
    assert site.store.bearer(tokens["access_token"]) is None
    assert "access_token" in chatgpt.refresh(tokens["refresh_token"]).json()


# Codes


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"redirect_uri": "https://chatgpt.com/connector/oauth/other"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"client_id": "https://claude.ai/oauth/mcp-oauth-client-metadata"}, "invalid_grant"),
        ({"client_id": None}, "invalid_request"),
        ({"resource": "https://elsewhere.example/mcp"}, "invalid_target"),
        ({"resource": f"{PUBLIC}/sse"}, "invalid_target"),
        ({"code": "wrong"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
    ],
)
def test_a_code_is_bound_to_its_request(
    site: Site, chatgpt: Assistant, changes: dict[str, str | None], error: str
) -> None:
    code = chatgpt.code()
    refused(chatgpt.exchange(code, **changes), error)
    assert chatgpt.exchange(code).status_code == 200  # the client itself still can


def test_a_code_expires(site: Site, chatgpt: Assistant) -> None:
    code = chatgpt.code()
    site.clock.now += 121
    refused(chatgpt.exchange(code), "invalid_grant")
    assert [grant.kind for grant in site.store.grants()] == ["browser"]


def test_a_code_that_comes_twice_ends_the_grant(site: Site, chatgpt: Assistant) -> None:
    code = chatgpt.code()
    tokens = chatgpt.exchange(code).json()
    refused(chatgpt.exchange(code), "invalid_grant")
    assert site.tools(tokens["access_token"]).status_code == 401
    refused(chatgpt.refresh(tokens["refresh_token"]), "invalid_grant")


def test_a_code_works_once_however_many_ask(site: Site, chatgpt: Assistant) -> None:
    code = chatgpt.code()
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: chatgpt.exchange(code).status_code, range(8)))
    assert statuses.count(200) == 1


# Refreshing


def test_refresh_tokens_rotate(site: Site, chatgpt: Assistant) -> None:
    first = chatgpt.tokens()
    site.clock.now += 30 * 24 * 3600
    second = chatgpt.refresh(first["refresh_token"], resource=f"{PUBLIC}/mcp").json()
    assert not {first["access_token"], first["refresh_token"]} & {
        second["access_token"],
        second["refresh_token"],
    }
    site.clock.now += 80 * 24 * 3600
    third = chatgpt.refresh(second["refresh_token"]).json()
    assert site.tools(third["access_token"]).status_code == 200
    site.clock.now += 91 * 24 * 3600  # unused for so long
    refused(chatgpt.refresh(third["refresh_token"]), "invalid_grant")


def test_a_refresh_token_that_comes_twice_ends_the_family(site: Site, chatgpt: Assistant) -> None:
    other = chatgpt.tokens()
    first = chatgpt.tokens()
    second = chatgpt.refresh(first["refresh_token"]).json()
    third = chatgpt.refresh(second["refresh_token"]).json()
    refused(chatgpt.refresh(first["refresh_token"]), "invalid_grant")
    refused(chatgpt.refresh(third["refresh_token"]), "invalid_grant")
    for tokens in (first, second, third):
        assert site.tools(tokens["access_token"]).status_code == 401
    assert site.tools(other["access_token"]).status_code == 200


def test_a_refresh_token_that_is_repeated_at_once_gets_the_same_tokens(
    site: Site, chatgpt: Assistant
) -> None:
    """Two windows of a client share its tokens and refresh at the same moment; or an answer is lost."""
    first = chatgpt.tokens()
    second = chatgpt.refresh(first["refresh_token"]).json()
    site.clock.now += 9
    assert chatgpt.refresh(first["refresh_token"], resource=f"{PUBLIC}/mcp").json() == second
    assert site.tools(second["access_token"]).status_code == 200
    site.clock.now += 2
    third = chatgpt.refresh(second["refresh_token"]).json()
    assert site.tools(third["access_token"]).status_code == 200
    site.clock.now += 11
    refused(chatgpt.refresh(second["refresh_token"]), "invalid_grant")
    assert site.tools(third["access_token"]).status_code == 401
    assert "client" not in {grant.kind for grant in site.store.grants()}


def test_a_repeat_is_for_the_client_alone(site: Site, chatgpt: Assistant) -> None:
    first = chatgpt.tokens()
    second = chatgpt.refresh(first["refresh_token"]).json()
    another = str(site.register("https://app.example/cb")["client_id"])
    refused(chatgpt.refresh(first["refresh_token"], client_id=another), "invalid_grant")
    refused(chatgpt.refresh(first["refresh_token"], resource="https://elsewhere.example"), "invalid_target")
    assert chatgpt.refresh(first["refresh_token"]).json() == second
    site.clock.now -= 11  # setting the clock back opens nothing
    refused(chatgpt.refresh(first["refresh_token"]), "invalid_grant")


def test_however_many_repeat_it_at_once_all_get_the_same_tokens(site: Site, chatgpt: Assistant) -> None:
    """Two servers, each with a connection of its own."""
    token = chatgpt.tokens()["refresh_token"]
    with AccessStore(site.where, clock=site.clock) as other, ThreadPoolExecutor(8) as threads:
        stores = [site.store, other] * 8
        pairs = list(threads.map(lambda store: store.refresh(token, chatgpt.client_id, None), stores))
    assert len({(pair.access, pair.refresh) for pair in pairs}) == 1
    assert site.tools(pairs[0].access).status_code == 200


def test_however_many_send_a_code_at_once_one_gets_tokens(site: Site, chatgpt: Assistant) -> None:
    code = chatgpt.code()

    def redeem(store: AccessStore) -> Tokens | None:
        try:
            return store.redeem(code, chatgpt.client_id, chatgpt.redirect_uri, chatgpt.verifier, None)
        except Refused:
            return None

    with AccessStore(site.where, clock=site.clock) as other, ThreadPoolExecutor(8) as threads:
        given = [tokens for tokens in threads.map(redeem, [site.store, other] * 8) if tokens]
    assert len(given) == 1
    # One of the others may have stolen it.
    assert site.tools(given[0].access).status_code == 401
    assert "client" not in {grant.kind for grant in site.store.grants()}


def repeats(site: Site) -> int:
    with site.store.kept.connection() as sql:
        return int(sql.execute("SELECT count(*) FROM repeats").fetchone()[0])


def test_what_makes_the_same_tokens_again_is_not_kept(site: Site, chatgpt: Assistant) -> None:
    first = chatgpt.tokens()
    chatgpt.refresh(first["refresh_token"])
    assert repeats(site) == 1
    site.clock.now += 11
    site.store.grants()
    assert repeats(site) == 0


@pytest.mark.parametrize("client_id", ["nobody", "https://app.example/client.json"])
def test_a_client_that_is_not_known_is_told_to_register(
    site: Site, chatgpt: Assistant, client_id: str
) -> None:
    """As after the data folder was made anew (RFC 6749, 5.2)."""
    token = chatgpt.tokens()["refresh_token"]
    for response in (
        chatgpt.refresh(token, client_id=client_id),
        chatgpt.exchange("a code", client_id=client_id),
    ):
        assert response.status_code == 401
        assert response.json()["error"] == "invalid_client"
        assert response.headers["Cache-Control"] == "no-store"
        assert "WWW-Authenticate" in response.headers
    assert site.web.fetched == []
    refused(chatgpt.refresh("wrong"), "invalid_grant")  # known, though it never registered


def test_a_refresh_token_is_bound_to_its_client_and_resource(site: Site, chatgpt: Assistant) -> None:
    tokens = chatgpt.tokens()
    another = str(site.register("https://app.example/cb")["client_id"])
    refused(chatgpt.refresh(tokens["refresh_token"], client_id=another), "invalid_grant")
    refused(chatgpt.refresh(tokens["refresh_token"], resource="https://elsewhere.example"), "invalid_target")
    refused(chatgpt.refresh(tokens["access_token"]), "invalid_grant")
    assert chatgpt.refresh(tokens["refresh_token"]).status_code == 200


def test_a_token_is_for_the_address_it_was_made_for(site: Site, chatgpt: Assistant, reader: Reader) -> None:
    """The same data folder behind another tunnel: the base provider would not look at the audience."""
    tokens, program = chatgpt.tokens(), site.store.new_static_token("script")
    elsewhere = Site(reader, site.where, url="https://other.example", clock=site.clock)
    assert elsewhere.tools(tokens["access_token"]).status_code == 401
    assert elsewhere.tools(program).status_code == 200
    elsewhere.access.close()


# The end


def test_a_public_client_can_give_its_tokens_back(site: Site, chatgpt: Assistant) -> None:
    """The SDK's endpoint wants a secret for that."""
    tokens = chatgpt.tokens()

    def revoke(**form: str) -> int:
        return site.browser.post("/revoke", data=form).status_code

    assert revoke(token=tokens["access_token"], client_id="another") == 200
    assert site.tools(tokens["access_token"]).status_code == 200
    assert revoke(token=tokens["access_token"], client_id=chatgpt.client_id) == 200
    assert site.tools(tokens["access_token"]).status_code == 401
    tokens = chatgpt.refresh(tokens["refresh_token"]).json()
    assert revoke(token=tokens["refresh_token"], token_type_hint="refresh_token") == 200
    assert site.tools(tokens["access_token"]).status_code == 401
    refused(chatgpt.refresh(tokens["refresh_token"]), "invalid_grant")
    assert revoke(token="wrong") == 200
    assert revoke(client_id="x") == 400
    program = site.store.new_static_token("script")
    assert revoke(token=program) == 200
    assert site.tools(program).status_code == 200  # the owner's, to be ended by the owner


def test_a_browser_can_give_its_session_back(site: Site, chatgpt: Assistant) -> None:
    chatgpt.decide()
    (session,) = [value for name, value in site.browser.cookies.items() if name.endswith("session")]
    assert site.browser.post("/revoke", data={"token": session, "client_id": CHATGPT}).status_code == 200
    assert site.pdf().status_code == 200  # a client has no session to end
    assert site.browser.post("/revoke", data={"token": session}).status_code == 200
    assert site.pdf().status_code == 303
    assert "browser" not in {grant.kind for grant in site.store.grants()}


def test_the_owner_ends_access_at_once(site: Site, chatgpt: Assistant) -> None:
    tokens = chatgpt.tokens()
    (grant,) = [grant for grant in site.store.grants() if grant.kind == "client"]
    assert grant.name == "ChatGPT"
    assert site.store.revoke(grant.id)
    assert not site.store.revoke(grant.id)
    assert site.tools(tokens["access_token"]).status_code == 401
    refused(chatgpt.refresh(tokens["refresh_token"]), "invalid_grant")


def test_access_survives_a_restart(site: Site, chatgpt: Assistant, reader: Reader) -> None:
    tokens = chatgpt.tokens()
    cookies = site.browser.cookies
    again = Site(reader, site.where, clock=site.clock)
    again.browser.cookies = cookies
    assert again.tools(tokens["access_token"]).status_code == 200
    assert again.pdf().status_code == 200
    assert "access_token" in Assistant(again).refresh(tokens["refresh_token"]).json()
    again.access.close()


def test_when_a_grant_was_used(site: Site, chatgpt: Assistant) -> None:
    tokens = chatgpt.tokens()
    for seconds, seen in ((30, 0), (60, 90), (30, 90)):
        site.clock.now += seconds
        site.tools(tokens["access_token"])
        (grant,) = [grant for grant in site.store.grants() if grant.kind == "client"]
        assert grant.last_used - grant.created == seen


# Secrets


def on_disk(where: Path | StoreAddress) -> bytes:
    """All that is kept: of a store, all values of all tables."""
    if isinstance(where, Path):
        return b"".join(path.read_bytes() for path in where.parent.iterdir())
    with psycopg.connect(where.url) as db:
        found = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'stackroom'").fetchall()
        tables = [sql.Identifier("stackroom", name) for (name,) in found]
        rows = [row for table in tables for row in db.execute(sql.SQL("SELECT * FROM {}").format(table))]
    assert len(rows) > 10
    return b" ".join(
        value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
    )


def test_nothing_that_opens_the_door_is_on_disk_or_in_a_log(
    site: Site,
    chatgpt: Assistant,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(0)
    chatgpt.decide(passphrase="not the right words")
    code = chatgpt.code()
    tokens = chatgpt.exchange(code).json()
    program = site.store.new_static_token("script")
    for token in (tokens["access_token"], program, "stackroom_access_unknown"):
        site.tools(token)
    chatgpt.refresh(tokens["refresh_token"])
    chatgpt.refresh(tokens["refresh_token"])
    assert site.pdf().status_code == 200
    cookies = [value for name, value in site.browser.cookies.items() if "session" in name]
    renewed = chatgpt.tokens()
    again = chatgpt.refresh(renewed["refresh_token"]).json()
    site.store.grants()
    site.store.close()
    secrets = [*tokens.values(), program, code, *cookies, chatgpt.verifier]
    secrets += [*renewed.values(), *again.values()]
    secrets += ["not the right words", "four unrelated words here", "stackroom_access_unknown"]
    disk = on_disk(site.where)
    # The test's own client logs the addresses that it asks for; the server's side of the log is what counts.
    told = "".join(
        record.getMessage() + str(record.exc_text)
        for record in caplog.records
        if not record.name.startswith("http")
    )
    told += "".join(capfd.readouterr())
    for secret in secrets:
        if isinstance(secret, str) and len(secret) > 10:
            assert secret.encode() not in disk
            assert secret not in told
    assert re.search("wrong passphrase", told)


@pytest.mark.parametrize("path", ["/token", "/revoke", "/authorize", "/sign-in"])
def test_bodies_that_make_no_sense(site: Site, chatgpt: Assistant, path: str) -> None:
    path = chatgpt.request() if path == "/authorize" else path
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body, headers in (
        (b"{}", {"Content-Type": "application/json"}),
        (b"token=" + b"a" * 30_000, form),
        (b"token=a&token=b", form),
        (b"token=\xff", form),
        (b"a=1&" * 100, form),
        (b"", form),
    ):
        assert site.browser.post(path, content=body, headers=headers).status_code in (400, 403)
