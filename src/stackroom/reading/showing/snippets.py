"""What a search result shows of a page: whole sentences around the best matches; pure functions."""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from stackroom.common.punctuation import CLOSERS, SENTENCE_ENDS, WIDE_CLOSERS, WIDE_SENTENCE_ENDS
from stackroom.reading.query.folded_text import UNBOUNDED, words
from stackroom.reading.showing.sentences import units

RESULT_CHARACTERS = 1000
"""For a client that reads: a whole passage of the default model, as a rule."""

TERMINAL_CHARACTERS = 240
"""For a person at a terminal: three lines."""

_ELLIPSIS = "…"
# Room for a mark and a blank on either side.
_MARGIN = 4

# What mostly parts sentences, if the next does not begin small: a line break, or a blank after a sign.
_SIGN_AT_END = re.compile(rf"[{SENTENCE_ENDS}{WIDE_SENTENCE_ENDS}][{CLOSERS}{WIDE_CLOSERS}]{{0,2}}\Z")
_BREAK_BEFORE = re.compile(
    rf"\n\s*\Z|[{SENTENCE_ENDS}][{CLOSERS}]{{0,2}}\s+\Z|[{WIDE_SENTENCE_ENDS}][{WIDE_CLOSERS}”’]?\s*\Z"
)

# Characters around a passage that tell whether a sentence begins and ends with it.
_LEAST_AROUND = 60

# A unit longer than the snippet is cut into pieces of this share of it, so that a match can be in the middle.
_PIECES = 4

_WORD = re.compile(r"[^\W_]+")

# An ending that a word may have more or less than the query's: "committees", "Hauses". And the fewest letters
# before it.
_ENDING, _STEM = 3, 4


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a page, on few lines: a newline only before what begins a line of its own.

    Attributes:
        text: sentences, or with "…" where it begins or ends inside one.
        matches: spans (start, stop) of `text` that match, in order.
        start: where on the page it begins.
        stop: and ends; not included.
    """

    text: str
    matches: tuple[tuple[int, int], ...]
    start: int = 0
    stop: int = 0


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence or part of one; whether it begins a line; whether it begins and ends as a sentence does."""

    start: int
    stop: int
    own_line: bool
    is_start: bool = True
    is_stop: bool = True


def complete(page: str, start: int, stop: int, limit: int = RESULT_CHARACTERS) -> Snippet:
    """A passage with its first and last sentence completed from the page, its line breaks as they are.

    With "…" where a sentence's other part does not fit.

    Args:
        page: the page's text.
        start: of the passage in it.
        stop: likewise.
        limit: most characters of the result, if the passage has fewer.
    """
    start += len(page[start:stop]) - len(page[start:stop].lstrip())
    stop = start + len(page[start:stop].rstrip())
    room = max(limit - (stop - start) - 2 * _MARGIN, 0) // 2
    first, is_start = _sentence_start(page, start, room)
    last, is_stop = _sentence_stop(page, stop, room)
    before, after = "" if is_start else f"{_ELLIPSIS} ", "" if is_stop else f" {_ELLIPSIS}"
    return Snippet(before + page[first:last] + after, (), first, last)


def _sentence_start(page: str, start: int, room: int) -> tuple[int, bool]:
    """Where the sentence at `start` begins, at most `room` before; and whether that is so."""
    before = page[max(0, start - _LEAST_AROUND) : start]
    goes_on = page[start : start + 1].islower()
    if not before or (not goes_on and (not before.strip() or _BREAK_BEFORE.search(before))):
        return start, not goes_on  # nearly always, and quickly
    first = max(0, start - room - _LEAST_AROUND)
    for unit_start, unit_stop, _ in reversed(units(page[first : start + _LEAST_AROUND])):
        if unit_start + first <= start < unit_stop + first:
            found = unit_start + first
            is_known = found > first or (first == 0 and not page[found].islower())
            return (
                (found, True) if is_known and start - found <= room else (start, is_known and found == start)
            )
    return start, True


