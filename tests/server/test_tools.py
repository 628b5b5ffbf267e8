"""The two tools, over every kind of connection: answers, descriptions, errors, later commits."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastmcp
import mcp
import pytest
from fastmcp.client.transports import SSETransport

from fakes import OneModel, SomeModels, WordHashEmbedder
from mcp_clients import FETCH, MODES, NEW, SEARCH, URL, ask, connect, content, error, serving
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import ModelNotFound
from stackroom.embedding.embedder import Fingerprint, Preparation
from stackroom.indexes.words import WordIndex
from stackroom.page.mark import Mark
from stackroom.reading.notices import MEANING_NOT_READY
from stackroom.reading.reader import Reader
from stackroom.server.protocol.answers import FetchAnswer, SearchAnswer, fetch_answer, search_answer
from stackroom.server.protocol.tools import INSTRUCTIONS, create_mcp

MARK = Mark.of("Cats sleep.\nCats purr.\n", 12, 22)

# The tools, over every connection


@pytest.mark.anyio
async def test_search_then_fetch_each_result(how: str, reader: Reader, url: str) -> None:
    async with connect(how, reader, url) as client:
        results = content(await client.call(SEARCH, query="cats purr"))["results"]
        assert len(results) == len({result["id"] for result in results}) == 10
        (rivers,) = results[0].pop("more")
        assert [result.pop("note") for result in results][:-1] == [""] * 9
        assert (rivers["text"], rivers["page"]) == ("Rivers.", 1)
        assert results[0].pop("score") > results[1]["score"]
        assert results[0].pop("strength") == "strong"
        assert {result["strength"] for result in results[1:]} <= {"possible", "weak"}
        assert results[0] == {
            "id": f"{1:024x}",
            "title": "Document 1",
            "url": f"{url}/d/{1:024x}?page=2&mark={MARK}#passage",
            "text": "Cats purr.",
            "page": 2,
            "page_label": "ii",
            "ocr_confidence": 0,
            "copies": [],
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
                "first_page": 1,
                "last_page": 2,
                "part": 1,
                "parts": 1,
                "ocr_pages": "",
                "unread_pages": "",
                "unread": "",
                "ocr_confidence": 0,
                "attachments": [],
                "next_id": "",
                "previous_id": "",
                "outline": [],
            },
        }


@pytest.mark.anyio
async def test_what_is_not_there(how: str, reader: Reader, url: str) -> None:
    async with connect(how, reader, url) as client:
        assert content(await client.call(SEARCH, query=" \n"))["results"] == []
        assert "'0123'" in error(await client.call(FETCH, id="0123"))
        assert "exactly as a search result gives it" in error(await client.call(FETCH, id="a\0../b"))
        assert "id is empty" in error(await client.call(FETCH, id=" "))
        wrong: list[dict[str, object]] = [
            {},
            {"query": None},
            {"query": ["cats"]},
            {"query": {}},
            {"id": "0123"},
        ]
        for arguments in wrong:
            message = error(await client.call(SEARCH, **arguments))
            assert message == "search takes one argument, query, which is a string."
        with pytest.raises(mcp.MCPError, match="Unknown tool") as caught:
            await client.call("delete", id="0123")
        assert caught.value.error.code == -32602


@pytest.mark.anyio
async def test_what_clients_add_and_what_they_make_of_a_text(how: str, reader: Reader, url: str) -> None:
    async with connect(how, reader, url) as client:
        cats = content(await client.call(SEARCH, query="cats purr"))
        own = {"sessionId": "x", "action": "sendMessage", "chatInput": "cats?", "toolCallId": "1", "limit": 3}
        assert content(await client.call(SEARCH, query="cats purr", **own)) == cats
        seven = content(await client.call(SEARCH, query="7"))
        assert seven["results"][0]["text"] == "Cats and 7 other animals."
        assert content(await client.call(SEARCH, query=7)) == seven
        assert content(await client.call(SEARCH, query=7.0)) == seven
        assert content(await client.call(SEARCH, query=True)) == content(
            await client.call(SEARCH, query="true")
        )
        assert "characters" in error(await client.call(SEARCH, query=10**4000))
        document = content(await client.call(FETCH, id=f"{1:024x}", **own))
        assert document["title"] == "Document 1"


@pytest.mark.anyio
async def test_what_names_one_document_is_fetched(how: str, reader: Reader, url: str) -> None:
    async with connect(how, reader, url) as client:
        (result, *_) = content(await client.call(SEARCH, query="cats purr"))["results"]
        document = content(await client.call(FETCH, id=result["id"]))
        cited = result["url"]
        assert "?page=2&mark=" in cited
        for named in (cited, cited.partition("?")[0], f"[Document 1]({cited})", f'"{result["id"].upper()}"'):
            assert content(await client.call(FETCH, id=named)) == document


@pytest.mark.anyio
async def test_only_what_is_there_is_advertised(reader: Reader, url: str) -> None:
    for target in (create_mcp(reader, URL), url + "/mcp", SSETransport(url + "/sse")):
        async with fastmcp.Client(target, mode="legacy") as client:
            started = client.initialize_result
            assert started is not None
            assert started.capabilities.model_dump(exclude_none=True) == {"tools": {}}
            assert (started.server_info.name, started.server_info.title) == (
                "Stackroom",
                "Stackroom, a library of PDFs",
            )
        for absent in ("prompts/list", "resources/list", "resources/templates/list", "logging/setLevel"):
            request = {"jsonrpc": "2.0", "id": 1, "method": absent, "params": {"level": "info"}}
            kinds = {"Content-Type": "application/json", "Accept": "application/json"}
            body = ask(url, "POST", "/mcp", kinds, json.dumps(request))[2]
            assert json.loads(body)["error"]["code"] == -32601
    found = ask_new(url, "server/discover")[1]
    assert found["capabilities"] == {"tools": {}}
    for kept in (found, ask_new(url, "tools/list")[1]):
        assert (kept["ttlMs"], kept["cacheScope"]) == (3_600_000, "private")
    assert found["_meta"]["io.modelcontextprotocol/serverInfo"]["title"] == "Stackroom, a library of PDFs"


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json, text/event-stream", "*/*"])
def test_what_the_server_can_do_is_never_a_stream(url: str, accept: str) -> None:
    kind, found = ask_new(url, "server/discover", accept)
    assert kind == "application/json"
    assert found["supportedVersions"] == ["2026-07-28"]


def ask_new(url: str, method: str, accept: str = "application/json, text/event-stream") -> tuple[str, Any]:
    """The kind and the result of the answer to a request of the newer revision."""
    headers = {"Accept": accept, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": NEW}}
    headers["Content-Type"] = "application/json"
    status, answered, body = ask(url, "POST", "/mcp", headers, json.dumps(request))
    assert status == 200
    return answered["Content-Type"], json.loads(body)["result"]


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
    quoted = dict.fromkeys(("id", "text", "url", "page_label"), "string")
    copies = [{**dict.fromkeys(("id", "title", "url", "page_label"), "string"), "page": "integer"}]
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
                    "strength": "string",
                    "ocr_confidence": "integer",
                    "copies": copies,
                    "more": [
                        {
                            **quoted,
                            "page": "integer",
                            "score": "number",
                            "ocr_confidence": "integer",
                            "copies": copies,
                        }
                    ],
                    "note": "string",
                }
            ],
            "total": "integer",
            "next_query": "string",
            "notices": ["string"],
            "library": dict.fromkeys(("documents", "files_waiting", "embedded"), "integer")
            | {"indexing": "boolean", "scans_waiting": "integer", "locked_files": "integer"},
        },
        expected=True,
    )
    strings = (
        "author",
        "created",
        "modified",
        "file_name",
        "source",
        "extractor",
        "next_id",
        "previous_id",
        "ocr_pages",
        "unread_pages",
        "unread",
    )
    numbers = ("pages", "first_page", "last_page", "part", "parts", "ocr_confidence")
    assert bare(tools[FETCH]["outputSchema"]) == bare(
        {
            **dict.fromkeys(("id", "title", "text", "url"), "string"),
            "metadata": {
                **dict.fromkeys(strings, "string"),
                **dict.fromkeys(numbers, "integer"),
                "attachments": [{"name": "string", "page": "integer", "id": "string", "unread": "string"}],
                "outline": [{"title": "string", "page": "integer", "level": "integer"}],
            },
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
    found = search_answer(reader.answer("cats purr"), URL, reader.state())
    assert SearchAnswer.model_validate_json(found.model_dump_json()) == found
    assert found.results[0].url == f"{URL}/d/{1:024x}?page=2&mark={MARK}#passage"
    document = fetch_answer(reader.fetch(found.results[0].id), URL)
    assert FetchAnswer.model_validate_json(document.model_dump_json()) == document


def test_the_light_modules_do_not_import_mcp() -> None:
    modules = "stackroom.server.protocol.answers, stackroom.server.address"
    code = f"import sys, {modules}; sys.exit('mcp' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# Errors


class Broken(Reader):
    """A reader with a mistake in it, whose exception text nobody outside may see."""

    def answer(self, query: str, *_: Any, **__: Any) -> Any:
        raise ValueError(f"secret of {Path(__file__).resolve()}")


@pytest.mark.anyio
@pytest.mark.parametrize("mode", MODES)
async def test_an_unforeseen_exception_is_not_shown(shelf: Shelf, mode: str) -> None:
    reader = Broken(Catalog(shelf.path), WordIndex(shelf.words), OneModel(shelf.embedder))
    async with fastmcp.Client(create_mcp(reader, URL), mode=mode) as client:
        message = error(await client.call_tool_mcp(SEARCH, {"query": "cats"}))
    assert message == "Error calling tool 'search'"
    reader.close()


@pytest.mark.anyio
async def test_what_is_wrong_on_this_machine_is_told_to_its_owner_only(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(name: str) -> WordHashEmbedder:
        raise ModelNotFound(f"The model {name} is not here.")

    reader = shelf.reader(load=missing)
    async with fastmcp.Client(create_mcp(reader, URL)) as client:
        message = error(await client.call_tool_mcp(SEARCH, {"query": "cats"}))
        assert "word-hash" not in message
        assert "the server's log" in message
        assert "The model word-hash is not here." in caplog.text
        assert content(await client.call_tool_mcp(FETCH, {"id": f"{2:024x}"}))
    reader.close()


# What is said beside an answer


@pytest.mark.anyio
@pytest.mark.parametrize("mode", MODES)
async def test_what_is_said_beside_an_answer_is_in_the_results_own_metadata(
    reader: Reader, mode: str
) -> None:
    async with fastmcp.Client(create_mcp(reader, URL), mode=mode) as client:
        found = await client.call_tool_mcp(SEARCH, {"query": "cats lang:germann"})
        notices = (found.meta or {})["stackroom/notices"]
        assert notices[0].startswith("lang:germann was taken as words")
        assert content(found)["notices"] == notices
        plain = await client.call_tool_mcp(SEARCH, {"query": "cats lang:english"})
        assert "stackroom/notices" not in (plain.meta or {})


@pytest.mark.anyio
async def test_that_meaning_is_not_ready_is_told_and_logged_once(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    class NeverPrepared(SomeModels):
        def preparation(self, model: Fingerprint) -> Preparation:
            return Preparation.UNDER_WAY

    reader = Reader(Catalog(shelf.path), WordIndex(shelf.words), NeverPrepared(lambda _: shelf.embedder))
    async with fastmcp.Client(create_mcp(reader, URL)) as client:
        for query in ("cats", "rivers"):
            found = await client.call_tool_mcp(SEARCH, {"query": query})
            assert content(found)["results"]
            assert (found.meta or {})["stackroom/notices"] == [MEANING_NOT_READY]
    assert caplog.text.count(MEANING_NOT_READY) == 1
    reader.close()


# Following the catalogue


@pytest.mark.anyio
async def test_a_server_of_an_empty_data_folder_follows_what_is_indexed(tmp_path: Path) -> None:
    path = tmp_path / "data" / "index" / "catalog.sqlite3"
    embedders: list[WordHashEmbedder] = []
    models = SomeModels(lambda _: embedders[0])
    reader = Reader(Catalog(path, create=True), WordIndex(path.parent / "words"), models)
    with serving(reader) as url:
        assert json.loads(ask(url, "GET", "/healthz")[2])["documents"] == 0
        async with mcp.Client(url + "/mcp") as client:
            assert content(await client.call_tool(SEARCH, {"query": "cats"}))["results"] == []
            shelf = Shelf(tmp_path)
            embedders.append(shelf.embedder)
            cats = shelf.add(1, "Cats sleep.\n")
            answer = content(await client.call_tool(SEARCH, {"query": "cats"}))
            assert [result["id"] for result in answer["results"]] == [cats]
            dogs = shelf.add(2, "Dogs bark.\n", name="1.pdf")
            answer = content(await client.call_tool(SEARCH, {"query": "dogs"}))
            assert [result["id"] for result in answer["results"]] == [dogs]
            assert content(await client.call_tool(FETCH, {"id": cats}))["id"] == dogs
            shelf.remove(1)
            assert content(await client.call_tool(SEARCH, {"query": "dogs"}))["results"] == []
            assert "No document" in error(await client.call_tool(FETCH, {"id": dogs}))
        assert json.loads(ask(url, "GET", "/healthz")[2])["documents"] == 0
    reader.close()
    shelf.close()
