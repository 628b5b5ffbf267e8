"""The short path against FastMCP: sign-in, limits, and what a call leaves behind."""

import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from both_ways import ID, PLAIN, TWICE, Headers, Server, ask, both, call, modern, written
from fakes import OneModel, WaitingEmbedder
from mcp_clients import FETCH, SEARCH, URL, serving
from owner import Assistant, Site
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.store import ACCESS_SECONDS, AccessStore
from stackroom.server.limits.call_limits import CallLimits
from stackroom.server.limits.rates import Rates
from stackroom.server.monitoring.ledger import Ledger, newest

# What a call leaves behind


class Broken(Reader):
    """A reader with a mistake in it."""

    def answer(self, query: str, *_: Any, **__: Any) -> Any:
        raise ValueError(f"secret of {query}")


def test_a_mistake_of_ours_is_told_to_nobody(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    reader = Broken(Catalog(shelf.path), WordIndex(shelf.words), OneModel(shelf.embedder))
    with serving(reader, Server(reader).application) as url:
        answer = both(url, written(call()), PLAIN)[2]
    assert json.loads(answer)["result"]["content"][0]["text"] == "Error calling tool 'search'"
    assert [(record.msg, bool(record.exc_info)) for record in caplog.records] == [
        ("Error calling tool %r", True)
    ] * 2
    reader.close()


def test_the_owner_sees_the_same(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    server = Server(reader, Ledger(path, "http"))
    with serving(reader, server.application) as url:
        for message in (call(), call(FETCH, ID), call(FETCH, {"id": "x"})):
            both(url, written(message), [*PLAIN, ("User-Agent", "stackroom-doctor/1")])
        both(url, written(call(arguments={"query": "x" * 4001})), PLAIN)
    lines = [{**line, "time": ""} for line in newest(path, 9)]
    assert len(lines) == 6
    assert lines[::2] == lines[1::2]
    assert {line["client"] for line in lines} == {"Stackroom doctor (local)"}
    counted = {
        (sample.labels["tool"], sample.labels["outcome"]): sample.value
        for metric in server.metrics._registry.collect()
        for sample in metric.samples
        if sample.name == "stackroom_calls_total"
    }
    assert counted == {
        (SEARCH, "answered"): 2,
        (FETCH, "answered"): 2,
        (FETCH, "unknown"): 2,
        (SEARCH, "refused"): 2,
    }


def test_who_calls_too_often_is_told_so(reader: Reader) -> None:
    server = Server(reader, limits=CallLimits(Rates(1, lambda: 0.0)))
    with serving(reader, server.application) as url:
        assert b'"isError":false' in ask(url, written(call()), PLAIN)[2]
        assert b"Too many calls: 1 in a minute" in both(url, written(call()), PLAIN)[2]


def hang_up(shelf: Shelf, ledger: Ledger, body: bytes, headers: Headers) -> None:
    """Sends a request, and hangs up while it is answered."""
    slow = WaitingEmbedder()
    reader = shelf.reader(lambda _: slow)
    head = "".join(f"{name}: {value}\r\n" for name, value in [("Host", "127.0.0.1"), *headers])
    with serving(reader, Server(reader, ledger).application) as url:
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as caller:
            caller.sendall(f"POST /mcp HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode())
            caller.sendall(body)
            assert slow.asked.wait(20)
        slow.may.set()
    reader.close()


def test_who_hangs_up_is_answered_all_the_same(
    shelf: Shelf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "calls.jsonl"
    for more in ([], TWICE):
        hang_up(shelf, Ledger(path, "http"), written(call()), [*PLAIN, *more])
    one, other = ({**line, "time": ""} for line in newest(path, 9))
    assert one == other
    assert (one["asked"], one["error"]) == ("cats purr", "")
    assert caplog.text == ""


# Sign-in


def test_who_has_not_signed_in_learns_nothing(reader: Reader, store: AccessStore) -> None:
    token, ended = store.new_static_token("one"), store.new_static_token("other")
    store.revoke_static_token("other")
    server = Server(reader, access=AccessControl(URL, store))
    with serving(reader, server.application) as url:
        for wrong in ("Bearer wrong", f"Bearer {ended}", "Bearer", f"Basic {token}", "Bearer  "):
            for headers in (PLAIN, modern()):
                assert both(url, written(call()), [*headers, ("Authorization", wrong)])[0] == 401
        assert both(url, written(call()), PLAIN)[0] == 401
        for right in (f"Bearer {token}", f"bearer {token}"):
            assert both(url, written(call()), [*PLAIN, ("Authorization", right)])[0] == 200
        assert server.counted.count == 2


def test_a_token_that_has_expired_opens_neither(reader: Reader, tmp_path: Path) -> None:
    site = Site(reader, tmp_path / "access" / "access.sqlite3")
    token = Assistant(site).tokens()["access_token"]
    statuses = []
    for _ in range(2):
        with site.new_browser() as program:
            short, other = (
                program.post("/mcp", content=written(call()), headers=[*headers, *PLAIN, *more])
                for headers in ([("Authorization", f"Bearer {token}")],)
                for more in ([], TWICE)
            )
        assert (short.status_code, short.headers, short.content) == (
            other.status_code,
            other.headers,
            other.content,
        )
        statuses.append(short.status_code)
        site.clock.now += ACCESS_SECONDS + 1
    assert statuses == [200, 401]
