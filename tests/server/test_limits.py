"""What is too much: calls of a client, calls at once, long ones, and requests before they are calls."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from fakes import WordHashEmbedder
from mcp_clients import FETCH, SEARCH, URL, ask, connect, content, error, rpc, serving
from shelf import Shelf
from stackroom.cli.arguments import parse
from stackroom.common.errors import CallRefused, SettingsError
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.store import AccessStore
from stackroom.server.limits.call_limits import Caller, CallLimits
from stackroom.server.limits.connections import LimitedConnection
from stackroom.server.limits.rates import Rates, Refusals
from stackroom.server.limits.request_limits import LARGEST_BODY, RequestLimits
from stackroom.server.limits.throttle import seconds
from stackroom.server.monitoring.ledger import Ledger, newest
from stackroom.server.protocol.tools import create_mcp
from waiting import wait_until

JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


class Clock:
    """Time that passes when it is told to, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


# Rates


def test_each_client_has_its_own_calls_and_gets_them_back() -> None:
    clock = Clock()
    rates = Rates(60, clock)
    assert [rates.wait("a") for _ in range(60)] == [0.0] * 60
    assert rates.wait("a") == pytest.approx(1.0)
    assert rates.wait("b") == 0.0
    clock.now += 0.25
    assert rates.wait("a") == pytest.approx(0.75)
    clock.now += 0.75
    assert rates.wait("a") == 0.0
    clock.now += 3600
    assert [rates.wait("a") for _ in range(61)] == [0.0] * 60 + [pytest.approx(1.0)]


def test_made_up_clients_take_no_memory() -> None:
    rates = Rates(2, Clock())
    rates.wait("busy")
    for number in range(5000):
        rates.wait(str(number))
        if number % 500 == 0:
            rates.wait("busy")  # who comes back is not forgotten
    assert rates.wait("busy") > 0
    assert len(rates._throttles) <= 1000


def test_waits_in_words() -> None:
    assert [seconds(wait) for wait in (0.01, 1.0, 1.01, 4.0, 1200)] == [
        "1 second",
        "1 second",
        "2 seconds",
        "4 seconds",
        "1,200 seconds",
    ]


def test_a_flood_of_refusals_is_a_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    refusals = Refusals(clock)
    for _ in range(1000):
        refusals.add("too large requests")
    refusals.add("too many calls at once")
    clock.now += 61
    refusals.add("too large requests")
    assert caplog.messages == [
        "Refused since the last such line: too large requests: 1. The next such line comes in a "
        "minute at the earliest.",
        "Refused since the last such line: too large requests: 1000, too many calls at once: 1. "
        "The next such line comes in a minute at the earliest.",
    ]


# Calls


class Slow(WordHashEmbedder):
    """A model that computes nothing until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may = threading.Semaphore(0), threading.Event()

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.release()
        assert self.may.wait(10)
        return super().embed_queries(texts)


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.may.set()


@pytest.mark.anyio
async def test_so_many_calls_are_computed_so_many_wait_and_the_rest_is_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls = CallLimits(at_once=2, waiting=3)
    may, running = threading.Event(), threading.Semaphore(0)

    def work(caller: Caller) -> int:
        running.release()
        assert may.wait(10)
        return 1

    admitted = [asyncio.create_task(calls.answer("", work)) for _ in range(5)]
    assert await asyncio.to_thread(lambda: running.acquire(timeout=10) and running.acquire(timeout=10))
    with pytest.raises(CallRefused, match=r"too much to do at the moment\. Try again in 2 seconds\."):
        await calls.answer("", work)
    assert not running.acquire(blocking=False)  # no third at a time
    admitted.pop().cancel()  # a client that hangs up makes room
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    admitted.append(asyncio.create_task(calls.answer("", work)))
    await asyncio.sleep(0)
    may.set()
    assert await asyncio.gather(*admitted) == [1] * 5
    assert "too many calls at once: 1" in caplog.text


@pytest.mark.anyio
async def test_a_call_that_takes_too_long_keeps_its_thread_and_nobody_waits() -> None:
    calls = CallLimits(at_once=1, waiting=0, longest=0.05)
    may, callers = threading.Event(), list[Caller]()

    def work(caller: Caller) -> None:
        callers.append(caller)
        assert may.wait(10)

    with pytest.raises(CallRefused, match=r"longer than 1 second\. Try again"):
        await calls.answer("", work)
    assert not callers[0].is_waiting
    with pytest.raises(CallRefused, match="too much to do"):
        await calls.answer("", work)
    may.set()


@pytest.mark.anyio
async def test_an_error_of_the_work_is_not_taken_for_the_limit() -> None:
    def work(caller: Caller) -> None:
        raise TimeoutError("of the disk")

    with pytest.raises(TimeoutError, match="of the disk"):
        await CallLimits().answer("", work)


def call(url: str, query: str, token: str = "") -> tuple[int, dict[str, object]]:
    """A search by one request; the status, and the tool's result."""
    headers = JSON | ({"Authorization": f"Bearer {token}"} if token else {})
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    arguments = {"name": SEARCH, "arguments": {"query": query}}
    status, _, answer = ask(url, "POST", "/mcp", headers, json.dumps(body | {"params": arguments}))
    return status, json.loads(answer)["result"]


