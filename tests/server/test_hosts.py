"""By which names the server may be asked, and by pages of which sites."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from commands import stackroom_here
from mcp_clients import ask, rpc, serving
from owner import CHEAP, PASSPHRASE
from stackroom.cli.arguments import parse, settings_of
from stackroom.common.errors import SettingsError
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.passphrase import hashed
from stackroom.server.access.store import AccessStore
from stackroom.server.application import create_application
from stackroom.server.limits.host_names import HostNames
from stackroom.server.limits.rates import Refusals

EVERYWHERE = "0.0.0.0"  # noqa: S104  nothing is bound
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version",
}

# Names


@pytest.mark.parametrize(
    "host",
    [
        *("nas.local", "nas.local:8841", "NAS.Local", "nas.local.", "stackroom", "stackroom:8000"),
        *("host.docker.internal:8841", "nas.lan", "nas.home.arpa", "db.corp", "a.b.home", "pi_4.localdomain"),
        *("192.168.1.7:8000", "192.168.1.7", "[fd00::7]:8000", "10.0.0.1", "203.0.113.9"),
        *(
            "localhost",
            "127.0.0.1:1",
            "[::1]",
            "stackroom.localhost",
            "library.example.com",
            "box.fritz.box:80",
        ),
    ],
)
def test_names_that_only_a_local_network_has(host: str) -> None:
    names = HostNames("https://library.example.com", EVERYWHERE, ["box.fritz.box"])
    assert names.is_ours(host)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "nas.local.evil.example",
            "local.example",
            "127.0.0.1.evil.example",
            "evil.fritz.box",
        ),
        *("", ":8000", "[::1", "nas.local@evil.example", "evil.example/.local", "xlocal.com", ".local"),
        *("evil.example@nas.local", "evil.example\\.localhost", "nas.local,evil.example", "127.0.0.1:x"),
    ],
)
def test_names_that_a_stranger_may_own(host: str) -> None:
    names = HostNames("https://library.example.com", EVERYWHERE, ["box.fritz.box"])
    assert not names.is_ours(host)


@pytest.mark.parametrize("host", ["nas.local", "stackroom", "host.docker.internal", "evil.example"])
def test_who_can_reach_only_this_machine_by_a_trick_is_not_answered(host: str) -> None:
    assert not HostNames("http://127.0.0.1:8000", "127.0.0.1").is_ours(host)
    assert HostNames("http://127.0.0.1:8000", "127.0.0.1", [host]).is_ours(host)


@pytest.mark.parametrize(
    ("origin", "host", "let_in"),
    [
        ("https://claude.ai", "nas.local", True),
        ("https://CLAUDE.ai:443", "nas.local", True),
        ("http://claude.ai", "nas.local", False),
        ("https://claude.ai.evil.example", "nas.local", False),
        ("https://library.example.com", "nas.local", True),
        ("http://nas.local:8000", "nas.local:8000", True),
        ("https://nas.local", "nas.local", True),  # a proxy has taken the encryption off
        ("http://nas.local:9000", "nas.local:8000", False),
        ("http://localhost:6274", "127.0.0.1:8000", True),
        ("http://localhost:6274", "nas.local", False),
        ("http://evil.example", "127.0.0.1:8000", False),
        ("null", "127.0.0.1:8000", False),
        ("file://", "127.0.0.1:8000", False),
        ("http://[", "127.0.0.1:8000", False),
    ],
)
def test_whose_pages_may_ask(origin: str, host: str, let_in: bool) -> None:
    assert HostNames("https://library.example.com", EVERYWHERE).may_ask(origin, host) == let_in


def test_further_names_are_a_setting() -> None:
    assert Settings.read({}).allow_host == ()
    read = Settings.read({"STACKROOM_ALLOW_HOST": "NAS.fritz.box, nas.example.com:8000 box."})
    assert read.allow_host == ("nas.fritz.box", "nas.example.com", "box")
    arguments = parse(["serve", "--allow-host", "a.example", "--allow-host", "b.example"])
    assert settings_of(arguments).allow_host == ("a.example", "b.example")
    for wrong in ("http://nas.local", "nas.local/mcp", "*", "a..b", "nas local?"):
        with pytest.raises(
            SettingsError, match=r"--allow-host must be the name of a host, such as nas\.example\.com"
        ):
            Settings.read({}, allow_host=[wrong])
    refused = stackroom_here("serve", "--allow-host", "https://nas.local")
    assert (refused.returncode, "the name of a host" in refused.stderr) == (2, True)


# Over HTTP


@pytest.fixture(scope="module")
def network(reader: Reader) -> Iterator[tuple[str, Refusals]]:
    """A server that others can reach, without sign-in, and what it refused."""
    refusals = Refusals()
    application = create_application(
        Settings(allow_anonymous=True, allow_host=("nas.fritz.box",)),
        reader,
        "https://library.example.com",
        EVERYWHERE,
        refusals=refusals,
    )
    with serving(reader, application) as url:
        yield url, refusals


def test_a_server_for_the_network_answers_to_its_names_there(network: tuple[str, Refusals]) -> None:
    url, refusals = network
    for host in ("nas.local:8841", "stackroom", "library.example.com", "nas.fritz.box", "192.0.2.1:8000"):
        assert rpc(url, headers={"Host": host})[0] == 200
    before = refusals.total["requests by a name that is not the server's"]
    status, _, body = ask(url, "POST", "/mcp", {"Host": "nas.fritz.example:8000"}, "{}")
    assert status == 421
    assert b"`--allow-host nas.fritz.example`" in body
    assert b"STACKROOM_ALLOW_HOST=nas.fritz.example" in body
    assert ask(url, "GET", "/healthz", {"Host": "<b>"})[2].startswith(
        b"The request does not name this server"
    )
    assert refusals.total["requests by a name that is not the server's"] == before + 2


@pytest.mark.parametrize(
    ("twice", "status"),
    [
        (b"Host: nas.local\r\nHost: evil.example", 421),
        (b"Host: nas.local\r\nOrigin: https://claude.ai\r\nOrigin: https://evil.example", 403),
    ],
)
def test_what_is_said_twice_counts_as_nothing(
    network: tuple[str, Refusals], twice: bytes, status: int
) -> None:
    address = urlsplit(network[0])
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n%b\r\nConnection: close\r\n\r\n" % twice)
        assert connection.recv(1000).startswith(b"HTTP/1.1 %d " % status)


def test_pages_of_other_sites_get_nothing_of_it(network: tuple[str, Refusals]) -> None:
    url, refusals = network
    before = refusals.total["requests of pages of other sites"]
    for origin in ("https://evil.example", "null"):
        assert rpc(url, headers={"Origin": origin})[0] == 403
        status, headers, _ = ask(url, "OPTIONS", "/mcp", {"Origin": origin, **PREFLIGHT})
        assert status == 403
        assert not [name for name in headers if name.lower().startswith("access-control")]
    assert refusals.total["requests of pages of other sites"] == before + 4


@pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/sse", "/sse/", "/messages/?session_id=x"])
@pytest.mark.parametrize("origin", ["http://localhost:6274", "https://claude.ai"])
def test_a_browser_that_asks_first_is_told_that_it_may(url: str, origin: str, path: str) -> None:
    status, headers, body = ask(url, "OPTIONS", path, {"Origin": origin, **PREFLIGHT})
    assert (status, body) == (204, b"")
    assert headers["Access-Control-Allow-Origin"] == origin
    assert headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    assert headers["Access-Control-Allow-Headers"] == PREFLIGHT["Access-Control-Request-Headers"]
    assert "Access-Control-Allow-Credentials" not in headers  # the owner's cookie is for its own pages
    assert "Origin" in headers["Vary"]


def test_a_page_may_read_the_answers_to_what_it_sends(url: str) -> None:
    headers = {"Origin": "http://localhost:6274", "Content-Type": "application/json"}
    for body in ('{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}', "{", "a" * 100_001):
        _, answered, _ = ask(url, "POST", "/mcp", headers, body)
        assert answered["Access-Control-Allow-Origin"] == "http://localhost:6274"
        assert "Mcp-Session-Id" in answered["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in ask(url, "POST", "/mcp", {}, "{")[1]
    # Documents are for the owner's own browser.
    for path in ("/healthz", f"/d/{2:024x}"):
        assert "Access-Control-Allow-Origin" not in ask(url, "GET", path, headers)[1]
        assert ask(url, "OPTIONS", path, headers | PREFLIGHT)[0] == 405


def test_a_page_may_sign_in(reader: Reader, tmp_path: Path) -> None:
    with AccessStore(tmp_path / "access.sqlite3") as store:
        store.set_passphrase(hashed(PASSPHRASE, CHEAP))
        with serving(reader, access=lambda url: AccessControl(url, store)) as url:
            origin = {"Origin": "http://localhost:6274"}
            for method, path, expected in (
                ("POST", "/mcp", 401),
                ("GET", "/.well-known/oauth-protected-resource/mcp", 200),
                ("GET", "/.well-known/oauth-authorization-server", 200),
                ("POST", "/register", 400),
                ("POST", "/token", 0),
            ):
                assert ask(url, "OPTIONS", path, origin | PREFLIGHT)[0] == 204
                status, headers, _ = ask(url, method, path, origin, "" if method == "POST" else None)
                assert status == expected or not expected
                assert headers["Access-Control-Allow-Origin"] == origin["Origin"]
                assert "WWW-Authenticate" in headers["Access-Control-Expose-Headers"]
                status, headers, _ = ask(
                    url, "OPTIONS", path, {"Origin": "https://evil.example", **PREFLIGHT}
                )
                assert (status, headers["Access-Control-Allow-Origin"]) == (403, None)
