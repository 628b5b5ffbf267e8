"""LangChain's MCP adapters."""

import asyncio

from langchain_mcp_adapters.client import MultiServerMCPClient

from checks import check, given


async def main() -> None:
    """Takes the tools over as LangChain's, and does with them what every client does."""
    url, headers = given()
    server = {"transport": "streamable_http", "url": url, "headers": headers}
    tools = {tool.name: tool for tool in await MultiServerMCPClient({"stackroom": server}).get_tools()}

    async def call(name: str, arguments: dict[str, str]) -> object:
        message = await tools[name].ainvoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
        content = [{"type": item["type"], "text": item["text"]} for item in message.content]
        return {"content": content, "structuredContent": message.artifact["structured_content"]}

    await check(url, tools, call)


asyncio.run(main())
