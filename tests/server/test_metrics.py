"""/metrics: figures about the server, for those who may see them."""

import json
import re
import sys
from dataclasses import replace

import pytest

from mcp_clients import FETCH, SEARCH, ask, serving
from shelf import Shelf
from stackroom.catalog.status import Failure
from stackroom.common.errors import CallRefused
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.store import AccessStore
from stackroom.server.monitoring.metrics import Metrics

_LINE = re.compile(r'# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.e+-]+')


def figures(text: str) -> dict[str, float]:
    lines = text.splitlines()
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    parted = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in parted}


def call(url: str, tool: str, arguments: dict[str, str]) -> None:
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    params = {"name": tool, "arguments": arguments}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    assert ask(url, "POST", "/mcp", headers, body)[0] == 200


def test_what_the_library_holds_and_what_was_asked(url: str) -> None:
    call(url, SEARCH, {"query": "cats purr"})
    call(url, SEARCH, {"query": "x" * 4001})
    call(url, FETCH, {"id": "nothing"})
    status, headers, body = ask(url, "GET", "/metrics")
    assert status == 200
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = figures(body.decode())
    assert (found["stackroom_documents"], found["stackroom_pages"], found["stackroom_passages"]) == (
        12,
        13,
        14,
    )
    assert found["stackroom_pending_passages"] == 0
    assert found['stackroom_calls_total{outcome="answered",tool="search"}'] == 1
    assert found['stackroom_calls_total{outcome="refused",tool="search"}'] == 1
    assert found['stackroom_calls_total{outcome="unknown",tool="fetch"}'] == 1
    assert found['stackroom_call_seconds_bucket{le="+Inf",tool="search"}'] == 1
    assert 0 < found['stackroom_call_seconds_sum{tool="search"}'] < 60
    assert found["stackroom_uptime_seconds"] > 0
    if sys.platform == "linux":
        assert found["process_resident_memory_bytes"] > 2**20


def test_each_server_counts_for_itself(reader: Reader) -> None:
    one, other = Metrics(), Metrics()
    with one.call(SEARCH):
        pass
    name = 'stackroom_calls_total{outcome="answered",tool="search"}'
    assert figures(one.exposition(reader.status(), {}))[name] == 1
    assert name not in figures(other.exposition(reader.status(), {}))


def test_latencies_fall_into_every_bucket_above_them(reader: Reader) -> None:
    metrics = Metrics()
    for _ in range(3):
        with metrics.call(SEARCH):
            pass
    with pytest.raises(CallRefused), metrics.call(SEARCH):
        raise CallRefused("Too many.")
    found = figures(metrics.exposition(reader.status(), {}))
    counts = [count for name, count in found.items() if "_bucket" in name]
    assert len(counts) == 13
    assert set(counts) == {3}


def test_failures_and_refusals_by_their_kinds(reader: Reader) -> None:

    kinds = ["damaged", "damaged", "crashed"]
    failures = tuple(
        Failure(f"/{number}.pdf", "…", kind, f"/{number}.pdf") for number, kind in enumerate(kinds)
    )
    status = replace(reader.status(), failures=failures)
    found = figures(Metrics().exposition(status, {"too many calls at once": 5}))
    assert found['stackroom_refused_total{reason="too many calls at once"}'] == 5
    assert found['stackroom_failed_files{kind="damaged"}'] == 2
    assert found['stackroom_failed_files{kind="crashed"}'] == 1


def test_a_catalogue_that_cannot_be_read(shelf: Shelf) -> None:
    reader = shelf.reader()
    reader.close()  # whatever is asked of SQLite now is an error
    with serving(reader) as url:
        assert ask(url, "GET", "/metrics")[0] == 503


def test_with_sign_in_they_are_for_a_token(reader: Reader, store: AccessStore) -> None:
    token = store.new_static_token("prometheus")
    with serving(reader, access=lambda url: AccessControl(url, store)) as url:
        assert ask(url, "GET", "/metrics")[0] == 401
        status, headers, _ = ask(url, "GET", "/metrics", {"Authorization": "Bearer nobody's"})
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        status, _, body = ask(url, "GET", "/metrics", {"Authorization": f"Bearer {token}"})
        assert (status, b"stackroom_documents 12" in body) == (200, True)
