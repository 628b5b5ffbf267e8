"""The user's own systemd."""

import getpass
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stackroom.cli.service.managers import Ask, ServiceState, refuse_others, remove_file, said, write
from stackroom.cli.service.service import Service
from stackroom.cli.service.unit import MARK, NAME, sandbox, unit
from stackroom.common.errors import ServiceFailed
from stackroom.common.programs import Answer

_SHOWN = "LoadState,ActiveState,SubState,Result,UnitFileState,MainPID,StatusText,NRestarts"

_LAST_LINES = 15

# The exit codes of systemd.exec(5) for what could not be set up before the program began.
_NOT_SET_UP = range(200, 244)


class Systemd:
    """See `managers.Manager`."""

    def __init__(self, ask: Ask, home: Path) -> None:
        """Does nothing yet. `home` is the folder of the user."""
        self._ask_program = ask
        configuration = os.environ.get("XDG_CONFIG_HOME", "")
        folder = Path(configuration) if configuration.startswith("/") else home / ".config"
        self._file = folder / "systemd" / "user" / NAME

    def text(self, service: Service) -> str:
        return unit(service, self._sandbox_here(sandbox(service)))

    def stop(self) -> None:
        if self._shown()["ActiveState"] not in ("inactive", "failed"):
            self._must("stop", NAME)

    def install(self, service: Service) -> None:
        refuse_others(self._file, MARK)
        text = self.text(service)
        self._verify(text)
        self.stop()
        write(self._file, text, MARK)
        self._must("daemon-reload")
        self._must("enable", NAME)
        self._ask("systemctl", "--user", "reset-failed", NAME)  # else too many failures before count as well
        started = self._ask("systemctl", "--user", "start", NAME)
        if started.code:
            log = self._ask(*self._log(), f"--lines={_LAST_LINES}", "--output=cat", "--no-pager")
            raise ServiceFailed(
                f"{NAME} is installed, but does not start: {said(started)}\nIts last words:\n{said(log)}"
            )

    def remove(self) -> bool:
        refuse_others(self._file, MARK)
        if not self._file.exists():
            return False
        self._must("disable", "--now", NAME)
        remove_file(self._file)
        self._must("daemon-reload")
        return True

    def state(self) -> ServiceState:
        shown = self._shown()
        active, failure = shown["ActiveState"], shown["Result"]
        return ServiceState(
            manager="systemd",
            file=str(self._file),
            installed=self._file.exists(),
            running=active == "active",
            state=f"{active} ({failure if active == 'failed' else shown['SubState']})",
            starts_at_login=shown["UnitFileState"] == "enabled",
            stays_after_logout=self._lingers(),
            pid=int(shown["MainPID"]),
            doing=shown["StatusText"] if active == "active" else "",
            restarts=int(shown["NRestarts"]),
            log=" ".join(self._log()),
        )

    @staticmethod
    def _log() -> list[str]:
        return ["journalctl", f"--user-unit={NAME}"]

    def _shown(self) -> dict[str, str]:
        lines = self._must("show", NAME, f"--property={_SHOWN}").output.decode(errors="replace").splitlines()
        return dict.fromkeys(_SHOWN.split(","), "") | dict(
            line.split("=", 1) for line in lines if "=" in line
        )

    def _lingers(self) -> bool | None:
        """Whether systemd keeps the user's services without a login; None if it can't be told."""
        answer = self._ask("loginctl", "show-user", getpass.getuser(), "--property=Linger", "--value")
        return {b"yes": True, b"no": False}.get(answer.output.strip())

    def _sandbox_here(self, wanted: Mapping[str, str]) -> Mapping[str, str]:
        """What of `sandbox` can be set up here: some systems keep users from namespaces, or some of them.

        All of it if that can't be told, because there is no manager to ask.
        """
        if self._can_be_set_up(wanted):
            return wanted
        base = {"PrivateUsers": wanted["PrivateUsers"]}
        return {name: value for name, value in wanted.items() if self._can_be_set_up({**base, name: value})}

    def _can_be_set_up(self, properties: Mapping[str, str]) -> bool:
        given = [f"--property={name}={value}" for name, value in properties.items()]
        answer = self._ask("systemd-run", "--user", "--wait", "--collect", "--quiet", *given, "true")
        return answer.code not in _NOT_SET_UP

    def _verify(self, text: str) -> None:
        """Raises ServiceFailed if systemd does not understand the unit."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, NAME)
            file.write_text(text, encoding="utf-8")
            answer = self._ask("systemd-analyze", "--user", "verify", str(file))
        if answer.code:
            raise ServiceFailed(f"systemd does not understand the unit: {said(answer)}")

    def _must(self, *words: str) -> Answer:
        answer = self._ask("systemctl", "--user", *words)
        if answer.code:
            raise ServiceFailed(
                f"`systemctl --user {' '.join(words)}` does not work here: {said(answer)}. A service needs "
                "the user's own systemd: log in as this user (not with su or sudo), or use `stackroom up`."
            )
        return answer

    def _ask(self, *command: str) -> Answer:
        try:
            return self._ask_program(command)
        except OSError as error:
            raise ServiceFailed(
                f"{command[0]} cannot be run: {error.strerror or error}. Without systemd, have another "
                "service manager keep `stackroom up` running."
            ) from error
