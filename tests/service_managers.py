"""Small service managers, with the commands and answers of the real ones that the installer uses."""

from collections.abc import Sequence
from pathlib import Path

from stackroom.common.programs import Answer


def ok(text: str = "") -> Answer:
    return Answer(text.encode(), b"", 0)


def failed(text: str, code: int = 1) -> Answer:
    return Answer(b"", text.encode(), code)


class SmallSystemd:
    """A user's systemd with one unit.

    Attributes:
        asked: the commands that it got, without options.
        starts: whether the unit starts.
        lacks: properties that it can't set up.
        is_there: whether there is such a manager.
        understands: whether it understands units.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.active = "inactive"
        self.lacks: set[str] = set()
        self.enabled = False
        self.starts = self.is_there = self.understands = True

    def __call__(self, command: Sequence[str]) -> Answer:
        program, *words = [word for word in command if not word.startswith("--")]
        self.asked.append(" ".join([program, *words]))
        if program == "systemd-run":
            given = {word.split("=")[1] for word in command if word.startswith("--property=")}
            return failed("", 226) if given & self.lacks else ok()
        if program == "systemd-analyze":
            return ok() if self.understands else failed("Unknown section")
        if program == "loginctl":
            return ok("no\n")
        if program == "journalctl":
            return ok("Port 8000 of 127.0.0.1 is in use.\n")
        if not self.is_there:
            return failed("Failed to connect to bus: No medium found")
        return self._systemctl(words[0], "--now" in command)

    def _systemctl(self, word: str, is_now: bool) -> Answer:
        if word == "show":
            enabled = "enabled" if self.enabled else "disabled"
            result = "exit-code" if self.active == "failed" else "success"
            pid = 41 if self.active == "active" else 0
            return ok(
                f"MainPID={pid}\nNRestarts=2\nResult={result}\n"
                f"LoadState=loaded\nActiveState={self.active}\nSubState=running\n"
                f"StatusText=reading: 1/2 files = half\nUnitFileState={enabled}\n"
            )
        if word == "start":
            self.active = "active" if self.starts else "failed"
            return ok() if self.starts else failed("Job failed.")
        if word == "stop" or is_now:
            self.active = "inactive"
        if word in ("enable", "disable"):
            self.enabled = word == "enable"
        return ok()


class SmallLaunchd:
    """A launchd with one agent. `runs`: whether what it starts goes on."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.runs = True
        self._is_loaded = False
        self._looks_until_gone = 0

    def __call__(self, command: Sequence[str]) -> Answer:
        self.asked.append(command[1])
        if command[1] == "print":
            self._looks_until_gone -= 1
            if not self._is_loaded and self._looks_until_gone < 0:
                return failed("Could not find service", 113)
            state = "running" if self.runs else "not running"
            more = "\tpid = 77\n" if self.runs else "\tlast exit code = 2\n"
            return ok(
                f"gui/501/local.stackroom = {{\n\tstate = {state}\n\truns = 3\n{more}"
                "\tjob = {\n\t\tstate = x\n\t}\n}\n"
            )
        if command[1] == "bootout":
            self._is_loaded, self._looks_until_gone = False, 2  # it is gone a moment later
        elif self._looks_until_gone > 0:
            return failed("Bootstrap failed: 37: Operation already in progress", 37)
        else:
            assert Path(command[3]).exists()
            self._is_loaded = True
        return ok()