def _sentence_stop(page: str, stop: int, room: int) -> tuple[int, bool]:
    """Where the sentence before `stop` ends, at most `room` after; and whether that is so."""
    rest = page[stop : stop + room + _LEAST_AROUND]
    after = rest.lstrip()
    ends_line = "\n" in rest[: len(rest) - len(after)]
    if not after or (not after[0].islower() and (ends_line or _SIGN_AT_END.search(page, stop - 3, stop))):
        return stop, True
    first = max(0, stop - _LEAST_AROUND)
    last = stop + len(rest)
    for unit_start, unit_stop, _ in units(page[first:last]):
        if unit_start + first < stop <= unit_stop + first:
            found = unit_stop + first
            is_known = found < last or last == len(page)
            return (found, True) if found - stop <= room and is_known else (stop, found == stop)
    return stop, True


def cut(
    page: str,
    start: int,
    stop: int,
    matches: Sequence[tuple[int, int]] = (),
    limit: int = RESULT_CHARACTERS,
    *,
    marked: bool = True,
) -> Snippet:
    """The snippet of a page for its best passage.

    The passage's first and last sentence are completed, even beyond the passage, if all of that fits; else
    the run of its sentences is taken that has most of the different matching words; rare and long ones count
    more, in any language. Where nothing has to be chosen or marked, `complete` is quicker.

    Args:
        page: the page's text.
        start: of the passage in it.
        stop: likewise.
        matches: spans of the page that match the query, in order and apart; see `Matcher`.
        limit: most characters of the result; at least 40.
        marked: whether to tell where the matches are in the snippet.
    """
    # A sentence that the limit has no room for need not be looked for; but whether one ends here has to be.
    room = max(limit - (stop - start), _LEAST_AROUND)
    first, last = max(0, start - room), min(len(page), stop + room)
    own = [(max(a, first), min(b, last)) for a, b in matches if a < last and b > first]
    pieces = [
        piece
        for piece in _pieces(page, first, last, max(1, (limit - _MARGIN) // _PIECES), limit - _MARGIN)
        if piece.stop > start and piece.start < stop
    ]
    if not pieces:
        return Snippet("", ())
    chosen = _best_run(page, pieces, own, limit - _MARGIN)
    return _compose(page, chosen, own if marked else ())


class Matcher:
    """Finds what a reader would call the words of one query.

    Words are equal but for case, accents and a short ending. In scripts without blanks, neighbouring pairs of
    the query's characters are. It need not be what the index of words found: it is for the eye.
    """

    def __init__(self, query: str) -> None:
        exact = {word for part in query.split() for word in words(part).split()}
        self._known = dict.fromkeys(exact, True)  # words that were compared: a text repeats itself
        self._stems = defaultdict[str, list[str]](list)
        for word in exact:
            self._stems[word[:_STEM]].append(word)
        self._pairs = {
            word[at : at + 2]
            for word in exact
            if UNBOUNDED.search(word)
            for at in range(max(1, len(word) - 1))
        }

    def find(self, page: str, start: int, stop: int) -> list[tuple[int, int]]:
        """The spans of a page between `start` and `stop` that match, in order."""
        found: list[tuple[int, int]] = []
        for match in _WORD.finditer(page, start, stop):
            word = match.group()
            if not word.isascii() and UNBOUNDED.search(word):
                for at in range(match.start(), match.end()):
                    if page[at] in self._pairs:
                        _add(found, at, at + 1)
                    if at + 2 <= match.end() and page[at : at + 2] in self._pairs:
                        _add(found, at, at + 2)
                continue
            matches = self._known.get(word)
            if matches is None:
                matches = self._known[word] = self._matches(word.lower() if word.isascii() else words(word))
            if matches:
                found.append(match.span())
        return found

    def _matches(self, word: str) -> bool:
        return self._known.get(word, False) or any(
            _are_alike(word, other) for other in self._stems.get(word[:_STEM], ())
        )


def _add(found: list[tuple[int, int]], start: int, stop: int) -> None:
    """Adds a span, as one with the last if they touch."""
    if found and found[-1][1] >= start:
        start = found.pop()[0]
    found.append((start, stop))


def _are_alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    # The last letter may change: "libraries", "library". Numbers have no endings.
    return (
        _STEM <= len(short) >= len(long) - _ENDING
        and short.isalpha()
        and long.startswith(short[: max(_STEM, len(short) - 1)])
    )


def _pieces(page: str, first: int, last: int, size: int, longest: int) -> list[_Piece]:
    found: list[_Piece] = []
    for start, stop, own_line in units(page[first:last]):
        unit = _Piece(start + first, stop + first, own_line)
        # What stands at the edge of what was looked at may go on beyond it; so may a page that begins small.
        is_start = unit.start > first or (first == 0 and not page[unit.start].islower())
        is_stop = unit.stop < last or last == len(page)
        if stop - start <= longest:
            found.append(_Piece(unit.start, unit.stop, own_line, is_start, is_stop))
            continue
        at = unit.start
        while at < unit.stop:
            end = _word_end(page, at, unit.stop, size)
            is_first, is_last = at == unit.start, end == unit.stop
            found.append(_Piece(at, end, own_line and is_first, is_start and is_first, is_stop and is_last))
            at = end
            while at < unit.stop and page[at].isspace():
                at += 1
    return found


def _word_end(page: str, start: int, stop: int, size: int) -> int:
    """Where to cut: after a word if there is one that ends in reach, else after so many characters."""
    if stop - start <= size:
        return stop
    blank = max(page.rfind(" ", start, start + size + 1), page.rfind("\n", start, start + size + 1))
    return blank if blank > start else start + size


def _best_run(
    page: str, pieces: list[_Piece], matches: Sequence[tuple[int, int]], limit: int
) -> list[_Piece]:
    """The run of pieces that fits and says most. Both ends only move forward: linear time."""
    in_piece: list[list[str]] = [[] for _ in pieces]
    starts = [piece.start for piece in pieces]
    for start, stop in matches:
        at = bisect_right(starts, start) - 1
        if at >= 0 and start < pieces[at].stop:
            in_piece[at].append(page[start:stop].casefold())
    often = Counter(word for found in in_piece for word in found)
    inside = Counter[str]()
    best, best_score, worth = (0, 1), (-1.0, 0, 0), 0.0
    stop = 0
    for start in range(len(pieces)):
        stop = max(stop, start)
        while stop < len(pieces) and (stop == start or pieces[stop].stop - pieces[start].start <= limit):
            for word in in_piece[stop]:
                worth += 0 if inside[word] else len(word) / often[word]
                inside[word] += 1
            stop += 1
        # Of equally good ones those that cut no sentence, of those the longest, of those the first: what
        # stands before a match explains it.
        whole = pieces[start].is_start + pieces[stop - 1].is_stop
        score = (round(worth, 6), whole, pieces[stop - 1].stop - pieces[start].start)
        if score > best_score:
            best, best_score = (start, stop), score
        for word in in_piece[start]:
            inside[word] -= 1
            worth -= 0 if inside[word] else len(word) / often[word]
    return pieces[best[0] : best[1]]


def _compose(page: str, pieces: list[_Piece], matches: Sequence[tuple[int, int]]) -> Snippet:
    """The text of neighbouring pieces with single blanks, and the matches where they are then."""
    if not matches:
        text, last_stop = "", pieces[0].start
        for piece in pieces:
            joint = "" if last_stop == piece.start else "\n" if piece.own_line else " "
            text += joint + " ".join(page[piece.start : piece.stop].split())
            last_stop = piece.stop
        before = "" if pieces[0].is_start else f"{_ELLIPSIS} "
        after = "" if pieces[-1].is_stop else f" {_ELLIPSIS}"
        return Snippet(before + text + after, (), pieces[0].start, pieces[-1].stop)
    own_lines = {piece.start for piece in pieces if piece.own_line}
    parts = [] if pieces[0].is_start else [_ELLIPSIS, " "]
    length = sum(map(len, parts))
    was, now, ends = (
        list[int](),
        list[int](),
        list[int](),
    )  # where words start on the page; start, end in text
    for found in re.finditer(r"\S+", page[pieces[0].start : pieces[-1].stop]):
        start = found.start() + pieces[0].start
        if was:
            gap = "\n" if start in own_lines else " "
            parts.append(gap)
            length += 1
        was.append(start)
        now.append(length)
        parts.append(found.group())
        length += len(found.group())
        ends.append(length)
    if not pieces[-1].is_stop:
        parts += [" ", _ELLIPSIS]

    def place(offset: int) -> int:
        at = bisect_right(was, offset) - 1
        return min(now[at] + offset - was[at], ends[at])

    first, last = pieces[0].start, pieces[-1].stop
    spans = [(place(max(a, first)), place(min(b, last))) for a, b in matches if a < last and b > first]
    return Snippet("".join(parts), tuple((a, b) for a, b in spans if a < b), first, last)
