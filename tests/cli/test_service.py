"""`stackroom service`: what it writes, for whom, and what it does when that does not work."""

import json
import os
import plistlib
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from commands import stackroom_here
from service_managers import SmallLaunchd, SmallSystemd
from stackroom.cli.arguments import given_settings, parse, settings_of
from stackroom.cli.service.launchd import LABEL, Launchd, log_of, property_list
from stackroom.cli.service.managers import manager_here
from stackroom.cli.service.service import Service, planned, refuse_what_does_not_start
from stackroom.cli.service.systemd import Systemd
from stackroom.cli.service.unit import NAME, sandbox, unit
from stackroom.common.errors import ServiceFailed, UsageError

AWKWARD = 'a b%h%%"q"\'s\\n${HOME}$HOME;é語\t\n# z'

SYSTEMD_ANALYZE = shutil.which("systemd-analyze") or ""

needs_posix = pytest.mark.skipif(os.name != "posix", reason="such services are for POSIX systems")


def some_service(folder: Path, program: Path | None = None) -> Service:
    library = folder / AWKWARD
    command = (
        str(program or sys.executable),
        "-m",
        "stackroom",
        "up",
        f"--data={folder}",
        "--",
        str(library),
    )
    return Service(command, {"PATH": "/usr/bin:/bin", "X": AWKWARD}, (folder / "data", library), (library,))


@pytest.mark.skipif(not SYSTEMD_ANALYZE, reason="needs systemd-analyze")
def test_systemd_understands_awkward_names(tmp_path: Path) -> None:
    def verified(name: str, *, is_there: bool = True) -> tuple[int, str]:
        """What systemd says of a unit whose program is in a folder of this name."""
        program = tmp_path / name / "python"
        program.parent.mkdir(exist_ok=True)
        program.unlink(missing_ok=True)
        if is_there:
            program.symlink_to(sys.executable)
        file = tmp_path / "some.service"
        service = some_service(tmp_path, program)
        file.write_text(unit(service, sandbox(service)), encoding="utf-8")
        ran = subprocess.run(
            [SYSTEMD_ANALYZE, "--user", "verify", file],
            capture_output=True,
            text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        )
        return ran.returncode, ran.stderr

    allowed = "a b%h%%;${HOME}$HOME;é語 # z"
    assert verified(allowed) == (0, "")
    assert f"Command {tmp_path / allowed}/python is not executable" in verified(allowed, is_there=False)[1]
    # A program may not have such a name, but systemd has read it rightly.
    assert f"special characters: {tmp_path / AWKWARD}/python\n" in verified(AWKWARD)[1]


def test_a_unit_keeps_words_apart_and_takes_nothing_for_a_specifier(tmp_path: Path) -> None:
    service = some_service(Path("/srv/my data"), Path("/usr/bin/python3"))
    text = unit(service, sandbox(service))
    assert (
        '"--data=/srv/my data" "--" "/srv/my data/a b%%h%%%%\\"q\\"\'s\\\\n${HOME}$HOME;é語\\x09\\x0a# z"'
        in text
    )
    assert "ExecStart=:" in text  # which leaves "$" as it is
    assert 'ReadWritePaths="-/srv/my data/data" "-/srv/my data/a b' in text
    assert "PrivateTmp=yes" in text
    service = some_service(Path("/tmp/mine"))
    in_common = unit(service, sandbox(service))
    assert "PrivateTmp" not in in_common
    assert '"-/tmp" "-/var/tmp"' in in_common


def test_launchd_gets_a_property_list(tmp_path: Path) -> None:
    service = some_service(tmp_path)
    written = property_list(service, tmp_path)
    read = plistlib.loads(written)
    assert read["ProgramArguments"] == list(service.command)
    assert read["EnvironmentVariables"] == service.environment
    assert (read["RunAtLoad"], read["KeepAlive"]) == (True, {"SuccessfulExit": False})
    assert read["StandardErrorPath"] == str(tmp_path / "Library" / "Logs" / "stackroom.log")
    if checker := shutil.which("plutil"):
        file = tmp_path / "x.plist"
        file.write_bytes(written)
        assert subprocess.run([checker, "-lint", file]).returncode == 0


