"""The commands about access, and when the server refuses to start without sign-in."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from commands import Ran, clean_environment, stackroom_here, standard_input
from mcp_clients import rpc
from owner import CHEAP, PASSPHRASE
from stackroom.cli.commands import access
from stackroom.common.errors import SettingsError, SignInMissing, UsageError
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.access import passphrase
from stackroom.server.access.clients import Client
from stackroom.server.access.store import AccessStore
from stackroom.server.address import base_url
from stackroom.server.application import create_application, serve_http
from waiting import read_line


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path


def store(data: Path) -> AccessStore:
    return AccessStore(Settings(data=data).access)


def run(data: Path, *arguments: str, stdin: str = "") -> Ran:
    return stackroom_here(*arguments, stdin=stdin, STACKROOM_DATA=str(data))


# The passphrase


def test_a_passphrase_from_standard_input(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with standard_input(f"{PASSPHRASE}\r\nmore\n"):
        assert access.set_passphrase(Settings(data=data), CHEAP) == 0
    with store(data) as kept:
        found = kept.passphrase()
        kept.new_session()
        kept.new_static_token("script")
    assert found is not None
    assert passphrase.is_right(PASSPHRASE, found)
    assert capsys.readouterr().err == "The passphrase is set.\n"
    with standard_input("another long passphrase"):
        access.set_passphrase(Settings(data=data), CHEAP)
    told = capsys.readouterr()
    assert "Signed out: 1" in told.err
    assert "stackroom token list" in told.err
    assert "another" not in told.out + told.err


def test_a_short_passphrase_is_refused(data: Path) -> None:
    ran = run(data, "passphrase", stdin="short\n")
    assert ran.returncode == 2
    assert "at least 12" in ran.stderr
    assert "short" not in ran.stderr
    with store(data) as kept:
        assert kept.passphrase() is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(("again", "code"), [(PASSPHRASE, 0), (PASSPHRASE + "x", 2)])
def test_a_passphrase_on_a_terminal_is_typed_twice_and_not_shown(data: Path, again: str, code: int) -> None:
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "stackroom", "passphrase"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={**clean_environment(), "STACKROOM_DATA": str(data)},
    ) as process:
        os.close(terminal)
        told = ""
        for prompt, answer in (("New passphrase: ", PASSPHRASE), ("Once more: ", again)):
            while prompt not in told:
                assert select.select([controller], [], [], 30)[0]
                told += os.read(controller, 1000).decode()
            os.write(controller, answer.encode() + b"\n")
        assert process.wait(30) == code
    os.close(controller)
    assert PASSPHRASE not in told
    with store(data) as kept:
        assert (kept.passphrase() is not None) == (code == 0)


# Tokens and clients


def test_tokens_for_programs(data: Path) -> None:
    new = run(data, "token", "new", "my script")
    token = new.stdout.strip()
    assert re.fullmatch(r"stackroom_static_[\w-]{43}", token)
    assert (new.returncode, "not shown again" in new.stderr) == (0, True)
    other = json.loads(run(data, "token", "new", "other", "--json").stdout)
    assert other["name"] == "other"
    with store(data) as kept:
        assert kept.bearer(token) is not None
        assert kept.bearer(other["token"]) is not None
    listed = run(data, "token", "list", "--json").stdout
    assert {entry["name"] for entry in json.loads(listed)} == {"my script", "other"}
    assert token not in listed
    assert run(data, "token", "revoke", "my script").returncode == 0
    with store(data) as kept:
        assert kept.bearer(token) is None
    gone = run(data, "token", "revoke", "my script")
    assert (gone.returncode, "stackroom token list" in gone.stderr) == (2, True)
    for wrong in ("other", "a\nb"):
        assert run(data, "token", "new", wrong).returncode == 2


def test_who_has_access(data: Path) -> None:
    nobody = run(data, "clients")
    assert (nobody.returncode, "Nobody has access." in nobody.stderr) == (0, True)
    assert run(data, "token", "list", "--json").stdout == "[]\n"
    assert {run(data, *revoke, "revoke", "x").returncode for revoke in (["token"], ["clients"])} == {2}
    assert list(data.iterdir()) == []  # who only looks makes nothing: the folder's drive may be away
    with store(data) as kept:
        kept.allow(Client("x", "ChatGPT", ()), "https://chatgpt.com/cb", "c", "https://library.example/mcp")
        kept.new_session()
        kept.new_static_token("script")
    entries = json.loads(run(data, "clients", "--json").stdout)
    assert {(entry["kind"], entry["name"], entry["destination"]) for entry in entries} == {
        ("client", "ChatGPT", "chatgpt.com"),
        ("browser", "Browser", ""),
        ("token", "script", ""),
    }
    assert "ChatGPT, answers to chatgpt.com" in run(data, "clients").stdout
    assert run(data, "clients", "revoke", entries[0]["id"]).returncode == 0
    assert run(data, "clients", "revoke", entries[0]["id"]).returncode == 2
    assert len(json.loads(run(data, "clients", "--json").stdout)) == 2


# Starting the server


@pytest.mark.parametrize(
    "settings",
    [{"public_url": "https://library.example"}, {"host": ""}, {"host": "::"}],
)
def test_a_server_for_others_needs_sign_in(data: Path, reader: Reader, settings: dict[str, str]) -> None:
    with pytest.raises(
        SignInMissing, match=f"stackroom passphrase --data {data}.*--allow-anonymous"
    ) as refused:
        serve_http(Settings.read({}, data=data, port=0, **settings), reader)
    assert isinstance(refused.value, UsageError)


PROGRAM = """
import json
import sys
from stackroom.catalog.catalog import Catalog
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.application import serve_http
from stackroom.common.settings import Settings
from fakes import OneModel, WordHashEmbedder

