#!/usr/bin/env bash
# mcp 2.3.0 (the Python SDK), a server over stdio: the first request decides for the whole connection which of
# the two protocols is spoken. A client that first asks the stateless `server/discover` (revision 2026-07-28),
# gets its answer, and then falls back to a legacy `initialize` is refused with error -32022, although the same
# server answers `initialize` when that comes first, and although over HTTP it serves both on one URL. A client
# that probes so (some coding assistants do) ends up without any tools.
#
# Seen on 2026-11-28 with mcp 2.3.0: `initialize` alone is answered; after `server/discover` it is error -32022.
# The script fails if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mcp==2.3.0
cat >"$work/server.py" <<'PYTHON'
from mcp.server import MCPServer

server = MCPServer("example")


@server.tool()
def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


server.run(transport="stdio")
PYTHON
timeout 120 "$work/venv/bin/python" - "$work/server.py" <<'PYTHON'
import json
import subprocess
import sys
from importlib.metadata import version

ABOUT = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "example", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
DISCOVER = {"method": "server/discover", "params": {"_meta": ABOUT}}
INITIALIZE = {
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "example", "version": "1"},
    },
}


def answers(*requests):
    """What a fresh server answers to these requests, one after the other."""
    with subprocess.Popen(
        [sys.executable, sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        given = []
        for number, request in enumerate(requests, 1):
            server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, **request}) + "\n")
            server.stdin.flush()
            given.append(json.loads(server.stdout.readline()))
        server.stdin.close()
    return given


(alone,) = answers(INITIALIZE)
discovered, after = answers(DISCOVER, INITIALIZE)
print("mcp", version("mcp"))
print("initialize alone:", "answered" if "result" in alone else alone)
print("server/discover:", "answered" if "result" in discovered else discovered)
print("initialize after it:", after.get("error", "answered"))
assert "result" in alone and "result" in discovered, "this has changed"
assert after.get("error", {}).get("code") == -32022, "this has changed"
PYTHON
