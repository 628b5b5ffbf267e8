"""How soon `search` answers beside a first `index`: `python -m bench.first_answer FOLDER`.

Indexes FOLDER into an empty data folder, where the model is not prepared yet, and asks a question 3, 6 and 9
seconds after the start, each with a command of its own. Prints Markdown: seconds that each took, and how many
results it gave. With --against CHECKOUT another one is measured in turns.
"""

import argparse
import json
import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.checkouts import HERE, Checkout
from bench.processes import own_models, print_table

_AFTER = (3.0, 6.0, 9.0)


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.first_answer", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="an older checkout, to compare")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--question", default="how can I change the page margins")
    arguments = parser.parse_args()
    before = [Checkout("before", arguments.against.resolve())] if arguments.against else []
    rows = []
    for number in range(1, arguments.rounds + 1):
        for checkout in (*before, HERE):
            answers = _ask(checkout, arguments.folder.resolve(), arguments.question)
            rows.append(
                (f"{checkout.name}, round {number}", *(f"{took:.1f} s, {hits}" for took, hits in answers))
            )
    print_table(["", *(f"asked after {seconds:.0f} s" for seconds in _AFTER)], *rows)


def _ask(checkout: Checkout, folder: Path, question: str) -> list[tuple[float, int]]:
    """For each question how many seconds its answer took, and how many results it had."""
    environment = {**os.environ, **checkout.environment}
    with TemporaryDirectory() as data:
        own_models(Path(data))
        command = [*checkout.stackroom, "--data", data]
        started = time.monotonic()
        index = subprocess.Popen(
            [*command, "index", str(folder)],
            env=environment,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return [
                _search([*command, "search", question, "--json"], environment, started + after)
                for after in _AFTER
            ]
        finally:
            index.terminate()
            with suppress(subprocess.TimeoutExpired):
                index.wait(60)
            index.kill()
            index.wait()


def _search(command: Sequence[str], environment: dict[str, str], at: float) -> tuple[float, int]:
    time.sleep(max(0.0, at - time.monotonic()))
    started = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    took = time.monotonic() - started
    return took, len(json.loads(done.stdout)["results"]) if done.returncode == 0 else 0


if __name__ == "__main__":
    main()
