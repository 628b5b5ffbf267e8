"""Puts words with places into the columns of a table. Pure functions.

Places are in points, counted from the lower left corner of the page. Words come in the order in which the
file draws them: it goes through a table row by row, and in a row cell by cell. So two lines that stand below
each other belong to one cell if nothing was drawn between them.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, repeat
from math import inf
from operator import sub, truediv
from typing import NamedTuple

_MOST_GUTTERS = 100  # each is looked at in every line


class Word(NamedTuple):
    """A word on a page.

    Attributes:
        text: without blanks.
        left, bottom, right, top: its box, from the font's ascent to its descent.
        line: the number of the printed line it is in, as PDFium sees lines.
        char: the index of its first character on the page.
    """

    text: str
    left: float
    bottom: float
    right: float
    top: float
    line: int
    char: int


@dataclass(slots=True)
class Bit:
    """What a line has in one column.

    Attributes:
        column: from 0.
        words: in the order in which they are read.
        left, bottom, right, top: the box around them.
        rank: its place in the order in which the table's bits were drawn.
        ends_row: whether the row ends with it, because a rule is drawn below.
    """

    column: int
    words: list[Word]
    left: float = field(init=False)
    bottom: float = field(init=False)
    right: float = field(init=False)
    top: float = field(init=False)
    rank: int = 0

    def __post_init__(self) -> None:
        if len(self.words) == 1:
            _, self.left, self.bottom, self.right, self.top, _, _ = self.words[0]
            return
        _, lefts, bottoms, rights, tops, _, _ = zip(*self.words, strict=True)
        self.left, self.bottom, self.right, self.top = min(lefts), min(bottoms), max(rights), max(tops)

    @property
    def text(self) -> str:
        """Its words with blanks between them."""
        return " ".join(word.text for word in self.words)


Row = dict[int, list[Bit]]
"""Column → the lines of its cell, from the uppermost to the lowest. Empty cells are left out."""


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        rows: from the uppermost to the lowest.
        columns: how many there are.
        is_ruled: whether rules part all rows and columns.
        rules: how many rules run across all of it.
        has_head_rule: whether a rule parts the first row from the others, and none parts those.
    """

    rows: list[Row]
    columns: int
    is_ruled: bool = False
    rules: int = 0
    has_head_rule: bool = False

    @cached_property
    def texts(self) -> list[list[str]]:
        """What each cell says; "" for an empty one."""
        return [
            [" ".join(bit.text for bit in row.get(column, ())) for column in range(self.columns)]
            for row in self.rows
        ]

    def words(self) -> Iterable[Word]:
        """Every word in it."""
        return (word for row in self.rows for bits in row.values() for bit in bits for word in bit.words)