def text(result: dict[str, object]) -> str:
    assert isinstance(result["content"], list)
    return str(result["content"][0]["text"])


def test_over_http_a_full_server_refuses_and_a_call_ends_in_time(
    shelf: Shelf, slow: Slow, tmp_path: Path
) -> None:
    path = tmp_path / "calls.jsonl"
    reader = shelf.reader(load=lambda _: slow)
    mcp = create_mcp(reader, URL, Ledger(path, "http"), CallLimits(at_once=1, waiting=0, longest=0.5))
    application = mcp.http_app(path="/mcp", stateless_http=True, json_response=True)
    with serving(reader, application) as url, ThreadPoolExecutor(1) as callers:
        first = callers.submit(call, url, "cats")
        assert slow.asked.acquire(timeout=10)
        status, result = call(url, "dogs")
        assert (status, result["isError"]) == (200, True)
        assert text(result) == "The library has too much to do at the moment. Try again in 2 seconds."
        status, result = first.result()
        assert (status, result["isError"]) == (200, True)
        assert text(result).startswith("The answer took longer than 1 second.")
        slow.may.set()

        def is_answered() -> bool:
            answered = call(url, "dogs")[1]
            assert not answered["isError"] or "too much to do" in text(answered)
            return not answered["isError"]

        wait_until(is_answered)  # once the first has left its thread
    late, last = newest(path, 9)
    assert (late["asked"], late["documents"]) == ("cats", [])  # it was computed, but did not leave
    assert "too late" in late["error"]
    assert (last["asked"], last["error"]) == ("dogs", "")
    reader.close()


def test_128_callers_at_once_all_get_answers(url: str) -> None:
    with ThreadPoolExecutor(128) as callers:
        answers = list(callers.map(lambda number: call(url, f"{number} animals"), range(128)))
    assert all(status == 200 and not result["isError"] for status, result in answers)


def test_a_client_that_calls_too_often_is_told_when_to_come_back(reader: Reader, store: AccessStore) -> None:
    one, other = store.new_static_token("one"), store.new_static_token("other")
    with serving(
        reader, access=lambda url: AccessControl(url, store), settings=Settings(calls_per_minute=3)
    ) as url:
        results = [call(url, "cats", one) for _ in range(4)]
        assert [result["isError"] for _, result in results] == [False, False, False, True]
        assert results[3][0] == 200
        told = text(results[3][1])
        assert told in (f"Too many calls: 3 in a minute. Try again in {n} seconds." for n in range(15, 21))
        assert not call(url, "cats", other)[1]["isError"]
        assert rpc(url, headers={"Authorization": f"Bearer {one}"})[0] == 200


def test_how_many_calls_is_a_setting() -> None:
    assert Settings.read({}).calls_per_minute == 300
    assert Settings.read({"STACKROOM_CALLS_PER_MINUTE": "0"}).calls_per_minute == 0
    assert parse(["serve", "--calls-per-minute", "20"]).calls_per_minute == 20
    with pytest.raises(SettingsError, match="STACKROOM_CALLS_PER_MINUTE must not be negative"):
        Settings.read({"STACKROOM_CALLS_PER_MINUTE": "-1"})


def test_programs_of_this_machine_are_not_counted(reader: Reader) -> None:
    with serving(reader, settings=Settings(calls_per_minute=1)) as url:
        assert not any(call(url, "cats")[1]["isError"] for _ in range(3))


@pytest.mark.anyio
async def test_long_queries_and_ids_are_refused(reader: Reader, how: str, url: str) -> None:
    async with connect(how, reader, url) as client:
        assert content(await client.call(SEARCH, query="cats " * 800))["results"]
        told = error(await client.call(SEARCH, query="c" * 4001))
        assert told == "The query has 4,001 characters; at most 4,000 are taken. Send a shorter one."
        assert "The id has 1,001 characters; at most 1,000" in error(await client.call(FETCH, id="0" * 1001))


# Requests


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers how long the request's body is."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


class Held:
    """An application that answers when it may."""

    def __init__(self) -> None:
        self.asked, self.may = threading.Semaphore(0), threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.asked.release()
            await asyncio.to_thread(self.may.wait, 10)
        await echo(scope, receive, send)


