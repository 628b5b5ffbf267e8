"""Reads again, glyph by glyph, the lines of a page in which PDFium's order or blanks cannot be trusted.

These are lines with Arabic, Hebrew and their like.
"""

import ctypes
import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain, pairwise
from statistics import median
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import IDENTITY, TEXT, Matrix, matrix_of, multiply, walk
from indexer.pdf.scripts import drawn_glyphs
from indexer.pdf.scripts.char_reader import CharReader, has_replacements
from indexer.pdf.scripts.listed_chars import Char, Chars
from indexer.pdf.scripts.reading_order import Run, bracket_votes, in_reading_order, spell
from indexer.pdf.text.clean_text import clean_characters
from indexer.pdf.text.page_lines import HYPHENATED
from stackroom.common.characters import scripts

_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# Scripts in which a glyph stands for a part of a syllable.
_CLUSTERED = re.compile(f"[{scripts.INDIAN_WITH_DANDAS}{scripts.SOUTHEAST_ASIAN}]")
_RTL_RUN = re.compile(_RTL.pattern + "+")
_LTR_RUN = re.compile("[A-Za-z\u00c0-\u052f\u0900-\u1fff\u3040-\ud7ff]+")  # roughly

# A line from left to right does not begin with these; the left end of one from right to left may be one.
_NO_BEGINNING = frozenset(".,:;!?)]}»،؛؟۔")

_THIN = 0.01  # points: stands for the width of a blank

# A line of letters and stops alone, and which of its letters are looked at: the first two and the last of
# each word, and alef before lam, which can be one glyph the wrong way round.
_PLAIN = re.compile(
    "[\u05d0-\u05f4\u0620-\u063f\u0641-\u064a\u0671-\u06d3 .,:;!?\u060c\u061b\u061f\u06d4'\"-]+"
)
_WAYMARK = re.compile(
    "(?<![^ ])[^ ]|[^ ](?![^ ])|(?<= [^ ])[^ ]"
    "|[\u0622\u0623\u0625\u0627\u0671](?=\u0644)|(?<=[\u0622\u0623\u0625\u0627\u0671])\u0644"
)
_LEVEL = 0.5  # points; letters of Nastaliq stand higher and lower

_FEW = 4  # letters

# See `letters.raised_marks`. In WeasyPrint, marks are nearly as large as some text.
_LARGEST_MARK, _RAISED = 0.98, 0.15
_RAISED_DIGITS = dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))

_MOST_PAIRS = 2_000_000  # of a line and a blank; a full page has 20,000
_MOST_CHARACTERS = 100_000  # of a page; a full page of small print has 10,000
_MOST_OBJECTS = 20_000  # of a page that are looked at; a full page drawn glyph by glyph has 5,000


class MendedLine(NamedTuple):
    """A line as it is read.

    Attributes:
        text: of it, clean.
        first, last: indexes of its first and last character in PDFium's list.
    """

    text: str
    first: int
    last: int


NOT_MENDED = MendedLine("", -1, -1)
"""Stands for a line that is as PDFium lists it."""


_Box = tuple[float, float, float, float]
"""Where the glyphs of a line stand: edges in x, lowest and highest baseline; in points."""


class _Line(NamedTuple):
    """A line of PDFium's.

    Attributes:
        start: where it begins in PDFium's text.
        chars: the indexes of its characters in `Chars`.
        undone: the same in the order in which PDFium had them; see `drawn_glyphs.undo`.
    """

    start: int
    chars: range
    undone: Sequence[int]


