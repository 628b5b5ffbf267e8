"""A small cluster of this machine that several tests use, and the models that its workers have."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fakes import OneModel, WordHashEmbedder
from indexer.run.workers import Workers
from stackroom.common.settings import Settings

POISON = "arsenic"


class PoisonedEmbedder(WordHashEmbedder):
    """Kills its process if a passage has the word for that."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if any(POISON in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed_passages(texts)


def models_of(_: Settings) -> OneModel:
    """The workers' models."""
    return OneModel(PoisonedEmbedder())


class KeptWorkers(Workers):
    """Workers that stay when an indexer is closed."""

    def close(self) -> None:
        """Nothing."""

    def end(self) -> None:
        """Ends them."""
        super().close()


def pids() -> list[int]:
    """The processes of the workers: they are forked from the server that this process has for that.

    A database that this process started has children, too; those are not ours to end.
    """
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    forks = {pid for pid, parent in parents.items() if parent == os.getpid() and _forks_workers(pid)}
    return [pid for pid, parent in parents.items() if parent in forks]


def _forks_workers(pid: int) -> bool:
    with suppress(OSError):
        return b"multiprocessing.forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