def chunked(url: str, size: int) -> int:
    """The status of a request that does not say how long its body is."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    pieces = iter([b"a" * 10_000] * (size // 10_000))
    try:
        connection.request("POST", "/", pieces, {"Transfer-Encoding": "chunked"}, encode_chunked=True)
        return connection.getresponse().status
    finally:
        connection.close()


def until_closed(url: str, sent: bytes) -> bytes:
    """All that the server sends until it closes the connection, on which nothing more comes."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while part := connection.recv(10_000):
            received += part
        return received


class Impatient(LimitedConnection):
    head_seconds = 0.1


def test_large_bodies_are_refused_before_they_are_read(reader: Reader) -> None:
    with serving(reader, RequestLimits(echo, ("/sse",), Refusals()), connection=Impatient) as url:
        assert ask(url, "POST", "/", {}, "a" * LARGEST_BODY)[::2] == (200, str(LARGEST_BODY).encode())
        status, _, body = ask(url, "POST", "/", {}, "a" * (LARGEST_BODY + 1))
        assert (status, body) == (413, b"The request is too large: more than 100,000 bytes.\n")
        assert chunked(url, LARGEST_BODY) == 200
        assert chunked(url, LARGEST_BODY + 10_000) == 413
        assert chunked(url, 20 * LARGEST_BODY) == 413
        # Nothing of it has been sent, and nobody waits for it.
        endless = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n"
        assert until_closed(url, endless).startswith(b"HTTP/1.1 413 ")


def test_large_bodies_are_refused_at_all_doors(reader: Reader, url: str) -> None:
    for path in ("/mcp", "/messages/?session_id=x", "/register", "/healthz"):
        assert ask(url, "POST", path, JSON, "a" * (LARGEST_BODY + 1))[0] == 413


def test_bodies_that_trickle_in_are_not_waited_for(reader: Reader) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\n"
    with serving(reader, RequestLimits(echo, ("/sse",), Refusals(), body_seconds=0.2)) as url:
        assert until_closed(url, head + b"Content-Length: 10\r\n\r\nabc").startswith(b"HTTP/1.1 408 ")
        trickle = b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
        assert until_closed(url, head + trickle).startswith(b"HTTP/1.1 408 ")
        assert ask(url, "POST", "/", {}, "abc")[0] == 200


def test_heads_that_trickle_in_are_not_waited_for(reader: Reader) -> None:
    with serving(reader, RequestLimits(echo, ("/sse",), Refusals()), connection=Impatient) as url:
        assert until_closed(url, b"") == b""
        assert until_closed(url, b"GET / HTTP/1.1\r\nHost") == b""
        whole = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        assert until_closed(url, whole + b"GET / HT").count(b"200 OK") == 1


def test_an_answer_may_take_longer_than_a_head(reader: Reader) -> None:
    held = Held()
    with serving(reader, held, connection=Impatient) as url:
        timer = threading.Timer(0.3, held.may.set)
        timer.start()
        assert ask(url, "GET", "/")[0] == 200
        timer.join()


@pytest.mark.parametrize(("path", "most"), [("/", "requests"), ("/sse", "streams")])
def test_so_many_requests_at_a_time(reader: Reader, path: str, most: str) -> None:
    held = Held()
    intake = RequestLimits(held, ("/sse",), Refusals(), most_requests=1, most_streams=1)
    with serving(reader, intake, connection=Impatient) as url, ThreadPoolExecutor(1) as callers:
        first = callers.submit(ask, url, "GET", path)
        assert held.asked.acquire(timeout=10)
        status, headers, body = ask(url, "GET", path)
        assert (status, headers["Retry-After"]) == (503, "2")
        assert body == f"Too many {most} at the same time. Try again after 2 s.\n".encode()
        rest = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc".encode()
        assert until_closed(url, rest).startswith(b"HTTP/1.1 503 ")  # and nobody waits for its body
        held.may.set()
        assert first.result()[0] == ask(url, "GET", path)[0] == 200


def test_so_many_requests_of_an_address(reader: Reader) -> None:
    with serving(reader, RequestLimits(echo, ("/sse",), Refusals(), Rates(2, Clock()))) as url:

        def asked(address: str) -> tuple[int, str | None]:
            # As a tunnel on this machine says whose request it passes on.
            status, headers, _ = ask(url, "GET", "/", {"X-Forwarded-For": address})
            return status, headers["Retry-After"]

        assert [asked("192.0.2.7") for _ in range(3)] == [(200, None), (200, None), (429, "30")]
        assert asked("192.0.2.8") == (200, None)
        # Nobody is shut out by a tunnel that does not say it.
        assert [ask(url, "GET", "/")[0] for _ in range(3)] == [200] * 3
