"""What uvicorn is spared: what is no request, upgrades, heads that are too large; and where clients are."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from mcp_clients import ask, rpc, serving
from stackroom.reading.reader import Reader
from stackroom.server.address import is_loopback, plain_address
from stackroom.server.limits.connections import HEAD_BYTES, HEAD_LINES, LimitedConnection
from stackroom.server.limits.rates import Rates, Refusals
from stackroom.server.limits.request_limits import RequestLimits


@pytest.fixture(scope="module")
def refusals() -> Refusals:
    return Refusals()


@pytest.fixture(scope="module")
def url(reader: Reader, refusals: Refusals) -> Iterator[str]:
    with serving(reader, connection=type("Counted", (LimitedConnection,), {"refusals": refusals})) as url:
        yield url


def answered(url: str, *sent: bytes) -> bytes:
    """All that the server sends until it closes the connection."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        for piece in sent:
            connection.sendall(piece)
        received = b""
        while part := connection.recv(10_000):
            received += part
        return received


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # https:// at a port of http://
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n",
    ],
)
def test_what_is_not_http_is_counted_and_writes_no_lines(
    url: str, refusals: Refusals, caplog: pytest.LogCaptureFixture, junk: bytes
) -> None:
    before = refusals.total["what is not HTTP"]
    assert answered(url, junk).startswith(b"HTTP/1.1 400 ")
    assert refusals.total["what is not HTTP"] == before + 1
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []
    assert rpc(url)[0] == 200


@pytest.mark.parametrize(("protocol", "counted"), [("websocket", 1), ("h2c", 0)])
def test_an_upgrade_is_answered_as_if_it_were_none(
    url: str, refusals: Refusals, caplog: pytest.LogCaptureFixture, protocol: str, counted: int
) -> None:
    before = refusals.total["upgrades to WebSocket"]
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    headers = {
        "Connection": "Upgrade, HTTP2-Settings",
        "Upgrade": protocol,
        "HTTP2-Settings": "AAMAAABkAAQAoAAAAAIAAAAA",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    try:
        for _ in range(2):  # Java's client goes on on the same connection
            connection.request("GET", "/healthz", headers=headers)
            response = connection.getresponse()
            assert (response.status, json.loads(response.read())["status"]) == (200, "ok")
            call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
            kinds = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
            connection.request("POST", "/mcp", call, headers | kinds)
            response = connection.getresponse()
            assert (response.status, b'"search"' in response.read()) == (200, True)
            pieces = iter([call[:9].encode(), call[9:].encode()])
            chunked = headers | kinds | {"Transfer-Encoding": "chunked"}
            connection.request("POST", "/mcp", pieces, chunked, encode_chunked=True)
            response = connection.getresponse()
            assert (response.status, b'"search"' in response.read()) == (200, True)
    finally:
        connection.close()
    assert refusals.total["upgrades to WebSocket"] == before + 6 * counted
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_a_head_has_a_limit(url: str, refusals: Refusals, caplog: pytest.LogCaptureFixture) -> None:
    def headers(count: int, size: int) -> bytes:
        lines = b"".join(b"X-%d: %s\r\n" % (number, b"a" * size) for number in range(count))
        return b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + lines + b"\r\n"

    before = refusals.total["requests with too large a head"]
    assert answered(url, headers(HEAD_LINES - 2, 10)).startswith(b"HTTP/1.1 200 ")
    assert answered(url, headers(1, HEAD_BYTES - 100)).startswith(b"HTTP/1.1 200 ")
    too_large = [
        headers(HEAD_LINES - 1, 10),
        headers(1, HEAD_BYTES),
        headers(40, 2000),
        b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 2 * HEAD_BYTES,  # and no end
        b"GET /" + b"a" * 2 * HEAD_BYTES,
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
        + b"a" * 2 * HEAD_BYTES,
    ]
    for sent in too_large:
        assert answered(url, sent).startswith(b"HTTP/1.1 431 ")
    assert refusals.total["requests with too large a head"] == before + len(too_large)
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_a_body_is_no_head(reader: Reader) -> None:
    async def length(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await JSONResponse(len(await Request(scope, receive).body()))(scope, receive, send)
        else:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})

    body = b"a" * 3 * HEAD_BYTES
    head = b"POST / HTTP/1.1\r\nHost: x\r\n"
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    pieces = b"".join(b"1;some=extension\r\na\r\n" for _ in range(HEAD_BYTES))
    chunked = head + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
    with serving(reader, length) as url:
        received = answered(url, whole + whole[:-1], b"a" + chunked)
    assert re.findall(rb"\r\n\r\n(\d+)", received) == [b"196608", b"196608", b"65536"]


# Where clients are


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::1", "127.0.0.1"),
        ("127.0.0.53", "127.0.0.1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("", ""),
        ("/run/stackroom.sock", "/run/stackroom.sock"),
    ],
)
def test_one_way_to_write_an_address(address: str, plain: str) -> None:
    assert plain_address(address) == plain


def test_ipv4_written_as_ipv6_is_still_this_machine() -> None:
    assert is_loopback("::ffff:127.0.0.1")
    assert not is_loopback("::ffff:192.0.2.7")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6 that takes IPv4, too")
def test_clients_of_ipv4_at_a_server_of_ipv6(reader: Reader) -> None:
    async def who(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await JSONResponse(scope["client"][0])(scope, receive, send)

    with serving(reader, RequestLimits(who, ("/sse",), Refusals(), Rates(2)), host="::") as url:
        port = urlsplit(url).port
        for address in ("127.0.0.1", "[::1]"):
            near = f"http://{address}:{port}"
            # Programs of this machine are not counted; and a tunnel is believed, however it comes.
            assert [ask(near, "GET", "/")[::2] for _ in range(4)] == [(200, b'"127.0.0.1"')] * 4
            stranger = {"X-Forwarded-For": f"192.0.2.{7 if address[0] == '[' else 8}"}
            assert [ask(near, "GET", "/", stranger)[0] for _ in range(3)] == [200, 200, 429]