for environment in json.loads(sys.argv[1]):
    settings = Settings.read({f"STACKROOM_{name}": value for name, value in environment.items()})
    reader = Reader(
        Catalog(settings.catalog, create=True), WordIndex(settings.words), OneModel(WordHashEmbedder())
    )
    serve_http(settings, reader)
    reader.close()
"""

EVERYWHERE = "0.0.0.0"  # noqa: S104  as an owner might say it
SERVERS = [
    ({"PUBLIC_URL": "https://library.example"}, "sign in with your passphrase", 401),
    ({"PUBLIC_URL": "http://library.example:8000"}, "not encrypted", 401),
    ({"PUBLIC_URL": "https://library.example", "ALLOW_ANONYMOUS": "1"}, "WARNING: there is no sign-in", 200),
    ({"HOST": EVERYWHERE}, "--public-url says where", 401),
    ({"HOST": EVERYWHERE, "ALLOW_ANONYMOUS": "yes"}, "WARNING: there is no sign-in", 200),
]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no way to send these signals to one process")
def test_what_a_server_says_about_who_can_read(data: Path) -> None:
    with store(data) as kept:
        kept.set_passphrase(passphrase.hashed(PASSPHRASE, CHEAP))
    environments = [{"DATA": str(data), "PORT": "0", **environment} for environment, _, _ in SERVERS]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(environments)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stderr is not None
        try:
            for environment, told, status in SERVERS:
                said = read_line(process.stderr, process)
                while "Searching does not work yet" in said:  # nothing is indexed
                    said = read_line(process.stderr, process)
                port = re.search(r"port (\d+)", said)
                assert port, said
                public = environment.get("PUBLIC_URL")
                local = f"http://127.0.0.1:{port[1]}"
                assert f"MCP URL: {public or local}/mcp" in said
                assert base_url(Settings(data=data)) == (public or local)
                while told not in said:
                    said = read_line(process.stderr, process)
                host = {"Host": public.partition("//")[2]} if public else {}
                assert rpc(local, headers=host)[0] == status
                process.send_signal(signal.SIGINT)
        finally:
            process.terminate()


def test_a_tunnel_that_hides_behind_this_machine_is_noticed(reader: Reader) -> None:
    from starlette.testclient import TestClient

    for headers in ({"X-Forwarded-For": "203.0.113.7"}, {"Forwarded": "for=x"}, {"CF-Connecting-IP": "x"}):
        local = TestClient(
            create_application(Settings(), reader, "http://127.0.0.1", "127.0.0.1"), "http://127.0.0.1"
        )
        for path in ("/healthz", "/mcp", f"/d/{2:024x}"):
            refused = local.get(path, headers=headers)
            assert refused.status_code == 403
            assert "--public-url" in refused.text
        assert local.get("/healthz").status_code == 200
        application = create_application(
            Settings(allow_anonymous=True), reader, "http://127.0.0.1", "127.0.0.1"
        )
        assert TestClient(application, "http://127.0.0.1").get("/healthz", headers=headers).status_code == 200


# The setting


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", ""),
        ("https://library.example", "https://library.example"),
        ("https://library.example/", "https://library.example"),
        ("HTTPS://Library.Example:443", "https://library.example"),
        ("https://library.example:8443", "https://library.example:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://a-b.ngrok-free.app", "https://a-b.ngrok-free.app"),
    ],
)
def test_public_urls(text: str, url: str) -> None:
    assert Settings.read({"STACKROOM_PUBLIC_URL": text}).public_url == url
    assert Settings.read({}, public_url=text).public_url == url


@pytest.mark.parametrize(
    "text",
    [
        "library.example",
        "ftp://library.example",
        "https://",
        "https://library.example/mcp",
        "https://library.example?x",
        "https://library.example#x",
        "https://user@library.example",
        "https://library.example:x",
        "https://library.example:0",
        "https://library.example:99999",
        "https://*.example",
        "https://bücher.example",
        "https://library.example evil",
        "https://[::1",
    ],
)
def test_public_urls_that_make_no_sense(text: str) -> None:
    with pytest.raises(SettingsError, match="scheme and a host"):
        Settings.read({}, public_url=text)


def test_yes_and_no() -> None:
    assert Settings.read({"STACKROOM_ALLOW_ANONYMOUS": "Yes"}).allow_anonymous is True
    assert Settings.read({"STACKROOM_ALLOW_ANONYMOUS": "0"}).allow_anonymous is False
    with pytest.raises(SettingsError, match="neither yes nor no"):
        Settings.read({"STACKROOM_ALLOW_ANONYMOUS": "maybe"})
