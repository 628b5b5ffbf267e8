"""The HTTP application around the tools: paths, PDFs, hosts and addresses."""

import json
import socket
from pathlib import Path

import pytest

from mcp_clients import SEARCH, ask, rpc, serving
from shelf import Shelf
from stackroom.common.errors import UsageError
from stackroom.common.running import hold, holder
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.address import base_url, http_url
from stackroom.server.application import listen, serve_http


def test_the_mcp_path_needs_no_redirect(url: str) -> None:
    status, answer = rpc(url)
    assert status == 200
    assert rpc(url, "/mcp/") == (200, answer)
    assert ask(url, "GET", "/mcp")[0] == ask(url, "GET", "/mcp/")[0] == 405


def test_blanks_around_a_header_are_not_part_of_it(url: str) -> None:
    meta = "io.modelcontextprotocol/"
    about = {"name": "test", "version": "1"}
    parameters = {
        "name": SEARCH,
        "arguments": {"query": "cats purr"},
        "_meta": {
            f"{meta}protocolVersion": "2026-07-28",
            f"{meta}clientInfo": about,
            f"{meta}clientCapabilities": {},
        },
    }
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28 ",
        "Mcp-Method": " tools/call",
        "Mcp-Name": f"  {SEARCH} \t",
    }
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}
    status, _, body = ask(url, "POST", "/mcp", headers, json.dumps(call))
    assert (status, "result" in json.loads(body)) == (200, True), body


def test_healthz(url: str) -> None:
    status, _, body = ask(url, "GET", "/healthz")
    assert status == 200
    assert json.loads(body) == {"status": "ok", "documents": 12, "pages": 13, "passages": 14, "pending": 0}


def test_healthz_of_a_catalogue_that_cannot_be_read(shelf: Shelf) -> None:
    reader = shelf.reader()
    reader.close()  # whatever is asked of SQLite now is an error
    with serving(reader) as url:
        status, _, body = ask(url, "GET", "/healthz")
        page_status, _, page = ask(url, "GET", "/d/0123")
    assert status == page_status == 503
    assert json.loads(body)["status"] == "unavailable"
    assert str(shelf.path.parent).encode() not in body + page


def test_the_original_pdf(shelf: Shelf, url: str) -> None:
    expected = (shelf.root / 'Käse/№ 1 "b".pdf').read_bytes()
    status, headers, body = ask(url, "GET", f"/d/{1:024x}/file")
    assert (status, body) == (200, expected)
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"] == "inline; filename*=utf-8''%E2%84%96%201%20%22b%22.pdf"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Accept-Ranges"] == "bytes"


def test_a_pdf_may_be_read_in_ranges(url: str) -> None:
    status, headers, body = ask(url, "GET", f"/d/{2:024x}/file", {"Range": "bytes=0-7"})
    assert (status, body) == (206, b"%PDF-1.7")
    size = headers["Content-Range"].removeprefix("bytes 0-7/")
    status, _, body = ask(url, "GET", f"/d/{2:024x}/file", {"Range": "bytes=-5"})
    assert (status, body) == (206, b"xxxx\n")
    assert ask(url, "GET", f"/d/{2:024x}/file", {"Range": "bytes=99999-"})[0] == 416
    status, headers, body = ask(url, "HEAD", f"/d/{2:024x}/file")
    assert (status, headers["Content-Length"], body) == (200, size, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/d/",
        "/d/0123",
        "/d/../library/2.pdf",
        "/d/..%2flibrary%2f2.pdf",
        "/d/%2e%2e/%2e%2e/etc/passwd",
        "/d//etc/passwd",
        "/d/%2fetc%2fpasswd",
        f"/d/{2:024x}/",
        "/d/2.pdf",
        "/d/%00",
        "/d/%ff%fe",
        "/d/<script>alert(1)</script>",
        "/d/" + "9" * 5000,
        "/d//file",
        "/d/x/page/1",
        "/d/x/page/../../2.pdf",
        f"/d/{2:024x}/file/",
    ],
)
def test_an_id_that_is_not_there_is_not_found(shelf: Shelf, url: str, path: str) -> None:
    status, headers, body = ask(url, "GET", path)
    assert status == 404
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert b"exactly as a search result gives it" in body
    assert b"<script" not in body
    assert str(shelf.root).encode() not in body
    assert ask(url, "HEAD", path)[0] == 404


def test_a_file_that_is_gone_or_unreadable_is_not_found(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    gone, folder = shelf.add(1, "Cats.\n"), shelf.add(2, "Dogs.\n")
    (shelf.root / "1.pdf").unlink()
    # A folder in the place of a file cannot be opened, whoever runs the tests.
    (shelf.root / "2.pdf").unlink()
    (shelf.root / "2.pdf").mkdir()
    found = (shelf.root / "2.pdf").stat()
    shelf.set_state("2.pdf", found.st_size, found.st_mtime_ns)
    reader = shelf.reader()
    with serving(reader) as url:
        for id_ in (gone, folder):
            status, headers, body = ask(url, "GET", f"/d/{id_}/file")
            assert status == 404
            assert headers["Content-Type"] == "text/plain; charset=utf-8"
            assert id_.encode() in body
            assert str(tmp_path).encode() not in body
    reader.close()
    shelf.close()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_host_is_refused(url: str, host: str) -> None:
    for method, path in (
        ("GET", "/healthz"),
        ("GET", f"/d/{2:024x}"),
        ("GET", f"/d/{2:024x}/file"),
        ("GET", f"/d/{2:024x}/page/1.png"),
        ("POST", "/mcp"),
        ("POST", "/mcp/"),
    ):
        assert ask(url, method, path, {"Host": host})[0] == 421


def test_hosts_and_origins_that_are_served(reader: Reader, url: str) -> None:
    for host in ("localhost", "localhost:1", "[::1]:8000"):
        assert ask(url, "GET", "/healthz", {"Host": host})[0] == 200
    for origin in (url, "http://localhost:6274", "https://chatgpt.com", "https://claude.ai"):
        assert rpc(url, headers={"Origin": origin})[0] == 200
    for origin in ("https://evil.example", "null"):
        assert rpc(url, headers={"Origin": origin})[0] == 403


# The address


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104  nothing is bound
        ("::", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
    ],
)
def test_the_url_of_an_address(tmp_path: Path, host: str, url: str) -> None:
    assert http_url(host, 8000) == url
    assert base_url(Settings(data=tmp_path, host=host)) == url


def test_the_url_is_that_of_the_running_server(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with hold(settings.server_lock, {"url": "http://127.0.0.1:4321", "pid": 1}):
        assert base_url(settings) == "http://127.0.0.1:4321"
    assert base_url(settings) == "http://127.0.0.1:8000"


def test_answers_do_not_wait_for_acknowledgements() -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_in_use_is_an_error_that_says_what_to_do(tmp_path: Path, reader: Reader) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(data=tmp_path, port=taken.getsockname()[1])
        with pytest.raises(UsageError, match=r"in use.*--port"):
            serve_http(settings, reader)
    with pytest.raises(UsageError, match=r"Cannot listen on 192\.0\.2\.1 port 0: .*--host"):
        serve_http(Settings(data=tmp_path, host="192.0.2.1", port=0), reader)
    assert holder(settings.server_lock) is None
