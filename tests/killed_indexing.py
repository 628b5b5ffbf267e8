"""Indexing in a process that may be killed at any moment; see `index_with_fake`."""

import os
import select
import signal
import subprocess
from pathlib import Path

from places import TESTS
from waiting import read_line

SCRIPT = TESTS / "index_with_fake.py"


class Indexing:
    """Indexes folders, each time in another process."""

    def __init__(self, program: "subprocess.Popen[bytes]") -> None:
        """`program` is `SCRIPT`, with unbuffered pipes."""
        assert program.stdin is not None
        assert program.stdout is not None
        self._program, self._orders, self._reports = program, program.stdin, program.stdout

    def run(self, data: Path, folder: Path, seconds: float, model: str = "") -> bool:
        """Kills it after these, unless it is done; returns whether it was. `model` embeds anew instead."""
        order = "\t".join([str(data), str(folder), *([model] if model else [])])
        self._orders.write(f"{order}\n".encode())
        pid = int(read_line(self._reports, self._program))
        is_done = bool(select.select([self._reports], [], [], seconds)[0])
        if not is_done:
            os.kill(pid, signal.SIGKILL)
        code = int(read_line(self._reports, self._program))
        assert code == 0 or (code == -signal.SIGKILL and not is_done)
        return code == 0
