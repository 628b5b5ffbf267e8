"""The launchd of macOS, with an agent of the user."""

import os
import plistlib
import re
import time
from pathlib import Path

from stackroom.cli.service.managers import Ask, ServiceState, refuse_others, remove_file, said, write
from stackroom.cli.service.service import Service
from stackroom.common.errors import ServiceFailed
from stackroom.common.programs import Answer

LABEL = "local.stackroom"

_MARK = "Made by `stackroom service install`"

# An agent that was told to end is gone a moment later; until then no new one of its name is taken.
_GONE_SECONDS, _LOOK_SECONDS = 60.0, 0.2

# launchd knows no readiness. One that starts wrongly ends within this time, in seconds.
_SETTLE_SECONDS = 3.0


def property_list(service: Service, home: Path) -> bytes:
    """The service as launchd.plist(5) has it: an XML property list."""
    log = str(log_of(home))
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ServiceDescription": f"{_MARK}, which replaces it",
            "ProgramArguments": list(service.command),
            "EnvironmentVariables": dict(service.environment),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},  # `up` ends with 0 on SIGTERM
            "ThrottleInterval": 30,
            "ExitTimeOut": 60,  # `up` ends its processes itself, within 30 s
            "Umask": 0o077,
            "HardResourceLimits": {"Core": 0},
            "StandardOutPath": log,
            "StandardErrorPath": log,
        },
        sort_keys=False,
    )


def log_of(home: Path) -> Path:
    """Where the service says what it says."""
    return home / "Library" / "Logs" / "stackroom.log"


class Launchd:
    """See `managers.Manager`."""

    def __init__(self, ask: Ask, home: Path, settle_seconds: float = _SETTLE_SECONDS) -> None:
        """Does nothing yet.

        Args:
            ask: runs programs.
            home: the folder of the user.
            settle_seconds: so long a service must run to count as started.
        """
        self._settle_seconds = settle_seconds
        self._ask_program = ask
        self._home = home
        self._file = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
        self._domain = f"gui/{os.getuid()}"

    def text(self, service: Service) -> str:
        return property_list(service, self._home).decode()

    def stop(self) -> None:
        if self._printed() is None:
            return
        self._must("bootout", f"{self._domain}/{LABEL}")
        until = time.monotonic() + _GONE_SECONDS
        while self._printed() is not None:
            if time.monotonic() > until:
                raise ServiceFailed(
                    f"{LABEL} does not end. `launchctl print {self._domain}/{LABEL}` shows it."
                )
            time.sleep(_LOOK_SECONDS)

    def install(self, service: Service) -> None:
        refuse_others(self._file, _MARK)
        self.stop()
        log_of(self._home).parent.mkdir(parents=True, exist_ok=True)
        write(self._file, self.text(service), _MARK)
        self._must("bootstrap", self._domain, str(self._file))
        time.sleep(self._settle_seconds)
        state = self.state()
        if not state.running:
            raise ServiceFailed(
                f"{LABEL} is installed, but does not run: {state.state}. `{state.log}` says why."
            )

    def remove(self) -> bool:
        refuse_others(self._file, _MARK)
        if not self._file.exists():
            return False
        self.stop()
        remove_file(self._file)
        return True

    def state(self) -> ServiceState:
        printed = self._printed()
        shown = dict(re.findall(r"^\t(state|pid|runs|last exit code) = (.*)$", printed or "", re.MULTILINE))
        state = shown.get("state", "not loaded")
        ended = shown.get("last exit code", "")
        return ServiceState(
            manager="launchd",
            file=str(self._file),
            installed=self._file.exists(),
            running=state == "running",
            state=state if state == "running" or not ended else f"{state} (last exit code {ended})",
            starts_at_login=self._file.exists(),
            stays_after_logout=None,
            pid=int(shown.get("pid", 0)),
            doing="",
            restarts=max(int(shown.get("runs", 1)) - 1, 0),
            log=f"tail -n 20 {log_of(self._home)}",
        )

    def _printed(self) -> str | None:
        """What launchd says of the service; None if it does not know it."""
        answer = self._ask("print", f"{self._domain}/{LABEL}")
        return None if answer.code else answer.output.decode(errors="replace")

    def _must(self, *words: str) -> None:
        answer = self._ask(*words)
        if answer.code:
            raise ServiceFailed(f"`launchctl {' '.join(words)}` does not work: {said(answer)}")

    def _ask(self, *words: str) -> Answer:
        try:
            return self._ask_program(["launchctl", *words])
        except OSError as error:
            raise ServiceFailed(f"launchctl cannot be run: {error.strerror or error}.") from error
