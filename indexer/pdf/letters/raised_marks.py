"""Sets raised and lowered marks apart from what they are printed beside: `4,250¹` is not `4,2501`.

PDFium gives characters without their place above or below the line. Footnote marks, powers and the numbers in
formulas become Unicode's superscripts and subscripts; what has none gets a caret: `10^(q+1)`.
"""

import ctypes
import math
import re
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from indexer.pdf.letters.char_boxes import InkRuler, bare, measure_bottoms, pointer
from indexer.pdf.letters.page_text import PageText
from indexer.pdf.text.page_lines import HYPHENATED, Line

# A number, to its last digit; but for digits that are words of their own: these are not glued to anything. (A
# digit first: so the search is fast.)
_NUMBER = re.compile(f"[0-9](?:[0-9]+|(?<=[^ \n{HYPHENATED}].)|(?![ .,;)\r{HYPHENATED}]|\\Z))", re.DOTALL)

# Of the height of a line's box: a digit whose ink begins lower or higher above the bottom of that box is
# looked at. On the line it is at .15 to .3, according to the font; raised at .4 and more.
_LOW, _HIGH = 0.145, 0.36

# Of the size of a letter beside it: a mark's size, and how far it is above or below the letter's baseline.
# Browsers and WeasyPrint set <sup> in .83 of the size, ReportLab in .8, TeX in .7, LibreOffice in .58.
_SMALLEST, _LARGEST = 0.4, 0.9
_RAISED, _LOWERED, _FURTHEST = 0.12, -0.06, 1.0
# WeasyPrint 70 sets <sup> in .97 of some sizes. What is nearly as large has to be this far above or below.
_NEARLY, _RAISED_FAR, _LOWERED_FAR = 0.98, 0.25, -0.12
# Of the size: how far above the baseline the ink of a font's own superscripts begins, which Typst uses: they
# have the size of the text. And how low, and how high, its subscripts are.
_INK_RAISED = {**dict.fromkeys("()[]", 0.1), **dict.fromkeys("-−–=", 0.4), "+": 0.2}
_INK_RAISED_LETTER = 0.2
_INK_LOWERED, _INK_HEIGHT = -0.06, 0.52

# Of the line's height: PDFium ends a line before or after a mark whose place differs much. What goes on so
# close beside it is the same line. A wider gap than _BLANK is one.
BESIDE, OVERLAP = 0.6, 0.3
_BLANK = 0.15
_OTHER_PLACE = 0.04

_LONGEST = 16  # characters of a mark; a raised sentence is something else
_MOST = 20_000  # suspected marks of a page that are looked at; a page of formulas has some hundred

_RAISED_FORMS = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ",
        strict=True,
    )
)
_LOWERED_FORMS = dict(
    zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)

# Raised endings of numerals are parts of words: 1st, 2nd, 1er, 2ème, 3rd, 4th, 1ers, 2nde, 1re, 5to.
_ORDINAL = re.compile("st|nd|rd|th|ers?|res?|ères?|es|èmes?|eme|nde|de|to|ta|os|as|º|ª", re.IGNORECASE)
# Marks one after the other: 4,5 and 2–4. What stands between them has no raised form, or another meaning.
_LIST = re.compile(r"[0-9a-z]{1,3}(?:[,;–-][0-9a-z]{1,3})+")

_get_matrix, _get_origin = bare(pdfium.FPDFText_GetMatrix), bare(pdfium.FPDFText_GetCharOrigin)
_get_size = bare(pdfium.FPDFText_GetFontSize, ctypes.c_double)

# What PDFium writes a matrix and a place into.
_matrix, _origin = array("f", bytes(24)), array("d", bytes(16))
_INTO_MATRIX = ctypes.byref(ctypes.c_char.from_buffer(_matrix))
_INTO_X, _INTO_Y = (ctypes.byref(ctypes.c_char.from_buffer(_origin), at) for at in (0, 8))


_Glyph = tuple[float, float]
"""The size of a printed character's font, as printed (0 if it is turned), and the height of its baseline; in
points.
"""


class _Run(NamedTuple):
    """A mark: the places of its first character and after its last, and 1 if it is raised, -1 if lowered."""

    first: int
    last: int
    side: int


