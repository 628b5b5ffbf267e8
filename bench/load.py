"""Starting a server over a data folder, and searches by 1, 8 and 32 callers at once, over MCP.

Prints Markdown. Each caller is a process of its own with one kept connection. No query is asked twice, but in
the row that says so: there 10 are repeated. Rounds take turns with the numbers of callers.
"""

import argparse
import http.client
import json
import multiprocessing
import socket
import time
from collections.abc import Callable, Sequence
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np

from bench.checkouts import HERE, Checkout
from bench.processes import STACKROOM, Command, print_table, run
from bench.words import queries

HOST = "127.0.0.1"
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
_CALLERS = (1, 8, 32)
_REPEATED_CALLERS, _REPEATED = 8, 10
_POLL_SECONDS = 0.05
_LONGEST_START = 600.0
_LONGEST_REST = 120.0
_AT_REST = 0.03  # CPU-seconds in a second


class Row:
    """Latencies of a row's calls in seconds; CPU-seconds of the server and wall-clock seconds for all."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.cpu = self.seconds = 0.0

    def shown(self, name: str) -> list[str]:
        """As a row of the table."""
        p50, p99 = np.percentile(self.latencies, [50, 99]) * 1000
        calls = len(self.latencies)
        rates = (f"{self.cpu / calls * 1000:.1f}", f"{calls / self.seconds:.1f}")
        return [name, str(calls), f"{p50:.1f}", f"{p99:.1f}", *rates]


def main() -> None:
    """Measures, and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("data", type=Path, help="an indexed data folder")
    parser.add_argument("--calls", type=int, default=320, help="of each row, in each round")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    first = Server(arguments.data)
    first.stop()
    server = Server(arguments.data)
    before = server.command.resident_mb()
    rows = {callers: Row() for callers in _CALLERS}
    repeated = Row()
    calls = arguments.calls
    asked = iter(queries(calls * arguments.rounds * len(_CALLERS) + _REPEATED))
    again = [next(asked) for _ in range(_REPEATED)]
    for _ in range(arguments.rounds):
        for callers, row in rows.items():
            server.measure([next(asked) for _ in range(calls)], callers, row)
        server.measure([again[n % _REPEATED] for n in range(calls)], _REPEATED_CALLERS, repeated)
    server.stop()
    status = json.loads(run([*STACKROOM, "status", "--data", str(arguments.data), "--json"]).output)
    print(f"{status['documents']} documents, {status['passages']} passages. The server's own start:\n")
    print_table(
        ["until", "CPU-s, first start", "wall-clock s", "CPU-s, next start", "wall-clock s"],
        *(
            [name, *(f"{figure:.2f}" for figure in (*first.times[name], *times))]
            for name, times in server.times.items()
        ),
    )
    head = ["callers at once", "calls", "p50 ms", "p99 ms", "server CPU-ms per call", "calls per s"]
    print_table(
        head,
        *(row.shown(str(callers)) for callers, row in rows.items()),
        repeated.shown(f"{_REPEATED_CALLERS}, the same {_REPEATED} queries"),
    )
    print_table(
        ["memory of the server", "MB"],
        ["RSS before the calls", f"{before:.0f}"],
        ["RSS after them", f"{server.resting_mb:.0f}"],
        ["peak RSS", f"{server.command.main_mb:.0f}"],
        ["peak RSS of processes it starts", f"{server.command.other_mb:.0f}"],
    )


class Server:
    """A server that answers searches.

    Attributes:
        times: CPU-seconds and wall-clock seconds from its start to each step.
        resting_mb: its memory in the end, in MB.
    """

    def __init__(self, data: Path, checkout: Checkout = HERE) -> None:
        """Starts it, and waits until it finds something by its words and by its meaning."""
        with socket.create_server((HOST, 0)) as free:
            self.port: int = free.getsockname()[1]
        address = ["--host", HOST, "--port", str(self.port)]
        serve = [*checkout.stackroom, "serve", "--data", str(data), *address]
        self.command = Command(serve, checkout.environment)
        self.times: dict[str, tuple[float, float]] = {}
        self.resting_mb = 0.0
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_LONGEST_START)
        while len(self.times) < 3 and self.command.age < _LONGEST_START:
            if self.command.wait(_POLL_SECONDS):
                raise SystemExit("the server has ended")
            try:
                self._look(connection)
            except OSError:  # not listening yet
                connection.close()
        connection.close()

    def _look(self, connection: http.client.HTTPConnection) -> None:
        nobody_asked_before = f"{time.monotonic_ns():x}"
        steps: dict[str, Callable[[], object]] = {
            "/healthz answers": lambda: _request(connection, "/healthz"),
            "a search finds common words": lambda: search(connection, f"the of in {nobody_asked_before}"),
            # No made text has these words: what is found is found by its vector. Nonsense finds nothing.
            "a search finds by meaning": lambda: search(
                connection, f"melodious songwriting {nobody_asked_before}"
            ),
        }
        for name, succeeds in steps.items():
            if name not in self.times and succeeds():
                self.command.sample()
                self.times[name] = self.command.cpu, self.command.age

    def stop(self) -> None:
        """Ends it."""
        self.resting_mb = self.command.resident_mb()
        self.command.stop()

    def rest(self) -> None:
        """Waits until nothing is done beside searches any more: what a start leaves for later."""
        deadline = time.monotonic() + _LONGEST_REST
        spent = -1.0
        while self.command.cpu - spent > _AT_REST and time.monotonic() < deadline:
            spent = self.command.cpu
            time.sleep(1)
            self.command.sample()

    def measure(self, asked: Sequence[str], callers: int, row: Row) -> None:
        """Asks each query once, divided among so many callers at once."""
        context = multiprocessing.get_context("fork")
        ready = context.Barrier(callers + 1)
        answers: SimpleQueue[list[float]] = context.SimpleQueue()
        parts = [asked[number::callers] for number in range(callers)]
        processes = [context.Process(target=_call, args=(self.port, part, ready, answers)) for part in parts]
        for process in processes:
            process.start()
        ready.wait()
        self.command.sample()
        cpu, started = self.command.cpu, time.monotonic()
        latencies = [latency for _ in processes for latency in answers.get()]
        row.seconds += time.monotonic() - started
        self.command.sample()
        row.cpu += self.command.cpu - cpu
        row.latencies += latencies
        for process in processes:
            process.join()
        if len(latencies) < len(asked):
            raise SystemExit("the server failed under load")


def _call(port: int, asked: Sequence[str], ready: Barrier, answers: "SimpleQueue[list[float]]") -> None:
    """A caller, in a process of its own."""
    latencies: list[float] = []
    try:
        connection = http.client.HTTPConnection(HOST, port, timeout=_LONGEST_START)
        connection.connect()
        ready.wait()
        for query in asked:
            started = time.perf_counter()
            search(connection, query)
            latencies.append(time.perf_counter() - started)
    finally:
        answers.put(latencies)


def search(connection: http.client.HTTPConnection, query: str) -> list[Any]:
    """What the server at the other end finds. Raises OSError if it refuses."""
    call = {"name": "search", "arguments": {"query": query}}
    answer = _request(connection, "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
    result = answer["result"]
    if result.get("isError"):
        raise OSError(result["content"][0]["text"])
    found: list[Any] = result["structuredContent"]["results"]
    return found


def _request(connection: http.client.HTTPConnection, path: str, body: object = None) -> Any:
    method = "GET" if body is None else "POST"
    connection.request(method, path, None if body is None else json.dumps(body), HEADERS)
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise OSError(f"{path} answered with status {response.status}")
    return json.loads(content)


if __name__ == "__main__":
    main()