def mend_lines(page: Any, text_page: Any, text: str, *, one_to_one: bool) -> dict[int, MendedLine | None]:
    """The lines that have to be read otherwise than PDFium lists them, by where they begin in its text.

    None stands for a line that is part of another.

    Args:
        page: open, of PDFium.
        text_page: its text.
        text: what PDFium lists of it.
        one_to_one: whether the characters of `text` are those of PDFium's list.
    """
    has_rtl, has_clusters = bool(_RTL.search(text)), bool(_CLUSTERED.search(text))
    if (not has_rtl and not has_clusters) or len(text) > _MOST_CHARACTERS:
        return {}
    is_rtl_page = has_rtl and _count(_RTL_RUN, text) > _count(_LTR_RUN, text)
    places = list(_places(text_page, text, one_to_one))
    doubtful = list(_doubtful(text_page, places, is_rtl_page=is_rtl_page)) if has_rtl else []
    if not doubtful and not has_clusters:
        return {}
    is_replaced = has_replacements(page, _MOST_OBJECTS)
    if has_clusters and is_replaced:
        doubtful = [*doubtful, *(place for place in places if _CLUSTERED.search(place[1]))]
    if not doubtful:
        return {}
    reader = CharReader(text_page)
    read = reader.read if is_replaced else reader.read_simply
    raws = "".join([raw for _, raw, _, _ in doubtful]) if one_to_one else None
    chars = read([range(first, stop) for _, _, first, stop in doubtful], raws)
    ends = accumulate([len(range(first, stop)) for _, _, first, stop in doubtful], initial=0)
    columns = [range(*own) for own in pairwise(ends)]
    undone = drawn_glyphs.undo(chars, columns)
    lines = [
        _Line(start, own, order) for (start, *_), own, order in zip(doubtful, columns, undone, strict=True)
    ]
    blanks = _complete(page, chars, reader) if reader.has_replacements else []
    if len(blanks) * len(lines) > _MOST_PAIRS:
        blanks = []
    return _mend_rtl(chars, lines, blanks, reader.scale, is_rtl_page=is_rtl_page)


def _count(runs: re.Pattern[str], text: str) -> int:
    """How many characters are in the runs that a pattern finds."""
    return sum(map(len, runs.findall(text)))


def _doubtful(
    text_page: Any, places: Sequence[tuple[int, str, int, int]], *, is_rtl_page: bool
) -> Iterator[tuple[int, str, int, int]]:
    """Those of the lines (see `_places`) with letters from right to left whose order has to be looked at."""
    was_part = False
    for (start, raw, first, stop), (_, following, *_) in zip(
        places, [*places[1:], (0, "", 0, 0)], strict=True
    ):
        has_rtl = _RTL.search(raw) is not None
        if is_rtl_page:
            is_doubtful = has_rtl or len(raw) <= _FEW or raw.lstrip()[0] in _NO_BEGINNING
        else:
            is_doubtful = has_rtl and not _CLUSTERED.search(raw)
        is_whole = not was_part and len(following) > _FEW and len(raw) > 4 * _FEW
        if is_doubtful and not (is_whole and _PLAIN.fullmatch(raw) and _is_in_order(text_page, raw, first)):
            yield start, raw, first, stop
        was_part = len(raw) <= _FEW


def _is_in_order(text_page: Any, raw: str, first: int) -> bool:
    """Whether a line of nothing but letters from right to left is listed as it is read.

    Args:
        text_page: the page's text.
        raw: the line.
        first: index of its first character in PDFium's list.
    """
    x, y = ctypes.c_double(), ctypes.c_double()
    into_x, into_y = ctypes.byref(x), ctypes.byref(y)
    place = pdfium.FPDFText_GetCharOrigin
    last, level = math.inf, None
    for found in _WAYMARK.finditer(raw):
        place(text_page, first + found.start(), into_x, into_y)
        if not x.value < last or (level is not None and abs(y.value - level) > _LEVEL):
            return False
        last, level = x.value, y.value
    return True


def _places(text_page: Any, text: str, one_to_one: bool) -> Iterator[tuple[int, str, int, int]]:
    """For each line that is not empty: where it begins in the text, the line, and the indexes of its first
    character in PDFium's list and after its last.
    """
    start = 0
    is_short = max(text, default="") <= "\uffff"  # no character is two for PDFium
    for raw in text.replace(HYPHENATED, HYPHENATED + "\r\n").split("\r\n"):
        units = len(raw) if is_short else len(raw.encode("utf-16-le", "surrogatepass")) // 2
        if raw and not raw.isspace():
            first, stop = start, start + units
            if not one_to_one:
                first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, first)
                stop = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, stop - 1) + 1
            yield start, raw, first, stop
        start += units + (0 if raw[-1:] == HYPHENATED else 2)


