"""CPU time and memory of a command and all the processes it starts. Linux only: reads /proc.

A command runs in a session of its own, and what it leaves behind becomes ours: an ended process stays in
/proc until we take note of it, so that no CPU time is lost, however short its life was.
"""

import atexit
import ctypes
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STACKROOM = [sys.executable, "-m", "stackroom"]

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
_SAMPLE_SECONDS = 0.05
_PR_SET_CHILD_SUBREAPER = 36


class Command:
    """A command that runs, and afterwards what it used.

    Attributes:
        seconds: wall-clock time from start to end.
        cpu: CPU-seconds of all its processes.
        main_mb, other_mb: highest memory (peak RSS) of its first process, and of any other one, in MB.
        together_mb: highest sum over its processes, in MB; memory that they share is counted in each.
        output: what it wrote to standard output.
        pid: of its first process.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        talk: tuple[int, int] | None = None,
    ) -> None:
        """Starts it, with `env` on top of our environment; its errors go where ours go.

        `talk` is what it reads and where it writes, two file descriptors, which are closed here; without it,
        it reads what we read, and what it writes becomes `output`.
        """
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.seconds = self.cpu = self.main_mb = self.other_mb = self.together_mb = 0.0
        self.output = ""
        self._written = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed when the command has ended
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            command,
            stdin=talk[0] if talk else None,
            stdout=talk[1] if talk else self._written,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )
        for end in talk or ():
            os.close(end)
        self.pid = self._process.pid
        self._ended = os.pidfd_open(self.pid)
        atexit.register(self._kill)  # Ctrl-C does not reach another session

    @property
    def age(self) -> float:
        """Wall-clock seconds since its start."""
        return time.monotonic() - self._started

    def wait(self, seconds: float = _SAMPLE_SECONDS) -> bool:
        """Waits until the first process has ended, but not longer than this. Returns whether it has."""
        return bool(select.select([self._ended], [], [], seconds)[0])

    def sample(self) -> None:
        """Takes note of CPU time and memory. Call it often while the command runs."""
        cpu = together = 0.0
        for pid in self._pids():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                status = Path(f"/proc/{pid}/status").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # its parent has just taken note of it, and has its CPU time now
            # Its own time, and that of the children it has taken note of.
            cpu += sum(map(int, fields[11:15])) / _TICKS_PER_SECOND
            together += int(fields[21]) * _PAGE_MB
            peak = _status_mb(status, "VmHWM")
            if pid == self.pid:
                self.main_mb = max(self.main_mb, peak)
            else:
                self.other_mb = max(self.other_mb, peak)
        self.cpu, self.together_mb = max(self.cpu, cpu), max(self.together_mb, together)

    def thread_seconds(self) -> dict[int, float]:
        """CPU-seconds of each thread of the first process, by its id; the main thread has the process's."""
        found = {}
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
                found[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
        return found

    def resident_mb(self) -> float:
        """Memory of the first process at this moment, in MB."""
        return _status_mb(Path(f"/proc/{self.pid}/status").read_text(), "VmRSS")

    def finish(self) -> None:
        """Waits for the end of all its processes. Ends the benchmark if the command failed."""
        while not self.wait():
            self.sample()
        self.seconds = self.age
        deadline = time.monotonic() + 5
        while any(_is_alive(pid) for pid in self._pids()) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.sample()
        for pid in self._pids():
            if pid != self.pid:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
        code = self._process.wait()
        os.close(self._ended)
        self._written.seek(0)
        self.output = self._written.read()
        self._written.close()
        if code not in (
            0,
            1,
            130,
            -signal.SIGTERM,
        ):  # 1: some files could not be read; 130: `watch` was stopped
            raise SystemExit(f"{self._process.args!r} failed with exit code {code}")

    def stop(self) -> None:
        """Asks it to end, and waits."""
        self.sample()
        self._process.terminate()
        self.finish()

    def _kill(self) -> None:
        if self._process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)

    def _pids(self) -> list[int]:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and self._is_ours(int(name))]  # noqa: PTH208

    def _is_ours(self, pid: int) -> bool:
        try:
            return os.getsid(pid) == self.pid
        except ProcessLookupError:
            return False


def run(
    command: Sequence[str],
    env: Mapping[str, str] | None = None,
    on_sample: Callable[[Command], None] | None = None,
) -> Command:
    """Runs a command to its end; `on_sample` is called every 50 ms while it runs."""
    running = Command(command, env)
    while not running.wait():
        running.sample()
        if on_sample:
            on_sample(running)
    running.finish()
    return running


def own_models(data: Path) -> Path:
    """Makes a data folder that shares no prepared models, and returns its own folder of them.

    Others take theirs from the folder that all data folders of the user share: prepared already, perhaps.
    """
    data.mkdir(parents=True, exist_ok=True)
    (data / "stackroom.toml").write_text('models_folder = "models"\n', encoding="utf-8")
    return data / "models"


def environment(settings: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE settings of a command line as a mapping."""
    return dict(setting.split("=", 1) for setting in settings)


def median(values: Iterable[float]) -> float:
    """The middle value; 0 if there is none."""
    return statistics.median(list(values) or [0.0])


def print_table(*rows: Sequence[str]) -> None:
    """A Markdown table; the first row is its head."""
    for number, row in enumerate(rows):
        print_row(row)
        if number == 0:
            print_row(["---"] * len(row))
    print(flush=True)


def print_row(row: Sequence[str]) -> None:
    """A row of a Markdown table, at once."""
    print("| " + " | ".join(row) + " |", flush=True)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _status_mb(status: str, name: str) -> float:
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(name)), 0.0)
