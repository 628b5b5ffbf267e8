"""What a search result shows of a page: whole sentences around the best matches; pure functions."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stackroom.common.characters.punctuation import CLOSERS, SENTENCE_ENDS, WIDE_CLOSERS, WIDE_SENTENCE_ENDS
from stackroom.reading.showing.sentences import units

RESULT_CHARACTERS = 1000
"""Most characters for a client that reads: a passage of the default model fits whole, as a rule."""

TERMINAL_CHARACTERS = 240
"""Most characters for a person at a terminal: three lines."""

_ELLIPSIS = "…"
# Room for an ellipsis and a blank on either side.
_MARGIN = 4

# What mostly parts sentences, if the next does not begin small: a line break, or a blank after a sign.
_SIGN_AT_END = re.compile(rf"[{SENTENCE_ENDS}{WIDE_SENTENCE_ENDS}][{CLOSERS}{WIDE_CLOSERS}]{{0,2}}\Z")
_BREAK_BEFORE = re.compile(
    rf"\n\s*\Z|[{SENTENCE_ENDS}][{CLOSERS}]{{0,2}}\s+\Z|[{WIDE_SENTENCE_ENDS}][{WIDE_CLOSERS}”’]?\s*\Z"
)

# How many characters around a passage are looked at to tell whether a sentence begins and ends with it.
_LEAST_AROUND = 60

# A unit longer than the snippet is cut into pieces of this share of it, so that a match can be in the middle.
_PIECES = 4


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a page, as it is shown.

    Attributes:
        text: whole sentences; where it begins or ends inside a sentence, there is "…".
        matches: spans (start, stop) of `text` that match the query, in order.
        start: offset of its first character on the page.
        stop: offset after its last one.
    """

    text: str
    matches: tuple[tuple[int, int], ...]
    start: int = 0
    stop: int = 0


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence of a page or a part of one.

    Attributes:
        start, stop: its characters on the page, from `start` up to, not including, `stop`.
        own_line: whether it begins a line of its own, as an item or a heading does.
        is_start, is_stop: whether a sentence begins, or ends, with it.
    """

    start: int
    stop: int
    own_line: bool
    is_start: bool = True
    is_stop: bool = True


def complete(page: str, start: int, stop: int, limit: int = RESULT_CHARACTERS) -> Snippet:
    """A passage with its first and last sentence completed from the page, its line breaks as they are.

    Where the rest of a sentence does not fit, there is "…" instead.

    Args:
        page: the page's text.
        start: offset of the passage's first character in it.
        stop: offset after its last one.
        limit: most characters of the result. A passage that has more is given whole all the same.
    """
    start += len(page[start:stop]) - len(page[start:stop].lstrip())
    stop = start + len(page[start:stop].rstrip())
    room = max(limit - (stop - start) - 2 * _MARGIN, 0) // 2
    first, is_start = _sentence_start(page, start, room)
    last, is_stop = _sentence_stop(page, stop, room)
    before, after = "" if is_start else f"{_ELLIPSIS} ", "" if is_stop else f" {_ELLIPSIS}"
    return Snippet(before + page[first:last] + after, (), first, last)


def _sentence_start(page: str, start: int, room: int) -> tuple[int, bool]:
    """Where the sentence at `start` begins, if that is at most `room` characters before.

    Returns:
        An offset: the sentence's start, or else `start`; and whether a sentence begins there.
    """
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
    """Where the sentence before `stop` ends, if that is at most `room` characters after.

    Returns:
        An offset: the sentence's stop, or else `stop`; and whether a sentence ends there.
    """
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
    """The most telling sentences of a passage, on few lines.

    If the whole passage fits with its first and last sentence completed from the page, it is all shown. Else
    those neighbouring sentences are that have most of the different matching words; a word counts more the
    longer it is and the fewer matches of it the passage has. A line break stays only before what begins a
    line of its own. If nothing has to be chosen or marked, `complete` is quicker.

    Args:
        page: the page's text.
        start: offset of the passage's first character in it.
        stop: offset after its last one.
        matches: spans (start, stop) of the page that match the query, in order, none overlapping another; see
            `query_words.Matcher`.
        limit: most characters of the result; at least 40.
        marked: whether to tell where the matches are in the snippet.
    """
    # Nothing is looked for farther away than there is room for; but far enough to see where sentences end.
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


def _pieces(page: str, first: int, last: int, size: int, longest: int) -> list[_Piece]:
    found: list[_Piece] = []
    for start, stop, own_line in units(page[first:last]):
        unit = _Piece(start + first, stop + first, own_line)
        # A sentence at the edge of what is looked at may go on beyond it, and one that begins a page with a
        # small letter has begun on the page before.
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
    """Where to cut: after the last word that ends within `size` characters; if none does, after so many."""
    if stop - start <= size:
        return stop
    blank = max(page.rfind(" ", start, start + size + 1), page.rfind("\n", start, start + size + 1))
    return blank if blank > start else start + size


def _best_run(
    page: str, pieces: list[_Piece], matches: Sequence[tuple[int, int]], limit: int
) -> list[_Piece]:
    """The neighbouring pieces that fit into `limit` characters and say most.

    Both ends only move forward, so that the time is linear in the number of pieces.
    """
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
        # Of equally good runs one that cuts no sentence is taken, of those the longest, of those the first:
        # what stands before a match explains it.
        whole = pieces[start].is_start + pieces[stop - 1].is_stop
        score = (round(worth, 6), whole, pieces[stop - 1].stop - pieces[start].start)
        if score > best_score:
            best, best_score = (start, stop), score
        for word in in_piece[start]:
            inside[word] -= 1
            worth -= 0 if inside[word] else len(word) / often[word]
    return pieces[best[0] : best[1]]


def _compose(page: str, pieces: list[_Piece], matches: Sequence[tuple[int, int]]) -> Snippet:
    """The text of neighbouring pieces with single blanks, and the spans of the matches in that text."""
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
