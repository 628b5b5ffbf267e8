"""Lets a client use both revisions of MCP on a connection that stays open (stdio, or a stream of events).

The MCP library serves such a connection in the revision of its first request. But Claude Code first sends
server/discover, in the revision 2026-07-28, and then the handshake of the older revisions: it was refused,
and saw no tools. So here each revision gets a connection to the server of its own, and each message goes to
the one of its revision.

This is the only file that uses a private part of FastMCP: the server inside, whose `run` serves connections.
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
    """Sets the title of `mcp`, for which FastMCP has no argument."""
    mcp._mcp_server.title = title


def server_info(mcp: FastMCP) -> dict[str, Any]:
    """What answers in the revision 2026-07-28 say of the server: its name, title and version."""
    return mcp._mcp_server.server_info_stamp


def speak_both_revisions(mcp: FastMCP) -> None:
    """Lets clients of `mcp` use either revision at any time, over any transport."""
    server = mcp._mcp_server
    run_one_revision = server.run

    async def run(
        read_stream: Any, write_stream: Any, initialization_options: Any, raise_exceptions: bool = False
    ) -> None:
        client_gone = suppress(anyio.ClosedResourceError, anyio.BrokenResourceError)

        async def serve(messages: _Messages) -> None:
            answer, answers = anyio.create_memory_object_stream[Any]()
            async with messages, answer, anyio.create_task_group() as tasks:
                tasks.start_soon(
                    lambda: run_one_revision(messages, answer, initialization_options, raise_exceptions)
                )
                # Closed as soon as nobody listens, or what is still being answered would wait for that.
                async with answers:
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
                message = getattr(one, "message", None)  # an item that could not be parsed has none
                if isinstance(message, JSONRPCRequest):
                    is_stateless = _is_stateless(message)
                if is_stateless not in connections:
                    connections[is_stateless], messages = anyio.create_memory_object_stream[_Sent]()
                    await stack.enter_async_context(connections[is_stateless])
                    tasks.start_soon(serve, _Messages(messages))
                # The context in which the message came says who sent it.
                context = getattr(read_stream, "last_context", None) or contextvars.copy_context()
                await connections[is_stateless].send((context, one))

    server.run = run  # type: ignore[method-assign]


def _is_stateless(request: JSONRPCRequest) -> bool:
    """Whether a request names its own revision, as those of 2026-07-28 do and older ones do not."""
    meta = (request.params or {}).get("_meta")
    return request.method != "initialize" and isinstance(meta, dict) and PROTOCOL_VERSION_META_KEY in meta


class _Messages:
    """The messages for one revision, with the interface of the library's own streams."""

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
