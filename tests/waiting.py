"""Waiting for something that may never come: the clock is watched, and the process that it comes from."""

import subprocess
import threading
import time
from collections.abc import Callable
from typing import IO, Any, AnyStr

PATIENCE_SECONDS = 60.0


class WaitedInVain(AssertionError):
    """It did not come about."""


def wait_until(
    is_so: Callable[[], object],
    process: "subprocess.Popen[Any] | None" = None,
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Waits until `is_so()` is true.

    Args:
        is_so: asked again and again.
        process: whose end means that it does not come about, if that makes sense; it is killed if it is late.
        seconds: longest time to wait.

    Raises:
        WaitedInVain: the process has ended, with what it said last; or it takes too long.
    """
    until = time.monotonic() + seconds
    while not is_so():
        if process is not None and process.poll() is not None and not is_so():
            raise WaitedInVain(f"the process has ended with {process.returncode}: {_last_words(process)}")
        if time.monotonic() > until:
            if process is not None:
                process.kill()
            raise WaitedInVain(f"it did not come about within {seconds:g} s")
        time.sleep(0.02)


def read_line(
    stream: IO[AnyStr] | None, process: "subprocess.Popen[Any]", seconds: float = PATIENCE_SECONDS
) -> AnyStr:
    """The next line that a process writes to `stream`, a pipe of its own.

    Raises:
        WaitedInVain: there is none; or it takes too long, and the process was killed.
    """
    assert stream is not None
    clock = threading.Timer(seconds, process.kill)  # so that reading comes to an end
    clock.daemon = True
    clock.start()
    try:
        line = stream.readline()
    finally:
        clock.cancel()
    if not line:
        raise WaitedInVain(
            f"the process has ended with {process.wait(10)}, or said nothing for {seconds:g} s"
        )
    return line


def _last_words(process: "subprocess.Popen[Any]") -> str:
    if process.stderr is None or process.stderr.closed:
        return ""
    return str(process.communicate(timeout=10)[1])[-2000:]
