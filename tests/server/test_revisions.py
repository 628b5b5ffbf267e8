"""Both revisions of MCP on one connection: each client is answered in that of its request."""

import json
import subprocess
import time
from collections.abc import Iterable
from typing import Any

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from fakes import WaitingEmbedder
from mcp_clients import FETCH, NEW, SEARCH, URL, ask, endpoint, rpc, serving, stream
from server_process import environment, killed_after, program
from shelf import Shelf
from stackroom.common.running import hold
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.monitoring.ledger import newest
from stackroom.server.protocol.tools import INSTRUCTIONS, create_mcp
from stackroom.server.protocol.transports import _for_who_is_there
from waiting import read_line

CALL = {"name": SEARCH, "arguments": {"query": "cats purr"}}
START = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}

# As Claude Code begins (anthropics/claude-code#96183), and back again.
FRAMES: list[dict[str, Any]] = [
    {"id": 1, "method": "server/discover", "params": {"_meta": NEW}},
    {"id": 2, "method": "initialize", "params": START},
    {"method": "notifications/initialized"},
    {"id": 3, "method": "tools/list", "params": {}},
    {"id": 4, "method": "tools/call", "params": CALL},
    {"id": 5, "method": "tools/call", "params": {**CALL, "_meta": NEW}},
    {"id": 6, "method": "ping"},
]


def check(answers: Iterable[dict[str, Any]]) -> None:
    """The answers to `FRAMES`."""
    discovered, started, listed, *called, pinged = (answer["result"] for answer in answers)
    assert discovered["supportedVersions"] == ["2026-07-28"]
    assert started["protocolVersion"] == "2025-11-25"
    assert [tool["name"] for tool in listed["tools"]] == ["search", "fetch"]
    for answer in called:
        assert answer["structuredContent"]["results"][0]["text"] == "Cats purr."
    assert "resultType" not in called[0]
    assert called[1]["resultType"] == "complete"
    assert "resultType" not in pinged


def test_over_stdio(shelf: Shelf) -> None:
    """It carries nothing but the protocol, also beside another server, and what is called is recorded."""
    settings = Settings(data=shelf.path.parent.parent)
    with (
        hold(settings.server_lock, {"url": URL, "pid": 1}),
        subprocess.Popen(
            program(str(settings.data), "stdio"),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        ) as process,
        killed_after(60, process),
    ):
        sent = "".join(json.dumps({"jsonrpc": "2.0", **frame}) + "\n" for frame in FRAMES)
        assert process.stdin is not None
        process.stdin.write(sent)
        process.stdin.flush()
        answers = [json.loads(read_line(process.stdout, process)) for frame in FRAMES if "id" in frame]
        unknown = {"id": 7, "method": "tools/call", "params": {"name": FETCH, "arguments": {"id": "0123"}}}
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **unknown}) + "\n")
        process.stdin.flush()
        refused = json.loads(read_line(process.stdout, process))
        rest = process.communicate(timeout=20)
    answers.sort(key=lambda answer: int(answer["id"]))
    check(answers)
    assert (process.returncode, rest) == (0, ("", ""))
    assert answers[1]["result"]["instructions"] == INSTRUCTIONS
    first = answers[3]["result"]["structuredContent"]["results"][0]
    assert first["url"].startswith(f"{URL}/d/{1:024x}?page=2&mark=")
    assert (refused["id"], refused["result"]["isError"]) == (7, True)
    called = [(call["transport"], call["asked"]) for call in newest(settings.calls, 3)]
    assert called == [("stdio", "cats purr"), ("stdio", "cats purr"), ("stdio", "0123")]


def test_over_a_stream_of_events(url: str) -> None:
    answers = []
    with stream(url) as opened:
        path = endpoint(opened)
        for frame in FRAMES:
            body = json.dumps({"jsonrpc": "2.0", **frame})
            assert ask(url, "POST", path, {"Content-Type": "application/json"}, body)[0] == 202
            while "id" in frame:
                line = opened.readline().decode()
                if line.startswith("data: "):
                    answers.append(json.loads(line.removeprefix("data: ")))
                    break
    check(answers)


@pytest.mark.parametrize("meta", [{}, {"_meta": NEW}])
def test_who_hangs_up_while_calls_are_answered_leaves_nothing_in_the_log(
    shelf: Shelf, meta: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    slow = WaitingEmbedder()
    reader = shelf.reader(lambda _: slow)
    try:
        with serving(reader) as url:
            with stream(url) as opened:
                path = endpoint(opened)
                greeting = [] if meta else FRAMES[1:3]
                for frame in (*greeting, *({**FRAMES[4], "id": number} for number in range(10, 14))):
                    sent = {"jsonrpc": "2.0", **frame, "params": {**frame.get("params", {}), **meta}}
                    kind = {"Content-Type": "application/json"}
                    assert ask(url, "POST", path, kind, json.dumps(sent))[0] == 202
                assert slow.asked.wait(20)
            time.sleep(1.5)  # longer than the library tries to tell who is not there
            slow.may.set()
            assert rpc(url)[0] == 200
    finally:
        slow.may.set()
        reader.close()
    assert caplog.text == ""


@pytest.mark.anyio
async def test_a_message_for_who_has_gone_is_no_error() -> None:
    taken = []

    async def hung_up(scope: Scope, receive: Receive, send: Send) -> None:
        taken.append(scope)
        raise anyio.ClosedResourceError

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        pass

    await _for_who_is_there(hung_up)({"type": "http"}, receive, send)
    assert taken == [{"type": "http"}]


@pytest.mark.anyio
async def test_the_library_still_has_what_we_take_the_place_of(reader: Reader) -> None:
    server = create_mcp(reader, "http://stackroom.test")._mcp_server
    # If one of these fails, FastMCP has changed: see `stackroom.server.protocol.revisions`.
    assert server.run.__module__ == "stackroom.server.protocol.revisions"
    assert callable(type(server).run)
    assert server.server_info.title == "Stackroom, a library of PDFs"