class Marks:
    """Finds and writes the marks of one page, whose lines are read in order.

    Places are those in the text that PDFium gives of the page, in UTF-16 units.
    """

    def __init__(self, text_page: Any, source: PageText) -> None:
        """Finds the page's numbers, and how high each of them stands.

        Args:
            text_page: of PDFium.
            source: its text.
        """
        self._text_page = text_page
        self._page = pointer(text_page)
        self._one_to_one = source.one_to_one
        self._units = source.text if source.same_units else as_units(source.text)
        self._numbers = [found.end() - 1 for found in _NUMBER.finditer(self._units)]
        places = self._numbers if self._one_to_one else map(self._index, self._numbers)
        self._bottoms = measure_bottoms(text_page, places, len(self._numbers))
        self._left = _MOST
        self._measured: dict[int, _Glyph] = {}

    @cached_property
    def _ruler(self) -> InkRuler:
        return InkRuler(self._text_page)

    def suspects(self, starts: Sequence[int], sides: Sequence[Sequence[float]]) -> dict[int, list[int]]:
        """The places where a mark may be, by the number of their line: numbers, and letters after these.

        Args:
            starts: where each line begins, in order.
            sides: eight numbers of each line: left, top, right and bottom of the box of its first character,
                then those of its last, in points.
        """
        _, tops, _, bottoms, _, end_tops, _, end_bottoms = sides
        units = self._units
        found: defaultdict[int, list[int]] = defaultdict(list)
        line, low, high = -1, 0.0, 0.0
        for place, ink_bottom in zip(self._numbers, self._bottoms, strict=True):
            at = bisect_right(starts, place) - 1
            if at < 0:
                continue
            if at != line:
                line, bottom, end_bottom = at, bottoms[at], end_bottoms[at]
                height, end_height = tops[at] - bottom, end_tops[at] - end_bottom
                if height < end_height:
                    bottom, height = end_bottom, end_height
                low, high = bottom + _LOW * height, bottom + _HIGH * height
            if not low < ink_bottom < high:
                found[at].append(place)
            elif units[place + 1 : place + 2].isalpha():
                _, _, ink_bottom, _ = self._ruler.measure(self._index(place + 1))
                if not ink_bottom < high:
                    found[at].append(place + 1)
        return found

    def write(self, line: str, start: int, stop: int, suspects: Sequence[int]) -> str:
        """The line with its marks set apart.

        Args:
            line: as PDFium gives it.
            start: the place of its first character.
            stop: the place after its last one.
            suspects: the places in it where a mark may be.
        """
        runs: list[_Run] = []
        for at in suspects:
            self._add(runs, at, start, stop)
        return self._write_runs(runs, start, stop) if runs else line

    def go_on(self, before: str, line: str, place: int, gap: float, height: float) -> str | None:
        """Two lines as one, if PDFium has broken it at a mark; else None.

        Args:
            before: the text of the first.
            line: that of the second.
            place: of the second's first character that is no blank.
            gap: between the two, in points.
            height: of the taller one.
        """
        end = place - 1
        while end >= 0 and self._units[end].isspace():
            end -= 1
        if end < 0 or self._left <= 0:
            return None
        self._left -= 1
        tail, head = self._measure(end), self._measure(place)
        is_tail = tail[0] < head[0]
        small, large = (tail, head) if is_tail else (head, tail)
        if not (side := _compare(small, large)):
            return None
        run = self._find_run(end if is_tail else place, side, lambda at: _compare(self._measure(at), large))
        text = _as_text(self._units[run.first : run.last])
        has_blank = gap > _BLANK * height or before[-1:].isspace() or line[:1].isspace()
        before, line = before.rstrip(), line.lstrip()
        if is_tail and before.endswith(text):
            before = before[: len(before) - len(text)]
            before += _write(text, side, before, "" if has_blank else line)
        elif not is_tail and line.startswith(text) and not has_blank:
            line = line[len(text) :]
            line = _write(text, side, before, line) + line
        return f"{before} {line}" if has_blank else before + line

    def _write_runs(self, runs: list[_Run], start: int, stop: int) -> str:
        units, written, done = self._units, "", start
        for first, last, side in runs:
            written += units[done:first]
            written += _write(_as_text(units[first:last]), side, written, units[last:stop])
            done = last
        return _as_text(written + units[done:stop])

    def _add(self, runs: list[_Run], at: int, start: int, stop: int) -> None:
        """Adds the mark that the character at a place of a line belongs to, if it is one."""
        if (runs and at < runs[-1].last) or self._left <= 0:
            return
        self._left -= 1
        glyph = self._measure(at)
        base = self._find_larger(at, -1, glyph) or self._find_larger(at, 1, glyph)
        side = _compare(glyph, base) if base else self._side_of_ink(at)
        if side:
            larger = base
            run = self._find_run(
                at,
                side,
                lambda place: _compare(self._measure(place), larger) if larger else self._side_of_ink(place),
            )
            runs.append(_Run(max(run.first, start), min(run.last, stop), side))

    def _find_larger(self, at: int, step: int, glyph: _Glyph) -> _Glyph | None:
        """The next character of the same word that is larger than a mark may be."""
        for place in range(at + step, at + step * _LONGEST, step):
            if not self._is_inside(place):
                return None
            other = self._measure(place)
            if glyph[0] < _LARGEST * other[0] or _compare(glyph, other):
                return other
        return None

    def _find_run(self, at: int, side: int, side_of: Callable[[int], int]) -> _Run:
        """The characters around a place, in the same word, that are on one side of the line."""
        ends = []
        for step in (-1, 1):
            end = at
            for place in range(at + step, at + step * _LONGEST, step):
                if not self._is_inside(place) or side_of(place) != side:
                    break
                end = place
            ends.append(end)
        return _Run(ends[0], ends[1] + 1, side)

    def _is_inside(self, place: int) -> bool:
        """Whether a character stands at a place, none that parts words."""
        unit = self._units[place : place + 1] if place >= 0 else ""
        return bool(unit) and unit != HYPHENATED and not unit.isspace()

    def _measure(self, place: int) -> _Glyph:
        glyph = self._measured.get(place)
        if glyph is None:
            glyph = self._measured[place] = self._measure_anew(self._index(place))
        return glyph

    def _measure_anew(self, index: int) -> _Glyph:
        _get_matrix(self._page, index, _INTO_MATRIX)
        _, b, c, d, _, _ = _matrix
        if not b == c == 0 < d:
            return 0.0, 0.0
        _get_origin(self._page, index, _INTO_X, _INTO_Y)
        return _get_size(self._page, index) * d, _origin[1]

    def _side_of_ink(self, place: int) -> int:
        """As `_compare`, for a character of the text's size: Typst uses the marks that fonts have."""
        char = self._units[place]
        if not char.isascii() and char not in _INK_RAISED:
            return 0
        size, baseline = self._measure(place)
        if not size > 0:
            return 0
        _, _, low, high = self._ruler.measure(self._index(place))
        bottom, top = (low - baseline) / size, (high - baseline) / size
        if char.isdigit() and bottom < _INK_LOWERED and 0 < top - bottom < _INK_HEIGHT:
            return -1
        least = _INK_RAISED.get(char, _INK_RAISED_LETTER if char.isalnum() else math.inf)
        return int(least < bottom < top)

    def _index(self, place: int) -> int:
        if self._one_to_one:
            return place
        index: int = pdfium.FPDFText_GetCharIndexFromTextIndex(self._text_page, place)
        return index


