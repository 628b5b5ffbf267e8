"""Files that are made to hurt: each is named with its reason, and the others are indexed."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes import OneModel, WordHashEmbedder
from indexer.folder.compare import File
from indexer.pdf.processes.extract_all import Limits, extract_all
from indexer.pdf.processes.task import Task
from indexer.run.indexer import Indexer
from indexer.run.summary import Summary
from make_bombs import BOMBS, make_odd_files, pdf
from make_pdfs import write_pdf
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.status import read_status
from stackroom.cli.terminal import show_status
from stackroom.common.documents import Document
from stackroom.common.errors import ExtractionFailed, PictureFailed
from stackroom.common.settings import Settings
from stackroom.server.monitoring.metrics import Metrics
from stackroom.server.room.pictures import PageToDraw, Pictures

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_AS and FIFOs")

_LIMITS = Limits(workers=1, file_seconds=1, stall_seconds=1, file_memory_mb=400)
_QUICK = ["recursive-pages", "laughing-forms", "expanding-content", "giant-image"]
_EXPANDED = 20_000_000  # bytes: making the bombs takes most of the time


def index(folder: Path, data: Path, hold_back: Callable[[File], bool] = lambda file: False) -> Summary:
    with Indexer(Settings.read({}, data=data, workers=1), OneModel(WordHashEmbedder())) as indexer:
        return indexer.run([folder], hold_back=hold_back)


@pytest.mark.parametrize("name", _QUICK)
def test_a_bomb_costs_no_more_than_the_limits_and_the_next_file_is_read(tmp_path: Path, name: str) -> None:
    bomb, good = tmp_path / "bomb.pdf", write_pdf(tmp_path / "good.pdf", ["Good."])
    bomb.write_bytes(pdf(BOMBS[name](_EXPANDED)))
    started = time.monotonic()
    tasks = iter([Task(bomb, "0" * 24), Task(good, "1" * 24)])
    outcomes = {task.path.name: outcome for task, outcome in extract_all(tasks, _LIMITS, lambda pages: None)}
    assert time.monotonic() - started < 20
    of_bomb, of_good = outcomes["bomb.pdf"], outcomes["good.pdf"]
    if isinstance(of_bomb, ExtractionFailed):
        assert of_bomb.kind in ("damaged", "out of memory", "timed out", "crashed", "too large")
        assert str(of_bomb)
    else:
        assert len(of_bomb.text) < 1_000_000
    assert isinstance(of_good, Document)


@pytest.mark.parametrize("name", ["laughing-forms", "giant-image", "giant-pattern"])
def test_the_picture_of_a_bomb_is_made_or_refused(tmp_path: Path, name: str) -> None:
    bomb = tmp_path / "bomb.pdf"
    bomb.write_bytes(pdf(BOMBS[name](_EXPANDED)))
    try:
        picture = Pictures(seconds=1, memory_mb=400).picture(PageToDraw("0" * 24, 1, bomb, ""))
    except PictureFailed as error:
        assert str(error)  # noqa: PT017  either is fine
    else:
        assert picture.width * picture.height < 2_300_000


def test_odd_names_are_read_and_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    folder, data = tmp_path / "folder", tmp_path / "data"
    folder.mkdir()
    make_odd_files(folder)
    summary = index(folder, data)
    assert (summary.added, list(summary.failures.values())) == (5, ["is empty (0 bytes)"])
    (name, reason) = next((name, why) for name, why in summary.unreadable.items() if "utf-8" in name)
    assert (name.rpartition("/")[2], reason) == (
        "not \\xff utf-8.pdf",
        "its name is not valid UTF-8: rename it",
    )
    with Catalog(data / "index" / "catalog.sqlite3") as catalog:
        status = read_status(catalog)
    assert status.documents == 5
    assert [failure.kind for failure in status.failures] == ["not a pdf"]
    assert {failure.path: failure.reason for failure in status.unreadable} == summary.unreadable
    assert index(folder, data).unchanged == 5  # names come back as they were written


def test_what_cannot_be_looked_at_is_in_the_status_until_it_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, data = tmp_path / "folder", tmp_path / "data"
    folder.mkdir()
    write_pdf(folder / "good.pdf", ["Good."])
    (folder / "loop").symlink_to("loop")
    odd = folder / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    (odd / "menu.pdf").write_bytes(b"%PDF-")
    index(folder, data)
    index(folder / "good.pdf", data)  # another library: what is known of the first one stays
    with Catalog(data / "index" / "catalog.sqlite3") as catalog:
        status = read_status(catalog)
        assert [(failure.path, failure.kind) for failure in status.unreadable] == [
            (str(folder / "caf\\xe9" / "menu.pdf"), "unreadable"),
            (str(folder / "loop"), "unreadable"),
        ]
        assert all(failure.reason for failure in status.unreadable)
        assert 'stackroom_failed_files{kind="unreadable"} 2' in Metrics().exposition(status, {})
        show_status(status, 1, "", "")
        assert "could not be looked at (2):" in capsys.readouterr().out
        odd.rename(folder / "café")
        (folder / "loop").unlink()
        index(folder, data)
        assert read_status(catalog).unreadable == ()


@pytest.mark.parametrize("change", ["vanish", "shrink", "grow", "become a folder"])
def test_a_file_that_changes_under_the_reader_is_not_indexed_half(tmp_path: Path, change: str) -> None:
    folder, data = tmp_path / "folder", tmp_path / "data"
    folder.mkdir()
    odd = write_pdf(folder / "odd.pdf", ["A page."] * 3)
    write_pdf(folder / "good.pdf", ["Good."])

    def change_it(file: File) -> bool:
        """After the folder was compared, before the file is opened."""
        if file.path == odd:
            if change == "shrink":
                os.truncate(odd, 300)
            elif change == "grow":
                write_pdf(odd, ["A page."] * 4)
            else:
                odd.unlink()
                if change == "become a folder":
                    odd.mkdir()
        return False

    summary = index(folder, data, change_it)
    assert (summary.added, summary.failed) == (1, 1)
    assert all(summary.failures.values())
    again = index(folder, data)
    assert (again.changed, again.removed, again.failed) == {
        "vanish": (0, 1, 0),
        "shrink": (0, 0, 1),
        "grow": (1, 0, 0),
        "become a folder": (0, 1, 0),
    }[change]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_folders_and_files_that_may_not_be_read_are_named(tmp_path: Path) -> None:
    folder, data = tmp_path / "folder", tmp_path / "data"
    (folder / "closed").mkdir(parents=True)
    write_pdf(folder / "good.pdf", ["Good."])
    write_pdf(folder / "secret.pdf", ["Secret."]).chmod(0)
    (folder / "closed").chmod(0)
    try:
        summary = index(folder, data)
    finally:
        (folder / "closed").chmod(0o700)
    assert (summary.added, summary.failed) == (1, 1)
    assert summary.unreadable == {str(folder / "closed"): "Permission denied"}
