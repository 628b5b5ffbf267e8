"""Asking the owner: what a client must send, what the owner sees, and what comes back."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from owner import (
    CHATGPT,
    CHATGPT_REDIRECT,
    CHEAP,
    PASSPHRASE,
    PUBLIC,
    Assistant,
    Site,
    answer,
    form_key,
)
from stackroom.server.access.passphrase import hashed

LOOPBACK = "http://127.0.0.1:{}/callback"


# Discovery


def test_one_string_is_the_issuer_everywhere(site: Site, chatgpt: Assistant) -> None:
    """`AnyHttpUrl` would append a slash in some places and not in others."""
    unauthorized = site.tools(None)
    assert unauthorized.status_code == 401
    found = re.search(r'resource_metadata="([^"]+)"', unauthorized.headers["WWW-Authenticate"])
    assert found
    assert found[1] == f"{PUBLIC}/.well-known/oauth-protected-resource/mcp"
    resource = site.browser.get(urlsplit(found[1]).path).json()
    assert resource["resource"] == f"{PUBLIC}/mcp"
    assert resource["authorization_servers"] == [PUBLIC]
    assert site.browser.get("/.well-known/oauth-protected-resource").json() == resource
    server = site.browser.get("/.well-known/oauth-authorization-server").json()
    assert server["issuer"] == PUBLIC
    for endpoint in ("authorization", "token", "registration", "revocation"):
        assert server[f"{endpoint}_endpoint"].startswith(f"{PUBLIC}/")
    assert answer(chatgpt.decide())["iss"] == PUBLIC


def test_metadata_says_what_chatgpt_and_claude_look_for(site: Site) -> None:
    server = site.browser.get("/.well-known/oauth-authorization-server").json()
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["authorization_response_iss_parameter_supported"] is True
    assert server["client_id_metadata_document_supported"] is True
    assert "none" in server["token_endpoint_auth_methods_supported"]
    assert "none" in server["revocation_endpoint_auth_methods_supported"]
    assert set(server["grant_types_supported"]) == {"authorization_code", "refresh_token"}


def test_a_second_transport_does_not_change_the_first(site: Site, chatgpt: Assistant) -> None:
    tokens = chatgpt.tokens()
    for path in ("/mcp", "/mcp/", "/sse", "/sse/"):
        described = site.browser.get(f"/.well-known/oauth-protected-resource{path}").json()
        assert described["resource"] == f"{PUBLIC}{path}"
        assert described["authorization_servers"] == [PUBLIC]
    assert site.tools(tokens["access_token"]).status_code == 200
    for path in ("/sse", "/sse/"):
        challenge = site.browser.get(path).headers["WWW-Authenticate"]
        assert f'resource_metadata="{PUBLIC}/.well-known/oauth-protected-resource/sse"' in challenge
    assert "/oauth-protected-resource/mcp" in site.tools(None).headers["WWW-Authenticate"]


# The answer to the client


def test_the_answer_carries_code_state_and_issuer(chatgpt: Assistant) -> None:
    response = chatgpt.decide()
    assert response.headers["Location"].startswith(CHATGPT_REDIRECT + "?")
    assert response.headers["Cache-Control"] == "no-store"
    given = answer(response)
    assert set(given) == {"code", "state", "iss"}
    assert given["state"] == chatgpt.state


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),  # which means plain
        ({"resource": "https://elsewhere.example/mcp"}, "invalid_target"),
        ({"resource": f"{PUBLIC}.evil.example/mcp"}, "invalid_target"),
        ({"resource": f"{PUBLIC}/other"}, "invalid_target"),
        ({"resource": f"{PUBLIC}/mcp#x"}, "invalid_target"),
        ({"resource": "https://[::1/mcp"}, "invalid_target"),
    ],
)
def test_errors_carry_the_issuer_too(chatgpt: Assistant, changes: dict[str, str | None], error: str) -> None:
    given = answer(chatgpt.ask(**changes))
    assert given["error"] == error
    assert (given["iss"], given["state"]) == (PUBLIC, chatgpt.state)
    assert "code" not in given


def test_refusing_is_an_answer_with_the_issuer(site: Site, chatgpt: Assistant) -> None:
    given = answer(chatgpt.decide(passphrase="", decision="deny"))
    assert (given["error"], given["iss"], given["state"]) == ("access_denied", PUBLIC, chatgpt.state)
    assert site.store.grants() == []


@pytest.mark.parametrize(
    "redirect_uri", ["https://evil.example/cb", "http://127.0.0.1:4321/cb", "evil://here/cb"]
)
@pytest.mark.parametrize("published", [False, True])
def test_no_browser_is_sent_to_a_client_that_was_never_let_in(
    site: Site, redirect_uri: str, published: bool
) -> None:
    """Anybody can register one, and send the owner a link with a mistake in it, or one to be refused."""
    if published:
        client_id = "https://evil.example/client.json"
        site.web.publish(client_id, client_name="Evil", redirect_uris=[redirect_uri])
    else:
        client_id = str(site.register(redirect_uri, client_name="Evil")["client_id"])
    client = Assistant(site, client_id, redirect_uri)
    wrong = (
        {"response_type": "token"},
        {"code_challenge": "short"},
        {"resource": "https://elsewhere.example"},
    )
    for changes in wrong:
        response = client.ask(**changes)
        assert (response.status_code, "Location" in response.headers) == (400, False)
        assert "Evil asked for access in a way that cannot be answered" in response.text
        assert redirect_uri not in response.text
        sent = site.browser.post(client.request(**changes), data={"decision": "deny"})
        assert (sent.status_code, "Location" in sent.headers) == (400, False)
    refusal = client.decide(passphrase="", decision="deny")
    assert (refusal.status_code, "Location" in refusal.headers) == (200, False)
    assert "Evil gets no access" in refusal.text
    assert redirect_uri not in refusal.text
    # Once the owner has sent an answer there, errors go there too.
    client.tokens()
    assert answer(client.ask(response_type="token"))["error"] == "unsupported_response_type"
    assert answer(client.decide(passphrase="", decision="deny"))["error"] == "access_denied"
    (grant,) = [grant for grant in site.store.grants() if grant.kind == "client"]
    site.store.revoke(grant.id)
    assert client.ask(response_type="token").status_code == 400


def test_one_address_of_a_client_says_nothing_of_its_others(site: Site) -> None:
    good, evil = "https://app.example/cb", "https://evil.example/cb"
    client_id = str(site.register(good, evil)["client_id"])
    Assistant(site, client_id, good).tokens()
    assert Assistant(site, client_id, good).ask(response_type="token").status_code == 303
    assert Assistant(site, client_id, evil).ask(response_type="token").status_code == 400


@pytest.mark.parametrize(
    "resource",
    [
        None,
        f"{PUBLIC}/mcp",
        f"{PUBLIC}/mcp/",
        "HTTPS://Library.Example:443/mcp",
        PUBLIC,
        f"{PUBLIC}/",
        f"{PUBLIC}/sse",
        f"{PUBLIC}/sse/",
    ],
)
def test_the_resource_as_people_type_it(site: Site, chatgpt: Assistant, resource: str | None) -> None:
    code = chatgpt.code(resource=resource)
    tokens = chatgpt.exchange(code, resource=resource).json()
    assert site.tools(tokens["access_token"]).status_code == 200


# Where the answer may go


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/",
        "https://chatgpt.com/connector_platform_oauth_redirect/",
        "https://chatgpt.com/connector_platform_oauth_redirect?x=1",
        "https://chatgpt.com.evil.example/connector_platform_oauth_redirect",
        "https://chatgpt.com@evil.example/connector_platform_oauth_redirect",
        "https://CHATGPT.com/connector_platform_oauth_redirect",
        "http://chatgpt.com/connector_platform_oauth_redirect",
        "https://chatgpt.com/connector/oauth/",
        "https://chatgpt.com/connector/oauth/a/b",
        "https://chatgpt.com/connector/oauth/../evil",
        "http://127.0.0.1:1234/callback",
        "",
        "javascript:alert(1)",
    ],
)
def test_an_answer_is_not_sent_where_the_client_did_not_say(chatgpt: Assistant, redirect_uri: str) -> None:
    response = chatgpt.ask(redirect_uri=redirect_uri or None)
    if not redirect_uri:
        assert response.status_code == 200  # the only one there is
        return
    assert response.status_code == 400
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    ("client_id", "redirect_uri"),
    [
        (CHATGPT, CHATGPT_REDIRECT),
        (CHATGPT, "https://chatgpt.com/connector/oauth/Ab_c-9"),
        ("https://chatgpt.com/oauth/Ab_c-9/client.json", "https://chatgpt.com/connector/oauth/Ab_c-9"),
        ("https://chatgpt.com/oauth/codex/client.json", "http://127.0.0.1:53211/callback"),
        ("https://claude.ai/oauth/mcp-oauth-client-metadata", "https://claude.ai/api/mcp/auth_callback"),
        ("https://claude.ai/oauth/mcp-oauth-client-metadata", "https://claude.com/api/mcp/auth_callback"),
        ("https://claude.ai/oauth/claude-code-client-metadata", "http://localhost:3118/callback"),
    ],
)
def test_known_clients_are_not_looked_up(site: Site, client_id: str, redirect_uri: str) -> None:
    client = Assistant(site, client_id, redirect_uri)
    assert site.tools(client.tokens()["access_token"]).status_code == 200
    assert site.web.fetched == []


def test_a_program_on_this_machine_may_use_any_port(site: Site) -> None:
    """As Claude Code does: it registers one port, and is given another the next time."""
    registered = site.register(LOOPBACK.format(1111), client_name="Claude Code")
    client_id = str(registered["client_id"])
    for port in (1111, 2222, 65535):
        client = Assistant(site, client_id, LOOPBACK.format(port))
        assert site.tools(client.tokens()["access_token"]).status_code == 200
    for other in (
        "http://127.0.0.1:2222/other",
        "http://127.0.0.1:2222/callback?x=1",
        "http://localhost:2222/callback",
        "https://127.0.0.1:2222/callback",
        "http://127.0.0.1:2222@evil.example/callback",
        "http://127.0.0.1.evil.example:2222/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:2222/call\nback",
    ):
        assert Assistant(site, client_id, other).ask().status_code == 400


def test_a_redirect_keeps_its_own_query(site: Site) -> None:
    redirect = "https://app.example/cb?tenant=7&iss=other"
    registered = site.register(redirect)
    response = Assistant(site, str(registered["client_id"]), redirect).decide()
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    assert (query["tenant"], query["iss"]) == (["7"], [PUBLIC])


def test_a_parameter_must_not_be_there_twice(site: Site, chatgpt: Assistant) -> None:
    response = site.browser.get(chatgpt.request() + "&redirect_uri=https://evil.example")
    assert response.status_code == 400


# The page


def test_the_page_names_the_client_and_where_the_answer_goes(site: Site, chatgpt: Assistant) -> None:
    page = chatgpt.ask().text
    assert "May ChatGPT read your library?" in page
    assert "published by chatgpt.com" in page
    registered = site.register("https://evil.example/cb", client_name="ChatGPT")
    page = Assistant(site, str(registered["client_id"]), "https://evil.example/cb").ask().text
    assert "not checked by anybody" in page
    assert "<dd>evil.example</dd>" in page


def test_names_cannot_change_the_page(site: Site) -> None:
    name = "<script>alert(1)</script>\u202eevil\n\x00" + "x" * 500
    registered = site.register("https://app.example/cb", client_name=name)
    page = Assistant(site, str(registered["client_id"]), "https://app.example/cb").ask().text
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\x00" not in page
    assert "x" * 100 not in page


def test_the_page_cannot_be_framed_and_loads_nothing(chatgpt: Assistant) -> None:
    headers = chatgpt.ask().headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    # With no-referrer a browser sends `Origin: null`, which the guard of origins refuses.
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("redirect_uri", "source"),
    [
        ("https://app.example/cb", "https:"),  # and where the client's site sends the browser next
        ("http://127.0.0.1:4321/callback", "http://127.0.0.1:4321"),
        ("http://localhost:4321/callback", "http://localhost:4321"),
        ("http://[::1]:4321/callback", "http:"),
    ],
)
def test_the_policy_lets_the_callback_through(site: Site, redirect_uri: str, source: str) -> None:
    registered = site.register(redirect_uri)
    policy = (
        Assistant(site, str(registered["client_id"]), redirect_uri).ask().headers["Content-Security-Policy"]
    )
    assert f"form-action 'self' {source};" in policy


# The passphrase


def test_a_wrong_passphrase_grants_nothing(site: Site, chatgpt: Assistant) -> None:
    for wrong in ("", "wrong", PASSPHRASE + "x", "x" * 5000):
        response = chatgpt.decide(passphrase=wrong)
        assert response.status_code == 403
        assert "That is not the passphrase." in response.text
        assert "stackroom-session" not in response.headers.get("Set-Cookie", "")
    assert site.store.grants() == []


def test_guessing_is_slowed_down(site: Site, chatgpt: Assistant) -> None:
    statuses = [chatgpt.decide(passphrase="wrong").status_code for _ in range(12)]
    assert statuses == [403] * 10 + [429] * 2
    right = chatgpt.decide()
    assert right.status_code == 429  # also the right one: otherwise guessing would go on
    assert int(right.headers["Retry-After"]) <= 7
    site.clock.now += 7
    assert "code" in answer(chatgpt.decide())
    for _ in range(20):
        assert "code" in answer(chatgpt.decide())  # the right one costs nothing
        site.clock.now += 6


def test_another_site_cannot_send_the_form(site: Site, chatgpt: Assistant) -> None:
    page = chatgpt.ask()
    key = form_key(page)
    stranger = site.new_browser()
    fields = {"passphrase": PASSPHRASE, "decision": "allow"}
    without_cookie = stranger.post(chatgpt.request(), data={"form_key": key, **fields})
    without_key = site.browser.post(chatgpt.request(), data=fields)
    of_another = site.browser.post(
        chatgpt.request(), data={"form_key": form_key(stranger.get(chatgpt.request())), **fields}
    )
    foreign = site.browser.post(
        chatgpt.request(), data={"form_key": key, **fields}, headers={"Origin": "https://evil.example"}
    )
    for response in (without_cookie, without_key, of_another, foreign):
        assert response.status_code == 403
        assert "Location" not in response.headers
    assert site.store.grants() == []
    cookie = page.headers["Set-Cookie"]
    assert "__Host-stackroom-form=" in cookie
    assert "HttpOnly" in cookie
    own = site.browser.post(chatgpt.request(), data={"form_key": key, **fields}, headers={"Origin": PUBLIC})
    assert "code" in answer(own)


def test_without_a_passphrase_nobody_gets_in(site: Site, chatgpt: Assistant) -> None:
    with site.store.kept.writing() as sql:
        sql.execute("DELETE FROM owner")
    response = chatgpt.decide()
    assert response.status_code == 503
    assert "stackroom passphrase" in response.text


def test_a_new_passphrase_signs_everybody_out(site: Site, chatgpt: Assistant) -> None:
    tokens, program = chatgpt.tokens(), site.store.new_static_token("script")
    code = chatgpt.code()
    assert site.pdf().status_code == 200
    assert (
        site.store.set_passphrase(hashed("another long passphrase", CHEAP)) == 4
    )  # two clients, two sign-ins
    assert site.tools(tokens["access_token"]).status_code == 401
    assert chatgpt.refresh(tokens["refresh_token"]).status_code == 400
    assert chatgpt.exchange(code).status_code == 400
    assert site.pdf().status_code == 303
    assert site.tools(program).status_code == 200
    assert chatgpt.decide().status_code == 403
    assert "code" in answer(chatgpt.decide(passphrase="another long passphrase"))
