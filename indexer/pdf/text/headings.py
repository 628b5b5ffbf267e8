"""Finds the headings above each part of a text, from the PDF's outline or else from how lines look. Pure
functions.

A passage of a long report rarely says what it is about; the headings above it do.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from indexer.pdf.text.page_lines import HYPHENATED, Line
from stackroom.common.documents import OutlineEntry, Page, Section

# A heading's lines are this many times as high as the text's. (The boxes of two fonts of one size differ by
# up to 1.12.) It has so many characters at most and at least.
_LARGER = 1.18
_LONGEST, _SHORTEST = 120, 3

# If more of the lines look like headings, the pages are slides or a poster, and have none.
_MOST_HEADINGS = 0.2

# What may stand before a heading: a number, in its own line or in the line above.
_BEFORE = re.compile(r"^[^\w\n]*(?:[\divx.]+\s+)?\Z", re.MULTILINE)
_FURTHEST = 100  # characters of it
_BLANKS = re.compile(r"\s+")

# Longer paths of headings lose the outermost ones: the innermost say most.
_LONGEST_PATH = 200
_BETWEEN = " › "


def find_sections(
    outline: Sequence[OutlineEntry], lines: Sequence[Sequence[Line]], pages: Sequence[Page]
) -> tuple[Section, ...]:
    """The sections of a document, in order of their starts, each from its heading to the next.

    Args:
        outline: in reading order; where it is empty, lines that stand out are taken for headings.
        lines: of each page.
        pages: aligned with `lines`, with the texts that were made of them.
    """
    headings = outline or list(_standing_out(lines))
    starts = _starts(pages)
    sections: dict[int, str] = {}
    above: list[OutlineEntry] = []
    reached = 0
    lower_of, lower = 0, ""
    for entry in headings:
        while above and above[-1].level >= entry.level:
            above.pop()
        above.append(entry)
        page = pages[entry.page - 1]
        begin = max(reached - starts[entry.page - 1], 0)
        if page.number != lower_of:
            lower_of, lower = page.number, _lower(page.text)
        found = _place(_lower(entry.title), lower, begin)
        if found is None and begin:
            continue  # an entry for a part of the page that we have passed
        reached = starts[entry.page - 1] + (found or 0)
        sections[reached] = _path(above)
    return tuple(Section(start, heading) for start, heading in sorted(sections.items()))


def _starts(pages: Sequence[Page]) -> list[int]:
    starts, start = [], 0
    for page in pages:
        starts.append(start)
        start += len(page.text)
    return starts


def _place(title: str, text: str, begin: int) -> int | None:
    """The offset at which a heading is printed, at the start of a line, however its words are spaced; or
    None.

    Args:
        title: of the heading, in lower case.
        text: of the page, in lower case.
        begin: the offset from which to look.
    """
    # With a pattern for each heading it took ten times as long: to compile one is more work than the search.
    words = title.split()
    at = text.find(words[0], begin) if words else -1
    while at >= 0:
        if _says(text, at, words):
            before = text[max(begin, at - _FURTHEST) : at]
            line = before.rfind("\n", 0, len(before.rstrip())) + 1
            if found := _BEFORE.search(text, at - len(before) + line, at):
                return found.start()
        at = text.find(words[0], at + 1)
    return None


def _says(text: str, at: int, words: Sequence[str]) -> bool:
    for number, word in enumerate(words):
        if number:
            blanks = _BLANKS.match(text, at)
            if blanks is None:
                return False
            at = blanks.end()
        if not text.startswith(word, at):
            return False
        at += len(word)
    return True


def _lower(text: str) -> str:
    """`text` in lower case, with each character at the same offset."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(char.lower()[0] for char in text)


def _path(above: Sequence[OutlineEntry]) -> str:
    path = _BETWEEN.join(entry.title for entry in above)
    return (
        path
        if len(path) <= _LONGEST_PATH
        else path[-_LONGEST_PATH:].partition(_BETWEEN)[2] or path[:_LONGEST_PATH]
    )


def _standing_out(lines: Sequence[Sequence[Line]]) -> Iterator[OutlineEntry]:
    """Lines in a larger size than the text, as entries whose level is the rank of their size."""
    # The first page's heights are sizes of another kind, and most of what is large there is the title.
    usual = _usual_height(line for page in lines[1:] for line in page)
    if not usual:
        return
    found = [
        (number, heading, size)
        for number, page in enumerate(lines[1:], 2)
        for heading, size in _large(page, _LARGER * usual)
    ]
    if len(found) > _MOST_HEADINGS * sum(map(len, lines[1:])):
        return
    sizes = sorted({round(size) for _, _, size in found}, reverse=True)
    for number, heading, size in found:
        yield OutlineEntry(heading, number, sizes.index(round(size)))


def _usual_height(lines: Iterable[Line]) -> float:
    """The median height of the characters of lines; 0 if none is known."""
    characters: Counter[float] = Counter()  # how many there are of each height
    for text, *_, height in lines:
        if height and text:
            characters[height] += len(text)
    total = characters.total()
    reached = 0
    lower = None  # the middle one, of two the lower one
    for height in sorted(characters):
        reached += characters[height]
        if lower is None and 2 * reached >= total:
            lower = height
        if lower is not None and 2 * reached > total:
            return (lower + height) / 2 if lower != height else height
    return 0.0


def _large(page: Sequence[Line], least: float) -> Iterator[tuple[str, float]]:
    """Lines of at least this height, those of one heading joined, if they look like one."""
    at = 0
    while at < len(page):
        first = at
        while (
            at < len(page)
            and page[at].height >= least
            and round(page[at].height) == round(page[first].height)
        ):
            at += 1
        if at > first:
            heading = " ".join(" ".join(line.text.rstrip(HYPHENATED) for line in page[first:at]).split())
            letters = sum(char.isalpha() for char in heading)
            if (
                letters >= _SHORTEST
                and len(heading) <= _LONGEST
                and heading[-1] not in ".,;"
                and at < len(page)
            ):
                yield heading, page[first].height
        else:
            at += 1
