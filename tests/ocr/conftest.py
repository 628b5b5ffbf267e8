"""A folder, its settings, a program that stands in for tesseract, and what a client finds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_ocr import FakeOcr
from fakes import OneModel, WordHashEmbedder
from scans import FERRY, TOLL
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({}, data=tmp_path / "data", workers=2)


@pytest.fixture
def ocr(tmp_path: Path) -> FakeOcr:
    return FakeOcr(tmp_path / "ocr", {(10, "eng"): (91, FERRY), (20, "eng"): (81, TOLL)})


@pytest.fixture
def reader(settings: Settings) -> Iterator[Reader]:
    reader = Reader(
        Catalog(settings.catalog, create=True), WordIndex(settings.words), OneModel(WordHashEmbedder())
    )
    yield reader
    reader.close()
