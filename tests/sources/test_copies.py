"""Copies of the files of sources: how long they stay, and which are not made."""

import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from indexer.folder.copies import Copies
from indexer.store.publisher import FileState
from stackroom.common import sources
from stackroom.common.errors import ExtractionFailed, SourceChanged
from stackroom.common.roots import RemotePath

FILE = RemotePath("s3://papers/a b.pdf")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs of the files that were fetched; "gone.pdf" has changed."""
    found: list[str] = []

    def fetch(file: RemotePath, expected: sources.RemoteState, to: Path) -> None:
        found.append(file.name)
        if file.name == "gone.pdf":
            raise SourceChanged("gone")
        to.write_bytes(b"x" * expected.size)

    monkeypatch.setattr(sources, "fetch", fetch)
    return found


def test_a_copy_stays_while_it_is_used_and_until_the_next(fetched: list[str], folder: Path) -> None:
    state = FileState(3, 1)
    with closing(Copies(most_mb=1)) as copies:
        with copies.held(FILE, state) as first, copies.held(FILE, state) as second:
            assert first == second
            assert (first.name, first.read_bytes()) == ("a b.pdf", b"xxx")
            copies.let_go(FILE, state)
            with copies.held(RemotePath("s3://papers/b.pdf"), state):
                assert first.exists()
        with copies.held(FILE, state):
            assert fetched == ["a b.pdf", "b.pdf"]
        with copies.held(FILE, FileState(3, 2)):
            assert fetched == ["a b.pdf", "b.pdf", "a b.pdf"]
        assert copies.hold(Path("/own.pdf"), state) == Path("/own.pdf")
    assert list(folder.iterdir()) == []


def test_what_is_too_large_or_has_changed_is_not_read(fetched: list[str]) -> None:
    with closing(Copies(most_mb=1)) as copies:
        with pytest.raises(ExtractionFailed, match="has more than 1 MiB; STACKROOM_FILE_MEMORY_MB") as large:
            copies.hold(FILE, FileState(2**20 + 1, 1))
        with pytest.raises(ExtractionFailed, match="was changed since the source was listed") as changed:
            copies.hold(RemotePath("s3://papers/gone.pdf"), FileState(1, 1))
    assert (large.value.kind, changed.value.kind, fetched) == ("too large", "changed", ["gone.pdf"])


@pytest.mark.skipif(sys.platform == "win32", reason="there it is not asked whether a process lives")
def test_copies_of_killed_processes_are_removed(fetched: list[str], folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    left, alive = (folder / f"stackroom-copies-{pid}-x" for pid in (ended.pid, os.getpid()))
    left.mkdir()
    alive.mkdir()
    with closing(Copies(most_mb=1)) as copies, copies.held(FILE, FileState(1, 1)):
        assert (left.exists(), alive.exists()) == (False, True)
