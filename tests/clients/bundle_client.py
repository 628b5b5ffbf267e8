"""The bundle for Claude Desktop: checked, unpacked, configured and started as Claude Desktop does it.

Arguments: the bundle, the folder of the official npm package, the node that runs it, and the uv that starts
the server. The package is the code that Claude Desktop itself uses; uv is of another version than its own.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mcp
from filelock import FileLock
from mcp.client.stdio import StdioServerParameters, stdio_client

from checks import QUERY, check, content, wire

PAPER = Path(__file__).resolve().parents[2] / "data" / "library" / "how-stackroom-works.pdf"

# uv installs half a gigabyte first.
_MOST_SECONDS = 500.0

_CONFIGURED = """
const [module, manifest, folder, chosen] = process.argv.slice(1);
const { getMcpConfigForManifest } = await import(module);
const config = await getMcpConfigForManifest({
  manifest: JSON.parse(manifest), extensionPath: folder, userConfig: JSON.parse(chosen),
  systemDirs: {}, pathSeparator: "/",
});
console.log(JSON.stringify(config));
"""


def unpacked(bundle: str, package: Path, node: str, folder: Path) -> Path:
    """The bundle's folder, after the official tool has found its manifest valid."""
    for command in (["unpack", bundle, str(folder)], ["validate", str(folder / "manifest.json")]):
        subprocess.run([node, package / "dist" / "cli" / "cli.js", *command], check=True)
    return folder


def configured(extension: Path, package: Path, node: str, chosen: Mapping[str, object]) -> dict[str, Any]:
    """The command, arguments and environment for what the user has chosen."""
    manifest = (extension / "manifest.json").read_text(encoding="utf-8")
    program = [node, "--input-type=module", "--eval", _CONFIGURED, str(package / "dist" / "index.js")]
    ran = subprocess.run(
        [*program, manifest, str(extension), json.dumps(chosen)], check=True, capture_output=True, text=True
    )
    config: dict[str, Any] = json.loads(ran.stdout)
    return config


async def talk(server: StdioServerParameters) -> None:
    """Waits until the paper is found; then does what every client does."""
    async with mcp.Client(stdio_client(server), read_timeout_seconds=_MOST_SECONDS) as client:

        async def call(name: str, arguments: dict[str, str]) -> object:
            return wire(await client.call_tool(name, dict(arguments)))

        tools = [tool.name for tool in (await client.list_tools()).tools]
        deadline = time.monotonic() + _MOST_SECONDS
        while not content(await call("search", {"query": QUERY}))["results"]:
            assert time.monotonic() < deadline, "nothing is found"
            await asyncio.sleep(0.5)
        await check("http://127.0.0.1:8000/mcp", tools, call)


def main() -> None:
    """Everything, in a folder whose name has a blank and an accent."""
    bundle, package, node, uv = sys.argv[1:]
    with TemporaryDirectory(prefix="Claude Extensions é ") as name:
        folder = Path(name)
        extension = unpacked(bundle, Path(package), node, folder / "stackroom")
        for library in ("papers of mine", "others"):
            (folder / library).mkdir()
        shutil.copy(PAPER, folder / "papers of mine")
        data = folder / "data"
        chosen = {"folders": [str(folder / "papers of mine"), str(folder / "others")], "data": str(data)}
        config = configured(extension, Path(package), node, chosen)
        environment = {**os.environ, **config["env"], "STACKROOM_PORT": "8000"}
        # What this checkout is found by must not be found.
        for variable in ("PYTHONPATH", "VIRTUAL_ENV"):
            environment.pop(variable, None)
        assert config["command"] == "uv", config
        asyncio.run(talk(StdioServerParameters(command=uv, args=config["args"], env=environment)))
        # Nothing is left running: the watcher has let go of its lock.
        with FileLock(data / "index" / "watch.lock", timeout=30):
            pass


main()
