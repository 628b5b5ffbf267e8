"""A shelf that nobody changes, its reader, and a server in a thread; shared by the tests of a file."""

from collections.abc import Iterator

import pytest

from mcp_clients import CLIENTS, serving
from shelf import Shelf
from stackroom.reader import Reader


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


@pytest.fixture(params=CLIENTS)
def how(request: pytest.FixtureRequest) -> str:
    """A way to connect, for `connect`."""
    return str(request.param)
