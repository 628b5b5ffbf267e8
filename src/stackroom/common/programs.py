"""Running another program with a limit on its time and on the length of its answer."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

_PIECE = 2**16

# What a program writes to standard error is kept to this length, its end: that has the reason if it failed.
_MOST_BYTES_OF_ERRORS = 1_000_000

# Seconds to wait until a program that was killed is gone. Another that it started may keep its pipes open: we
# do not wait for that; the threads that read them end when they are closed.
_END_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program has answered.

    Attributes:
        output: what it wrote to standard output; only the beginning if that was too long, and nothing if the
            pipe was never closed.
        errors: the end of what it wrote to standard error.
        code: its exit code; negative, or what the system makes of it, if it was killed.
        is_late: whether it was killed because it took too long.
        is_too_much: whether it was killed because it wrote too much.
    """

    output: bytes
    errors: bytes
    code: int
    is_late: bool = False
    is_too_much: bool = False


def ask_program(
    command: Sequence[str],
    request: bytes = b"",
    *,
    seconds: float,
    most_bytes: int,
    environment: Mapping[str, str] | None = None,
) -> Answer:
    """Runs a program with `request` on its standard input, and waits until it has ended.

    Args:
        command: the program and its arguments.
        request: bytes for its standard input.
        seconds: longest time it may take before it is killed.
        most_bytes: most that it may write to standard output before it is killed.
        environment: its environment variables; None for those of this process.

    Raises:
        OSError: it cannot be started.
    """
    until = time.monotonic() + seconds
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert process.stdin is not None  # noqa: S101  for the type checker
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    output = _Collected(process, process.stdout, most_bytes)
    errors = _Collected(process, process.stderr, _MOST_BYTES_OF_ERRORS, only_the_end=True)
    # In threads: on Windows a pipe cannot be read without waiting.
    threads = [
        threading.Thread(target=output.collect, daemon=True),
        threading.Thread(target=errors.collect, daemon=True),
        threading.Thread(target=_write, args=(process.stdin, request), daemon=True),
    ]
    is_late = False
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        is_late = not output.is_too_much
    finally:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
        for thread in threads:
            thread.join(_END_SECONDS)
    is_late = is_late or any(thread.is_alive() for thread in threads)
    code = process.returncode if process.returncode is not None else -1
    return Answer(output.found, errors.found, code, is_late, output.is_too_much)


class _Collected:
    """What comes out of a pipe, up to a limit: beyond it only the end is kept, or the program is ended."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        pipe: IO[bytes],
        most_bytes: int,
        *,
        only_the_end: bool = False,
    ) -> None:
        self.found = b""
        self.is_too_much = False
        self._process = process
        self._pipe = pipe
        self._most_bytes = most_bytes
        self._only_the_end = only_the_end

    def collect(self) -> None:
        """Reads until there is no more. The pipe is closed then."""
        found = bytearray()
        with self._pipe:
            while (piece := os.read(self._pipe.fileno(), _PIECE)) and not self.is_too_much:
                found += piece
                if len(found) > self._most_bytes and self._only_the_end:
                    del found[: -self._most_bytes]
                elif len(found) > self._most_bytes:
                    self.is_too_much = True
                    self._process.kill()
        self.found = bytes(found[: self._most_bytes])


def _write(pipe: IO[bytes], request: bytes) -> None:
    with suppress(OSError), pipe:  # it has ended already: its answer says why, or is empty
        pipe.write(request)
