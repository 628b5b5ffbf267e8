"""Both revisions of MCP on one connection that stays open: over stdio, and over a stream of events.

The library serves each such connection in the revision of its first request. Claude Code asks for
server/discover, in that of 2026-07-28, and then begins with the handshake of the older ones: it was refused,
and saw no tools. Here each revision has a connection to the server, and a message goes where it belongs.

The only file that reaches into FastMCP: for the server in it, whose `run` serves all such connections.
"""

import contextvars
from contextlib import AsyncExitStack, suppress
from typing import Any

import anyio
from anyio.abc import ObjectSendStream
from anyio.streams.memory import MemoryObjectReceiveStream
from fastmcp import FastMCP
from mcp_types import PROTOCOL_VERSION_META_KEY, JSONRPCRequest

_Sent = tuple[contextvars.Context, Any]


def set_title(mcp: FastMCP, title: str) -> None:
    """Lets `mcp` have a title besides its name, which FastMCP has no argument for."""
    mcp._mcp_server.title = title


def speak_both_revisions(mcp: FastMCP) -> None:
    """Lets clients of `mcp` use either revision at any time, on whatever transport."""
    server = mcp._mcp_server
    run_one_revision = server.run

    async def run(
        read_stream: Any, write_stream: Any, initialization_options: Any, raise_exceptions: bool = False
    ) -> None:
        client_gone = suppress(anyio.ClosedResourceError, anyio.BrokenResourceError)  # the client

        async def serve(messages: _Messages) -> None:
            answer, answers = anyio.create_memory_object_stream[Any]()
            async with messages, answer, answers, anyio.create_task_group() as tasks:
                tasks.start_soon(
                    lambda: run_one_revision(messages, answer, initialization_options, raise_exceptions)
                )
                with client_gone:
                    async for one in answers:
                        await write_stream.send(one)

        connections: dict[bool, ObjectSendStream[_Sent]] = {}
        is_stateless = False
        async with (
            read_stream,
            write_stream,
            anyio.create_task_group() as tasks,
            AsyncExitStack() as stack,
        ):
            stack.enter_context(client_gone)
            async for one in read_stream:
                message = getattr(one, "message", None)  # else it made no sense
                if isinstance(message, JSONRPCRequest):
                    is_stateless = _is_stateless(message)
                if is_stateless not in connections:
                    connections[is_stateless], messages = anyio.create_memory_object_stream[_Sent]()
                    await stack.enter_async_context(connections[is_stateless])
                    tasks.start_soon(serve, _Messages(messages))
                # Who asks is in the context in which the message came.
                context = getattr(read_stream, "last_context", None) or contextvars.copy_context()
                await connections[is_stateless].send((context, one))

    server.run = run  # type: ignore[method-assign]


def _is_stateless(request: JSONRPCRequest) -> bool:
    """Whether a request says for itself which revision it is of: those before 2026-07-28 do not."""
    meta = (request.params or {}).get("_meta")
    return request.method != "initialize" and isinstance(meta, dict) and PROTOCOL_VERSION_META_KEY in meta


class _Messages:
    """What one connection receives, as the library's own streams give it."""

    def __init__(self, inner: MemoryObjectReceiveStream[_Sent]) -> None:
        self._inner = inner
        self.last_context: contextvars.Context | None = None

    async def receive(self) -> Any:
        self.last_context, message = await self._inner.receive()
        return message

    def __aiter__(self) -> "_Messages":
        return self

    async def __anext__(self) -> Any:
        self.last_context, message = await self._inner.__anext__()
        return message

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> "_Messages":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
