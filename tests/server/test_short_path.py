"""The short path against FastMCP: what each request is answered."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from both_ways import ID, PLAIN, QUERY, TWICE, Headers, Server, ask, both, call, changed, modern, written
from mcp_clients import FETCH, NEW, SEARCH, serving
from shelf import Shelf
from stackroom.reading.reader import Reader


@pytest.fixture(scope="module")
def server(reader: Reader) -> Server:
    return Server(reader)


@pytest.fixture(scope="module")
def url(reader: Reader, server: Server) -> Iterator[str]:
    with serving(reader, server.application) as url:
        yield url


# What each revision answers. A call that is `...` in the table is as it is in `call`.

CALLS: dict[str, dict[str, Any]] = {
    "search": {},
    "fetch": call(FETCH, ID),
    "fetch a page": call(FETCH, {"id": f"{1:024x}#p=2"}),
    "an unknown id": call(FETCH, {"id": '0123“"\\\u0001\u007fé😀'}),
    "nothing found": call(arguments={"query": "qxzvjw"}),
    "no words": call(arguments={"query": ""}),
    "a notice": call(arguments={"query": "cats lang:germann"}),
    "a phrase that is nowhere": call(arguments={"query": '"purr cats"'}),
    "every kind of character": call(arguments={"query": 'cäts 😀 \u2028\u007f\u0000"\\/'}),
    "too long a query": call(arguments={"query": "x" * 4001}),
    "too long an id": call(FETCH, {"id": "x" * 1001}),
    "arguments of n8n": call(arguments={**QUERY, "sessionId": "1", "chatInput": {"a": [None, 1.5]}}),
    "the argument of the other tool besides": call(arguments={**QUERY, **ID}),
    "id 0": call(id=0),
    "a negative id": call(id=-7),
    "a large id": call(id=2**53),
    "an id of text": call(id='a“"\\\u0001\u007fé😀'),
    "an id of digits": call(id="007"),
    "an empty id": call(id=""),
}


def test_texts_of_every_kind(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    odd = 'cats “é” ‘a’ "b" \\ / <&> \u007f \u0085 \u00a0 \u200b \u2028 \ufeff \ufffd 猫 😀 \U000e0041'
    for number in (1, 2):  # the same passage twice, and further ones
        shelf.add(number, f"{odd}\n", f"{odd} purr\n" * number, title=odd, author=odd, labels=("é", "😀"))
    reader = shelf.reader()
    with serving(reader, Server(reader).application) as url:
        for name, arguments in ((SEARCH, {"query": odd}), (SEARCH, QUERY), (FETCH, ID)):
            assert both(url, written(call(name, arguments)), PLAIN)[0] == 200
            assert both(url, written(call(name, arguments, params={"_meta": NEW})), modern(name))[0] == 200
    reader.close()
    shelf.close()


META: dict[str, dict[str, Any]] = {
    "a progress token": {"progressToken": 0},
    "a progress token of text": {"progressToken": "é"},
    "what clients add": {"openai/locale": "de", "claudecode/toolUseId": None, "traceparent": "00-1-2-01"},
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("revision", ["", "2025-11-25", "2026-07-28"])
def test_what_a_plain_call_gets(url: str, server: Server, name: str, revision: str) -> None:
    message = CALLS[name] or call()
    headers = [*PLAIN, ("MCP-Protocol-Version", revision)] if revision else PLAIN
    if revision == "2026-07-28":
        message = {**message, "params": {**message["params"], "_meta": NEW}}
        headers = modern(message["params"]["name"])
    before = server.counted.count
    status, _, answer = both(url, json.dumps(message).encode(), headers)
    assert server.counted.count == before + 1  # the first of them took the short path
    assert (status, json.loads(answer)["id"]) == (200, message["id"])
    both(url, json.dumps(message, ensure_ascii=False).encode("utf-8"), headers)


@pytest.mark.parametrize("name", META)
def test_what_a_call_says_of_itself(url: str, server: Server, name: str) -> None:
    for headers, more in ((PLAIN, {}), (modern(), NEW)):
        before = server.counted.count
        message = call(params={"_meta": {**META[name], **more}})
        assert both(url, json.dumps(message).encode(), headers)[0] == 200
        assert server.counted.count == before + 1


ACCEPTED = {
    "JSON": "application/json",
    "anything": "*/*",
    "JSON in capitals": "Application/JSON",
    "a stream before JSON": "text/event-stream, application/json;q=0.5",
    "a stream": "text/event-stream",
    "no JSON": "text/*, application/json;q=0",
    "not said": None,
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_form_of_an_answer(url: str, server: Server, name: str) -> None:
    before = server.counted.count
    body = json.dumps(call()).encode()
    assert both(url, body, changed("Accept", ACCEPTED[name]))[0] == 200
    assert server.counted.count == before + 1


@pytest.mark.parametrize(
    "more",
    [
        ("Mcp-Session-Id", "1"),
        ("Last-Event-ID", "1"),
        ("Mcp-Param-Query", "other"),
        ("Mcp-Method", "tools/list"),
        ("Mcp-Name", FETCH),
        ("MCP-Protocol-Version", "2024-11-05"),
        ("MCP-Protocol-Version", "2025-03-26"),
        ("X-Anything", "é"),
    ],
)
def test_headers_that_mean_nothing_here(url: str, server: Server, more: tuple[str, str]) -> None:
    before = server.counted.count
    body = json.dumps(call()).encode()
    assert both(url, body, [*PLAIN, more], "/mcp?session=1")[0] == 200
    assert server.counted.count == before + 1


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/json ;"]
)
def test_kinds_of_requests(url: str, server: Server, kind: str) -> None:
    before = server.counted.count
    assert both(url, json.dumps(call()).encode(), changed("Content-Type", kind))[0] == 200
    assert server.counted.count == before + 1


# What is passed on. The second answer can differ only if a request has not been passed on that should have.


ODD: dict[str, object] = {
    "an unknown tool": call("delete"),
    "no tool": call(None),
    "a tool that is no string": call(["search"]),
    "no arguments": {**call(), "params": {"name": SEARCH}},
    "arguments null": call(arguments=None),
    "arguments in a list": call(arguments=["cats"]),
    "no query": call(arguments={}),
    "the argument of the other tool": call(arguments=ID),
    "a number": call(arguments={"query": 4711}),
    "a number with a point": call(arguments={"query": 4.0}),
    "a number that is none": call(arguments={"query": float("nan")}),
    "a large number": call(FETCH, {"id": 10**30}),
    "true": call(arguments={"query": True}),
    "null": call(arguments={"query": None}),
    "a list": call(arguments={"query": ["cats"]}),
    "another method": call(method="tools/list"),
    "a method that is none": call(method="tools/shout"),
    "no method": call(method=...),
    "no params": {**call(), "params": None},
    "a notification": call(id=...),
    "id 1.0": call(id=1.0),
    "id null": call(id=None),
    "id true": call(id=True),
    "id []": call(id=[]),
    "a larger id": call(id=2**53 + 1),
    "an id with many digits": call(id=10**30),
    "JSON-RPC 1.0": call(jsonrpc="1.0"),
    "no JSON-RPC": call(jsonrpc=...),
    "another member": call(result={}),
    "another parameter": call(params={"colour": "red"}),
    "a task": call(params={"task": {"ttl": 1}}),
    "an answer to a question": call(params={"inputResponses": {}}),
    "a state": call(params={"requestState": "x"}),
    "metadata null": call(params={"_meta": None}),
    "metadata in a list": call(params={"_meta": []}),
    "a wrong progress token": call(params={"_meta": {"progressToken": [1]}}),
    "a progress token with a point": call(params={"_meta": {"progressToken": 1.0}}),
    "a version of the tool": call(params={"_meta": {"fastmcp": {"version": "9"}}}),
    "a batch": [call(), call(id=2)],
    "a batch of none": [],
    "half a pair in the query": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
    b'{"name":"search","arguments":{"query":"cats \\ud800"}}}',
    "half a pair in the id": b'{"jsonrpc":"2.0","id":"\\ud800","method":"tools/call","params":'
    b'{"name":"search","arguments":{"query":"cats"}}}',
    "the same member twice": b'{"id":1,"jsonrpc":"2.0","id":2,"method":"tools/call","params":'
    b'{"name":"search","arguments":{"query":"cats","query":"rivers"}}}',
    "what is no UTF-8": written(call())[:-5] + b"\xff" + written(call())[-5:],
    "a mark of the byte order": b"\xef\xbb\xbf" + written(call()),
    "UTF-16": json.dumps(call()).encode("utf-16"),
    "half of it": written(call())[:-9],
    "more after it": written(call()) + b"x",
    "blanks around it": b" \r\n" + written(call()) + b"\n",
    "nothing": b"",
    "a string": "search",
    "deep": b"[" * 5000 + b"]" * 5000,
    "deep arguments": written(call(arguments={**QUERY, "x": 0}))[:-4] + b"[" * 300 + b"]" * 300 + b"}}}",
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_of_a_message(url: str, name: str) -> None:
    message = ODD[name]
    both(url, written(message), PLAIN)
    if isinstance(message, dict) and isinstance(message.get("params"), dict):
        meta = message["params"].get("_meta", {})
        message = {**message, "params": {**message["params"], "_meta": {**NEW, **meta} if meta else NEW}}
    both(url, written(message), modern())


VERSION, CLIENT, CAPABILITIES = NEW


def without(left_out: str) -> dict[str, object]:
    return {name: value for name, value in NEW.items() if name != left_out}


ENVELOPES: dict[str, tuple[Headers, object]] = {
    "a version that nobody knows": (modern(MCP_Protocol_Version="2027-01-01"), NEW),
    "no version": (modern(MCP_Protocol_Version=None), NEW),
    "an empty version": (modern(MCP_Protocol_Version=""), NEW),
    "an older version": (modern(MCP_Protocol_Version="2025-11-25"), NEW),
    "an older version, without metadata": (modern(MCP_Protocol_Version="2025-11-25"), {}),
    "no method": (modern(Mcp_Method=None), NEW),
    "another method": (modern(Mcp_Method="tools/list"), NEW),
    "a method in capitals": (modern(Mcp_Method="Tools/Call"), NEW),
    "no name": (modern(Mcp_Name=None), NEW),
    "another name": (modern(FETCH), NEW),
    "a coded name": (modern("=?base64?c2VhcmNo?="), NEW),
    "a name of other characters": (modern("séarch"), NEW),
    "the version twice": ([*modern(), ("MCP-Protocol-Version", "2025-11-25")], NEW),
    "the name twice": ([*modern(), ("Mcp-Name", FETCH)], NEW),
    "a parameter": ([*modern(), ("Mcp-Param-Query", "other")], NEW),
    "a session": ([*modern(), ("Mcp-Session-Id", "1")], NEW),
    "no metadata": (modern(), None),
    "empty metadata": (modern(), {}),
    "another version in the metadata": (modern(), {**NEW, VERSION: "2025-11-25"}),
    "no version in the metadata": (modern(), without(VERSION)),
    "a client that does not say its name": (modern(), without(CLIENT)),
    "a client without a version": (modern(), {**NEW, CLIENT: {"name": "x"}}),
    "no capabilities": (modern(), without(CAPABILITIES)),
    "capabilities in a list": (modern(), {**NEW, CAPABILITIES: []}),
    "capabilities": (
        modern(),
        {**NEW, CAPABILITIES: {"elicitation": {"form": {}}, "extensions": {"a/b": {}}}},
    ),
    "wrong capabilities": (modern(), {**NEW, CAPABILITIES: {"elicitation": 1}}),
    "a level of logs": (modern(), {**NEW, "io.modelcontextprotocol/logLevel": "debug"}),
    "what nobody knows": (modern(), {**NEW, "io.modelcontextprotocol/x": 1}),
    "the newer metadata alone": (PLAIN, NEW),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_what_a_request_of_the_newer_revision_says_of_itself(url: str, name: str) -> None:
    headers, meta = ENVELOPES[name]
    both(url, written(call(params={"_meta": meta})), headers)
    both(url, written(call(FETCH, ID, params={"_meta": meta})), headers)


@pytest.mark.parametrize(
    "headers",
    [
        changed("Accept", "text/html"),
        changed("Accept", "application/jsonx"),
        changed("Accept", ""),
        changed("Content-Type", None),
        changed("Content-Type", "text/plain"),
        changed("Content-Type", "application/json-rpc"),
        changed("Content-Type", "text/plain, application/json"),
        [*PLAIN, ("Content-Type", "text/plain")],
        [*PLAIN, ("Content-Encoding", "gzip")],
    ],
)
def test_what_is_odd_of_a_request(url: str, headers: Headers) -> None:
    both(url, written(call()), headers)
    for method in ("GET", "DELETE", "PUT", "HEAD"):
        one, other = (ask(url, written(call()), [*headers, *more], method=method) for more in ([], TWICE))
        assert one == other
