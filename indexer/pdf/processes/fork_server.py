"""Loaded by the fork server alone, before it forks: what it does not say when our process has died.

Ctrl-C ends our process at once, also between calling the server and handing it what the new process needs.
The server then finds nothing in that call and ends, as it should, but with a traceback in the terminal.
"""

import sys
from types import TracebackType


def say_unless_left(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Prints what ended this process, unless it is that the other end of a connection has gone."""
    if not issubclass(kind, EOFError | ConnectionError):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = say_unless_left
