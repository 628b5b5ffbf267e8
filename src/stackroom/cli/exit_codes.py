"""How a command ends: its exit code, and what it does when it is interrupted."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from stackroom.common.events import Events

OK, SOMETHING_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

INDEX_IS_KEPT = "what was indexed is kept, and the next run goes on"

# When the parent has died, the command may take this long to end by itself, in seconds.
_GRACE_SECONDS = 10.0


def interruptions() -> list[signal.Signals]:
    """The signals that end a command early: Ctrl-C, SIGTERM, and that the terminal was closed."""
    signals = [signal.SIGINT, signal.SIGTERM]
    closed = getattr(signal, "SIGHUP", None)  # Windows has none
    if closed is not None and signal.getsignal(closed) != signal.SIG_IGN:  # as `nohup` has it
        signals.append(closed)
    return signals


@contextmanager
def clean_up_when_interrupted(events: Events, outcome: Callable[[], str]) -> Iterator[None]:
    """Makes `interruptions` raise KeyboardInterrupt in the block, which can so remove what it has begun.

    When the block has ended by that, the process ends.

    Args:
        events: where the end of the command is reported.
        outcome: called after the cleaning up; returns a clause for people that says what there is now.
    """
    signals = interruptions()

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        for number in signals:  # a second signal would interrupt the cleaning up
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    except KeyboardInterrupt:
        stop_process(events, outcome())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_process(events: Events, outcome: str, code: int = INTERRUPTED) -> NoReturn:
    """Ends the process at once, as a crash would: what was committed stays, the system releases locks.

    An exception would take seconds if a model is being loaded, and is lost if it is raised in a callback of
    the interpreter.

    Args:
        events: where the end of the command is reported.
        outcome: a clause for people that says what there is now.
        code: the exit code.
    """
    show_cursor = (
        "\x1b[?25h" if sys.stderr.isatty() and not events.as_json else ""
    )  # the progress bar hides it
    said = events.line("stopped", f"{show_cursor}\nstackroom: stopped; {outcome}", message=outcome)
    with suppress(OSError):  # the terminal was closed
        os.write(2, said.encode())
    os._exit(code)


def end_with_parent() -> None:
    """Ends this process when the one that started it has died, even if that was killed.

    Its standard input is a pipe that only the parent can write to: the system closes it with the parent.
    """

    def wait_for_the_end() -> None:
        # Not from `sys.stdin`: if a thread holds its lock, the interpreter aborts while it ends.
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        os._exit(SOMETHING_FAILED)

    threading.Thread(target=wait_for_the_end, name="parent", daemon=True).start()


def exit_despite_threads(code: int) -> int:
    """Ends the process with `code` if threads are still running; otherwise returns `code`.

    The interpreter itself would wait for some threads for ever and stop others wherever they are, which is a
    crash (SIGABRT) if a library is just loading a model.
    """
    if threading.active_count() > 1:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # the program that read it has ended
                stream.flush()
        os._exit(code)
    return code
