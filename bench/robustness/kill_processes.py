"""The processes that `bench.robustness.kills` starts, and what is said to them and by them."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

TESTS = Path(__file__).parents[2] / "tests"

# For a run that says what it does.
_LONGEST_SECONDS = 300.0

Process = subprocess.Popen[str]


def start(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], *, is_told: bool = False
) -> Process:
    """Starts `python -m MODULE`.

    Args:
        module: ours.
        arguments: for it.
        environment: on top of ours.
        is_told: whether it waits for what `tell` says.
    """
    paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE if is_told else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if "serve" in arguments else subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )


def wait_for(stage: str, process: Process) -> bool:
    """Waits until it prints this line. Returns whether it did before it ended, or we lost patience."""
    clock = threading.Timer(_LONGEST_SECONDS, process.kill)
    clock.start()
    try:
        return process.stdout is not None and f"{stage}\n" in iter(process.stdout.readline, "")
    finally:
        clock.cancel()


def tell(line: str, process: Process) -> None:
    """Says a line to a process that was started to be told."""
    if process.stdin is not None:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
