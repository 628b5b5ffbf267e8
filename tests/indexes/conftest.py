"""The index of words is tested in both of its kinds: beside the files of a library, and in its database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fresh_index import FreshIndex
from stackroom.indexes.matching import MatchingWords


@pytest.fixture(params=["file", "store"])
def kind_of_store(request: pytest.FixtureRequest) -> str:
    """Where the library is. A module that is about one kind alone has a fixture of this name of its own."""
    return str(request.param)


@pytest.fixture
def index(request: pytest.FixtureRequest, tmp_path: Path, kind_of_store: str) -> Iterator[FreshIndex]:
    """A catalogue to be filled with the indexer's own means."""
    store = request.getfixturevalue("store_url") if kind_of_store == "store" else ""
    index = FreshIndex(tmp_path, store)
    yield index
    index.close()


@pytest.fixture
def word_index(index: FreshIndex) -> MatchingWords:
    """A reader of its words, as a server has it: opened before there is anything to read."""
    return index.word_index()
