"""Tells what looks like a table and is none: lists, tables of contents, columns of prose, code, formulas.
Pure functions.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from indexer.pdf.page_lines import Line
from indexer.pdf.table_grid import Bit, Grid
from stackroom.common.characters.scripts import UNSPACED

_DIGITS = re.compile(r"\d")
_NUMBER = re.compile(r"[-+−–(]?[^\w\s]{0,2}\d[\d.,:'’/ ]*(?:[a-z%°€$£¥)]{0,3}| [%°€$£¥]\)?)", re.IGNORECASE)
_NO_VALUE = re.compile(r"[-–—−.n/a\s]{1,4}")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_MARKER = re.compile(r"[^\w\s]{1,2}|[(\[]?(?:\d{1,3}|[a-z]|[ivxlc]{1,6})(?:\.\d{1,3}){0,4}[.)\]:]*", re.IGNORECASE)
_PAGE = re.compile(r"\d{1,4}|[ivxlc]{1,7}")
_LEADER = re.compile(r"[.·…_]{3,}|(?:[.·] ){3,}")
_IN_UNSPACED = re.compile(f"[{UNSPACED}]")

# The widths of a line's characters in its height, and of a line's cells with digits; see `suspects`.
_WIDEST = 0.6
_MOST_HEADERS = 3


def suspects(lines: Sequence[Line]) -> list[int]:
    """The numbers of the lines that may be in a table, quickly: most pages have none.

    These are lines that are much longer than their text, lines of numbers, and such as stand beside the one
    before or above it. A line of prose is .35 to .5 of its height a character.
    """
    found: list[int] = []
    low = 0.0
    for at, (text, start_x, start_y, end_x, end_y, height) in enumerate(lines):
        width = end_x - start_x if end_x > start_x else start_x - end_x
        is_beside = at and start_y > low - 0.3 * height
        low = end_y if end_y < start_y else start_y
        if (
            is_beside
            or (width > _WIDEST * height * len(text) and not _IN_UNSPACED.search(text))
            or (width > 3 * height and _DIGITS.search(text) and _has_numbers(text))
        ) and height:
            found.append(at)
    return found


def _has_numbers(text: str) -> bool:
    words = text.split()
    return len(words) >= 3 and sum(map(bool, map(_DIGITS.search, words))) * 2 > len(words)


def is_table(grid: Grid) -> bool:
    """Whether the rows and columns that were found are a table."""
    texts = [row for row in grid.texts() if any(row)]
    cells = [cell for row in texts for cell in row if cell]
    if len(texts) < 2 or grid.columns < 2 or not cells:
        return False
    columns = [[row[at] for row in texts] for at in range(grid.columns)]
    filled = len(cells) / (len(texts) * grid.columns)
    if sum(any(column) for column in columns) < 2 or sum(map(_has_word, cells)) < 0.7 * len(cells):
        return False
    if sum(bool(_LEADER.search(cell)) for cell in cells) > 0.1 * len(cells):
        return False
    if grid.is_ruled:
        return filled >= 0.25
    if len(texts) < 3 or filled < 0.4 or sum(sum(map(bool, row)) >= 2 for row in texts) < 0.6 * len(texts):
        return False
    if _is_monospaced(grid) or _is_list(columns) or _is_contents(columns):
        return False
    if not all(_is_aligned(list(bits)) for bits in _columns(grid)):
        return False
    if grid.rules >= 2:
        return True
    if median(len(cell.split()) for cell in cells) > 5:
        return False  # columns of prose
    return grid.columns > 2 and len(texts) >= 4 or _is_numeric(columns[-1][1:])


def _has_word(cell: str) -> bool:
    return any(map(str.isalnum, cell)) or bool(_NO_VALUE.fullmatch(cell))


def _is_list(columns: Sequence[Sequence[str]]) -> bool:
    """Whether it is an item's mark and the item."""
    first = [cell for cell in columns[0] if cell]
    return len(columns) == 2 and sum(bool(_MARKER.fullmatch(cell)) for cell in first) > 0.6 * len(first)


def _is_contents(columns: Sequence[Sequence[str]]) -> bool:
    """Whether it is headings and the pages they are on."""
    last = [cell for cell in columns[-1] if cell]
    if not all(_PAGE.fullmatch(cell) for cell in last):
        return False
    numbers = [int(cell) for cell in last if cell.isascii() and cell.isdigit()]
    texts = sum(not _is_numeric(column) for column in columns[:-1])
    return texts <= 2 and len(columns) <= 3 and all(one <= other for one, other in pairwise(numbers))


def _is_numeric(column: Sequence[str]) -> bool:
    cells = [cell for cell in column if cell]
    return bool(cells) and sum(map(_is_value, cells)) >= 0.6 * len(cells)


def _is_value(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell) or _NO_VALUE.fullmatch(cell))


def _is_monospaced(grid: Grid) -> bool:
    """Whether all letters are equally wide: code, or what a program printed."""
    widths = [
        (word.right - word.left) / len(word.text)
        for word in grid.words()
        if len(word.text) > 2 and any(map(str.isalpha, word.text))
    ]
    if len(widths) < 4:
        return False
    usual = median(widths)
    return sum(abs(width - usual) < 0.015 * usual for width in widths) > 0.8 * len(widths)


def _columns(grid: Grid) -> Iterator[Iterator[Bit]]:
    for column in range(grid.columns):
        yield (bit for row in grid.rows for bit in row.get(column, ()))


def _is_aligned(bits: Sequence[Bit]) -> bool:
    """Whether most lines of a column begin, end or have their middles at one place."""
    if len(bits) <= 2:
        return True
    best = 0
    for places in (
        [bit.left for bit in bits],
        [bit.right for bit in bits],
        [(bit.left + bit.right) / 2 for bit in bits],
    ):
        places.sort()
        best = max(best, max(_count_near(places, at) for at in places))
    return best >= 0.6 * len(bits)


def _count_near(places: Sequence[float], at: float) -> int:
    """How many of them, ascending, are not farther than 2 points from `at`."""
    return bisect_right(places, at + 2.0) - bisect_left(places, at - 2.0)


def count_headers(grid: Grid, *, stands_out: bool) -> int:
    """How many rows at its top are the header.

    Args:
        grid: a table.
        stands_out: whether the first row has another font than those below.
    """
    texts = grid.texts()
    body = texts[1:]
    numeric = [
        at for at in range(1, grid.columns) if _is_numeric([row[at] for row in body[len(body) // 3 :] or body])
    ]
    headers = 0
    for row in texts:
        if any(_is_value(row[at]) and not _YEAR.fullmatch(row[at]) for at in numeric if row[at]):
            break
        headers += 1
    if numeric and 0 < headers < len(texts):
        return headers if headers <= _MOST_HEADERS else int(stands_out)
    if not numeric and (stands_out or grid.has_head_rule):
        return 1
    return int(not numeric and grid.columns > 2 and all(map(bool, texts[0])) and len(texts) > 2)
