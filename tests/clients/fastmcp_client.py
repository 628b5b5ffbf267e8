"""FastMCP's client."""

import asyncio

import fastmcp

from checks import check, given, wire


async def main() -> None:
    """Connects, and does what every client does."""
    url, headers = given()
    token = headers.get("Authorization", "").removeprefix("Bearer ")
    async with fastmcp.Client(url, auth=token or None) as client:

        async def call(name: str, arguments: dict[str, str]) -> object:
            return wire(await client.call_tool_mcp(name, arguments))

        await check(url, [tool.name for tool in await client.list_tools()], call)


asyncio.run(main())