def median(values: Iterable[float]) -> float:
    """The middle one, or that between the two in the middle; quicker than the one of `statistics`."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def size_of(lines: Sequence[Sequence[Word]]) -> float:
    """The size of the text, in points: letters and digits are half as wide, as a rule.

    The height of a font's box tells less: it has .74 of the size from LibreOffice, .9 from TeX and 1.15 from
    Chromium. It is the limit for scripts with wide characters.
    """
    words = list(chain.from_iterable(lines))
    if not words:
        return 0.0
    texts, lefts, bottoms, rights, tops, _, _ = zip(*words, strict=True)
    width = median(map(truediv, map(sub, rights, lefts), map(len, texts)))
    height = median(map(sub, tops, bottoms))
    return min(2 * width, 1.4 * height)


# Columns


def find_gutters(
    lines: Sequence[Sequence[Word]], size: float, *, most: int | None = None
) -> list[tuple[float, float]]:
    """The gaps between columns that all lines leave free, but for a few that run across columns.

    Args:
        lines: the words of each line, from left to right.
        size: of the text, in points.
        most: how many words may run across; by the number of lines, if it is not given.

    Returns:
        From where to where each gap reaches, from left to right.
    """
    words = list(chain.from_iterable(lines))
    if not words:
        return []
    _, lefts, _, rights, _, _, _ = zip(*words, strict=True)
    if most is None:
        most = 0 if len(lines) < 5 else 1 if len(lines) < 12 else len(lines) // 10
    found = _free(sorted(lefts), sorted(rights), most)
    if len(found) > _MOST_GUTTERS:
        return []
    found = [gap for gap in found if gap[1] - gap[0] > 0.1 * size]
    if most:
        found = [gap for each in found for gap in _narrowed(each, lefts, rights)]
    return [gap for gap in found if gap[1] - gap[0] > 0.1 * size and _parts_columns(gap, lines, size)]


def _free(lefts: Sequence[float], rights: Sequence[float], most: int) -> list[tuple[float, float]]:
    """From where to where there are so many words at most, of those that begin and end there, ascending."""
    # Between the ends of two words, one more has begun than has ended for each that is there. So there are
    # too many from where the word begins that is `most` places farther on in the order of beginnings.
    begins = chain(lefts[most:], repeat(inf))
    ends = zip((lefts[0], *rights), map(min, rights, begins), strict=False)
    pieces = [piece for piece in ends if piece[0] < piece[1]]
    found = pieces[:1]
    for start, stop in pieces[1:]:
        if found[-1][1] >= start - 0.01:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found


def _narrowed(
    gap: tuple[float, float], lefts: Sequence[float], rights: Sequence[float]
) -> list[tuple[float, float]]:
    """The gap without what a word at either side reaches into it; words that cover half of it run across.

    `lefts` and `rights` are the sides of all words.
    """
    start, stop = gap
    middle = (start + stop) / 2
    left, right = gap
    near = [sides for sides in zip(lefts, rights, strict=True) if sides[0] < stop and sides[1] > start]
    for word_left, word_right in near:
        if word_left <= start and word_right <= middle:
            left = max(left, word_right)
        elif middle <= word_left and word_right >= stop:
            right = min(right, word_left)
    return [(left, right)] if left < right else []


def _parts_columns(gap: tuple[float, float], lines: Sequence[Sequence[Word]], size: float) -> bool:
    """Whether the words at both sides of it are farther apart than words of one text."""
    middle = (gap[0] + gap[1]) / 2
    # A word space has .25 to .33 of the size, and up to .5 in lines that are set to the full width.
    least = 0.45 * size
    most_blanks = max(1, 0.2 * len(lines))
    widths: list[float] = []
    lefts = rights = blanks = 0
    for line in lines:
        before, after, crosses = -1e9, 1e9, False
        for _, left, _, right, _, _, _ in line:
            if right <= middle:
                if right > before:
                    before = right
            elif left >= middle:
                if left < after:
                    after = left
            else:
                crosses = True
        lefts += before > -1e9
        rights += after < 1e9
        if not crosses and before > -1e9 and after < 1e9:
            widths.append(after - before)
            blanks += after - before < least
            if blanks > most_blanks:
                return False
    if min(lefts, rights) < 2 or blanks > max(1, 0.2 * len(widths)):
        return False
    if len(widths) < max(2, 0.15 * len(lines)):
        return gap[1] - gap[0] > size  # the cells beside each other are of several lines, none at one height
    return median(widths) > 0.55 * size


def split_columns(line: Sequence[Word], gutters: Sequence[tuple[float, float]], size: float) -> list[Bit]:
    """What a line has in each column. What runs across several counts to the leftmost of them.

    Args:
        line: its words, in the order in which they are read.
        gutters: from where to where the gaps between the columns reach, from left to right.
        size: of the text, in points.
    """
    middles = [(left + right) / 2 for left, right in gutters]
    if len(line) == 1:
        place = max(bisect_right(middles, line[0].left), bisect_right(middles, _middle(line[0]) - size))
        return [Bit(place, [*line])]
    by_column: defaultdict[int, list[int]] = defaultdict(list)
    reach, column = -1e9, 0  # how far the words so far reach, and their column
    lefts = [word.left for word in line]
    for at in sorted(range(len(line)), key=lefts.__getitem__):
        start, stop = lefts[at], line[at].right
        place = bisect_right(middles, start)
        is_parted = start - reach > 0.55 * size or (
            place > column
            and any(reach <= left + 0.5 and start >= right - 0.5 for left, right in gutters[column:place])
        )
        if is_parted:
            # A word that begins before the middle of the gap, but is mostly behind it, is behind it.
            column = max(place, bisect_right(middles, (start + stop) / 2 - size))
        by_column[column].append(at)
        if stop > reach:
            reach = stop
    return [Bit(column, [line[at] for at in sorted(by_column[column])]) for column in sorted(by_column)]


def _middle(word: Word) -> float:
    return (word.left + word.right) / 2
