"""Two papers in a folder, and what is needed to index and to search them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import OneModel, WordHashEmbedder
from killed_indexing import SCRIPT, Indexing
from make_pdfs import write_pdf
from papers import BREAD, OTTERS
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    write_pdf(folder / "otters.pdf", [OTTERS, "They use stones as tools."], title="On Otters")
    write_pdf(folder / "bread.pdf", [BREAD], title="On Bread")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({}, data=tmp_path / "data", workers=2)


@pytest.fixture
def embedder() -> WordHashEmbedder:
    return WordHashEmbedder()


@pytest.fixture
def reader(settings: Settings, embedder: WordHashEmbedder) -> Iterator[Reader]:
    reader = Reader(Catalog(settings.catalog, create=True), WordIndex(settings.words), OneModel(embedder))
    yield reader
    reader.close()


@pytest.fixture
def indexing() -> Iterator[Indexing]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(SCRIPT)], bufsize=0, stdin=pipe, stdout=pipe) as program:
        yield Indexing(program)
