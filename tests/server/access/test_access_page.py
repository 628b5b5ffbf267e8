"""The page on which the owner sees who has access, ends it, and makes tokens; and that nobody else can."""

import re
from urllib.parse import urlencode

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from mcp_clients import ask, serving
from owner import PASSPHRASE, PUBLIC, Assistant, Site, fill_in, form_key
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.room.pictures import Pictures
from stackroom.server.room.room import Room
from stackroom.server.room.routes import room_routes


@pytest.fixture
def owner(site: Site) -> TestClient:
    """The browser of the owner, who has signed in."""
    fill_in(site.browser, "/sign-in", PASSPHRASE)
    return site.browser


def press(browser: TestClient, path: str, **fields: str) -> Response:
    """Sends a form of the page, and opens what the answer leads to."""
    key = form_key(browser.get("/access"))
    return browser.post(path, data={"form_key": key, **fields}, follow_redirects=True)


def takers(site: Site) -> list[str]:
    """The paths of all forms of the reading room."""
    room = Room(Settings(data=site.folder), site.reader, site.access, https=True)
    return [route.path for route in room_routes(room, Pictures()) if route.methods == {"POST"}]


def names(site: Site) -> set[tuple[str, str]]:
    return {(grant.kind, grant.name) for grant in site.store.grants()}


def test_who_has_access(site: Site, owner: TestClient, chatgpt: Assistant) -> None:
    other = site.new_browser()
    fill_in(other, "/sign-in", PASSPHRASE)
    client = site.register("http://127.0.0.1/callback", client_name="<script>evil</script>")
    Assistant(site, str(client["client_id"]), "http://127.0.0.1/callback").tokens()
    chatgpt.tokens()
    site.store.new_static_token("backup script")
    page = owner.get("/access")
    assert page.status_code == 200
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert page.headers["Cache-Control"] == "private, no-cache"
    assert "ChatGPT" in page.text
    assert "answers go to chatgpt.com" in page.text
    assert "backup script" in page.text
    assert "&lt;script&gt;evil" in page.text
    assert "<script>evil" not in page.text
    assert page.text.count("(this one)") == 1
    assert page.text.count("<time datetime=") == 2 * len(site.store.grants())
    assert 'href="/access" aria-current="page"' in page.text


def test_ending_the_access_of_a_client(site: Site, owner: TestClient, chatgpt: Assistant) -> None:
    token = chatgpt.tokens()["access_token"]
    (grant,) = (grant for grant in site.store.grants() if grant.kind == "client")
    assert site.tools(token).status_code == 200
    page = press(owner, "/access/end", id=grant.id)
    assert "That access has ended." in page.text
    assert site.tools(token).status_code == 401
    assert "That access had ended before." in press(owner, "/access/end", id=grant.id).text
    assert "That access had ended before." in press(owner, "/access/end").text


def test_ending_ones_own_session_signs_out(site: Site, owner: TestClient) -> None:
    (grant,) = site.store.grants()
    key = form_key(owner.get("/access"))
    response = owner.post("/access/end", data={"form_key": key, "id": grant.id})
    assert (response.status_code, response.headers["Location"]) == (303, "/sign-in")
    assert owner.get("/access", headers={"Accept": "text/html"}).status_code == 303


def test_signing_out_all_other_browsers(site: Site, owner: TestClient) -> None:
    assert "Sign out all other browsers" not in owner.get("/access").text
    others = [site.new_browser() for _ in range(2)]
    for other in others:
        fill_in(other, "/sign-in", PASSPHRASE)
    site.store.new_static_token("script")
    assert "Sign out all other browsers (2)" in owner.get("/access").text
    assert "All other browsers are signed out." in press(owner, "/access/end-browsers").text
    assert [other.get("/access").status_code for other in others] == [401, 401]
    assert names(site) == {("browser", "Browser"), ("token", "script")}


