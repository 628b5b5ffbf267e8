"""Servers that do things wrong, on a real port: the right checks fail, and say what to do."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from mcp_clients import serving
from stackroom.cli.doctor.check import Failed, Finding, Verdict
from stackroom.cli.doctor.examination import examine
from stackroom.cli.doctor.examined_server import ExaminedServer
from stackroom.cli.doctor.http import HttpClient, NoAnswer
from stackroom.cli.doctor.reach import REACH
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.address import http_url
from stackroom.server.application import listen
from tiny_server import TinyServer


def no_passphrase() -> str:
    raise AssertionError("nobody asks for it")


def failed(server: TinyServer, reader: Reader) -> list[Finding]:
    return [finding for finding in found(server, reader) if finding.verdict is Verdict.FAILED]


def found(server: TinyServer, reader: Reader) -> list[Finding]:
    with serving(reader, server) as url:
        return list(examine(Settings(), url, "anything", no_passphrase))


def test_the_small_server_itself_is_fine(reader: Reader) -> None:
    assert failed(TinyServer(), reader) == []


def test_a_stream_that_older_clients_ask_for(reader: Reader) -> None:
    (stream,) = [one for one in found(TinyServer(sse_paths=("/sse", "/sse/")), reader) if one.name == "SSE"]
    assert (stream.verdict, stream.seen) == (Verdict.PASSED, "/sse/ and /sse connect")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (
            {
                "guards_hosts": False,
                "guards_origins": False,
                "redirects": True,
                "sse_paths": ("/sse/",),
                "instructions": "x" * 513,
                "unknown_tool_code": -32601,
                "error": 'Traceback (most recent call last): File "/home/ada/x.py"',
            },
            {
                "paths": ("/mcp/ answers with a redirect", "pass on every path"),
                "SSE": ("/sse has status 307", "pass on streams"),
                "foreign host": ("stackroom-doctor.example", "--public-url"),
                "foreign origin": ("may call the tools", "--public-url"),
                "instructions": ("513 characters", "within 512"),
                "unknown tool": ("-32601", "-32602"),
                "bad arguments": ("(Traceback)", "must tell nothing about your machine"),
            },
        ),
        (
            {
                "argument": {"type": "array"},
                "error": "unable to open /srv/library/catalog",
                "score": "high",
            },
            {
                "tools": ("query is of the type array", "exactly this form"),
                "bad arguments": ("(/srv/)", "must tell nothing about your machine"),
                "search": (".score", "structuredContent"),
            },
        ),
        (
            {"more_tools": ("delete",), "relative": True, "fetch_characters": 80_000},
            {
                "tools": ("delete, fetch, search", "exactly this form"),
                "citations": ("/d/1 is not an absolute", "--public-url"),
                "answer sizes": ("Claude Code cuts fetch", "FETCH_CHARACTERS"),
            },
        ),
        ({"total": 3}, {"beside results": ("of 3 documents 2 are shown", "Update Stackroom")}),
        ({"total": "2"}, {"beside results": ("total: Input should be a valid integer", "Update Stackroom")}),
        ({"hints": {"readOnlyHint": True}}, {"tools": ("destructiveHint", "exactly this form")}),
        ({"host": "library.example"}, {"reachable": ("421", "--public-url http://127.0.0.1")}),
        # Without a search that can be trusted, nothing is said of what depends on it.
        ({"text": "{}"}, {"search": ("differ", "the same JSON")}),
    ],
)
def test_what_is_wrong_is_named(
    reader: Reader, wrong: dict[str, Any], told: dict[str, tuple[str, str]]
) -> None:
    findings = {finding.name: finding for finding in failed(TinyServer(**wrong), reader)}
    assert findings.keys() == told.keys()
    for name, (seen, advice) in told.items():
        assert seen in findings[name].seen
        assert advice in findings[name].advice


def test_a_server_that_is_not_there_is_asked_once() -> None:
    with listen("127.0.0.1", 0) as listener:
        url = http_url(*listener.getsockname()[:2])
    found = list(examine(Settings(), url, "anything", no_passphrase))
    assert [(finding.name, finding.verdict) for finding in found] == [("reachable", Verdict.FAILED)]
    assert "Start the server" in found[0].advice


async def _drips(scope: Scope, receive: Receive, send: Send) -> None:
    """Begins an answer and never ends it."""
    if scope["type"] == "lifespan":
        await TinyServer()(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


def test_a_server_that_does_not_come_to_an_end(reader: Reader) -> None:
    with (
        serving(reader, _drips) as url,
        HttpClient(url, request_seconds=0.1) as http,
        pytest.raises(NoAnswer, match=r"within 0\.1 seconds"),
    ):
        http.get("/mcp")


def test_an_address_that_others_can_listen_to() -> None:
    (encrypted,) = [check for check in REACH if check.name == "encrypted"]
    for url in ("http://library.example", "http://192.0.2.7:8000"):
        with HttpClient(url) as http:
            server = ExaminedServer(url, http, "anything", no_passphrase)
            assert not server.keeps_secrets
            with pytest.raises(Failed, match="can read what is sent"):
                encrypted.look(server)
    assert "https" in encrypted.advice
