"""A service as a file of systemd: a user unit."""

import os
from collections.abc import Mapping
from pathlib import Path

from stackroom.cli.service.service import Service

NAME = "stackroom.service"

MARK = "# Made by `stackroom service install`, which replaces it; `stackroom service remove` removes it."

_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108

# What no library is in, and a program that reads PDFs has no business with.
_SECRETS = (".ssh", ".gnupg", ".aws", ".netrc")

_PROTECTED = tuple(
    f"Protect{what}"
    for what in ("Clock", "ControlGroups", "Hostname", "KernelLogs", "KernelModules", "KernelTunables")
)

_UNIT = """\
{mark}
[Unit]
Description=Stackroom: search and fetch for a library of PDFs

[Service]
# Ready when the server answers; restarted if its loop stands still, or if it fails, but not if it was started
# wrongly (2). It ends with 0 on SIGTERM.
Type=notify
NotifyAccess=all
ExecStart=:{command}
{environment}
# An index of an older format is brought up to date first.
TimeoutStartSec=1h
WatchdogSec=2min
WatchdogSignal=SIGKILL
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2
# `up` ends its processes itself, within 30 s.
KillMode=mixed
TimeoutStopSec=60
# A process that reads a PDF may be ended for its memory; the rest goes on.
MemoryHigh=60%
MemoryMax=75%
OOMPolicy=continue
UMask=0077
# A core dump would hold the text of PDFs.
LimitCORE=0
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
{sandbox}
[Install]
WantedBy=default.target
"""


def unit(service: Service, in_namespaces: Mapping[str, str]) -> str:
    """The text of the unit. `in_namespaces`: as much of `sandbox` as there can be here."""
    missing = [name for name in sandbox(service) if name not in in_namespaces]
    lines = [f"# systemd can't set up here: {', '.join(missing)}"] if missing else []
    lines += [f"{name}={value}" for name, value in in_namespaces.items()]
    return _UNIT.format(
        mark=MARK,
        command=" ".join(map(quoted, service.command)),
        environment="\n".join(
            f"Environment={quoted(f'{name}={value}')}" for name, value in service.environment.items()
        ),
        sandbox="\n".join(lines),
    )


def quoted(text: str) -> str:
    """A text as one word of a unit: see "Quoting" in systemd.syntax(7), and systemd.unit(5) for `%`."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    plain = "".join(char if char.isprintable() else _escape(char) for char in escaped)
    return f'"{plain}"'


def _escape(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


def sandbox(service: Service) -> dict[str, str]:
    """What a user's manager can do only where the system lets users make namespaces.

    PrivateUsers= makes the one in which the rest is set up.
    """
    packages = filter(None, service.environment.get("PYTHONPATH", "").split(os.pathsep))
    folders = [one for one in service.libraries if isinstance(one, Path)]
    needed = (*service.folders, *folders, Path(service.command[0]), *map(Path, packages))
    is_common = any(path.is_relative_to(place) for path in needed for place in _TEMPORARY)
    writable = (*service.folders, *(_TEMPORARY if is_common else ()))
    return {
        "PrivateUsers": "yes",
        "ProtectSystem": "strict",
        "ReadWritePaths": " ".join(quoted(f"-{folder}") for folder in writable),
        "InaccessiblePaths": " ".join(quoted(f"-{Path.home() / name}") for name in _SECRETS),
        # Temporary files of its own, unless something that it needs is among the common ones.
        **({} if is_common else {"PrivateTmp": "yes"}),
        "PrivateDevices": "yes",
        **dict.fromkeys(_PROTECTED, "yes"),
        "CapabilityBoundingSet": "",
    }
