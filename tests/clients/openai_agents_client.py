"""The MCP client of the OpenAI Agents SDK, with and without a slash at the end of the URL."""

import asyncio

from agents.mcp import MCPServerStreamableHttp

from checks import check, given, wire


async def main() -> None:
    """Connects, and does what every client does."""
    url, headers = given()
    for address in (url, f"{url}/"):  # this client does not follow a redirect from one to the other
        async with MCPServerStreamableHttp(params={"url": address, "headers": headers}) as server:

            async def call(
                name: str, arguments: dict[str, str], server: MCPServerStreamableHttp = server
            ) -> object:
                return wire(await server.call_tool(name, arguments))

            await check(url, [tool.name for tool in await server.list_tools()], call)


asyncio.run(main())
