"""Tells what looks like a table and is none: lists, tables of contents, columns of prose, code, formulas.
Pure functions.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import sub, truediv

from indexer.pdf.tables.grid import Bit, Grid, Word, median
from indexer.pdf.text.page_lines import Line
from stackroom.common.characters.scripts import UNSPACED

_DIGITS = re.compile(r"\d")
_NUMBER = re.compile(r"[-+−–(]?[^\w\s]{0,2}\d[\d.,:'’/ ]*(?:[a-z%°€$£¥)]{0,3}| [%°€$£¥]\)?)", re.IGNORECASE)
_NO_VALUE = re.compile(r"[-–—−]{1,3}|n/?a", re.IGNORECASE)
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_MARKER = re.compile(
    r"[^\w\s]{1,2}|[(\[]?(?:\d{1,3}|[a-z]|[ivxlc]{1,6})(?:\.\d{1,3}){0,4}[.)\]:]*", re.IGNORECASE
)
_BULLET = re.compile("[-•–—▪▫◦‣·●○■□➢*]")
_PAGE = re.compile(r"\d{1,4}|[ivxlc]{1,7}")
_LEADER = re.compile(r"[.·…_]{4,}|(?:[.·] ){3,}")
_LABEL = re.compile(r"\[.*\]|\(\d+(?:\.\d+)*[a-z]?\)")  # "[Function]" beside its name, a formula's number
_CODE = re.compile(r"[;{]\Z|%\w*\Z(?<!\d%)(?<! %)|\A//|\A/[*∗]")
_BEGINS_CODE = frozenset("\\{}%#/")
_LINE_NUMBER = re.compile(r"\d+:")
_IN_UNSPACED = re.compile(f"[{UNSPACED}]")

_MOST_HEADERS = 3
_MOSTLY_VALUES = 0.6  # of the words of a table in a font for code
# The share of a column's lines that begin at one place with others, and the share of these at one such place.
_MOSTLY_INDENTED, _LEAST_INDENTED = 0.85, 0.2
_ENDS_ROW = frozenset("0123456789)%")

# A line is wide if it has this many times the usual width a character: a gap of a quarter of its text. On a
# page that is all table, the usual one is that of prose: .48 of the height of the font's box.
_WIDER = 1.25
_USUAL = 0.48
# What is near each other, in lines; and how many signs make a table likely.
_NEAR = 12
_FEWEST_WIDE, _FEWEST_SIGNS, _FEWEST_BESIDE = 2, 3, 4


def suspects(lines: Sequence[Line]) -> tuple[list[int], bool]:
    """The numbers of the lines that may be in a table, quickly: most pages have none.

    These are lines that are much longer than their text, and such as stand beside the one before them or
    above it, where there are several near each other.

    Returns:
        The numbers; and whether many stand beside each other, as cells of several lines do.
    """
    if len(lines) < 3:
        return [], False
    texts, start_xs, start_ys, end_xs, end_ys, heights = zip(*lines, strict=True)
    lengths = list(map(len, texts))
    if 0 in lengths:
        return [], False
    widths = list(map(truediv, map(abs, map(sub, end_xs, start_xs)), lengths))
    middle = len(lines) // 2
    limit = _WIDER * min(sorted(widths)[middle], _USUAL * sorted(heights)[middle])
    wide = [at for at, width in enumerate(widths) if width > limit]
    numbers = [at for at, text in enumerate(texts) if text[-1] in _ENDS_ROW and _has_numbers(text)]
    if numbers:
        wide = sorted({*wide, *numbers})
    below = zip(end_ys, start_ys, start_ys[1:], heights[1:], strict=False)
    beside = [
        at
        for at, (bottom, other, own, height) in enumerate(below, 1)
        if own > bottom - 0.3 * height and own > other - 0.3 * height
    ]
    are_beside = _is_dense(beside, _FEWEST_BESIDE)
    if not (are_beside or _are_dense(wide, beside)):
        return [], False
    wide = sorted({*_not_monospaced(wide, widths, lengths), *numbers})
    wide = [at for at in wide if _may_be_row(texts[at])]
    if are_beside or _are_dense(wide, beside):
        return sorted({*wide, *beside}), are_beside
    return [], False


def _are_dense(wide: Sequence[int], beside: Sequence[int]) -> bool:
    """Whether several lines are near each other that are wide or stand beside others."""
    return _is_dense(wide, _FEWEST_WIDE) and _is_dense(sorted({*wide, *beside}), _FEWEST_SIGNS)


def _may_be_row(text: str) -> bool:
    return (". . ." not in text or leads_to_values(text)) and (
        text.isascii() or not _IN_UNSPACED.search(text)
    )


def may_part_columns(text: str, at: int) -> bool:
    """Whether a gap at `at` in a line may be one between columns: not one after an item's mark or a number of
    a line, or before a label.
    """
    before, after = text[:at].strip(), text[at:].strip()
    if _MARKER.fullmatch(before) or (before.isdecimal() and after[:1] in _BEGINS_CODE):
        return False
    return not _LABEL.fullmatch(after)


def _has_numbers(text: str) -> bool:
    """Whether it is three words or more, most of them with digits."""
    before = text.rfind(" ")
    if before < 0 or not _DIGITS.search(text, 0, before):
        return False  # at most the last one
    words = text.split()
    return len(words) >= 3 and sum(map(bool, map(_DIGITS.search, words))) * 2 > len(words)


def _is_dense(numbers: Sequence[int], fewest: int) -> bool:
    return any(last - first < _NEAR for first, last in zip(numbers, numbers[fewest - 1 :], strict=False))


def _not_monospaced(numbers: Sequence[int], widths: Sequence[float], lengths: Sequence[int]) -> list[int]:
    """Those lines whose characters are not as wide as those of several others of other lengths.

    Args:
        numbers: of the lines.
        widths: of a character of each line of the page, counted from the first to where the last begins.
        lengths: of the lines, in characters.
    """
    numbers = [at for at in numbers if widths[at] < 1e5]  # nor what is "not a number"
    keys = [round(20 * widths[at] * lengths[at] / max(lengths[at] - 1, 1)) for at in numbers]
    different = Counter(key for key, _ in set(zip(keys, map(lengths.__getitem__, numbers), strict=True)))
    return [at for key, at in zip(keys, numbers, strict=True) if different[key] < 3]


def has_leader(text: str) -> bool:
    """Whether there are dots that lead from a heading to its page."""
    # Few lines have as many, and counting is quicker.
    may_have = text.count(".") + text.count("_") >= 3 or not text.isascii()
    return may_have and _LEADER.search(text) is not None


def leads_to_values(text: str) -> bool:
    """Whether several values are behind the leader of a line, and not only a page."""
    end = 0
    for match in _LEADER.finditer(text):
        end = match.end()
    values = text[end:].split() if end else []
    return len(values) > 1 and all(map(has_value, values))


def has_value(text: str) -> bool:
    """Whether a digit or the sign for no value is in it."""
    return bool(_DIGITS.search(text) or _NO_VALUE.fullmatch(text))


def is_table(grid: Grid) -> bool:
    """Whether the rows and columns that were found are a table."""
    texts = [row for row in grid.texts if any(row)]
    cells = [cell for row in texts for cell in row if cell]
    if len(texts) < 2 or grid.columns < 2 or not cells:
        return False
    columns = [[row[at] for row in texts] for at in range(grid.columns)]
    filled = len(cells) / (len(texts) * grid.columns)
    if sum(any(column) for column in columns) < 2 or sum(map(_has_word, cells)) < 0.7 * len(cells):
        return False
    if grid.is_ruled:
        # Two rows may be boxes that stand beside each other by chance.
        return filled >= (0.25 if len(texts) > 2 else 0.8)
    if len(texts) < 3 or filled < 0.4 or sum(sum(map(bool, row)) >= 2 for row in texts) < 0.6 * len(texts):
        return False
    if is_monospaced(grid.words()) or _is_code(columns) or _is_list(columns) or _is_contents(columns):
        return False
    if _is_labelled(columns) or sum(cell.endswith(",") for cell in cells) > 0.5 * len(cells):
        return False
    if not all(_is_aligned(list(bits)) for bits in _columns(grid)):
        return False
    if grid.rules >= 2:
        return True
    if median(len(cell.split()) for cell in cells) > 5:
        return False  # columns of prose
    return (grid.columns > 2 and len(texts) >= 4) or _is_numeric(columns[-1][1:])


def _has_word(cell: str) -> bool:
    return any(map(str.isalnum, cell)) or bool(_NO_VALUE.fullmatch(cell))


def _is_list(columns: Sequence[Sequence[str]]) -> bool:
    """Whether it is an item's mark and the item, or a term, a mark and what it means."""
    first = [cell for cell in columns[0] if cell]
    if len(columns) == 2 and sum(bool(_MARKER.fullmatch(cell)) for cell in first) > 0.6 * len(first):
        return True
    # A dash before words is an item's mark, before numbers it is no value.
    return any(
        sum(bool(_BULLET.fullmatch(cell)) for cell in column) > 0.5 * sum(map(bool, column))
        for column, following in pairwise(columns)
        if not _is_numeric(following)
    )