def is_beside(before: Line, bottom: float, height: float) -> bool:
    """Whether a mark may have parted two lines: one begins a little higher or lower than the other ends.

    Args:
        before: the first.
        bottom: of the box of the second's first character, in points.
        height: of the second.
    """
    return _OTHER_PLACE * height < abs(before.end_y - bottom) < height


def as_units(text: str) -> str:
    """`text` with two characters, the surrogates, for each beyond U+FFFF."""
    return "".join(map(chr, memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")))


def _as_text(units: str) -> str:
    if units.isascii():
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _compare(glyph: _Glyph, base: _Glyph) -> int:
    """1 if a character is a raised mark beside a larger one, -1 if a lowered one, 0 if it is none."""
    size, baseline = base
    if not _SMALLEST * size < glyph[0] < _NEARLY * size:  # nor what is "not a number"
        return 0
    rise = (glyph[1] - baseline) / size
    is_small = glyph[0] < _LARGEST * size
    if (_RAISED if is_small else _RAISED_FAR) < rise < _FURTHEST:
        return 1
    return -1 if -_FURTHEST < rise < (_LOWERED if is_small else _LOWERED_FAR) else 0


def _write(run: str, side: int, before: str, after: str) -> str:
    """A mark as it is written; `before` and `after` are printed beside it."""
    return _write_raised(run, before, after) if side > 0 else _write_lowered(run)


def _write_raised(run: str, before: str, after: str) -> str:
    if not any(map(str.isalnum, run)):
        return run  # a star, a dagger: nobody takes it for a digit
    if run.isalpha() and (_ORDINAL.fullmatch(run) or (len(run) > 1 and not before[-1:].isdigit())):
        return run  # 1st, Mme: the mark is part of the word
    if len(run) == 1 and run.isalpha() and before[-1:].isalpha() and after[:1].isalpha():
        return run  # a logo: LaTeX
    if _LIST.fullmatch(run):
        return "".join(_RAISED_FORMS.get(char, char) if char.isalnum() else char for char in run)
    if all(char in _RAISED_FORMS for char in run):
        return "".join(_RAISED_FORMS[char] for char in run)
    return f"^{run}" if len(run) == 1 or run[0] in "([" else f"^({run})"


def _write_lowered(run: str) -> str:
    if any(map(str.isdigit, run)) and all(char in _LOWERED_FORMS for char in run):
        return "".join(_LOWERED_FORMS[char] for char in run)
    return run
