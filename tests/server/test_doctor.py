"""`stackroom doctor` against the real server, on a real port."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commands import stackroom_here
from fakes import OneModel
from mcp_clients import rpc, serving
from owner import PASSPHRASE, PUBLIC
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.cli.doctor.check import Finding, Skipped, Verdict
from stackroom.cli.doctor.examination import examine
from stackroom.common.running import hold
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.store import AccessStore
from stackroom.server.monitoring.ledger import Ledger, newest

QUERY = "ferries dock"
SIGN_IN = {"sign-in metadata", "sign in as ChatGPT", "sign in as Claude", "sign in as Claude Code"}


@pytest.fixture(scope="module")
def long_reader(shelf: Shelf) -> Iterator[Reader]:
    """One more document, which comes in three parts."""
    shelf.add(13, *(f"Ferries dock on page {page}. {'Yes. ' * 150}\n" for page in range(1, 4)))
    with closing(
        Reader(Catalog(shelf.path), WordIndex(shelf.words), OneModel(shelf.embedder), "", 1000)
    ) as reader:
        yield reader


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """The ledger of a server."""
    return tmp_path / "calls.jsonl"


@pytest.fixture
def guarded(long_reader: Reader, store: AccessStore, calls: Path) -> Iterator[str]:
    """A server with sign-in."""
    with serving(
        long_reader, access=lambda url: AccessControl(url, store), ledger=Ledger(calls, "http")
    ) as url:
        yield url


class Owner:
    """Types a passphrase, as often as it is asked for."""

    def __init__(self, passphrase: str = PASSPHRASE) -> None:
        self._passphrase = passphrase
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        return self._passphrase


def nobody() -> str:
    raise Skipped("nobody is there")


def callers(calls: Path) -> set[str]:
    """Their names in the ledger: not of whom the doctor plays, for the owner reads there what they asked."""
    return {call["client"] for call in newest(calls, 999)}


def by_verdict(found: list[Finding]) -> dict[Verdict, set[str]]:
    return {verdict: {one.name for one in found if one.verdict is verdict} for verdict in Verdict}


@pytest.mark.parametrize("nobodys_name", ["local", "anonymous"])
def test_a_server_without_sign_in_is_fine(long_reader: Reader, calls: Path, nobodys_name: str) -> None:
    with serving(long_reader, ledger=Ledger(calls, "http", nobody=nobodys_name)) as url:
        found = by_verdict(list(examine(Settings(), url, QUERY, nobody)))
    assert callers(calls) == {f"Stackroom doctor ({nobodys_name})"}
    assert found[Verdict.FAILED] == set()
    assert found[Verdict.SKIPPED] - {"SSE"} == {"encrypted", "access given back", *SIGN_IN}
    assert found[Verdict.PASSED] >= {
        "foreign host",
        "MCP 2025-11-25",
        "MCP 2026-07-28",
        "tools",
        "bad arguments",
        "parts",
        "citations",
        "answer sizes",
        "latency",
    }


def test_a_server_with_sign_in_is_fine_and_keeps_no_trace(
    guarded: str, store: AccessStore, calls: Path
) -> None:
    found, listed = list[Finding](), set[str]()
    for finding in examine(Settings(), guarded, QUERY, Owner()):
        found.append(finding)
        listed |= {grant.name for grant in store.grants() if grant.kind == "client"}
    assert listed == {f"Stackroom doctor ({name})" for name in ("ChatGPT", "Claude", "Claude Code")}
    assert callers(calls) == {"Stackroom doctor (ChatGPT)"}
    names = by_verdict(found)
    assert names[Verdict.FAILED] == set()
    assert names[Verdict.SKIPPED] - {"SSE"} == {"encrypted"}
    assert names[Verdict.PASSED] >= {*SIGN_IN, "without a token", "citations", "access given back"}
    assert store.grants() == []
    assert PASSPHRASE not in str(found)


def test_what_was_given_is_given_back_when_it_is_interrupted(guarded: str, store: AccessStore) -> None:
    with closing(examine(Settings(), guarded, QUERY, Owner())) as found:
        while next(found).name != "sign in as Claude":
            pass
        assert {grant.kind for grant in store.grants()} == {"client", "browser"}
    assert store.grants() == []


def test_without_a_passphrase_what_needs_none_is_looked_at(guarded: str) -> None:
    found = list(examine(Settings(), guarded, QUERY, nobody))
    names = by_verdict(found)
    assert names[Verdict.FAILED] == set()
    assert names[Verdict.PASSED] >= {"foreign host", "without a token", "sign-in metadata"}
    assert {one.seen for one in found if one.name.startswith("sign in as")} == {"nobody is there"}
    assert "tools" in names[Verdict.SKIPPED]


def test_a_wrong_passphrase_is_tried_once(
    guarded: str, store: AccessStore, caplog: pytest.LogCaptureFixture
) -> None:
    found = list(examine(Settings(), guarded, QUERY, Owner("not the passphrase")))
    (wrong,) = [one for one in found if one.verdict is Verdict.FAILED]
    assert wrong.name == "sign in as ChatGPT"
    assert "stackroom passphrase" in wrong.advice
    assert caplog.text.count("wrong passphrase") == 1
    assert store.grants() == []


def test_a_token_is_enough_for_the_tools(guarded: str, store: AccessStore, calls: Path) -> None:
    token, owner = store.new_static_token("script"), Owner()
    names = by_verdict(list(examine(Settings(), guarded, QUERY, owner, token)))
    assert names[Verdict.FAILED] == set()
    assert names[Verdict.PASSED] >= {"without a token", "tools", "citations"}
    assert owner.asked == 0
    assert callers(calls) == {"Stackroom doctor (script)"}
    assert rpc(guarded, headers={"Authorization": f"Bearer {token}"})[0] == 200


def test_a_server_that_is_found_elsewhere_is_signed_in_to_there(
    long_reader: Reader, store: AccessStore
) -> None:
    owner = Owner()
    with serving(long_reader, access=lambda _: AccessControl(PUBLIC, store)) as url:
        found = {one.name: one for one in examine(Settings(), url, QUERY, owner)}
    assert {one.name for one in found.values() if one.verdict is Verdict.FAILED} == set()
    assert f"stackroom doctor {PUBLIC}" in found["sign-in metadata"].seen
    assert owner.asked == 0


# The data folder


def test_without_a_server_the_data_folder_is_looked_at(shelf: Shelf) -> None:
    data = shelf.path.parent.parent
    found = {one.name: one for one in examine(Settings(data=data), "", QUERY, nobody)}
    assert set(found) == {"index", "public URL", "passphrase", "server"}
    assert found["index"].verdict is Verdict.PASSED
    assert found["passphrase"].verdict is found["public URL"].verdict is Verdict.SKIPPED
    assert found["server"].verdict is Verdict.FAILED
    assert f"stackroom serve --data {data}" in found["server"].advice


def test_what_is_missing_before_going_live(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, public_url=PUBLIC)
    found = {one.name: one for one in examine(settings, "", QUERY, nobody)}
    assert found["public URL"].verdict is Verdict.PASSED
    assert {name for name, one in found.items() if one.verdict is Verdict.FAILED} == {
        "index",
        "passphrase",
        "server",
    }
    assert f"stackroom passphrase --data {tmp_path}" in found["passphrase"].advice
    assert f"--public-url {PUBLIC}" in found["server"].advice


# The command


def test_the_command_finds_the_server_of_its_data_folder(long_reader: Reader, shelf: Shelf) -> None:
    data = shelf.path.parent.parent
    with serving(long_reader) as url, hold(Settings(data=data).server_lock, {"url": url, "pid": 1}):
        ran = stackroom_here("doctor", "--data", data, "--query", QUERY)
    assert ran.returncode == 0
    assert f"\n{url}\n✓ reachable" in ran.stdout
    assert "0 failed" in ran.stdout


def test_the_command_signs_in_with_a_passphrase_from_standard_input(guarded: str, tmp_path: Path) -> None:
    options = ("--passphrase-stdin", "--query", QUERY, "--json", "--data", tmp_path)
    ran = stackroom_here("doctor", f"{guarded}/mcp", *options, stdin=f"{PASSPHRASE}\n")
    assert ran.returncode == 0
    printed = json.loads(ran.stdout)
    assert printed["ok"] is True
    assert {"server": guarded, "name": "tools", "verdict": "passed"}.items() <= {
        **next(check for check in printed["checks"] if check["name"] == "tools")
    }.items()
    assert "✓ tools" in ran.stderr
    assert PASSPHRASE not in ran.stdout + ran.stderr


def test_the_command_fails_with_what_it_found(tmp_path: Path) -> None:
    ran = stackroom_here("doctor", STACKROOM_DATA=str(tmp_path))
    assert ran.returncode == 1
    assert "✗ server" in ran.stdout
    assert f"→ Start it: `stackroom serve --data {tmp_path}`." in ran.stdout
    assert stackroom_here("doctor", "ftp://library.example").returncode == 2
