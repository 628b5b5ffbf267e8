"""The examples in the docstrings of `Reader.search` and `Reader.fetch`, run as they stand."""

import doctest
import inspect

import pytest

from shelf import Shelf
from stackroom.reading.reader import Reader


@pytest.mark.parametrize("method", [Reader.search, Reader.fetch])
def test_the_example_gives_what_it_says(method: object, shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "About rivers.\n", "Otters hold hands in their sleep.\n")
    shelf.add(2, "Cats sleep.\n")
    known = {"reader": reader, "hit": reader.search("otters")[0]}
    text = inspect.getdoc(method) or ""
    example = doctest.DocTestParser().get_doctest(text, known, "example", None, None)
    told: list[str] = []
    result = doctest.DocTestRunner().run(example, out=told.append)
    assert result.attempted > 0
    assert result.failed == 0, "".join(told)