def plan(*words: object, **environ: str) -> Service:
    arguments: Namespace = parse(["service", "install", *map(str, words)])
    return planned(arguments, given_settings(arguments), settings_of(arguments), [], environ)


def test_it_runs_this_python_with_the_settings_of_this_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my model").mkdir()
    environ = {
        "STACKROOM_MODEL": "my model",
        "STACKROOM_PORT": "8100",
        "STACKROOM_EXCLUDE": "drafts/\nold/",
        "STACKROOM_MODELS_FOLDER": "models",
        "PATH": "/opt/bin:/bin",
        "HOME": str(tmp_path),
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    more = ["--port=9000", "--allow-host=nas", "--allow-host=b.example", "--public-url=https://x.example"]
    service = plan("--data", "da ta", *more, **environ)
    assert service.command[:5] == (sys.executable, "-m", "stackroom", "up", f"--data={tmp_path / 'da ta'}")
    assert {*more} < {*service.command}
    assert service.environment == {
        "PYTHONSAFEPATH": "1",
        "PATH": "/opt/bin:/bin",
        "STACKROOM_MODEL": str(tmp_path / "my model"),
        "STACKROOM_EXCLUDE": "drafts/\nold/",
        "STACKROOM_MODELS_FOLDER": str(tmp_path / "models"),
    }
    assert service.folders[:2] == (tmp_path / "da ta", tmp_path / "models")
    monkeypatch.setenv("STACKROOM_PDF_PASSWORDS", "geheim")
    with pytest.raises(UsageError, match="pdf_passwords_file"):
        plan(**environ)


@pytest.mark.parametrize("url", ["postgresql://ada:geheim@host/it", "postgresql://host/it?password=geheim"])
def test_a_service_has_no_password_of_the_database(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("STACKROOM_STORE", "postgresql://ada@host/it")
    service = plan(STACKROOM_STORE="postgresql://ada@host/it")
    assert service.environment["STACKROOM_STORE"] == "postgresql://ada@host/it"
    monkeypatch.setenv("STACKROOM_STORE", url)
    with pytest.raises(UsageError, match="pgpass") as refused:
        plan(STACKROOM_STORE=url)
    assert "geheim" not in str(refused.value)


@needs_posix
def test_what_would_not_start_is_not_installed(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
    refuse_what_does_not_start(Service((sys.executable, "-m", "stackroom"), environment, (), ()))
    for program, reason in (("/bin/echo", "does not answer"), (str(tmp_path / "none"), "cannot be run")):
        with pytest.raises(ServiceFailed, match=reason):
            refuse_what_does_not_start(Service((program, "-m", "stackroom"), {}, (), ()))


@needs_posix
def test_systemd_is_given_the_unit_and_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    systemd = SmallSystemd()
    manager = Systemd(systemd, tmp_path)
    file = tmp_path / ".config" / "systemd" / "user" / NAME
    assert (manager.state().installed, manager.remove()) == (False, False)
    manager.install(some_service(tmp_path))
    assert "ProtectSystem=strict" in file.read_text()
    state = manager.state()
    assert (state.running, state.starts_at_login, state.stays_after_logout, state.pid) == (
        True,
        True,
        False,
        41,
    )
    assert (state.doing, state.restarts) == ("reading: 1/2 files = half", 2)

    systemd.asked.clear()
    systemd.lacks = {"ProtectClock"}
    manager.install(some_service(tmp_path))  # an upgrade: it is stopped first
    order = [
        f"systemctl {word}" for word in (f"stop {NAME}", "daemon-reload", f"enable {NAME}", f"start {NAME}")
    ]
    assert [one for one in systemd.asked if one in order] == order
    assert "ProtectClock=" not in file.read_text()
    assert (
        "systemd can't set up here: ProtectClock\nPrivateUsers=yes\nProtectSystem=strict" in file.read_text()
    )
    systemd.lacks = {"PrivateUsers"}
    assert "ProtectSystem=" not in manager.text(some_service(tmp_path))
    assert "NoNewPrivileges=yes" in manager.text(some_service(tmp_path))

    assert manager.remove()
    assert (file.exists(), systemd.active, systemd.enabled) == (False, "inactive", False)


@needs_posix
def test_what_systemd_does_not_do_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    systemd = SmallSystemd()
    manager = Systemd(systemd, tmp_path)
    file = tmp_path / "configuration" / "systemd" / "user" / NAME
    systemd.understands = False
    with pytest.raises(ServiceFailed, match="does not understand the unit: Unknown section"):
        manager.install(some_service(tmp_path))
    assert not file.exists()
    systemd.understands, systemd.starts = True, False
    with pytest.raises(
        ServiceFailed, match=r"Job failed.\nIts last words:\nPort 8000 of 127.0.0.1 is in use"
    ):
        manager.install(some_service(tmp_path))
    assert (manager.state().running, manager.state().state) == (False, "failed (exit-code)")
    systemd.is_there = False
    with pytest.raises(ServiceFailed, match=r"No medium found\. A service needs the user's own systemd"):
        manager.state()
    systemd.is_there = True
    file.write_text("[Unit]\nDescription=of somebody else\n")
    for action in (manager.remove, lambda: manager.install(some_service(tmp_path))):
        with pytest.raises(ServiceFailed, match="was not made by"):
            action()
    assert "somebody else" in file.read_text()

    def without_systemd(command: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(ServiceFailed, match="systemctl cannot be run: No such file"):
        Systemd(without_systemd, tmp_path).state()  # type: ignore[arg-type]


@needs_posix
def test_launchd_is_given_the_agent_and_starts_it(tmp_path: Path) -> None:
    launchd = SmallLaunchd()
    manager = Launchd(launchd, tmp_path, settle_seconds=0)
    file = tmp_path / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    assert manager.state().state == "not loaded"
    for _ in range(2):  # the second time the agent before is ended first
        manager.install(some_service(tmp_path))
        state = manager.state()
        assert (state.running, state.pid, state.restarts) == (True, 77, 2)
    assert log_of(tmp_path).parent.is_dir()
    launchd.runs = False
    with pytest.raises(ServiceFailed, match=r"does not run: not running \(last exit code 2\)"):
        manager.install(some_service(tmp_path))
    assert (manager.remove(), file.exists(), manager.remove()) == (True, False, False)
    file.write_text("<plist/>")
    with pytest.raises(ServiceFailed, match="was not made by"):
        manager.install(some_service(tmp_path))


def test_elsewhere_it_says_what_to_do_instead() -> None:
    with pytest.raises(ServiceFailed, match="task scheduler"):
        manager_here(platform="win32")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prints a unit of systemd")
def test_it_prints_the_unit_and_says_how_the_service_is(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "", "XDG_RUNTIME_DIR": str(tmp_path)}
    home["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={tmp_path}/bus"
    printed = stackroom_here("service", "install", "--print", "/srv/my papers", "--data=/srv/d", **home)
    if shutil.which("systemctl") is None:
        assert (printed.returncode, "systemd-run cannot be run" in printed.stderr) == (1, True)
        return
    assert (printed.returncode, printed.stderr) == (0, "")
    assert f'ExecStart=:"{sys.executable}" "-m" "stackroom" "up" "--data=/srv/d"' in printed.stdout
    assert not list(tmp_path.iterdir())
    status = stackroom_here("service", "status", "--json", **home)
    if status.returncode == 1 and not status.stdout:
        assert "A service needs the user's own systemd" in status.stderr
    else:
        assert json.loads(status.stdout)["manager"] == "systemd"
