"""Runs the example in a docstring."""

import doctest
import inspect
from collections.abc import Mapping


def run_example(documented: object, known: Mapping[str, object]) -> None:
    """Fails unless the example in a docstring gives what it says.

    Args:
        documented: a class or function with the docstring.
        known: what the names stand for that the example uses without saying where they come from.
    """
    text = inspect.getdoc(documented) or ""
    example = doctest.DocTestParser().get_doctest(text, dict(known), "example", None, None)
    told: list[str] = []
    result = doctest.DocTestRunner().run(example, out=told.append)
    assert result.attempted > 0
    assert result.failed == 0, "".join(told)