def test_a_new_token_is_shown_once(site: Site, owner: TestClient) -> None:
    page = press(owner, "/access/token", name=" my  script ", passphrase=PASSPHRASE)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert f"{PUBLIC}/mcp" in page.text
    found = re.search(r"stackroom_static_[\w-]+", page.text)
    assert found
    assert site.tools(found[0]).status_code == 200
    assert ("token", "my script") in names(site)
    assert "stackroom_static_" not in owner.get("/access").text
    again = press(owner, "/access/token", name="my script", passphrase=PASSPHRASE)
    assert again.status_code == 400
    assert "There is a token named" in again.text


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"name": "script"}, 403, "That is not the passphrase."),
        ({"name": "a&b", "passphrase": "wrong but long enough"}, 403, 'value="a&amp;b"'),
        ({"passphrase": PASSPHRASE}, 400, "is not a name for a token"),
        ({"name": "<b>", "passphrase": PASSPHRASE}, 400, "&#39;&lt;b&gt;&#39; is not a name"),
    ],
)
def test_no_token_without_name_and_passphrase(
    site: Site, owner: TestClient, fields: dict[str, str], status: int, said: str
) -> None:
    page = press(owner, "/access/token", **fields)
    assert page.status_code == status
    assert said in page.text
    assert 'role="alert"' in page.text
    assert names(site) == {("browser", "Browser")}


def test_passphrases_can_not_be_tried_here_for_ever(site: Site, owner: TestClient) -> None:
    for _ in range(10):
        assert press(owner, "/access/token", name="x", passphrase="wrong " * 3).status_code == 403
    page = press(owner, "/access/token", name="x", passphrase=PASSPHRASE)
    assert page.status_code == 429
    assert int(page.headers["Retry-After"]) > 0
    assert names(site) == {("browser", "Browser")}


def test_an_address_makes_the_page_say_nothing_else(owner: TestClient) -> None:
    assert 'role="status"' not in owner.get("/access?done=You+won").text


def test_a_browser_that_has_not_signed_in_is_led_to_it(site: Site) -> None:
    page = site.browser.get("/access", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Location"]) == (303, "/sign-in?next=%2Faccess")


def test_a_button_of_a_page_that_was_signed_out_leads_back_to_that_page(site: Site) -> None:
    for path in takers(site):
        for page, leads_to in (("https://library.example/library?q=a+b", "/library?q=a+b"), ("", "/")):
            headers = {"Accept": "text/html", "Referer": page}
            refused = site.browser.post(path, data={"form_key": "x"}, headers=headers)
            assert refused.headers["Location"] == f"/sign-in?{urlencode({'next': leads_to})}", path


def test_no_assistant_and_no_other_site_can_press_a_button(site: Site, owner: TestClient) -> None:
    token = site.store.new_static_token("assistant")
    victim = site.new_browser()
    fill_in(victim, "/sign-in", PASSPHRASE)
    key = form_key(owner.get("/access"))
    (program,) = (grant.id for grant in site.store.grants() if grant.kind == "token")
    before = names(site), len(site.store.grants())
    bearer = {"Authorization": f"Bearer {token}"}
    fields = {"id": program, "name": "more", "passphrase": PASSPHRASE}
    paths = takers(site)
    assert {"/access/end", "/access/end-browsers", "/access/token", "/status/again", "/sign-out"} <= set(
        paths
    )
    for path in paths:
        assistant = site.new_browser()
        # A token, with and without a key that the assistant got from a page that anybody may see.
        assert assistant.post(path, data=fields, headers=bearer).status_code == 401, path
        own = {"form_key": form_key(assistant.get("/sign-in")), **fields}
        assert assistant.post(path, data=own, headers=bearer).status_code == 401, path
        # The owner's cookie, without the key, with a wrong one, and with that of another browser.
        assert owner.post(path, data=fields).status_code == 403, path
        assert owner.post(path, data={"form_key": "", **fields}).status_code == 403, path
        assert owner.post(path, data={"form_key": own["form_key"], **fields}).status_code == 403, path
        # A page of another site, even with the right key.
        elsewhere = {"Origin": "https://evil.example"}
        assert owner.post(path, data={"form_key": key, **fields}, headers=elsewhere).status_code == 403, path
        # A link is no form.
        assert owner.get(path, params={"form_key": key, **fields}).status_code in (404, 405), path
    assert (names(site), len(site.store.grants())) == before


def test_without_sign_in_the_page_says_how_to_get_it(reader: Reader) -> None:
    with serving(reader) as url:
        status, _, body = ask(url, "GET", "/access")
        assert status == 200
        assert b"because only programs on this machine reach the server" in body
        assert b"stackroom passphrase" in body
        assert ask(url, "POST", "/access/token", body="name=x")[0] in (404, 405)
    with serving(reader, settings=Settings(allow_anonymous=True)) as url:
        assert b"Whoever reaches it" in ask(url, "GET", "/access")[2]
