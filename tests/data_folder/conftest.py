"""A data folder with an index of two documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shelf import Shelf
from stackroom.common.settings import Settings


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """The disk: files take the place of others here."""
    return disk_path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    shelf.add(1, "otters hold hands\n", "they like stones\n")
    shelf.add(2, "bread needs a damp cloth\n")
    yield shelf
    shelf.close()
