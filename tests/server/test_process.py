"""The server as a process: what it says, where it listens, how it stops."""

import json
import os
import signal
import subprocess
import time
from typing import Any

import pytest

from mcp_clients import FETCH, SEARCH, URL, ask, endpoint, stream
from server_process import announced, environment, program
from shelf import Shelf
from stackroom.holder import hold, holder
from stackroom.server.address import server_lock
from stackroom.server.ledger import newest
from stackroom.server.tools import INSTRUCTIONS
from stackroom.settings import Settings


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
            with stream(url) as opened:  # which must not keep it from stopping
                path = endpoint(opened)
                call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}})
                assert ask(url, "POST", path, {"Content-Type": "application/json"}, call)[0] == 202
                began = time.monotonic()
                process.send_signal(signal.SIGINT)
                url = announced(process)
                assert time.monotonic() - began < 5
            process.send_signal(signal.SIGTERM)
            _, rest = process.communicate(timeout=10)
            assert (process.returncode, rest) == (0, "")
        finally:
            process.kill()
    assert holder(lock) is None
    assert not list(data.glob("index/server.holder*"))


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
