"""The examples in the docstrings of `Reader.search` and `Reader.fetch`, run as they stand."""

import pytest

from examples import run_example
from shelf import Shelf
from stackroom.reading.reader import Reader


@pytest.mark.parametrize("method", [Reader.search, Reader.fetch])
def test_the_example_gives_what_it_says(method: object, shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "About rivers.\n", "Otters hold hands in their sleep.\n")
    shelf.add(2, "Cats sleep.\n")
    run_example(method, {"reader": reader, "hit": reader.search("otters")[0]})
