"""Old and new in turns, in one run: searches over MCP, and indexing. Prints Markdown.

    python -m bench.against CHECKOUT [--folder PDFS] [--sizes 2000 100000 1000000] [--rounds 3]

CHECKOUT is a folder with another commit of this repository. Its own code runs, in its own .venv if it has
one. For each size both builds start a server over so many synthetic passages, and one caller asks them in
turns: the same queries, none twice. With --folder both index these PDFs in turns, too, their model compiled
before. Figures are medians of the rounds.

--old-data and --new-data are folders of data folders, named by how many passages these have; `real` is what
they are made like. What is not there is made, by each build in its own format: a million takes half an hour.
"""

import argparse
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench.checkouts import HERE, Checkout
from bench.indexing import Figures, measure_indexing
from bench.load import Row, Server
from bench.processes import median, print_table, run
from bench.words import queries

_WARMING = 20  # calls before the first round

_INDEXING = {
    "first document found by words: CPU-s": "first document found by words, CPU-s",
    "all documents found by words: CPU-s": "all documents found by words, CPU-s",
    "indexing: CPU-s": "everything indexed, CPU-s",
    "peak RSS, sum of all processes, MB": "peak RSS of all processes, MB",
}

_THREADS = ("the main thread", "the busiest other thread", "all others")


def main() -> None:
    """Measures, and prints the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.against",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkout", type=Path, help="of the older commit")
    parser.add_argument("--folder", type=Path, metavar="PDFS", help="to index; `real`, if that is to be made")
    parser.add_argument("--sizes", type=int, nargs="*", default=[2_000, 100_000, 1_000_000], metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=100, help="of each build in each round")
    parser.add_argument("--old-data", type=Path, metavar="DIR", help="data folders of the older commit")
    parser.add_argument("--new-data", type=Path, metavar="DIR", help="of this one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as work:
        builds = {
            Checkout("before", arguments.checkout.resolve()): arguments.old_data or Path(work, "before"),
            HERE: arguments.new_data or Path(work, "now"),
        }
        for data in builds.values():
            data.mkdir(parents=True, exist_ok=True)
        if arguments.folder:
            _index_in_turns(builds, arguments.folder.resolve(), arguments.rounds, Path(work))
        if arguments.sizes:
            found = [_search_in_turns(builds, n, arguments.rounds, arguments.calls) for n in arguments.sizes]
            _print_searches(arguments.sizes, found)


Builds = dict[Checkout, Path]
"""The older commit, then this one, and where the data folders of each are."""


def _index_in_turns(builds: Builds, folder: Path, rounds: int, work: Path) -> None:
    """Both index a folder in turns, and what that takes is printed. Leaves the data folder `real` of each."""
    files = sum(path.suffix.lower() == ".pdf" for path in folder.rglob("*"))
    figures: dict[Checkout, Figures] = {build: defaultdict(list) for build in builds}
    for build, data in builds.items():
        if not (data / "real").exists():
            measure_indexing(folder, data / "real", {}, defaultdict(list), files, build)
    for number in range(rounds):
        for build, data in _turns(builds, number):
            new = work / f"{build.name}-{number}"
            shutil.copytree(data / "real" / "models", new / "models")
            measure_indexing(folder, new, {}, figures[build], files, build)
            shutil.rmtree(new)
    before, now = figures.values()
    print(f"{files} PDFs, {median(before['pages']):.0f} pages, the median of {rounds} rounds\n")
    print_table(
        ["", "before", "now", "now / before"],
        *(_compared(shown, median(before[what]), median(now[what])) for what, shown in _INDEXING.items()),
    )


class _Found:
    """What was measured of one build's server at one size."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.start, _ = server.times["a search finds by meaning"]
        self.cpu_ms: list[float] = []
        self.threads: list[tuple[float, ...]] = []

    def ask(self, asked: Sequence[str]) -> None:
        """One caller asks these queries: a round."""
        row = Row()
        before = self.server.command.thread_seconds()
        self.server.measure(asked, 1, row)
        after = self.server.command.thread_seconds()
        spent = {thread: 1000 * (cpu - before.get(thread, 0)) / len(asked) for thread, cpu in after.items()}
        main = spent.pop(self.server.command.pid)
        others = sorted(spent.values())
        self.threads.append((main, others[-1], sum(others[:-1])))
        self.cpu_ms.append(1000 * row.cpu / len(asked))


def _search_in_turns(builds: Builds, passages: int, rounds: int, calls: int) -> list[_Found]:
    """What was measured of both builds: first the older one's."""
    for build, data in builds.items():
        if not (data / str(passages)).exists():
            like = ["--like", str(data / "real")] if (data / "real").exists() else []
            make = [build.python, "-m", "bench.synthetic", str(passages), str(data / str(passages)), *like]
            run(make, build.environment)
        # The first start compiles the model, and may bring the data into another form.
        Server(data / str(passages), build).stop()
    found = {build: _Found(Server(data / str(passages), build)) for build, data in builds.items()}
    asked = queries(_WARMING + rounds * calls)
    for one in found.values():
        one.server.measure(asked[:_WARMING], 1, Row())
        one.server.rest()
    for number in range(rounds):
        first = _WARMING + number * calls
        for build, _ in _turns(builds, number):
            found[build].ask(asked[first : first + calls])
    for one in found.values():
        one.server.stop()
    return list(found.values())


def _turns(builds: Builds, number: int) -> list[tuple[Checkout, Path]]:
    """Who begins changes from round to round."""
    turns = list(builds.items())
    return turns if number % 2 == 0 else turns[::-1]


def _print_searches(sizes: Sequence[int], found: Sequence[Sequence[_Found]]) -> None:
    head = ["passages", "before", "now", "now / before"]
    tables = {
        "CPU-ms of the server for a search over MCP": lambda one: median(one.cpu_ms),
        "resident memory of the server after all searches, MB": lambda one: one.server.resting_mb,
        "CPU-s from its start until a search finds by meaning": lambda one: one.start,
    }
    for title, figure in tables.items():
        rows = [_compared(f"{n:,}", *map(figure, pair)) for n, pair in zip(sizes, found, strict=True)]
        print(f"{title}:\n")
        print_table(head, *rows)
    print("CPU-ms for a search by thread:\n")
    rows = []
    for size, pair in zip(sizes, found, strict=True):
        by_thread = [[median(column) for column in zip(*one.threads, strict=True)] for one in pair]
        rows += [
            _compared(f"{size:,}: {name}", *both) for name, *both in zip(_THREADS, *by_thread, strict=True)
        ]
    print_table(head, *rows)


def _compared(name: str, before: float, now: float) -> list[str]:
    return [name, f"{before:.2f}", f"{now:.2f}", f"{now / before:.2f}" if before else ""]


if __name__ == "__main__":
    main()
