"""The server as a process: what it says, where it listens, how it stops."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clients import FETCH, SEARCH, URL, ask, rpc
from shelf import Shelf
from stackroom.holder import hold, holder
from stackroom.server.address import server_lock
from stackroom.server.ledger import newest
from stackroom.server.tools import INSTRUCTIONS
from stackroom.settings import Settings

PROGRAM = """
import sys
from pathlib import Path
from fakes import SomeModels, WordHashEmbedder
from stackroom.catalog import Catalog
from stackroom.errors import ModelNotFound
from stackroom.lexicon import Lexicon
from stackroom.reader import Reader
from stackroom.server.application import serve_http
from stackroom.server.stdio import serve_stdio
from stackroom.settings import Settings

def load(name):
    if "no-model" in sys.argv:
        raise ModelNotFound(f"There is no model {name} here.")
    return WordHashEmbedder(name)

settings = Settings(data=Path(sys.argv[1]), port=0)
reader = Reader(Catalog(settings.catalog, create=True), Lexicon(settings.words), SomeModels(load))
if "stdio" in sys.argv:
    serve_stdio(settings, reader)
else:
    serve_http(settings, reader)
    serve_http(settings, reader)  # once more, because starting Python takes most of the test's time
reader.close()
"""


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM, *arguments]


def environment() -> dict[str, str]:
    paths = [
        str(Path(__file__).parents[1]),
        os.environ.get("PYTHONPATH", ""),
    ]  # the first is where fakes.py is
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no way to send these signals to one process")
def test_a_server_says_where_it_listens_and_stops_in_good_order(shelf: Shelf) -> None:
    data = shelf.path.parent.parent
    lock = server_lock(Settings(data=data))
    with subprocess.Popen(
        program(str(data), "no-model"), env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            url = announced(process)
            assert holder(lock) == {"url": url, "pid": process.pid}
            with hold(lock, {}) as ours:
                assert not ours
            process.send_signal(signal.SIGINT)
            url = announced(process)
            process.send_signal(signal.SIGTERM)
            _, rest = process.communicate(timeout=10)
            assert (process.returncode, rest) == (0, "")
        finally:
            process.kill()
    assert holder(lock) is None
    assert not list(data.glob("index/server.holder*"))


def announced(process: subprocess.Popen[str]) -> str:
    """The URL that a server without its model says it listens at, after checking that it is there."""
    assert process.stderr is not None
    lines = sorted([process.stderr.readline(), process.stderr.readline()])
    assert lines[0] == "Searching does not work yet. There is no model word-hash here.\n"
    listens = r"Stackroom listens on 127\.0\.0\.1 port (\d+)\. MCP URL: (.+)/mcp \(.*README.*\)\n"
    found = re.fullmatch(listens, lines[1])
    assert found
    url = f"http://127.0.0.1:{found[1]}"
    assert found[2] == url
    assert json.loads(ask(url, "GET", "/healthz")[2])["status"] == "ok"
    assert rpc(url)[0] == 200
    return url


def test_stdio_carries_nothing_but_the_protocol(shelf: Shelf) -> None:
    data = shelf.path.parent.parent
    start = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    calls: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": start},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": SEARCH, "arguments": {"query": "cats purr"}}},
        {"id": 3, "method": "tools/call", "params": {"name": FETCH, "arguments": {"id": "0123"}}},
    ]
    with (
        hold(server_lock(Settings(data=data)), {"url": URL, "pid": 1}),
        subprocess.Popen(
            program(str(data), "stdio"),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        answers = []
        for call in calls:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **call}) + "\n")
            process.stdin.flush()
            if "id" in call:
                answers.append(json.loads(process.stdout.readline()))
        rest = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, ("", ""))
    assert [answer["id"] for answer in answers] == [1, 2, 3]
    assert answers[0]["result"]["instructions"] == INSTRUCTIONS
    assert answers[1]["result"]["structuredContent"]["results"][0]["url"].startswith(
        f"{URL}/d/{1:024x}?page=2&mark="
    )
    assert answers[2]["result"]["isError"] is True
    called = [(call["transport"], call["asked"]) for call in newest(Settings(data=data).calls, 2)]
    assert called == [("stdio", "cats purr"), ("stdio", "0123")]
