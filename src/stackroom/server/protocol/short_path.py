"""Answers a plain call of a tool in a fraction of the time that FastMCP takes, with the same bytes.

FastMCP makes a connection, a session and several tasks of each request, and validates and writes its answer
several times over: more work than a search. So here is answered what nearly every request is: a call of one
of our tools with a string. Everything else is passed on, also what seems wrong: only FastMCP says what is.

It stands where FastMCP's own handler of requests stood, behind the limits, sign-in, and form of answers.
tests/server/test_short_path.py holds what the two answer against each other.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fastmcp.exceptions import ToolError
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    DEFAULT_NEGOTIATED_VERSION,
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
)
from mcp_types.methods import validate_client_request
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError
from pydantic_core import from_json, to_json
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stackroom.server.protocol.tool_calls import ARGUMENTS, Answered, ToolCalls

_MODERN = "2026-07-28"
_JSON = b"application/json"

# What `transports` makes of the kinds of answers that a client takes, if JSON or a stream is among them.
_ACCEPTED = (_JSON, _JSON + b", text/event-stream")

# What the newer revision has in a request's metadata. Other names that begin so ask for more than an answer,
# and so does FastMCP's own.
_ENVELOPE = {PROTOCOL_VERSION_META_KEY, CLIENT_INFO_META_KEY, CLIENT_CAPABILITIES_META_KEY}
_RESERVED = ("io.modelcontextprotocol/", "fastmcp")

# Larger ones are no plain ids: above some size they cannot be written at all.
_LARGEST_ID = 2**53


class _Call(NamedTuple):
    """A plain call of a tool; `is_modern` in the revision 2026-07-28."""

    id: int | str
    tool: str
    asked: str
    is_modern: bool


class ShortPath:
    """An ASGI application that answers plain calls, and passes all other requests on."""

    def __init__(self, application: ASGIApp, calls: ToolCalls, server_info: dict[str, Any]) -> None:
        """Stands in front of `application`; answers in the newer revision say `server_info`."""
        self._application = application
        self._calls = calls
        self._server_info = server_info

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        body, receive = await whole_body(receive)
        call = _plain_call(scope, body)
        if call is None:
            await self._application(scope, receive, send)
            return
        try:
            answered = await self._calls.answer(call.tool, call.asked)
            written = self._written(call, answered.text, answered)
        except ToolError as error:
            written = self._written(call, str(error))
        await Response(written, headers={"content-type": "application/json"})(scope, receive, send)

    def _written(self, call: _Call, text: str, answered: Answered | None = None) -> bytes:
        """The answer as JSON; without `answered`, the error that `text` says."""
        meta = (answered.meta if answered else None) or {}
        result: dict[str, Any] = {"_meta": meta} if meta else {}  # the library has it first, or last
        result |= {"content": [{"text": text, "type": "text"}], "isError": answered is None}
        if call.is_modern:
            result["resultType"] = "complete"
        if answered:
            result["structuredContent"] = answered.answer
        if call.is_modern:
            result["_meta"] = {**meta, SERVER_INFO_META_KEY: self._server_info}
        message = {"jsonrpc": "2.0", "id": call.id, "result": result}
        written = to_json(message, ensure_ascii=call.is_modern)
        # In this revision the library uses Python's json, which takes this character for none of ASCII.
        return written.replace(b"\x7f", b"\\u007f") if call.is_modern else written


def _plain_call(scope: Scope, body: bytes) -> _Call | None:
    """The call that a request makes; None if it is anything but a plain call of one of our tools."""
    headers = dict(scope["headers"])
    is_twice = len(headers) < len(scope["headers"])  # one of them, of which the library takes the first
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip()
    if scope["method"] != "POST" or is_twice or kind != _JSON or headers.get(b"accept") not in _ACCEPTED:
        return None
    try:
        message = from_json(body)
    except ValueError:
        return None
    match message:
        case {
            "jsonrpc": "2.0",
            "id": int() | str() as id_,
            "method": "tools/call",
            "params": {"name": "search" | "fetch" as tool, "arguments": dict() as given, **more} as params,
            **others,
        } if not others and more.keys() <= {"_meta"} and not isinstance(id_, bool):
            asked, meta = given.get(ARGUMENTS[tool]), more.get("_meta", {})
        case _:
            return None
    revision = _revision(headers, tool, meta) if isinstance(meta, dict) else None
    is_large = isinstance(id_, int) and abs(id_) > _LARGEST_ID
    if not isinstance(asked, str) or revision is None or is_large:
        return None
    try:
        validate_client_request("tools/call", revision, params)
    except ValidationError:
        return None
    return _Call(id_, tool, asked, revision == _MODERN)


def _revision(headers: Mapping[bytes, bytes], tool: str, meta: Mapping[str, Any]) -> str | None:
    """The revision of a call of `tool`; None if we don't know it, or headers and metadata don't fit it."""
    reserved = {name for name in meta if name.startswith(_RESERVED)}
    revision = headers.get(b"mcp-protocol-version", DEFAULT_NEGOTIATED_VERSION.encode()).decode("latin-1")
    if revision == _MODERN:
        # The headers repeat what the request says.
        repeated = (headers.get(b"mcp-method"), headers.get(b"mcp-name"), meta.get(PROTOCOL_VERSION_META_KEY))
        fits = repeated == (b"tools/call", tool.encode(), _MODERN) and reserved <= _ENVELOPE
    else:
        fits = revision in HANDSHAKE_PROTOCOL_VERSIONS and not reserved
    return revision if fits else None


async def whole_body(receive: Receive) -> tuple[bytes, Receive]:
    """A request's body, which `RequestLimits` passes on in one piece, and a `receive` that still has it."""
    waiting = [await receive()]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return waiting[0].get("body", b""), receive_again
