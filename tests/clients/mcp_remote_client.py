"""mcp-remote, which signs in for clients that cannot: the whole dance, with the owner played by us.

Arguments: the MCP URL, the passphrase, and the command that starts mcp-remote.
"""

import asyncio
import os
import re
import sys
import tempfile
import threading
from typing import TextIO

import mcp
from mcp.client.stdio import StdioServerParameters, stdio_client

from checks import check, wire
from owner_at_the_page import allow

_AUTHORIZE = re.compile(r"https?://\S+/authorize\?\S+")


def answer_for_the_owner(said: TextIO, passphrase: str, allowed: list[str]) -> None:
    """Reads what mcp-remote says; when it names the page to open, opens it."""
    for line in said:
        sys.stderr.write(line)
        if (found := _AUTHORIZE.search(line)) and not allowed:
            allowed.append(found[0])
            allow(found[0], passphrase)


async def session(url: str, passphrase: str, command: list[str], settings: str) -> int:
    """One run of mcp-remote; returns how often the owner was asked."""
    allowed: list[str] = []
    reading, writing = os.pipe()
    with os.fdopen(reading) as said, os.fdopen(writing, "w") as errors:
        owner = threading.Thread(target=answer_for_the_owner, args=(said, passphrase, allowed), daemon=True)
        owner.start()
        environment = {**os.environ, "MCP_REMOTE_CONFIG_DIR": settings, "BROWSER": "true"}
        server = StdioServerParameters(command=command[0], args=[*command[1:], url], env=environment)
        async with mcp.Client(stdio_client(server, errlog=errors), mode="legacy") as client:

            async def call(name: str, arguments: dict[str, str]) -> object:
                return wire(await client.call_tool(name, dict(arguments)))

            await check(url, [tool.name for tool in (await client.list_tools()).tools], call)
        errors.close()
        owner.join()
    return len(allowed)


async def main() -> None:
    """Signs in, and comes back with what it was given."""
    url, passphrase, *command = sys.argv[1:]
    with tempfile.TemporaryDirectory() as settings:
        assert await session(url, passphrase, command, settings) == 1, "the owner was not asked"
        assert await session(url, passphrase, command, settings) == 0, "the owner was asked again"


asyncio.run(main())
