"""How a command ends: its exit code, and what happens when it is interrupted."""

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

# How long a server may take to end by itself when its parent has died.
_GRACE_SECONDS = 10.0


@contextmanager
def clean_up_when_interrupted(events: Events, outcome: Callable[[], str]) -> Iterator[None]:
    """Lets SIGINT and SIGTERM end the block by an exception, so that it removes what it has begun, then us.

    Args:
        events: told that we stopped.
        outcome: asked when all is tidy: what there is now, a clause for a person.
    """
    signals = (signal.SIGINT, signal.SIGTERM)

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        for number in signals:  # a second one would interrupt the cleaning up
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
    """Ends the process where it stands, as a crash would: what is committed is whole, locks are the system's.

    An exception instead would have to pass through a model that is being loaded, which takes seconds, and is
    lost if it is raised in a callback of the interpreter.
    """
    show_cursor = "\x1b[?25h" if sys.stderr.isatty() and not events.as_json else ""  # the bar hides it
    os.write(
        2, events.line("stopped", f"{show_cursor}\nstackroom: stopped; {outcome}", message=outcome).encode()
    )
    os._exit(code)


def end_with_parent() -> None:
    """Ends this process when the one that started it has died, however that was.

    Its standard input is a pipe that only the parent can write to: the system closes it with the parent.
    """

    def wait_for_the_end() -> None:
        # Not from `sys.stdin`: its lock, if a thread holds it, makes the interpreter abort while it ends.
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        os._exit(SOMETHING_FAILED)

    threading.Thread(target=wait_for_the_end, name="parent", daemon=True).start()


def exit_despite_threads(code: int) -> int:
    """Ends the process with `code` if threads are still at work; else returns it.

    The interpreter would wait for some of them for ever, and end the others where they stand: in the middle
    of a library that loads a model, that is a crash (SIGABRT).
    """
    if threading.active_count() > 1:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # whoever read it has gone
                stream.flush()
        os._exit(code)
    return code
