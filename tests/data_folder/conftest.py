"""Data folders with an index of a few documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres_server import PostgresServer
from shelf import Shelf
from small_library import index, write_papers
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


@pytest.fixture
def bare_url(postgres: PostgresServer) -> Iterator[str]:
    """A database without tables."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library and its index; to be copied."""
    home = tmp_path_factory.mktemp("indexed")
    index(Settings.read({}, data=home / "data", workers=2), write_papers(home / "papers"))
    return home
