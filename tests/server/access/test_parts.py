"""The pieces of sign-in by themselves: passphrase, throttle, file, fetching a client's document."""

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from fastmcp.server.auth import ssrf

from owner import CHEAP, Clock
from stackroom.common.errors import AccessUnusable, UsageError
from stackroom.server.access import passphrase
from stackroom.server.access.client_documents import fetch_document
from stackroom.server.access.refusals import Refused
from stackroom.server.access.store import AccessStore, Tokens
from stackroom.server.limits.throttle import Throttle

# The passphrase


def test_a_passphrase_is_kept_as_a_salted_hash() -> None:
    first, second = (
        passphrase.hashed("correct horse battery", CHEAP),
        passphrase.hashed("correct horse battery", CHEAP),
    )
    assert first != second
    assert "horse" not in first
    assert passphrase.is_right("correct horse battery", first)
    assert not passphrase.is_right("Correct horse battery", first)
    assert passphrase.is_right("caf\u00e9 and \u2460 more", passphrase.hashed("cafe\u0301 and 1 more", CHEAP))


def test_the_real_cost_is_what_owasp_asks_for() -> None:
    assert (passphrase.COST.log_n, passphrase.COST.r, passphrase.COST.p) == (15, 8, 3)
    kept = passphrase.hashed("correct horse battery")
    assert kept.startswith("scrypt$15$8$3$")
    assert passphrase.is_right("correct horse battery", kept)


@pytest.mark.parametrize("text", ["", "elevenchars", "x" * 1001])
def test_passphrases_that_will_not_do(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        passphrase.check_new(text)
    assert not text or text not in str(refused.value)


def test_tries_come_back_with_time() -> None:
    clock = Clock()
    throttle = Throttle(2, 10.0, clock)
    assert [throttle.wait() for _ in range(3)] == [0.0, 0.0, 10.0]
    clock.now += 4
    assert throttle.wait() == pytest.approx(6.0)
    clock.now += 6
    assert throttle.wait() == 0.0
    throttle.give_back()
    assert throttle.wait() == 0.0
    clock.now += 1000
    assert [throttle.wait() for _ in range(3)] == [0.0, 0.0, 10.0]


# The file


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "access" / "access.sqlite3"
    before = os.umask(0)
    try:
        with AccessStore(path) as store:
            store.new_static_token("script")
            files = list(path.parent.iterdir())
            assert len(files) > 1
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "access.sqlite3"
    path.write_bytes(b"not a database, and long enough to be taken for one" * 100)
    with pytest.raises(AccessUnusable, match=r"access\.sqlite3.*stackroom passphrase"):
        AccessStore(path)
    path.unlink()
    AccessStore(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(AccessUnusable, match="another version"):
        AccessStore(path)
    (tmp_path / "file").touch()
    with pytest.raises(AccessUnusable, match="writable"):
        AccessStore(tmp_path / "file" / "access.sqlite3")


def test_tokens_are_not_shown_by_accident() -> None:
    assert "secret" not in f"{Tokens('secret', 'secret')!r} {Tokens('secret', 'secret')}"


def test_two_processes_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "access.sqlite3"
    with AccessStore(path) as server, AccessStore(path) as command:
        token = command.new_static_token("script")
        assert server.bearer(token) is not None
        with pytest.raises(UsageError, match="revoke script"):
            server.new_static_token("script")
        assert command.revoke_static_token("script")
        assert server.bearer(token) is None
        assert not command.revoke_static_token("script")


# Fetching


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/client.json",
        "https://localhost/client.json",
        "https://[::1]/client.json",
        "https://[::ffff:127.0.0.1]/client.json",
        "https://10.0.0.1/client.json",
        "https://192.168.1.1/client.json",
        "https://172.16.0.1/client.json",
        "https://100.64.0.1/client.json",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/client.json",
        "https://[fd00::1]/client.json",
        "https://0.0.0.0/client.json",
        "https://2130706433/client.json",
        "https://0x7f.1/client.json",
        "http://93.184.216.34/client.json",
        "https://93.184.216.34/",
        "ftp://93.184.216.34/client.json",
    ],
)
async def test_addresses_that_are_not_public_are_not_asked(url: str, outside: "Outside") -> None:
    with pytest.raises(Refused, match="public https"):
        await fetch_document(url)
    assert outside.asked == []


class Outside:
    """The internet: one host with a public address, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[httpx2.Request] = []
        self.answer: Callable[[], httpx2.Response] = lambda: httpx2.Response(200, content=b"{}")

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return self.answer()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    # FastMCP's own look-up and client are replaced: it takes no others, and tests use no network.
    outside = Outside()
    resolve, client = ssrf.resolve_hostname, httpx2.AsyncClient

    async def lookup(hostname: str, port: int = 443) -> list[str]:
        addresses = {"app.example": ["93.184.216.34"], "both.example": ["93.184.216.34", "127.0.0.1"]}
        return addresses.get(hostname) or await resolve(hostname, port)

    def connect(**options: object) -> httpx2.AsyncClient:
        assert options["follow_redirects"] is False
        return client(transport=httpx2.MockTransport(outside))

    monkeypatch.setattr(ssrf, "resolve_hostname", lookup)
    monkeypatch.setattr("fastmcp.server.auth.ssrf.httpx2.AsyncClient", connect)
    return outside


@pytest.mark.anyio
async def test_the_address_that_was_checked_is_the_one_that_is_asked(outside: Outside) -> None:
    """Else a name could have a public address when it is checked, and a private one a moment later."""
    assert await fetch_document("https://app.example/client.json") == b"{}"
    (request,) = outside.asked
    assert request.url.host == "93.184.216.34"
    assert request.headers["Host"] == "app.example"
    assert request.extensions["sni_hostname"] == "app.example"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("https://both.example/client.json", lambda: httpx2.Response(200, content=b"{}")),
        ("https://app.example/c", lambda: httpx2.Response(302, headers={"Location": "https://127.0.0.1/"})),
        ("https://app.example/c", lambda: httpx2.Response(200, content=b"x" * 10_001)),
        ("https://app.example/c", lambda: httpx2.Response(404)),
    ],
)
async def test_answers_that_are_not_taken(
    outside: Outside, url: str, answer: Callable[[], httpx2.Response]
) -> None:
    outside.answer = answer
    with pytest.raises(Refused):
        await fetch_document(url)
    assert len(outside.asked) <= 1


@pytest.mark.anyio
async def test_a_host_that_does_not_answer(outside: Outside) -> None:
    def never() -> httpx2.Response:
        raise httpx2.ReadTimeout("slow")

    outside.answer = never
    with pytest.raises(Refused, match="could not be fetched"):
        await fetch_document("https://app.example/client.json")
