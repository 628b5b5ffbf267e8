"""A server with a small model as a process of its own."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcp_clients import ask, rpc
from waiting import read_line

PROGRAM = """
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from fakes import SomeModels, WordHashEmbedder
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import ModelNotFound
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.application import serve_http
from stackroom.server.protocol.stdio import serve_stdio
from stackroom.common.settings import Settings

def load(name):
    if "no-model" in sys.argv:
        raise ModelNotFound(f"There is no model {name} here.")
    return WordHashEmbedder(name)

settings = Settings(data=Path(sys.argv[1]), port=0)
reader = Reader(Catalog(settings.catalog, create=True), WordIndex(settings.words), SomeModels(load))
if "stdio" in sys.argv:
    serve_stdio(settings, reader)
else:
    for _ in range(4):  # because starting Python takes most of the test's time
        serve_http(settings, reader)
reader.close()
"""


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM, *arguments]


@contextmanager
def killed_after(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    """Kills a process at the end of the block, or after so long: its silence is not waited for."""
    watchdog = threading.Timer(seconds, process.kill)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
        process.kill()


def environment() -> dict[str, str]:
    paths = [
        str(Path(__file__).parent),
        os.environ.get("PYTHONPATH", ""),
    ]  # the first is where fakes.py is
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def announced(process: subprocess.Popen[str]) -> str:
    """The URL that a server without its model says it listens at, after checking that it is there."""
    lines = sorted(read_line(process.stderr, process) for _ in range(2))
    assert lines[0] == "Searching does not work yet. There is no model word-hash here.\n"
    where = r"Stackroom listens on 127\.0\.0\.1 port (\d+)\. MCP URL: (.+)/mcp"
    listens = where + r" \(.*clients\.md.*\)\. .*: \2/\n"
    found = re.fullmatch(listens, lines[1])
    assert found
    url = f"http://127.0.0.1:{found[1]}"
    assert found[2] == url
    assert json.loads(ask(url, "GET", "/healthz")[2])["status"] == "ok"
    assert rpc(url)[0] == 200
    return url
