"""Trying files again that could not be read: the command `index --retry-only`, in a process of its own.

The server itself never writes into the index. The process waits for its turn beside `watch` and `up` as any
command does, and ends with the server: its standard input is a pipe that the system closes then.
"""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from stackroom.common.amounts import counted
from stackroom.common.settings import Settings
from stackroom.server.room.moments import Moment, moment

# Characters of what a command has written to standard error that go into the log.
_MOST_OF_ERRORS = 2000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of the command.

    Attributes:
        what: the file's name for people; empty for all files.
        since: when it began.
        is_running: whether it has not ended.
        result: what came of it, a sentence; empty while it runs.
        is_good: whether it ended well, and nothing failed again.
    """

    what: str
    since: Moment
    is_running: bool = True
    result: str = ""
    is_good: bool = True


class TryingAgain:
    """Runs the command, once at a time. Safe to use from several threads."""

    def __init__(self, settings: Settings, python: str = sys.executable) -> None:
        """Starts nothing; `python` is the program that is to run the command."""
        how = ["--retry-only", "--quiet", "--json", "--log-json", "--with-parent", f"--data={settings.data}"]
        self._command = [python, "-m", "stackroom", "index", *how, "--"]
        self._lock = threading.Lock()
        self._last: Trial | None = None

    def last(self) -> Trial | None:
        """The run that is at work, or the last one; None if there was none since the server started."""
        return self._last

    def start(self, files: Sequence[str], what: str) -> bool:
        """Begins to try files again, and does not wait for the end.

        Args:
            files: absolute paths; none for all that could not be read.
            what: what to call them.

        Returns:
            False if another run is at work: then nothing is begun.
        """
        with self._lock:
            if self._last and self._last.is_running:
                return False
            self._last = Trial(what, moment(time.time()))
        threading.Thread(target=self._run, args=(files,), name="trying again", daemon=True).start()
        return True

    def _run(self, files: Sequence[str]) -> None:
        ours, theirs = -1, -1
        try:
            # Not a pipe of Popen: `communicate` would close it, and with it the command would end.
            theirs, ours = os.pipe()
            process = subprocess.Popen(
                [*self._command, *files],
                stdin=theirs,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
            output, errors = process.communicate()
            result, is_good = outcome(process.returncode, output, errors)
        except OSError as error:
            _log.error("The command that tries files again cannot be started: %s", error)
            result, is_good = "The command could not be started. The server's log has the reason.", False
        finally:
            for end in (ours, theirs):
                if end >= 0:
                    os.close(end)
        with self._lock:
            if self._last:
                self._last = replace(self._last, is_running=False, result=result, is_good=is_good)


def outcome(code: int, output: str, errors: str) -> tuple[str, bool]:
    """What came of the command, for the owner, and whether it is good. Names no file: the page lists them.

    Args:
        code: its exit code.
        output: its standard output: a summary as JSON, if it came to its end.
        errors: its standard error: events, each a JSON object.
    """
    summary = _last_object(output)
    if summary is None:
        failure = _last_object(errors) or {}
        reason = failure.get("message", errors[-_MOST_OF_ERRORS:])
        _log.error("Trying files again has failed (exit code %d): %s", code, reason)
        if failure.get("error") == "AlreadyRunning":
            return "Another command was at work in the data folder for too long. Try again later.", False
        return "It ended with an error. The server's log has the reason.", False
    read = int(summary["changed"]) + int(summary["added"]) + int(summary["attachments"])
    scans, failed = int(summary["recognised"]), len(summary["failures"]) + int(summary["unrecognised"])
    done = [f"{read} read"] if read or not scans else []
    done += [f"{counted(scans, 'scanned page')} read by OCR"] if scans else []
    done += [f"{failed} failed again"] if failed else []
    return f"{', '.join(done)}.", not failed


def _last_object(text: str) -> dict[str, Any] | None:
    """The JSON object in the last line; None if there is none."""
    try:
        found = json.loads(text.strip().rpartition("\n")[2])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
