"""The commands that answer MCP clients: `serve`, and `up`, which also runs `watch`."""

import argparse
import gc
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

from stackroom.cli.arguments import settings_of
from stackroom.cli.commands.indexing import print_upgrade, tell_waiting
from stackroom.cli.commands.searching import open_reader
from stackroom.cli.exit_codes import INTERRUPTED, OK, SOMETHING_FAILED, end_with_parent, exit_despite_threads
from stackroom.cli.shared_arguments import WAIT_SECONDS, given_address
from stackroom.common.events import Events
from stackroom.common.owner_only import narrow
from stackroom.common.service_manager import ServiceManager

# How long `up` waits for `watch` and `serve` to end by themselves, in seconds.
_STOP_SECONDS = 30.0

# Longest wait for searches that are under way when the server is stopped, in seconds.
_CLOSE_SECONDS = 2


def serve(arguments: argparse.Namespace) -> int:
    # Until the server listens; then `serve_http` ends in good order.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda signum, frame: os._exit(OK))
    manager = ServiceManager.take(os.environ)
    # Importing FastMCP loads 900 modules, which all stay: looking for garbage would take a tenth of the time.
    gc.disable()
    from stackroom.server.application import serve_http
    from stackroom.server.protocol.stdio import serve_stdio

    gc.freeze()
    gc.enable()
    settings = settings_of(arguments)
    if arguments.with_parent:
        end_with_parent()
    narrow(settings)
    reader = open_reader(settings, create=True)
    if arguments.transport == "stdio":
        serve_stdio(settings, reader)
    else:
        serve_http(settings, reader, manager)
    # Closing the catalogue removes its journal. A search that hangs may keep it open, so the wait is short.
    # While the thread of `warming` loads, it stays open: closed, it would seem damaged to that thread.
    if not any(thread.name == "warm" for thread in threading.enumerate()):
        closing = threading.Thread(target=reader.close, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)
    return exit_despite_threads(OK)


def up(arguments: argparse.Namespace) -> int:
    from indexer.store.migrate import migrate
    from indexer.store.turns import refuse_second_watcher, turn

    settings = settings_of(arguments)
    refuse_second_watcher(settings)
    manager = ServiceManager.take(os.environ)
    manager.tell("STATUS=Opening the index")
    with turn(settings, WAIT_SECONDS, tell_waiting(settings)):  # before the server opens the catalogue
        print_upgrade(migrate(settings.truth))
    program = [sys.executable, "-m", "stackroom"]
    paths = [str(path) for path in arguments.paths]
    common = ["--data", str(settings.data), "--with-parent"]
    if "config" in arguments:
        common += ["--config", str(arguments.config)]
    if settings.log_json:
        common += ["--log-json"]
    rules = [f"--exclude={pattern}" for pattern in arguments.exclude or ()]
    rules += ["--follow-links"] if arguments.follow_links else []
    rules += [f"--model={arguments.model}"] if arguments.model else []
    stopped: list[int] = []
    stop = threading.Event()

    def on_signal(signum: int, frame: FrameType | None) -> None:
        stopped.append(signum)
        manager.tell("STOPPING=1")
        stop.set()

    for signum in (signal.SIGINT, signal.SIGTERM):  # `watch` and `serve` report by themselves that they stop
        signal.signal(signum, on_signal)
    # The standard input of each is a pipe that ends when this process ends, even if it is killed.
    commands = {
        "watch": [*program, "watch", *common, *rules, "--", *paths],
        "serve": [*program, "serve", *common, *given_address(arguments)],
    }
    processes = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            # The server is ready when it answers, and alive as long as its loop turns.
            env={**os.environ, **manager.variables(beats=half == "serve")},
        )
        for half, command in commands.items()
    ]
    while all(process.poll() is None for process in processes) and not stop.wait(0.2):
        pass
    ended = [process.returncode for process in processes if process.returncode is not None]
    for half, process in zip(commands, processes, strict=True):
        if not stopped and (process.returncode or 0) < 0:  # by a signal, so it could not report it itself
            text = (
                f"`stackroom {half}`, a half of `up`, was killed (signal {-process.returncode}), "
                "perhaps because the system had no memory left. So `up` ends."
            )
            Events(as_json=settings.log_json).tell("killed", f"stackroom: {text}", "error", message=text)
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if stopped:
        return OK if stopped[0] == signal.SIGTERM else INTERRUPTED
    return max(*ended, 0) or SOMETHING_FAILED