def _complete(page: Any, chars: Chars, reader: CharReader) -> list[Char]:
    """Gives characters of replacement texts the pen and the right edge of all of their glyphs.

    Returns the blanks that are drawn one by one, which PDFium does not list: Chromium draws each glyph on its
    own where it gives replacement texts.
    """
    listed = set(chars.source)
    blanks: list[Char] = []
    pens: dict[int, float] = {}
    rights: dict[int, float] = {}
    forms: dict[int, Matrix] = {}
    for drawn in walk(page, (TEXT,)):
        source = reader.source(drawn.at)
        if source < 0 or source not in listed:
            x, y = multiply(matrix_of(drawn.at), drawn.matrix)[4:]
            if source < 0:
                forms[source] = drawn.matrix
                pens[source] = min(x, pens.get(source, x))
                rights[source] = max(drawn.box[2], rights.get(source, drawn.box[2]))
            else:
                blanks.append(Char(" ", -1, x, x, y, x, x + _THIN, 0.0, source))
    for at, source in enumerate(chars.source):
        if source in pens:
            char = _in_form(chars[at], forms[source])
            chars[at] = char._replace(pen=pens[source], right=max(char.right, rights[source]))
    return sorted(blanks, key=lambda blank: blank.y)


def _in_form(char: Char, matrix: Matrix) -> Char:
    """A character of a replacement text in forms with this matrix, at its place on the page.

    PDFium 7951 gives its place in the form.
    """
    if matrix is IDENTITY:
        return char
    a, b, c, d, e, f = matrix
    x, y = char.x, char.y
    left, right = sorted((a * char.left + c * y + e, a * char.right + c * y + e))
    return char._replace(x=a * x + c * y + e, y=b * x + d * y + f, left=left, right=right)


def _within(blanks: Sequence[Char], chars: Chars, drawn: Sequence[int]) -> list[Char]:
    """The `blanks` between characters of a line. Blanks are in the order of their height."""
    xs = [chars.x[at] for at in drawn]
    left, right = min(xs), max(xs)
    size = max(chars.size[at] for at in drawn)
    ys = sorted({chars.y[at] for at in drawn})
    first = bisect_left(blanks, ys[0] - size, key=lambda blank: blank.y)
    last = bisect_left(blanks, ys[-1] + size, key=lambda blank: blank.y)
    return [
        blank._replace(size=size)
        for blank in blanks[first:last]
        if left < blank.x < right and _is_near(blank.y, ys, 0.1 * size)
    ]


def _is_near(value: float, others: Sequence[float], distance: float) -> bool:
    at = bisect_left(others, value - distance)
    return at < len(others) and others[at] <= value + distance


def _mend_rtl(
    chars: Chars,
    lines: Sequence[_Line],
    blanks: Sequence[Char],
    scale: Callable[[int], float],
    *,
    is_rtl_page: bool,
) -> dict[int, MendedLine | None]:
    mended: dict[int, MendedLine | None] = {}
    has_clusters = _CLUSTERED.search("".join(chars.text)) is not None
    listed = 0
    if blanks:
        wide = [right > left for left, right in zip(chars.left, chars.right, strict=True)]
        listed = list(zip(chars.text, wide, strict=True)).count((" ", True))
    read: list[tuple[int, list[Run]]] = []
    for parts, drawn in _printed(chars, lines, scale):
        kinds = "".join([chars.kind[at] for at in drawn])
        is_rtl = _runs_right_to_left(chars, drawn, kinds, has_clusters=has_clusters, is_rtl_page=is_rtl_page)
        if is_rtl is None and len(parts) == 1:
            continue
        if "E" in kinds:
            _mark_raised(chars, drawn)
        line = list(chain.from_iterable([part.undone for part in parts]))
        if blanks:
            line += map(chars.append, _within(blanks, chars, drawn))
        glyphs = drawn_glyphs.glyphs(chars, line, are_blanks_drawn=len(blanks) > listed)
        if not glyphs:
            continue  # nothing but blanks of no width
        read.append((parts[0].start, in_reading_order(chars, glyphs, is_rtl=bool(is_rtl))))
        mended.update({part.start: None for part in parts[1:]})
    votes = sum(bracket_votes(runs) for _, runs in read)
    for start, runs in read:
        spelled = clean_characters(spell(runs, are_brackets_shapes=votes < 0))
        glyphs = list(chain.from_iterable([run.glyphs for run in runs]))
        mended[start] = MendedLine(spelled, _first_place(chars, glyphs), _first_place(chars, glyphs[::-1]))
    return mended


def _first_place(chars: Chars, glyphs: Sequence[int]) -> int:
    return next(chars.place[at] for at in glyphs if chars.place[at] >= 0)