def _is_contents(columns: Sequence[Sequence[str]]) -> bool:
    """Whether it is headings and the pages they are on."""
    last = [cell for cell in columns[-1] if cell]
    numbers = [int(cell) for cell in last if cell.isdecimal()]
    if not all(map(_PAGE.fullmatch, last)) or any(one > other for one, other in pairwise(numbers)):
        return False
    return not any(map(_is_numeric, columns[1:-1]))


def are_contents(texts: Sequence[str]) -> bool:
    """Whether lines with gaps are headings and the pages they are on."""
    pages = []
    others = 0
    for text in texts:
        _, *middle, last = ["", *text.split()]
        if not _PAGE.fullmatch(last):
            return False
        pages.append(last)
        others += any(map(is_value, middle[1:]))
    numbers = [int(page) for page in pages if page.isdecimal()]
    return len(numbers) > 1 and numbers == sorted(numbers) and others <= 0.2 * len(texts)


def _is_code(columns: Sequence[Sequence[str]]) -> bool:
    """Whether it is lines of a program: with their numbers, or with signs that end them."""
    first = [cell for cell in columns[0] if cell]
    numbers = [int(cell) for cell in first if cell.isdecimal()]
    steps = sum(other - one == 1 for one, other in pairwise(numbers))
    if (
        len(columns) == 2
        and len(numbers) > 0.8 * len(first)
        and steps > 0.8 * len(numbers)
        and numbers[0] > 1
    ):
        return True
    if sum(bool(_LINE_NUMBER.fullmatch(cell)) for cell in first) > 0.6 * len(first):
        return True
    cells = [cell for column in columns for cell in column if cell]
    return sum(bool(_CODE.search(cell)) for cell in cells) > 0.1 * len(cells)


