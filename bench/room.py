"""What a search in the reading room costs beside one over MCP: `python -m bench.room DATA`.

One server, one caller, every query another one, in turns: the page as a browser loads it, its results alone
as search.js asks for them while one types, and the tool. Small pictures of pages are not counted: a browser
asks for those in view, each drawn by a process of its own ("Pages of citations" in docs/benchmarks.md).
Prints Markdown: medians of the rounds, in CPU-ms of the whole server.
"""

import argparse
import http.client
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlencode

from bench.load import HOST, Server, search
from bench.processes import median, print_table
from bench.words import queries


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.room", description=__doc__)
    parser.add_argument("data", type=Path, help="an indexed data folder")
    parser.add_argument("--calls", type=int, default=60, help="of each kind, in each round")
    parser.add_argument("--rounds", type=int, default=6)
    arguments = parser.parse_args()
    server = Server(arguments.data)
    server.rest()
    caller = http.client.HTTPConnection(HOST, server.port, timeout=60)
    kinds: dict[str, Callable[[str], object]] = {
        "a search over MCP": lambda query: search(caller, query),
        "the page": lambda query: _page(caller, {"q": query}),
        "its results alone": lambda query: _page(caller, {"q": query, "part": "results"}),
    }
    spent: dict[str, list[float]] = {name: [] for name in kinds}
    asked = iter(queries(arguments.calls * (arguments.rounds + 1) * len(kinds)))
    for number in range(arguments.rounds + 1):
        for name, ask in kinds.items():
            cost = _measure(server, ask, [next(asked) for _ in range(arguments.calls)])
            if number:  # the first round warms up
                spent[name].append(cost)
    server.stop()
    tool = median(spent["a search over MCP"])
    rows = [(name, f"{median(costs):.1f}", f"{median(costs) / tool:.2f}") for name, costs in spent.items()]
    print_table(["", "CPU-ms", "of a search over MCP"], *rows)


def _measure(server: Server, ask: Callable[[str], object], asked: Sequence[str]) -> float:
    """CPU-ms for each query."""
    server.command.sample()
    before = server.command.cpu
    for query in asked:
        ask(query)
    server.command.sample()
    return (server.command.cpu - before) / len(asked) * 1000


def _page(caller: http.client.HTTPConnection, asked: dict[str, str]) -> None:
    caller.request("GET", "/?" + urlencode(asked))
    response = caller.getresponse()
    if response.status != 200 or b'class="result' not in response.read():
        raise SystemExit(f"the page of {asked['q']!r} shows nothing: status {response.status}")


if __name__ == "__main__":
    main()
