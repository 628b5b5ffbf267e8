"""The owner's browser: what is shown without a sign-in, and how it signs in."""

import json

import pytest

from owner import ONE_FILE, PASSPHRASE, Assistant, Site, fill_in
from shelf import Shelf
from stackroom.reading.reader import Reader
from stackroom.server.access.store import SESSION_SECONDS

DOCUMENT = f"/d/{2:024x}"


def test_documents_are_for_the_owner_alone(site: Site, shelf: Shelf) -> None:
    for method in ("GET", "HEAD"):
        response = site.browser.request(method, DOCUMENT)
        assert response.status_code == 401
        assert response.headers["Cache-Control"] == "no-store"
    sent = site.pdf()
    assert sent.status_code == 303
    assert sent.headers["Location"] == f"/sign-in?next=%2Fd%2F{2:024x}"
    back = fill_in(site.browser, sent.headers["Location"], PASSPHRASE)
    assert (back.status_code, back.headers["Location"]) == (303, DOCUMENT)
    opened = site.browser.get(f"{back.headers['Location']}/file")
    assert (opened.status_code, opened.content) == (200, (shelf.root / "2.pdf").read_bytes())


@pytest.mark.parametrize("of_it", ["", "/file", "/page/1.png", "/page/99.png", "/nothing"])
def test_whether_a_document_is_there_is_not_told(site: Site, of_it: str) -> None:
    there, not_there = site.browser.get(DOCUMENT + of_it), site.browser.get(f"/d/0123{of_it}")
    assert there.status_code in (401, 303)
    assert (there.status_code, there.text) == (not_there.status_code, not_there.text)


def test_figures_are_for_the_owner_alone(site: Site) -> None:
    assert site.browser.get("/metrics").status_code == 401
    fill_in(site.browser, "/sign-in", PASSPHRASE)
    assert site.browser.get("/metrics").text.startswith("# HELP stackroom_documents")


def test_allowing_a_client_in_signs_the_browser_in(site: Site, chatgpt: Assistant) -> None:
    assert site.pdf().status_code == 303
    chatgpt.decide()
    assert site.pdf().status_code == 200


def test_the_cookie(site: Site) -> None:
    response = fill_in(site.browser, "/sign-in", PASSPHRASE)
    assert "Signed in" in response.text
    cookie = response.headers["Set-Cookie"]
    name, _, attributes = cookie.partition(";")
    assert name.startswith("__Host-stackroom-session=")
    assert {part.strip().lower() for part in attributes.split(";")} == {
        "httponly",
        f"max-age={SESSION_SECONDS}",
        "path=/",
        "samesite=lax",
        "secure",
    }
    site.clock.now += SESSION_SECONDS - 1
    assert site.pdf().status_code == 200
    site.clock.now += 2
    assert site.pdf().status_code == 303


def test_without_https_the_cookie_is_not_secure(site: Site, reader: Reader) -> None:
    plain = Site(reader, site.where, url="http://localhost:8000", clock=site.clock)
    cookie = fill_in(plain.browser, "/sign-in", PASSPHRASE).headers["Set-Cookie"]
    assert cookie.startswith("stackroom-session=")
    assert "secure" not in cookie.lower()
    assert plain.pdf().status_code == 200
    plain.access.close()


def test_tokens_are_no_cookies_and_cookies_no_tokens(site: Site, chatgpt: Assistant) -> None:
    tokens = chatgpt.tokens()
    (session,) = [value for name, value in site.browser.cookies.items() if "session" in name]
    assert site.tools(session).status_code == 401
    site.browser.cookies.clear()
    for secret in (
        tokens["access_token"],
        tokens["refresh_token"],
        site.store.new_static_token("script"),
        "x",
    ):
        headers = {"Cookie": f"__Host-stackroom-session={secret}"}
        assert site.browser.get(DOCUMENT, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/a\\b",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        "d/x",
        "https://[",
        "",
    ],
)
def test_signing_in_leads_nowhere_else(site: Site, target: str) -> None:
    response = site.browser.get("/sign-in", params={"next": target})
    path = str(response.request.url)
    assert "Location" not in fill_in(site.browser, path, PASSPHRASE).headers


def test_signing_in_needs_our_form_and_is_slowed_down(site: Site) -> None:
    stranger = site.browser.post("/sign-in", data={"passphrase": PASSPHRASE, "form_key": "x"})
    assert stranger.status_code == 403
    assert "session" not in stranger.headers["Set-Cookie"]
    statuses = [fill_in(site.browser, "/sign-in", "wrong").status_code for _ in range(11)]
    assert statuses == [403] * 10 + [429]


def test_the_form_keeps_the_page_that_a_citation_names(site: Site) -> None:
    # The fragment stays in the browser's address as long as the form has no address of its own.
    assert "action=" not in site.browser.get("/sign-in?next=/d/x").text


@ONE_FILE
def test_when_nobody_can_say_who_is_signed_in(
    site: Site, chatgpt: Assistant, caplog: pytest.LogCaptureFixture
) -> None:
    chatgpt.decide()
    token = site.store.new_static_token("script")
    site.store.close()
    for response in (
        site.pdf(),
        site.tools(token),
        site.tools(token, "/sse"),
        chatgpt.refresh("x"),
        chatgpt.decide(),
    ):
        assert response.status_code == 503
        assert str(site.folder) not in response.text
    assert str(site.where) in caplog.text


def test_health_tells_strangers_nothing(site: Site) -> None:
    response = site.browser.get("/healthz")
    assert (response.status_code, json.loads(response.text)) == (200, {"status": "ok"})


def test_only_our_own_host_and_origins(site: Site, chatgpt: Assistant) -> None:
    tokens = chatgpt.tokens()
    for path in ("/healthz", "/sign-in", "/.well-known/oauth-authorization-server", DOCUMENT):
        assert site.browser.get(path, headers={"Host": "evil.example"}).status_code == 421
    for host in ("library.example", "library.example:443", "127.0.0.1:8000", "localhost"):
        assert site.browser.get("/healthz", headers={"Host": host}).status_code == 200
    for origin, status in (("https://chatgpt.com", 405), ("https://evil.example", 403), ("null", 403)):
        headers = {"Origin": origin, "Authorization": f"Bearer {tokens['access_token']}"}
        with site.new_browser() as browser:
            assert browser.get("/mcp", headers=headers).status_code == status
