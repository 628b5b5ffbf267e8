"""Files that a cluster's workers read: the same as without a cluster, whatever becomes of the workers."""

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest

from clusters import POISON, KeptWorkers, pids
from everything import change_some, its_ocr, write_everything
from fakes import OneModel, WordHashEmbedder
from index_content import content
from indexer.ocr.tesseract import FindOcr, find_tesseract
from indexer.run.cluster.dask_cluster import DaskCluster
from indexer.run.indexer import Indexer
from indexer.run.summary import Progress, Summary
from indexer.run.workers import Workers
from make_pdfs import write_pdf
from papers import BREAD, OTTERS
from stackroom.common.settings import Settings
from waiting import wait_until


def index(
    settings: Settings,
    folder: Path,
    ocr: FindOcr,
    workers: Workers | None = None,
    *,
    retry_failed: bool = False,
) -> Summary:
    with Indexer(settings, OneModel(WordHashEmbedder()), ocr, workers=workers) as indexer:
        return indexer.run([folder], retry_failed=retry_failed)


def account(summary: Summary) -> dict[str, object]:
    return {name: value for name, value in asdict(summary).items() if name != "seconds"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One of everything."""
    return write_everything(tmp_path / "papers")


def test_the_outcome_is_the_same_as_without_a_cluster(
    folder: Path, settings: Settings, workers: KeptWorkers, tmp_path: Path
) -> None:
    ocr = its_ocr(tmp_path / "ocr")
    alone = Settings.read({}, data=tmp_path / "alone", workers=1)
    for step in range(3):
        if step == 1:
            change_some(folder)
        expected = index(alone, folder, ocr, retry_failed=step == 2)
        found = index(settings, folder, ocr, workers, retry_failed=step == 2)
        assert account(found) == account(expected)
    assert content(settings.data) == content(alone.data)
    assert not content(settings.data)["pending"]


def twenty(folder: Path) -> Path:
    folder.mkdir()
    for number in range(20):
        text = f"{OTTERS} This is paper {number}, of {20 - number} words. {BREAD} " * 5
        write_pdf(folder / f"{number}.pdf", [text] * 3, title=f"Paper {number}")
    return folder


def test_killed_workers_lose_nothing(settings: Settings, workers: KeptWorkers, tmp_path: Path) -> None:
    folder = twenty(tmp_path / "twenty")
    chance = random.Random(7)
    killed: list[int] = []

    def tell(progress: Progress) -> None:
        if progress.files_done // 5 > len(killed):
            killed.append(chance.choice(pids()))
            with suppress(ProcessLookupError):  # it is gone already
                os.kill(killed[-1], signal.SIGKILL)

    with Indexer(settings, OneModel(WordHashEmbedder()), workers=workers) as indexer:
        found = indexer.run([folder], on_progress=tell)
    expected = index(Settings.read({}, data=tmp_path / "alone"), folder, find_tesseract)
    assert len(killed) == 4
    assert account(found) == account(expected)
    assert content(settings.data) == content(tmp_path / "alone")


def test_a_file_that_kills_its_workers_fails(
    settings: Settings, workers: KeptWorkers, tmp_path: Path
) -> None:
    folder = tmp_path / "poisoned"
    folder.mkdir()
    for number in range(5):
        write_pdf(folder / f"{number}.pdf", [f"{OTTERS} {number}"], title=f"Paper {number}")
    write_pdf(folder / "poison.pdf", [f"{BREAD} {POISON}"], title="On Poison")
    found = index(settings, folder, find_tesseract, workers)
    assert (found.added, found.failed) == (5, 1)
    assert list(found.failures) == [str(folder / "poison.pdf")]
    assert "ended every worker that had it" in found.failures[str(folder / "poison.pdf")]
    again = index(settings, folder, find_tesseract, workers)
    assert (again.unchanged, again.failed, again.newly_failed) == (5, 1, 0)


def test_workers_that_dask_gives_up_are_started_again() -> None:
    with DaskCluster(1, worker_seconds=0.5, look_seconds=0.1) as cluster:
        assert cluster.window() == 2
        quiet = 0
        while quiet < 20:  # also while they start
            for pid in pids():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                quiet = 0
            quiet += 1
            time.sleep(0.05)
        assert pids() == []
        wait_until(lambda: cluster.window() == 2)
