"""Who keeps services running on this system: systemd, launchd, or nobody."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stackroom.cli.service.service import Service
from stackroom.common.errors import ServiceFailed
from stackroom.common.programs import Answer, ask_program

Ask = Callable[[Sequence[str]], Answer]
"""Runs a program, and returns what it answers. Raises OSError if it can't be run."""

# Starting waits until the server answers; an index of an older format is brought up to date first.
_MOST_SECONDS = 3600.0
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class ServiceState:
    """How the service is.

    Attributes:
        manager: "systemd" or "launchd".
        file: what describes the service.
        installed: whether it is there.
        running: whether the service runs, and has said that it is ready.
        state: the same in the manager's words, such as "active (running)" or "failed (exit-code)".
        starts_at_login: whether it is started then.
        stays_after_logout: whether it goes on, and starts with the system; None if there is no such choice.
        pid: of `stackroom up`; 0 if it does not run.
        doing: what it says that it does; empty if it does not run, or the manager keeps no such thing.
        restarts: how often it was restarted because it had failed.
        log: the command that shows what it has said.
    """

    manager: str
    file: str
    installed: bool
    running: bool
    state: str
    starts_at_login: bool
    stays_after_logout: bool | None
    pid: int
    doing: str
    restarts: int
    log: str


class Manager(Protocol):
    """Keeps a service of this user running. Every method but `text` raises ServiceFailed if it can't."""

    def text(self, service: Service) -> str:
        """The file that describes the service, as `install` would write it."""

    def stop(self) -> None:
        """Stops the service, if it runs; returns when it has ended."""

    def install(self, service: Service) -> None:
        """Describes the service anew, starts it now and at each login; returns when it is ready."""

    def remove(self) -> bool:
        """Stops the service, and removes its file. Returns whether there was one."""

    def state(self) -> ServiceState:
        """How the service is."""


def manager_here(ask: Ask | None = None, platform: str = sys.platform, home: Path | None = None) -> Manager:
    """The one of this system.

    Args:
        ask: runs its programs; by default for real.
        platform: as `sys.platform`.
        home: of the user; by default found out.

    Raises:
        ServiceFailed: it has none that we know.
    """
    from stackroom.cli.service.launchd import Launchd
    from stackroom.cli.service.systemd import Systemd

    if platform == "darwin":
        return Launchd(ask or _ask, home or Path.home())
    if platform.startswith("linux"):
        return Systemd(ask or _ask, home or Path.home())
    raise ServiceFailed(
        "On this system Stackroom cannot be installed as a service: it can for systemd (Linux) and launchd "
        "(macOS). On Windows, have the task scheduler start `stackroom up` at logon."
    )


def write(file: Path, text: str, mark: str) -> None:
    """Writes a file, whole or not at all, if there is none or it has our mark. Raises ServiceFailed."""
    refuse_others(file, mark)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)
    except OSError as error:
        raise ServiceFailed(f"{file} cannot be written: {error.strerror or error}.") from error


def remove_file(file: Path) -> None:
    """Removes it. Raises ServiceFailed if it can't."""
    try:
        file.unlink()
    except OSError as error:
        raise ServiceFailed(f"{file} cannot be removed: {error.strerror or error}.") from error


def refuse_others(file: Path, mark: str) -> None:
    """Raises ServiceFailed if there is a file without our mark: somebody else has written it."""
    try:
        is_other = file.exists() and mark not in file.read_text("utf-8", errors="replace")
    except OSError as error:
        raise ServiceFailed(f"{file} cannot be read: {error.strerror or error}.") from error
    if is_other:
        raise ServiceFailed(f"{file} was not made by `stackroom service install`: move it away first.")


def said(answer: Answer) -> str:
    """What a program has said, for a person."""
    text = (answer.errors + answer.output).decode(errors="replace").strip()
    return text or f"nothing, and ended with {answer.code}"


def _ask(command: Sequence[str]) -> Answer:
    return ask_program(command, seconds=_MOST_SECONDS, most_bytes=_MOST_BYTES)
