"""A small server of two documents that does everything right, unless it is told to do one thing wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.types import Receive, Scope, Send

_TRUSTED = ("https://chatgpt.com", "https://claude.ai")
_STRING = {"type": "string"}


async def _endless() -> AsyncIterator[str]:
    yield "event: endpoint\r\ndata: /messages?session=1\r\n\r\n"
    await asyncio.Event().wait()  # until the client leaves


@dataclass
class TinyServer:
    """An ASGI application. Each field is something that it can do in another way."""

    host: str = "127.0.0.1"
    guards_hosts: bool = True
    guards_origins: bool = True
    redirects: bool = False
    sse_paths: tuple[str, ...] = ()
    instructions: str = "Search, then fetch."
    argument: dict[str, Any] = field(default_factory=lambda: _STRING)
    more_tools: tuple[str, ...] = ()
    hints: dict[str, bool] = field(
        default_factory=lambda: {"readOnlyHint": True, "destructiveHint": False, "openWorldHint": False}
    )
    text: str | None = None
    relative: bool = False
    score: Any = 1.0
    error: str = "That is not how this tool is called."
    unknown_tool_code: int = -32602
    total: Any = 2
    fetch_characters: int = 20

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await (await self._answer(Request(scope, receive)))(scope, receive, send)
            return
        while True:  # lifespan
            event = (await receive())["type"]
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return

    async def _answer(self, request: Request) -> Response:
        path, origin = request.url.path, request.headers.get("origin")
        if self.guards_hosts and urlsplit(f"//{request.headers['host']}").hostname != self.host:
            return PlainTextResponse("no", 421)
        if self.guards_origins and origin and origin not in _TRUSTED:
            return PlainTextResponse("no", 403)
        if path == "/healthz":
            return JSONResponse({"status": "ok"})
        if path.startswith("/d/"):
            return HTMLResponse("a document")
        if path == "/mcp/" and self.redirects:
            return RedirectResponse("/mcp")
        if path in self.sse_paths:
            return StreamingResponse(_endless(), media_type="text/event-stream")
        if path == "/sse" and self.sse_paths:
            return RedirectResponse("/sse/")
        if path not in ("/mcp", "/mcp/"):
            return PlainTextResponse("not here", 404)
        if request.method != "POST":
            return PlainTextResponse("POST only", 405)
        message = await request.json()
        if "id" not in message:
            return Response(status_code=202)
        outcome = self._reply(message["method"], message["params"], f"http://{request.headers['host']}")
        return JSONResponse({"jsonrpc": "2.0", "id": message["id"], **outcome})

    def _reply(self, method: str, params: dict[str, Any], url: str) -> dict[str, Any]:
        greeting = {"capabilities": {"tools": {}}, "instructions": self.instructions}
        if method == "initialize":
            return {"result": {"protocolVersion": "2025-11-25", **greeting}}
        if method == "server/discover":
            return {"result": {"supportedVersions": ["2026-07-28"], **greeting}}
        if method == "tools/list":
            names = {"search": "query", "fetch": "id", **dict.fromkeys(self.more_tools, "x")}
            return {"result": {"tools": [self._tool(name, argument) for name, argument in names.items()]}}
        if params["name"] not in ("search", "fetch"):
            return {"error": {"code": self.unknown_tool_code, "message": "no such tool"}}
        return {"result": self._call(params["name"], params["arguments"], "" if self.relative else url)}

    def _tool(self, name: str, argument: str) -> dict[str, Any]:
        score = {"results": {"items": {"properties": {"score": {"type": "number"}}}}}
        document = {**dict.fromkeys(("id", "title", "text", "url"), _STRING), "metadata": {"type": "object"}}
        return {
            "name": name,
            "title": name.title(),
            "description": "Does it.",
            "inputSchema": {
                "type": "object",
                "properties": {argument: self.argument},
                "required": [argument],
            },
            "outputSchema": {"type": "object", "properties": document if name == "fetch" else score},
            "annotations": self.hints,
        }

    def _call(self, name: str, arguments: dict[str, Any], url: str) -> dict[str, Any]:
        query, id_ = arguments.get("query"), arguments.get("id")
        answer: dict[str, Any]
        if name == "search" and isinstance(query, str) and len(arguments) == 1:
            found = [{"id": key, "title": f"Number {key}", "url": f"{url}/d/{key}"} for key in "12"]
            answer = {
                "results": [{**one, "score": self.score} for one in found],
                "total": self.total,
                "next_query": "",
                "notices": [],
                "library": {
                    "documents": 2,
                    "indexing": False,
                    "files_waiting": 0,
                    "embedded": 100,
                    "scans_waiting": 0,
                    "locked_files": 0,
                },
            }
        elif name == "fetch" and id_ in ("1", "2"):
            text = "x" * self.fetch_characters
            answer = {"id": id_, "title": f"Number {id_}", "text": text, "url": f"{url}/d/{id_}"}
            answer["metadata"] = {"parts": 1}
        else:
            return {"content": [{"type": "text", "text": self.error}], "isError": True}
        text = json.dumps(answer) if self.text is None else self.text
        return {"content": [{"type": "text", "text": text}], "structuredContent": answer}
