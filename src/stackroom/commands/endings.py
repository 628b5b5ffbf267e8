"""How a command ends: its exit code, and what happens when it is interrupted."""

import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from stackroom.events import Events

OK, SOMETHING_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


def stop(events: Events, outcome: str) -> NoReturn:
    """Ends the process where it stands, as a crash would: what is committed is whole, locks are the system's.

    An exception instead would have to pass through a model that is being loaded, which takes seconds, and is
    lost if it is raised in a callback of the interpreter.
    """
    show_cursor = "\x1b[?25h" if sys.stderr.isatty() and not events.as_json else ""  # the bar hides it
    os.write(
        2, events.line("stopped", f"{show_cursor}\nstackroom: stopped; {outcome}", message=outcome).encode()
    )
    os._exit(INTERRUPTED)


def leave(code: int) -> int:
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