def _mark_raised(chars: Chars, drawn: Sequence[int]) -> None:
    """Makes raised digits of a line such characters."""
    sizes = [chars.size[at] for at in drawn]
    size = max(sizes)
    if min(sizes) >= _LARGEST_MARK * size:
        return
    level = median([chars.y[at] for at in drawn if chars.size[at] == size])
    for at in drawn:
        is_raised = chars.size[at] < _LARGEST_MARK * size and chars.y[at] - level > _RAISED * size
        if is_raised and chars.text[at] in _RAISED_DIGITS:
            chars.text[at] = _RAISED_DIGITS[chars.text[at]]


def _runs_right_to_left(
    chars: Chars, drawn: Sequence[int], kinds: str, *, has_clusters: bool, is_rtl_page: bool
) -> bool | None:
    """Whether a line runs from right to left; None if PDFium's order has to do.

    Args:
        chars: all that there are.
        drawn: those of the line.
        kinds: of these; see `listed_chars.bidi_classes`.
        has_clusters: whether there are any of `_CLUSTERED` among all.
        is_rtl_page: whether most letters of the page are written from right to left.
    """
    ltr, rtl = kinds.count("L"), kinds.count("R") + kinds.count("A")
    is_clustered = has_clusters and _CLUSTERED.search("".join([chars.text[at] for at in drawn])) is not None
    if not rtl and not is_clustered:
        leftmost = min(drawn, key=chars.pen.__getitem__)
        return True if is_rtl_page and chars.text[leftmost] in _NO_BEGINNING else None
    if rtl and (8 * rtl >= ltr if is_rtl_page else rtl >= 3 * ltr):
        return True
    return None if rtl < 2 and not is_clustered else False  # a letter alone is a symbol


def _printed(
    chars: Chars, lines: Sequence[_Line], scale: Callable[[int], float]
) -> Iterator[tuple[list[_Line], list[int]]]:
    """The lines, those together that are parts of one printed line, and the characters that are drawn of it.

    PDFium begins a line where a mark, or a letter of a slanting line of Nastaliq, stands too high.

    Args:
        chars: of all lines.
        lines: as PDFium parts them.
        scale: see `CharReader.scale`.
    """
    together: list[_Line] = []
    of_all: list[int] = []
    x, y, right, sizes, source = chars.x, chars.y, chars.right, chars.size, chars.source
    around: _Box | None = None
    printed: dict[float, float] = {}  # the size that letters of a font's size are printed in
    for line in lines:
        start, stop = line.chars.start, line.chars.stop
        drawn: Sequence[int] = line.chars
        if 0 in source[start:stop]:
            drawn = [at for at in drawn if source[at]]
        if not drawn:
            continue
        if len(drawn) == stop - start:
            xs, rights, ys, own_sizes = x[start:stop], right[start:stop], y[start:stop], sizes[start:stop]
        else:
            xs, rights, ys, own_sizes = ([column[at] for at in drawn] for column in (x, right, y, sizes))
        box = min(xs), max(rights), min(ys), max(ys)
        size = max(own_sizes)
        if size not in printed:
            printed[size] = size * scale(chars.place[drawn[0]])
        size = printed[size]
        # Of a few letters one may stand higher, under the rest of a word of Nastaliq.
        if around and _is_beside(box, around, size * (0.85 if len(drawn) <= _FEW else 0.6)):
            together.append(line)
            of_all += drawn
            around = _around(around, box)
        else:
            if together:
                yield together, of_all
            together, of_all, around = [line], list(drawn), box
    if together:
        yield together, of_all


def _is_beside(box: _Box, other: _Box, distance: float) -> bool:
    """Whether both belong to one printed line: nearer than `distance` in y, and not far apart in x."""
    left, right, low, high = box
    other_left, other_right, other_low, other_high = other
    apart_x = (left if left > other_left else other_left) - (right if right < other_right else other_right)
    apart_y = (low if low > other_low else other_low) - (high if high < other_high else other_high)
    return apart_x < 3 * distance and apart_y < distance


def _around(box: _Box, other: _Box) -> _Box:
    """The box around both."""
    left, right, low, high = box
    other_left, other_right, other_low, other_high = other
    return (
        left if left < other_left else other_left,
        right if right > other_right else other_right,
        low if low < other_low else other_low,
        high if high > other_high else other_high,
    )
