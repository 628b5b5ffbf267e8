"""A disk that is full, or fails: told in one sentence, nothing lost, and the next run goes on."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.upkeep.check import check
from make_pdfs import write_pdf
from places import ROOT, TESTS
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

SCRIPT = TESTS / "index_with_fake.py"
FAULTS = ROOT / "bench" / "robustness" / "faults.c"


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs Linux and a C compiler")
    built = tmp_path_factory.mktemp("shim") / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", built, FAULTS, "-ldl"], check=True)
    return built


@pytest.mark.parametrize("kind", ["full", "fsync"])
def test_a_failing_disk_loses_nothing(tmp_path: Path, shim: Path, kind: str) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    settings = Settings.read({}, data=tmp_path / "data", workers=2)
    write_pdf(papers / "before.pdf", ["Otters were here before the disk failed."], title="Before")
    models = OneModel(WordHashEmbedder())
    with Indexer(settings, models) as indexer:
        indexer.run([papers])
    reader = Reader(Catalog(settings.catalog), WordIndex(settings.words), models)
    with closing(reader):
        for number in range(4):
            write_pdf(papers / f"{number}.pdf", [f"Otter {number} comes after it."], title=f"After {number}")
        environment = {
            "LD_PRELOAD": str(shim),
            "FAULT_KIND": kind,
            "FAULT_AFTER": "3" if kind == "fsync" else "12",
            "FAULT_PATH": str(settings.index),
        }
        failed = subprocess.run(
            [sys.executable, SCRIPT, settings.data, papers],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert failed.returncode != 0
        assert "If the disk is full, make room" in failed.stderr.splitlines()[-1]
        assert check(settings).damages == []
        assert "Before" in [hit.title for hit in reader.search("otters before")]  # the server goes on
        with Indexer(settings, models) as indexer:
            indexer.run([papers])
        report = check(settings)
        assert (report.damages, report.documents, report.pending) == ([], 5, 0)
        assert {hit.title for hit in reader.search("otter comes after")} >= {f"After {n}" for n in range(4)}
