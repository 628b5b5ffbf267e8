"""MCP Inspector on its command line. Arguments: the MCP URL, a token or nothing, and Inspector's command."""

import asyncio
import json
import subprocess
import sys
from typing import Any

from checks import check

PATIENCE_SECONDS = 60


def ask(command: list[str], *options: str) -> Any:
    """What Inspector prints.

    Raises:
        AssertionError: it failed.
    """
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


async def main() -> None:
    """Lists the tools, to the letter of the specification, and does what every client does."""
    url, token, *command = sys.argv[1:]
    command += ["--cli", url]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]

    async def call(name: str, arguments: dict[str, str]) -> object:
        pairs = [f"{name}={value}" for name, value in arguments.items()]
        return ask(command, "--method", "tools/call", "--tool-name", name, "--tool-arg", *pairs)

    listed = ask(command, "--method", "tools/list", "--strict")
    await check(url, [tool["name"] for tool in listed["tools"]], call)


asyncio.run(main())
