"""A small library, a server with sign-in, and time that stands still; sign-in in a file, and in a store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from owner import CHEAP, PASSPHRASE, Assistant, Site
from shelf import Shelf
from stackroom.common.postgres.address import StoreAddress
from stackroom.reading.reader import Reader
from stackroom.server.access.passphrase import hashed
from stackroom.server.access.store import AccessStore


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


@pytest.fixture(params=["file", "store"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | StoreAddress:
    """Where passphrase and tokens are kept: what holds of a file holds of a store that servers share."""
    if request.param == "file":
        return tmp_path / "access" / "access.sqlite3"
    return StoreAddress(request.getfixturevalue("store_url"), tmp_path)


@pytest.fixture
def store(where: Path | StoreAddress) -> Iterator[AccessStore]:
    """Who has access to a server: nobody yet, but there is a passphrase."""
    with AccessStore(where) as store:
        store.set_passphrase(hashed(PASSPHRASE, CHEAP))
        yield store


@pytest.fixture
def site(reader: Reader, where: Path | StoreAddress) -> Iterator[Site]:
    site = Site(reader, where)
    yield site
    site.access.close()


@pytest.fixture
def chatgpt(site: Site) -> Assistant:
    return Assistant(site)
