"""CPU time and peak memory of a command and all the processes it starts. Linux only: reads /proc."""

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 0.02


@dataclass(slots=True)
class Usage:
    """What one process used: CPU seconds (those of its finished children included), peak memory in MB."""

    role: str
    cpu: float = 0.0
    peak_mb: float = 0.0


@dataclass
class Measured:
    """A command in a session of its own, watched while it runs.

    Attributes:
        usages: by process id.
        seconds: wall-clock time from start to end.
    """

    process: subprocess.Popen[str]
    usages: dict[int, Usage] = field(default_factory=dict)
    seconds: float = 0.0
    output: str = ""

    @property
    def cpu(self) -> float:
        """CPU seconds of all its processes."""
        return sum(usage.cpu for usage in self.usages.values())

    def peak_mb(self, role: str) -> float:
        """The highest peak memory of a process of this role, in MB; 0 if none was seen."""
        return max((usage.peak_mb for usage in self.usages.values() if usage.role == role), default=0.0)


def start(command: Sequence[str]) -> Measured:
    """Starts a command; its errors go where ours go."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    measured = Measured(process)
    threading.Thread(target=_watch, args=(measured, time.monotonic()), daemon=True).start()
    return measured


def run(command: Sequence[str]) -> Measured:
    """Runs a command to its end."""
    measured = start(command)
    measured.output = measured.process.communicate()[0]
    time.sleep(0.2)  # the last processes of the session end
    return measured


def _watch(measured: Measured, started: float) -> None:
    session = measured.process.pid
    while measured.process.poll() is None:
        measured.seconds = time.monotonic() - started
        for stat in Path("/proc").glob("[0-9]*/stat"):
            _sample(stat.parent, session, measured.usages)
        time.sleep(_SAMPLE_SECONDS)
    measured.seconds = time.monotonic() - started


def _sample(folder: Path, session: int, usages: dict[int, Usage]) -> None:
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        if int(fields[3]) != session:
            return
        status = (folder / "status").read_text()
        command = (folder / "cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return  # it has just ended
    pid, parent = int(folder.name), int(fields[1])
    if pid == session:
        role = "main"
    elif "resource_tracker" in command:
        role = "resource tracker"
    else:
        role = "reader server" if parent == session else "reader"
    usage = usages.setdefault(pid, Usage(role))
    own, children = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
    # A reader's time is counted when its server has seen it end; counting it here as well would be twice.
    usage.cpu = 0.0 if role == "reader" else (own + children) / _TICKS_PER_SECOND
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            usage.peak_mb = max(usage.peak_mb, int(line.split()[1]) / 1024)
