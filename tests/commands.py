"""The commands, in a process of their own or in this one, whatever settings this one's environment has."""

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stackroom.cli.main import main


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def stackroom(*arguments: object, **environment: str) -> Ran:
    """Runs a command in a process of its own."""
    command = [sys.executable, "-m", "stackroom", *map(str, arguments)]
    settings = {**clean_environment(), **environment}
    ran = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=120)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def stackroom_here(*arguments: object, stdin: str = "", **environment: str) -> Ran:
    """Runs a command in this process, where what it imports need be imported only once."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        _environment({**clean_environment(), **environment}),
        _signal_handlers(),
        _umask(),
        standard_input(stdin),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse's way of refusing, and of showing help
            code = int(end.code or 0)
    return Ran(code, stdout.getvalue(), stderr.getvalue())


def clean_environment() -> dict[str, str]:
    """The environment of this process, without settings of Stackroom."""
    return {name: value for name, value in os.environ.items() if not name.startswith("STACKROOM_")}


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _signal_handlers() -> Iterator[None]:
    """Puts those back that a command replaces."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _umask() -> Iterator[None]:
    """Puts the mask of new files' rights back, which a command narrows."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def standard_input(text: str) -> Iterator[None]:
    """Has this text for whoever reads from standard input."""
    before = sys.stdin
    sys.stdin = io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before