def _is_labelled(columns: Sequence[Sequence[str]]) -> bool:
    """Whether the last column has nothing but labels of what is beside it."""
    last = [cell for cell in columns[-1] if cell]
    return sum(bool(_LABEL.fullmatch(cell)) for cell in last) > 0.7 * len(last)


def _is_numeric(column: Sequence[str]) -> bool:
    cells = [cell for cell in column if cell]
    return bool(cells) and sum(map(is_value, cells)) >= 0.6 * len(cells)


def is_value(cell: str) -> bool:
    """Whether a cell is a number, with its unit or not, or the sign for no value."""
    return bool(_NUMBER.fullmatch(cell) or _NO_VALUE.fullmatch(cell))


def is_monospaced(words: Iterable[Word]) -> bool:
    """Whether all letters are equally wide and most words are no numbers: code, or what a program printed."""
    words = list(words)
    widths = [
        (word.right - word.left) / len(word.text)
        for word in {word.text: word for word in words}.values()
        if len(word.text) > 2 and word.text.isalpha()
    ]
    if len(widths) < 4 or sum(is_value(word.text) for word in words) > _MOSTLY_VALUES * len(words):
        return False
    usual = median(widths)
    return sum(abs(width - usual) < 0.015 * usual for width in widths) > 0.8 * len(widths)


def _columns(grid: Grid) -> Iterator[Iterator[Bit]]:
    for column in range(grid.columns):
        yield (bit for row in grid.rows for bit in row.get(column, ()))


def _is_aligned(bits: Sequence[Bit]) -> bool:
    """Whether most lines of a column begin, end or have their middles at one place, or begin at a few places,
    each in common with others: what is indented.
    """
    if len(bits) <= 2:
        return True
    lefts = sorted(bit.left for bit in bits)
    rights = sorted(bit.right for bit in bits)
    middles = sorted((bit.left + bit.right) / 2 for bit in bits)
    if any(
        max(_count_near(places, at) for at in places) >= 0.6 * len(bits)
        for places in (lefts, rights, middles)
    ):
        return True
    least = max(3, _LEAST_INDENTED * len(bits))
    return sum(_count_near(lefts, at) >= least for at in lefts) >= _MOSTLY_INDENTED * len(bits)


def _count_near(places: Sequence[float], at: float) -> int:
    """How many of them, ascending, are not farther than 2 points from `at`."""
    return bisect_right(places, at + 2.0) - bisect_left(places, at - 2.0)


def count_headers(grid: Grid, *, stands_out: bool) -> int:
    """How many rows at its top are the header.

    Args:
        grid: a table.
        stands_out: whether the first row has another font than those below.
    """
    texts = grid.texts
    body = texts[1:]
    numeric = [
        at
        for at in range(1, grid.columns)
        if _is_numeric([row[at] for row in body[len(body) // 3 :] or body])
    ]
    headers = 0
    for row in texts:
        if any(is_value(row[at]) and not _YEAR.fullmatch(row[at]) for at in numeric if row[at]):
            break
        headers += 1
    if numeric and 0 < headers < len(texts):
        return headers if headers <= _MOST_HEADERS else int(stands_out)
    if not numeric and (stands_out or grid.has_head_rule):
        return 1
    return int(not numeric and grid.columns > 2 and all(map(bool, texts[0])) and len(texts) > 2)
