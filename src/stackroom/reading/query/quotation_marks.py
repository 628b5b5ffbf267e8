"""Finds the quotation marks in a query that are meant as such, and which of them belong together. Pure
functions.
"""

import re
from collections.abc import Iterator

from stackroom.reading.query.filters import NAME
from stackroom.reading.query.folded_text import UNBOUNDED

_ANGLE = "«»"

MARKS = '"＂“”„‟' + _ANGLE
"""All quotation marks that a query may have."""

MARK = re.compile(f"[{MARKS}]")
"""One of them."""

MINUS = "-－"
"""Signs that exclude the word or phrase after them."""

_OPENING = "([{（「『【，。：；！？、"
_NAME_AT_END = re.compile(rf"(?<![^\s(]){NAME}\Z", re.IGNORECASE)
_LONGEST_NAME = len("-language:")


def quotations(query: str) -> Iterator[tuple[int, int]]:
    """Pairs (offset of the opening mark, of the closing one), in order; of nested quotations
    the outermost.
    """
    open_, pairs = list[int](), list[tuple[int, int]]()
    for found in MARK.finditer(query):
        at = found.start()
        if (
            open_
            and (query[at] in _ANGLE) == (query[open_[-1]] in _ANGLE)
            and not _is_inside(query[at + 1 : at + 2])
        ):
            start = open_.pop()
            while pairs and pairs[-1][0] > start:
                pairs.pop()
            pairs.append((start, at))
        elif _may_open(query, at):
            open_.append(at)
    return iter(pairs)


def _may_open(query: str, at: int) -> bool:
    before = query[at - 1 : at]
    if not before or before.isspace() or before in _OPENING or UNBOUNDED.match(before):
        return True
    if before in MINUS:
        return at == 1 or query[at - 2].isspace() or query[at - 2] == "("
    return bool(_NAME_AT_END.search(query, max(0, at - _LONGEST_NAME), at))


def _is_inside(after: str) -> bool:
    """Whether a word goes on with this character; `after` is "" at the end of the query."""
    return after.isalnum() and not UNBOUNDED.match(after)
