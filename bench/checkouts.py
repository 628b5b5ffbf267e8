"""Commits of this repository beside each other, so that one run measures both in turns."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

BASE = "3474622"
"""The commit before searches and indexing were made cheaper: what docs/benchmarks.md compares with."""


@dataclass(frozen=True)
class Checkout:
    """The files of a commit. Its own code runs; with its own environment, if it has one, else with ours.

    Attributes:
        name: what it is called in a table.
        folder: its root.
    """

    name: str
    folder: Path

    @property
    def python(self) -> str:
        """The interpreter that runs it."""
        own = self.folder / ".venv" / "bin" / "python"
        return str(own) if own.exists() else sys.executable

    @property
    def stackroom(self) -> list[str]:
        """The command line's first words."""
        return [self.python, "-m", "stackroom"]

    @property
    def environment(self) -> dict[str, str]:
        """What makes an interpreter import its code, not that of the folder where it starts."""
        path = os.pathsep.join((str(self.folder / "src"), str(self.folder)))
        return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


HERE = Checkout("now", Path(__file__).resolve().parents[1])


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """The files of a commit, in a folder that is there until the end."""
    archive = [shutil.which("git") or "git", "archive", commit]
    packed = subprocess.run(archive, cwd=HERE.folder, capture_output=True, check=True)
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as folder:
        with tarfile.open(fileobj=BytesIO(packed.stdout)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)
