"""Runs a command of Stackroom where the system has less, as Windows does: python tests/with_less.py COMMAND …

Without fork, process groups, priorities, limits on what a process takes, and events of a folder. Processes
that are started anew load this file, too, before they do anything.
"""

import multiprocessing
import os
import signal
import sys

import watchdog.observers
from watchdog.observers.polling import PollingObserver

if sys.platform != "win32":
    for name in ("fork", "forkpty", "nice", "setpgid", "killpg"):
        delattr(os, name)
    del signal.pthread_sigmask
if hasattr(os, "sched_getaffinity"):
    del os.sched_getaffinity
sys.modules["resource"] = None  # type: ignore[assignment]  # so that importing it fails
multiprocessing.get_all_start_methods = lambda: ["spawn"]
watchdog.observers.Observer = PollingObserver

if __name__ == "__main__":
    from stackroom.cli.main import main

    sys.exit(main())
