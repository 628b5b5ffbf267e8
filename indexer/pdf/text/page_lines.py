"""Tells from the places of lines on a page where paragraphs end, and which lines are running headers and
footers.

Pure functions. Places come from PDFium, in points, counted from the lower left corner of the page.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from indexer.pdf.text.page_numbers import PageNumber, is_styled_number


class Line(NamedTuple):
    """A printed line.

    Attributes:
        text: without the line end. It ends in HYPHENATED if PDFium says that its last word goes on.
        start_x, start_y: left and bottom edge of the first character's box, in points.
        end_x, end_y: the same of the last character.
        height: of the taller of the two boxes, or the font size, in points; 0 if the place is not known.
    """

    text: str
    start_x: float = 0.0
    start_y: float = 0.0
    end_x: float = 0.0
    end_y: float = 0.0
    height: float = 0.0


HYPHENATED = "\ufffe"
"""PDFium writes this instead of the hyphen of a word that goes on in the next line."""


# Paragraphs

_WIDER = 1.3  # times the usual pitch: a gap between paragraphs. Superscripts at a line's start stay below it.
_LARGER = 1.18  # times the height: another size. Two fonts of one size differ by up to 1.12.


def break_paragraphs(lines: Sequence[Line]) -> list[str]:
    """The texts of `lines`, with an empty one wherever a paragraph, heading or table ends.

    Every text comes back unchanged and in order.
    """
    if not lines or not lines[0].height:
        return [line.text for line in lines]
    gaps, sizes = _measure_gaps(lines)
    pitches = _measure_pitches(gaps, sizes)
    texts = [lines[0].text]
    before = lines[0]
    for at in range(1, len(lines)):
        line = lines[at]
        pitch = pitches[sizes[at]]
        # Either needs a reason to look closer: most lines are a pitch below and begin where the last began.
        if before.text[-1:] != HYPHENATED and (
            (gaps[at] > 1.15 * pitch and _is_wide(lines, gaps, at, pitch))
            or (not -3 < line.start_x - before.start_x < 3 and _is_indented(lines, gaps, at, pitch))
        ):
            texts.append("")
        texts.append(line.text)
        before = line
    return texts


def _measure_gaps(lines: Sequence[Line]) -> tuple[list[float], list[int]]:
    """For each line, how far it is below the line before it, and the height of the taller of the two.

    Both in points, the height rounded. The distance is negative if the line is above the one before it, and 0
    for the first line.
    """
    gaps, sizes = [], []
    bottom, size_before = lines[0].start_y, 0.0
    for _, _, start_y, _, end_y, size in lines:
        # A raised footnote mark at either end is not the line's baseline: the lower end is.
        low = end_y if end_y < start_y else start_y
        gaps.append(bottom - low)
        sizes.append(round(size if size > size_before else size_before))
        bottom, size_before = low, size
    gaps[0] = 0.0
    return gaps, sizes


def _measure_pitches(gaps: Sequence[float], sizes: Sequence[int]) -> dict[int, float]:
    """The usual distance of two lines, in points, for each size of text on the page."""
    by_size: defaultdict[int, list[float]] = defaultdict(list)
    for gap, size in zip(gaps, sizes, strict=True):
        if 0.3 * size < gap < 4 * size:
            by_size[size].append(gap)
    every = [gap for of_size in by_size.values() for gap in of_size]
    usual = median(every) if every else 1e9  # nothing to compare with: nothing is wide
    if len(every) < 4:
        usual = min(usual, 1.5 * max(sizes))  # too little to know the habit
    # Four gaps are a habit, but not those around four headings of one size.
    own = {size: median(of_size) for size, of_size in by_size.items() if len(of_size) >= 4}
    return {
        size: own[size] if size in own and own[size] <= max(usual, 1.6 * size) else usual
        for size in set(sizes)
    }


def _is_wide(lines: Sequence[Line], gaps: Sequence[float], at: int, pitch: float) -> bool:
    gap, before, line = gaps[at], lines[at - 1].height, lines[at].height
    resized = max(before, line) > _LARGER * min(before, line)
    if not resized and gap <= _WIDER * pitch:
        return False
    # Four lines equally far apart are the rows of a table or a list, not four paragraphs.
    return not (gap < 2.5 * pitch and _is_even(gaps, at))


def _is_even(gaps: Sequence[float], at: int) -> bool:
    gap = gaps[at]
    alike = 1
    for step in (-1, 1):
        other = at + step
        while 0 < other < len(gaps) and abs(gaps[other] - gap) <= 0.05 * gap and alike < 3:
            alike += 1
            other += step
    return alike >= 3


def _is_indented(lines: Sequence[Line], gaps: Sequence[float], at: int, pitch: float) -> bool:
    """Whether a first-line indent, or a hanging one, begins a paragraph at `at`.

    The line begins to the side of both neighbours, which begin at one edge. It is full: an indented line of
    code, a table's row or a centred line ends anywhere. The line before is not: it ends a paragraph, where
    that of the second line of a list's item is full.
    """
    if at + 1 >= len(lines) or not (0 < gaps[at] < 2 * pitch and 0 < gaps[at + 1] < 2 * pitch):
        return False
    before, line, after = lines[at - 1 : at + 2]
    # In right-to-left writing the first character is the rightmost: mirror it.
    sign = -1.0 if line.start_x > line.end_x and after.start_x > after.end_x else 1.0
    edge, indent = sign * after.start_x, sign * (line.start_x - after.start_x)
    if not 0.5 * line.height < abs(indent) < 5 * line.height or abs(sign * before.start_x - edge) > 1:
        return False
    reach = max(sign * before.end_x, sign * line.end_x, sign * after.end_x)
    nearly = reach - 0.1 * (reach - edge)
    return reach - edge > 15 * line.height and sign * before.end_x < nearly < sign * line.end_x


# Running headers and footers

_EDGE = 2  # lines at the top and at the bottom of a page that may be running ones
_WINDOW = 5  # pages to each side: left and right headers, and those of a chapter, come again in it
_NUMBER = re.compile(r"\d+|\A[ivxlc]+\b|\b[ivxlc]+\Z")  # Roman ones at the ends only: "I" is a word
_DIGITS = re.compile(r"\d+")
_LONGEST_NUMBER = 200  # digits, as a line may have; of thousands, as a label may, Python refuses to make one
_DASHES = " -–—.·•|[]()"  # around a page number
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


class _Edge(NamedTuple):
    """A line at a page's edge.

    Attributes:
        form: the line with its numbers masked.
        numbers: these.
        line: in lower case, without blanks and dashes around it.
        printed: as it is printed.
        own: what the page's own number can be.
    """

    form: str
    numbers: tuple[int, ...]
    line: str
    printed: str
    own: PageNumber

    def may_count(self, at: int) -> bool:
        """Whether the number at this place among the line's numbers may be the page's own."""
        if is_styled_number(self.printed):
            return True
        found = list(_NUMBER.finditer(self.line))[at]
        return self.own.may_be(self.line, found.span(), self.numbers[at])


class _Edges:
    """The lines at one edge of all pages, each where lines of its form are looked for."""

    def __init__(self) -> None:
        self._of_form: defaultdict[tuple[str, int], defaultdict[int, list[_Edge]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.of_page: list[dict[int, _Edge]] = []

    def add(self, edges: dict[int, _Edge]) -> None:
        """Adds those of the next page, by their places in it."""
        for edge in edges.values():
            # The sign that masks a number may be printed as well, so that the form does not tell how many.
            self._of_form[edge.form, len(edge.numbers)][len(self.of_page)].append(edge)
        self.of_page.append(edges)

    def alike(self, edge: _Edge) -> dict[int, list[_Edge]]:
        """Page → the lines in it that differ from a line in their numbers at most."""
        return self._of_form[edge.form, len(edge.numbers)]


def remove_running_lines(pages: Sequence[Sequence[Line]], labels: Sequence[str] = ()) -> list[list[Line]]:
    """The pages without their running headers, running footers and page numbers.

    A line among the first or last two of a page is a running one if it comes again at the same edge of
    neighbouring pages, with each of its numbers either the same, or the page's own: greater by as many as the
    page is further on, and a number that the page can have. A table's row has other numbers, so it is none;
    the numbers of certificates that are printed one on a page are not those of the pages. The first page with
    a running line that has letters keeps it, so that no word and no other number is lost, and so does a page
    that has nothing else. Documents of up to three pages are returned as they are.

    Args:
        pages: the lines of each page.
        labels: of the pages, as the PDF has them.
    """
    kept = [list(lines) for lines in pages]
    if len(pages) <= 3:
        return kept
    seen: set[tuple[str, tuple[int, ...]]] = set()
    tops, bottoms = _Edges(), _Edges()
    for page, lines in enumerate(pages):
        label = labels[page] if page < len(labels) else ""
        own = PageNumber(page + 1, len(pages), tuple(map(_value, _NUMBER.findall(label.lower()))))
        usual = sorted([line.height for line in lines])[len(lines) // 2] if lines else 0.0
        tops.add(_read_edges(lines, range(min(_EDGE, len(lines))), usual, own))
        bottoms.add(_read_edges(lines, range(max(0, len(lines) - _EDGE), len(lines)), usual, own))
    for page, lines in enumerate(pages):
        running: dict[int, tuple[str, tuple[int, ...]]] = {}
        for edges in (tops, bottoms):
            for at, edge in edges.of_page[page].items():
                if (constant := _find_constant(edge, page, edges.alike(edge))) is not None:
                    running[at] = edge.form, constant
        if len(running) == len(lines) and any(_has_letters(form) for form, _ in running.values()):
            continue  # it is all that the page says: a slide, or a page of one line
        removed = {at for at, line in running.items() if line in seen or not _has_letters(line[0])}
        seen.update(running.values())
        kept[page] = [line for at, line in enumerate(lines) if at not in removed]
    return kept


def _read_edges(lines: Sequence[Line], places: range, usual: float, own: PageNumber) -> dict[int, _Edge]:
    """Place → line, for those of `places` on a page where the line could be a running one.

    `usual` is the height of most of the page's lines.
    """
    edges = {}
    for at in places:
        text = lines[at].text.strip()
        # A slide's title is larger than its text; a running line is not.
        # A table's rows are none, also where its header comes again.
        if len(text) > 200 or lines[at].height > 1.25 * usual or text[:2] == "| ":
            continue
        folded = " ".join(text.lower().strip(_DASHES).split())
        is_roman = folded[:1] in _ROMAN or folded[-1:] in _ROMAN
        number = _NUMBER if is_roman else _DIGITS  # the same, quicker
        found = number.findall(folded)
        form = number.sub("#", folded) if found else folded
        if "#" in form or any(map(str.isalnum, form)):
            edges[at] = _Edge(form, tuple(map(_value, found)), folded, text, own)
    return edges


def _value(number: str) -> int:
    if number.isdecimal():
        return int(number[:_LONGEST_NUMBER])
    digits = [_ROMAN[digit] for digit in number]
    after = [*digits[1:], 0]
    return sum(-digit if digit < following else digit for digit, following in zip(digits, after, strict=True))


def _has_letters(form: str) -> bool:
    return any(char.isalpha() for char in form)


def _find_constant(edge: _Edge, page: int, alike: Mapping[int, Sequence[_Edge]]) -> tuple[int, ...] | None:
    """The numbers of a running line that do not count the pages; None if it is no running line.

    Args:
        edge: the line.
        page: where it is, from 0.
        alike: see `_Edges.alike`.
    """
    if len(alike) == 1:
        return None  # no other page has one
    constant = 0
    for other in range(page + _WINDOW, page - _WINDOW - 1, -1):
        if other == page:
            continue
        step = other - page
        for neighbour in alike.get(other, ()):
            if neighbour.numbers == edge.numbers:
                constant += 1
                break
            pairs = list(zip(edge.numbers, neighbour.numbers, strict=True))
            counting = [at for at, (here, there) in enumerate(pairs) if here != there]
            if all(pairs[at][1] - pairs[at][0] == step for at in counting) and all(
                map(edge.may_count, counting)
            ):
                # A number that counts the pages is proof enough.
                return tuple(here for here, there in pairs if here == there)
    # The same words could be chance ("end", a table's head): they must come twice. A bare number that stays
    # the same is no page number.
    is_running = constant >= 2 and sum(map(str.isalpha, edge.form)) >= 4
    return edge.numbers if is_running else None
