"""The server as its clients see it: in memory, over HTTP in both protocol eras, and over stdio."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fastmcp
import mcp
import pytest
import uvicorn
from mcp_types import CallToolResult, ListToolsResult, TextContent

from stackroom.catalog import Catalog
from stackroom.embedding.embedder import Embedder
from stackroom.errors import ModelNotFound, UsageError
from stackroom.holder import hold, holder
from stackroom.reader import Reader
from stackroom.server.address import base_url, http_url, server_lock
from stackroom.server.answers import FetchAnswer, SearchAnswer, fetch_answer, search_answer
from stackroom.server.application import create_application, listen, serve_http
from stackroom.server.tools import INSTRUCTIONS, create_mcp
from stackroom.settings import Settings
from test_reader import Shelf

URL = "http://stackroom.test"
SEARCH, FETCH = "search", "fetch"
MODES = ["legacy", "2026-07-28"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Twelve documents that nobody changes; the first has two pages and an awkward file name."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    shelf.add(1, "Rivers.\n", "Cats sleep.\nCats purr.\n", name='Käse/№ 1 "b".pdf', labels=("i", "ii"))
    for number in range(2, 13):
        shelf.add(number, f"Cats and {number} other animals.\n")
    yield shelf
    shelf.close()


@pytest.fixture(scope="module")
def reader(shelf: Shelf) -> Iterator[Reader]:
    reader = shelf.reader()
    yield reader
    reader.close()


@contextmanager
def serving(reader: Reader) -> Iterator[str]:
    """An HTTP server in a thread, on a free port; yields its URL."""
    with listen("127.0.0.1", 0) as listener:
        address, port = listener.getsockname()
        url = http_url(address, port)
        config = uvicorn.Config(
            create_application(reader, url, address), lifespan="on", ws="none", log_level="warning"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def url(reader: Reader) -> Iterator[str]:
    with serving(reader) as url:
        yield url


class Connected:
    """The same few calls for both client libraries."""

    def __init__(self, client: "fastmcp.Client[Any] | mcp.Client") -> None:
        self._client = client

    async def tools(self) -> ListToolsResult:
        if isinstance(self._client, mcp.Client):
            return await self._client.list_tools()
        return await self._client.list_tools_mcp()

    async def call(self, name: str, **arguments: object) -> CallToolResult:
        if isinstance(self._client, mcp.Client):
            return await self._client.call_tool(name, arguments)
        return await self._client.call_tool_mcp(name, arguments)


CLIENTS = ["fastmcp in memory", "fastmcp auto", *(f"mcp {mode}" for mode in MODES)]


@pytest.fixture(params=CLIENTS)
def how(request: pytest.FixtureRequest) -> str:
    """A way to connect, for `connect`."""
    return str(request.param)


@asynccontextmanager
async def connect(how: str, reader: Reader, url: str) -> AsyncIterator[Connected]:
    library, mode = how.split(" ", 1)
    if mode == "in memory":
        async with fastmcp.Client(create_mcp(reader, url)) as memory_client:
            yield Connected(memory_client)
    elif library == "fastmcp":
        async with fastmcp.Client(url + "/mcp", mode=mode) as http_client:
            yield Connected(http_client)
    else:
        async with mcp.Client(url + "/mcp", mode=mode) as sdk_client:
            yield Connected(sdk_client)


def content(result: CallToolResult) -> Any:
    """The structured content of an answer, after checking that the one text item is the same JSON."""
    assert not result.is_error
    (item,) = result.content
    assert isinstance(item, TextContent)
    assert json.loads(item.text) == result.structured_content
    return result.structured_content


def error(result: CallToolResult) -> str:
    """The message of an error."""
    assert result.is_error
    assert result.structured_content is None
    (item,) = result.content
    assert isinstance(item, TextContent)
    return item.text


# The tools, over every connection


@pytest.mark.anyio
async def test_search_then_fetch_each_result(how: str, reader: Reader, url: str) -> None:
    async with connect(how, reader, url) as client:
        results = content(await client.call(SEARCH, query="cats purr"))["results"]
        assert len(results) == len({result["id"] for result in results}) == 10
        assert results[0] == {
            "id": f"{1:024x}",
            "title": "Document 1",
            "url": f"{url}/d/{1:024x}#page=2",
            "text": "Cats purr.",
            "page": 2,
            "page_label": "ii",
            "score": pytest.approx(1, abs=1e-3),
        }
        for result in results:
            document = content(await client.call(FETCH, id=result["id"]))
            assert result["text"] in document["text"]
            assert result["url"].startswith(document["url"])
        assert content(await client.call(FETCH, id=f"{1:024x}")) == {
            "id": f"{1:024x}",
            "title": "Document 1",
            "text": "[[page 1 (i)]]\nRivers.\n\n[[page 2 (ii)]]\nCats sleep.\nCats purr.\n",
            "url": f"{url}/d/{1:024x}",
            "metadata": {
                "author": "Ada",
                "created": "2020-01-02",
                "modified": "2021-03-04",
                "pages": 2,
                "file_name": '№ 1 "b".pdf',
                "source": 'Käse/№ 1 "b".pdf',
                "extractor": "by hand 1",
            },
        }


@pytest.mark.anyio
async def test_what_is_not_there(how: str, reader: Reader, url: str) -> None:
    async with connect(how, reader, url) as client:
        assert content(await client.call(SEARCH, query=" \n")) == {"results": []}
        assert "'0123'" in error(await client.call(FETCH, id="0123"))
        assert "exactly as a search result gives it" in error(await client.call(FETCH, id="a\0../b"))
        assert "id is empty" in error(await client.call(FETCH, id=" "))
        with pytest.raises(mcp.MCPError, match="Unknown tool") as caught:
            await client.call("delete", id="0123")
        assert caught.value.error.code == -32602


@pytest.mark.anyio
async def test_the_tools_are_described_as_clients_require(how: str, reader: Reader, url: str) -> None:
    async with connect(how, reader, url) as client:
        listed = (await client.tools()).model_dump(mode="json", by_alias=True, exclude_unset=True)["tools"]
    tools = {tool["name"]: tool for tool in listed}
    assert set(tools) == {SEARCH, FETCH}
    for tool, parameter in ((tools[SEARCH], "query"), (tools[FETCH], "id")):
        description = tool["inputSchema"]["properties"][parameter].pop("description")
        assert description
        assert tool["inputSchema"] == {
            "type": "object",
            "properties": {parameter: {"type": "string"}},
            "required": [parameter],
            "additionalProperties": False,
        }
        hints = {"readOnlyHint": True, "destructiveHint": False, "openWorldHint": False}
        assert tool["annotations"] == hints
        assert tool["title"]
        assert tool["description"]
    assert bare(tools[SEARCH]["outputSchema"]) == bare(
        {
            "results": [
                {
                    "id": "string",
                    "title": "string",
                    "url": "string",
                    "text": "string",
                    "page": "integer",
                    "page_label": "string",
                    "score": "number",
                }
            ]
        },
        expected=True,
    )
    strings = ("author", "created", "modified", "file_name", "source", "extractor")
    assert bare(tools[FETCH]["outputSchema"]) == bare(
        {
            **dict.fromkeys(("id", "title", "text", "url"), "string"),
            "metadata": {**dict.fromkeys(strings, "string"), "pages": "integer"},
        },
        expected=True,
    )
    assert tools[FETCH]["_meta"]["anthropic/maxResultSizeChars"] == 500_000


def bare(schema: Any, *, expected: bool = False) -> Any:
    """A JSON schema without descriptions; with `expected`, that of objects written as in the test above."""
    if not expected:
        kept = {name: value for name, value in schema.items() if name not in ("description", "required")}
        if "properties" in kept:
            assert sorted(schema["required"]) == sorted(kept["properties"])
            kept["properties"] = {name: bare(value) for name, value in kept["properties"].items()}
        if "items" in kept:
            kept["items"] = bare(kept["items"])
        return kept
    if isinstance(schema, str):
        return {"type": schema}
    if isinstance(schema, list):
        return {"type": "array", "items": bare(schema[0], expected=True)}
    return {
        "type": "object",
        "properties": {name: bare(value, expected=True) for name, value in schema.items()},
    }


def test_the_instructions_fit_where_clients_cut_them() -> None:
    assert len(INSTRUCTIONS) <= 512
    assert "without authority" in INSTRUCTIONS


def test_the_command_line_prints_the_same_answers(reader: Reader) -> None:
    found = search_answer(reader.search("cats purr"), URL)
    assert SearchAnswer.model_validate_json(found.model_dump_json()) == found
    assert found.results[0].url == f"{URL}/d/{1:024x}#page=2"
    document = fetch_answer(reader.fetch(found.results[0].id), URL)
    assert FetchAnswer.model_validate_json(document.model_dump_json()) == document


def test_the_light_modules_do_not_import_mcp() -> None:
    code = "import sys, stackroom.server.answers, stackroom.server.address; sys.exit('mcp' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# Errors


class Broken(Reader):
    """A reader with a mistake in it, whose exception text nobody outside may see."""

    def search(self, query: str, limit: int = 10) -> Any:
        raise ValueError(f"secret of {Path(__file__).resolve()}")


@pytest.mark.anyio
@pytest.mark.parametrize("mode", MODES)
async def test_an_unforeseen_exception_is_not_shown(shelf: Shelf, mode: str) -> None:
    reader = Broken(Catalog(shelf.path), lambda _: shelf.embedder)
    async with fastmcp.Client(create_mcp(reader, URL), mode=mode) as client:
        message = error(await client.call_tool_mcp(SEARCH, {"query": "cats"}))
    assert message == "Error calling tool 'search'"
    reader.close()


@pytest.mark.anyio
async def test_what_is_wrong_on_this_machine_is_told_to_its_owner_only(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(name: str) -> Embedder:
        raise ModelNotFound(f"The model {name} is not here.")

    reader = shelf.reader(load=missing)
    async with fastmcp.Client(create_mcp(reader, URL)) as client:
        message = error(await client.call_tool_mcp(SEARCH, {"query": "cats"}))
        assert "word-hash" not in message
        assert "the server's log" in message
        assert "The model word-hash is not here." in caplog.text
        assert content(await client.call_tool_mcp(FETCH, {"id": f"{2:024x}"}))
    reader.close()


# Plain HTTP


def ask(
    url: str, method: str, path: str, headers: dict[str, str] | None = None, body: str | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request, with the path exactly as given."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def rpc(url: str, path: str = "/mcp", headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Lists the tools as a client without the older handshake would."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}})
    kind = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    status, _, answer = ask(url, "POST", path, kind | (headers or {}), body)
    return status, answer


def test_the_mcp_path_needs_no_redirect(url: str) -> None:
    status, answer = rpc(url)
    assert status == 200
    assert rpc(url, "/mcp/") == (200, answer)
    assert ask(url, "GET", "/mcp")[0] == ask(url, "GET", "/mcp/")[0] == 405


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


def test_a_citation_opens_the_pdf(shelf: Shelf, url: str) -> None:
    expected = (shelf.root / 'Käse/№ 1 "b".pdf').read_bytes()
    status, headers, body = ask(url, "GET", f"/d/{1:024x}")
    assert (status, body) == (200, expected)
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"] == "inline; filename*=utf-8''%E2%84%96%201%20%22b%22.pdf"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private"
    assert headers["Accept-Ranges"] == "bytes"


def test_a_pdf_may_be_read_in_ranges(url: str) -> None:
    status, headers, body = ask(url, "GET", f"/d/{2:024x}", {"Range": "bytes=0-7"})
    assert (status, body) == (206, b"%PDF-1.7")
    size = headers["Content-Range"].removeprefix("bytes 0-7/")
    status, _, body = ask(url, "GET", f"/d/{2:024x}", {"Range": "bytes=-5"})
    assert (status, body) == (206, b"xxxx\n")
    assert ask(url, "GET", f"/d/{2:024x}", {"Range": "bytes=99999-"})[0] == 416
    status, headers, body = ask(url, "HEAD", f"/d/{2:024x}")
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
    ],
)
def test_an_id_that_is_not_there_is_not_found(shelf: Shelf, url: str, path: str) -> None:
    status, headers, body = ask(url, "GET", path)
    assert status == 404
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert b"exactly as a search result gives it" in body
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
            status, headers, body = ask(url, "GET", f"/d/{id_}")
            assert status == 404
            assert headers["Content-Type"] == "text/plain; charset=utf-8"
            assert id_.encode() in body
            assert str(tmp_path).encode() not in body
    reader.close()
    shelf.close()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_host_is_refused(url: str, host: str) -> None:
    for method, path in (("GET", "/healthz"), ("GET", f"/d/{2:024x}"), ("POST", "/mcp"), ("POST", "/mcp/")):
        assert ask(url, method, path, {"Host": host})[0] == 421


def test_hosts_and_origins_that_are_served(reader: Reader, url: str) -> None:
    for host in ("localhost", "localhost:1", "[::1]:8000"):
        assert ask(url, "GET", "/healthz", {"Host": host})[0] == 200
    for origin in (url, "http://localhost:6274", "https://chatgpt.com", "https://claude.ai"):
        assert rpc(url, headers={"Origin": origin})[0] == 200
    for origin in ("https://evil.example", "null"):
        assert rpc(url, headers={"Origin": origin})[0] == 403


# Following the catalogue


@pytest.mark.anyio
async def test_a_server_of_an_empty_data_folder_follows_what_is_indexed(tmp_path: Path) -> None:
    path = tmp_path / "data" / "index" / "catalog.sqlite3"
    embedders: list[Embedder] = []
    reader = Reader(Catalog(path, create=True), lambda _: embedders[0])
    with serving(reader) as url:
        assert json.loads(ask(url, "GET", "/healthz")[2])["documents"] == 0
        async with mcp.Client(url + "/mcp") as client:
            assert content(await client.call_tool(SEARCH, {"query": "cats"})) == {"results": []}
            shelf = Shelf(tmp_path)
            embedders.append(shelf.embedder)
            cats = shelf.add(1, "Cats sleep.\n")
            answer = content(await client.call_tool(SEARCH, {"query": "cats"}))
            assert [result["id"] for result in answer["results"]] == [cats]
            dogs = shelf.add(2, "Dogs bark.\n", name="1.pdf")
            answer = content(await client.call_tool(SEARCH, {"query": "cats"}))
            assert [result["id"] for result in answer["results"]] == [dogs]
            assert content(await client.call_tool(FETCH, {"id": cats}))["id"] == dogs
            shelf.remove(1)
            assert content(await client.call_tool(SEARCH, {"query": "dogs"})) == {"results": []}
            assert "No document" in error(await client.call_tool(FETCH, {"id": dogs}))
        assert json.loads(ask(url, "GET", "/healthz")[2])["documents"] == 0
    reader.close()
    shelf.close()


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
    with hold(server_lock(settings), {"url": "http://127.0.0.1:4321", "pid": 1}):
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
    assert holder(server_lock(settings)) is None


# A process of its own

PROGRAM = """
import sys
from pathlib import Path
from fakes import WordHashEmbedder
from stackroom.catalog import Catalog
from stackroom.errors import ModelNotFound
from stackroom.reader import Reader
from stackroom.server.application import serve_http
from stackroom.server.stdio import serve_stdio
from stackroom.settings import Settings

def load(name):
    if "no-model" in sys.argv:
        raise ModelNotFound(f"There is no model {name} here.")
    return WordHashEmbedder(name)

settings = Settings(data=Path(sys.argv[1]), port=0)
reader = Reader(Catalog(settings.catalog, create=True), load)
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
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}


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
    assert answers[1]["result"]["structuredContent"]["results"][0]["url"] == f"{URL}/d/{1:024x}#page=2"
    assert answers[2]["result"]["isError"] is True
