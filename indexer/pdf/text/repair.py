"""Keeps an error of our own to the repair in which it happens: it must not cost the page, or the document."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# What code raises that meets what its author did not expect. What says something of the file or the machine
# (OSError, MemoryError, a page that is too long) is for others.
_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class Repairs:
    """Repairs what was read, or leaves it as it was read.

    Attributes:
        failed: whether a repair failed.
    """

    def __init__(self) -> None:
        """None has failed yet."""
        self.failed = False

    def __call__(self, unrepaired: T, repair: Callable[..., T], *arguments: object) -> T:
        """`repair(*arguments)`, or `unrepaired` if there is a fault in it."""
        try:
            return repair(*arguments)
        except _FAULTS:
            self.failed = True
            return unrepaired
