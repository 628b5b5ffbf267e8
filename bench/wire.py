"""What a call costs besides its answer: `python -m bench.wire DATA [--calls 100] [--rounds 7]`.

A server answers each search with the same results. Plain calls in both revisions of MCP, which take the short
path of `server.protocol.short_path`, and the same calls led past it to FastMCP by a header that is there
twice; in turns. Prints Markdown: medians of the rounds, in CPU-ms for a call.
"""

import argparse
import http.client
import json
import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from bench.processes import print_table
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.embedding.models import Models
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.reading.showing.hits import Answer
from stackroom.server.application import create_application, listen
from stackroom.server.limits.connections import LimitedConnection
from stackroom.server.monitoring.ledger import Ledger

_QUERY = "how does the committee report on climate and energy"
_HEADERS = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]
_MODERN = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "search")]
_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
_TWICE = [("X-Twice", "1"), ("X-Twice", "2")]
_REVISIONS: dict[str, tuple[list[tuple[str, str]], dict[str, Any]]] = {
    "2025-11-25": ([("MCP-Protocol-Version", "2025-11-25")], {}),
    "2026-07-28": (_MODERN, _META),
}


class _Canned(Reader):
    """Answers each search as the first one."""

    kept: Answer | None = None

    def answer(self, query: str, *arguments: Any, **options: Any) -> Answer:
        self.kept = self.kept or super().answer(query, *arguments, **options)
        return self.kept


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.wire", description=__doc__)
    parser.add_argument("data", type=Path, help="an indexed data folder")
    parser.add_argument("--calls", type=int, default=100, help="of each kind, in each round")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    told, tells = context.Pipe(duplex=False)
    server = context.Process(target=_serve, args=(arguments.data.resolve(), tells), daemon=True)
    server.start()
    caller = http.client.HTTPConnection("127.0.0.1", told.recv(), timeout=60)
    spent: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number in range(arguments.rounds + 1):
        for revision, (headers, meta) in _REVISIONS.items():
            for path, more in (("short path", []), ("FastMCP", _TWICE)):
                cost = _measure(caller, arguments.calls, [*_HEADERS, *headers, *more], meta)
                if number:  # the first round warms up
                    spent.setdefault((revision, path), []).append(cost)
    server.terminate()
    rows = [
        (*kind, *(f"{statistics.median(cost[part] for cost in costs):.2f}" for part in (0, 1)))
        for kind, costs in spent.items()
    ]
    print_table(["revision", "answered by", "the main thread", "the whole server"], *rows)


def _serve(data: Path, tells: Connection) -> None:
    """The server, in a process of its own; /cpu gives what its main thread and all of it have used."""
    settings = Settings.read(data=data)
    models = Models(settings.models, settings.precision, queries=True)
    reader = _Canned(Catalog(settings.catalog), WordIndex(settings.words), models)
    reader.answer(_QUERY)
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        ledger = Ledger(settings.calls, "http")
        application = create_application(
            settings, reader, f"http://127.0.0.1:{port}", "127.0.0.1", ledger=ledger
        )

        async def with_cpu(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("path") == "/cpu":
                await JSONResponse([time.thread_time(), time.process_time()])(scope, receive, send)
            else:
                await application(scope, receive, send)

        tells.send(port)
        options: dict[str, Any] = {"http": LimitedConnection, "lifespan": "on", "ws": "none"}
        uvicorn.Server(uvicorn.Config(with_cpu, **options, log_level="warning")).run(sockets=[listener])


def _measure(
    caller: http.client.HTTPConnection, calls: int, headers: list[tuple[str, str]], meta: dict[str, Any]
) -> tuple[float, float]:
    """CPU-ms for a call: of the server's main thread, and of all of it."""
    params = {"name": "search", "arguments": {"query": _QUERY}, **({"_meta": meta} if meta else {})}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    before = json.loads(_ask(caller, "GET", "/cpu", [], b""))
    for _ in range(calls):
        result = json.loads(_ask(caller, "POST", "/mcp", headers, body))["result"]
        if result["isError"]:
            raise SystemExit(result["content"][0]["text"])
    after = json.loads(_ask(caller, "GET", "/cpu", [], b""))
    return (after[0] - before[0]) / calls * 1000, (after[1] - before[1]) / calls * 1000


def _ask(
    caller: http.client.HTTPConnection, method: str, path: str, headers: list[tuple[str, str]], body: bytes
) -> bytes:
    caller.putrequest(method, path, skip_accept_encoding=True)
    for name, value in (*headers, ("Content-Length", str(len(body)))):
        caller.putheader(name, value)
    caller.endheaders(body)
    response = caller.getresponse()
    content = response.read()
    if response.status != 200:
        raise SystemExit(f"{path} answered with status {response.status}: {content[:200]!r}")
    return content


if __name__ == "__main__":
    main()
