"""A shelf whose searches go by words, by meaning or by both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from search_by import BOTH, MEANING, WORDS
from shelf import Shelf


@pytest.fixture(params=[BOTH, MEANING])
def shelf(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shelf]:
    """What searches go by is a parameter: one index must not hide what the other has missed."""
    shelf = Shelf(tmp_path, words=request.param != MEANING, meaning=request.param != WORDS)
    yield shelf
    shelf.close()
