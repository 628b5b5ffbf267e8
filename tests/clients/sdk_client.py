"""The client of the MCP SDK, in each of its two ways to speak: with the older handshake, and without."""

import asyncio

import httpx2
import mcp
from mcp.client.streamable_http import streamable_http_client

from checks import check, given, wire


async def main() -> None:
    """Connects in each mode, and does what every client does."""
    url, headers = given()
    for mode in ("legacy", "2026-07-28"):
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            mcp.Client(streamable_http_client(url, http_client=http), mode=mode) as client,
        ):

            async def call(name: str, arguments: dict[str, str], client: mcp.Client = client) -> object:
                return wire(await client.call_tool(name, dict(arguments)))

            await check(url, [tool.name for tool in (await client.list_tools()).tools], call)


asyncio.run(main())
