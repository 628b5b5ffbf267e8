"""A shelf that nobody changes, its reader, and a server in a thread; shared by the tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_clients import CLIENTS, serving
from owner import CHEAP, PASSPHRASE
from shelf import Shelf
from stackroom.reading.reader import Reader
from stackroom.server.access.passphrase import hashed
from stackroom.server.access.store import AccessStore


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Twelve documents that nobody changes; the first has two pages and an awkward file name."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    shelf.add(1, "Rivers.\n", "Cats sleep.\nCats purr.\n", name='Käse/№ 1 "b".pdf', labels=("i", "ii"))
    for number in range(2, 13):
        shelf.add(number, f"Cats and {number} other animals.\n")
    yield shelf
    shelf.close()


@pytest.fixture(scope="module")
def reader(shelf: Shelf) -> Iterator[Reader]:
    reader = shelf.reader()
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def url(reader: Reader) -> Iterator[str]:
    with serving(reader) as url:
        yield url


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AccessStore]:
    """Who has access to a server: nobody yet, but there is a passphrase."""
    with AccessStore(tmp_path / "access.sqlite3") as store:
        store.set_passphrase(hashed(PASSPHRASE, CHEAP))
        yield store


@pytest.fixture(params=CLIENTS)
def how(request: pytest.FixtureRequest) -> str:
    """A way to connect, for `connect`."""
    return str(request.param)
