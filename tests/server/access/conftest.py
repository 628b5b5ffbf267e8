"""A small library, a server with sign-in, and time that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from owner import Assistant, Site
from shelf import Shelf
from stackroom.reading.reader import Reader


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Two documents, for all these tests: none of them is about what is found."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    shelf.add(1, "Cats sleep.\nCats purr.\n")
    shelf.add(2, "Dogs bark.\n")
    yield shelf
    shelf.close()


@pytest.fixture(scope="session")
def reader(shelf: Shelf) -> Iterator[Reader]:
    reader = shelf.reader()
    yield reader
    reader.close()


@pytest.fixture
def site(reader: Reader, tmp_path: Path) -> Iterator[Site]:
    site = Site(reader, tmp_path / "access" / "access.sqlite3")
    yield site
    site.access.close()


@pytest.fixture
def chatgpt(site: Site) -> Assistant:
    return Assistant(site)
