"""Answering MCP clients: `serve`, and `up`, which follows the folders as well."""

import argparse
import gc
import os
import signal
import subprocess
import sys
import threading

from stackroom.arguments import settings_of
from stackroom.commands.endings import INTERRUPTED, OK, leave
from stackroom.commands.indexing import print_upgrade
from stackroom.commands.searching import open_reader

# Longest wait for searches that are under way when the server is stopped, in seconds.
_CLOSE_SECONDS = 2


def serve(arguments: argparse.Namespace) -> int:
    for signum in (signal.SIGINT, signal.SIGTERM):  # until it listens; then `serve_http` ends in good order
        signal.signal(signum, lambda signum, frame: os._exit(OK))
    # FastMCP brings 900 modules, none of which goes away: looking for garbage there takes a tenth of it.
    gc.disable()
    from stackroom.server.application import serve_http
    from stackroom.server.stdio import serve_stdio

    gc.freeze()
    gc.enable()
    settings = settings_of(arguments)
    reader = open_reader(settings, create=True)
    if arguments.transport == "stdio":
        serve_stdio(settings, reader)
    else:
        serve_http(settings, reader)
    # The last one to close the catalogue tidies its journal away. A search that hangs may keep it open, and
    # whoever still loads vectors and model (see `warming`) would take it for damaged.
    if not any(thread.name == "warm" for thread in threading.enumerate()):
        closing = threading.Thread(target=reader.close, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)
    return leave(OK)


def up(arguments: argparse.Namespace) -> int:
    from indexer.lock import alone
    from indexer.migrate import migrate

    settings = settings_of(arguments)
    with alone(settings):  # before the server looks at it
        print_upgrade(migrate(settings.catalog))
    program = [sys.executable, "-m", "stackroom"]
    paths = [str(path) for path in arguments.paths]
    address = ["--host", settings.host, "--port", str(settings.port)]
    if settings.public_url:
        address += ["--public-url", settings.public_url]
    if settings.allow_anonymous:
        address += ["--allow-anonymous"]
    for name in settings.allow_host:
        address += ["--allow-host", name]
    address += ["--calls-per-minute", str(settings.calls_per_minute)]
    data = ["--data", str(settings.data)]
    if settings.log_json:
        data += ["--log-json"]
    processes = [
        subprocess.Popen([*program, "watch", *data, "--", *paths]),
        subprocess.Popen([*program, "serve", *data, *address]),
    ]
    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):  # those two say for themselves that they stop
        signal.signal(signum, lambda signum, frame: stop.set())
    while all(process.poll() is None for process in processes) and not stop.wait(0.2):
        pass
    ended = [process.returncode for process in processes if process.returncode is not None]
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.wait()
    return INTERRUPTED if stop.is_set() else max(ended)
