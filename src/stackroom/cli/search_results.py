"""Search results for people in a terminal: wrapped at words, the words of the query in bold."""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from stackroom.cli.terminal import one_line, printable
from stackroom.common.amounts import counted
from stackroom.common.documents import Hit, Quote
from stackroom.reading.finding.ranking import Evidence

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"

# Columns before each line of a result, and the fewest for its text.
_INDENT, _LEAST = 4, 20

_BREAK = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a hit comes from.

    Attributes:
        files: the paths of its files, for people.
        url: the address of the page with the passage; empty if no server would answer there.
    """

    files: Sequence[str]
    url: str


def show_hits(hits: Sequence[Hit], sources: Sequence[Source], explained: Sequence[Evidence] = ()) -> None:
    """Prints search results.

    Args:
        hits: the best first.
        sources: of each hit.
        explained: the scores of each hit's best passage; empty to leave them out.
    """
    bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for number, (hit, source) in enumerate(zip(hits, sources, strict=True), 1):
        best = hit.best
        page = best.page_label if best.page_label == str(best.page) else f"{best.page_label} ({best.page})"
        heading = _wrapped(f"{one_line(hit.title)}, page {printable(page)}  ({_score(hit)})")
        print(f"{number:2}. {next(heading, '')}", *heading, sep=f"\n{' ' * _INDENT}")
        show(*source.files[:1])
        if len(source.files) > 1:
            show(f"and in {counted(len(source.files) - 1, 'other file')}")
        for line in _marked(best, bold=bold):
            print(f"{' ' * _INDENT}{line}")
        if hit.more:
            further = ", ".join(printable(quote.page_label) for quote in hit.more)
            pages = "page" if len(hit.more) == 1 else "pages"
            show(f"also on {pages} {further}" + (f", and {hit.unshown} more" if hit.unshown else ""))
        for copy in best.copies:
            show(f"the same in {one_line(copy.title)}, page {printable(copy.page_label)}")
        if explained:
            show(_explained(explained[number - 1]))
        if source.url:
            print(f"{' ' * _INDENT}{source.url}")
    if not hits:
        print("Nothing found.", file=sys.stderr)


def _score(hit: Hit) -> str:
    return f"{hit.best.score:.2f}, {hit.strength}" if hit.strength else f"{hit.best.score:.2f}"


def show(*lines: str) -> None:
    """Prints lines, indented and wrapped as those of a result."""
    for line in lines:
        print(*(f"{' ' * _INDENT}{part}" for part in _wrapped(line)), sep="\n")


def _marked(quote: Quote, *, bold: bool) -> Iterator[str]:
    """The lines of a quotation, without control characters; `bold` says to have the matches in bold."""
    text = "".join(char if char.isprintable() or char == "\n" else " " for char in quote.text)
    for start, stop in lines(text, _width()):
        parts, at = [], start
        for first, last in quote.matches if bold else ():
            first, last = max(first, start), min(last, stop)
            if first < last:
                parts += [text[at:first], _BOLD, text[first:last], _PLAIN]
                at = last
        yield "".join([*parts, text[at:stop]])


def _wrapped(text: str) -> Iterator[str]:
    return (text[start:stop] for start, stop in lines(text, _width(), whole_words=True))


def _width() -> int:
    return max(shutil.get_terminal_size().columns - _INDENT, _LEAST)


def lines(text: str, width: int, *, whole_words: bool = False) -> Iterator[tuple[int, int]]:
    """Divides a text into lines of at most `width` columns, at blanks; its own line breaks begin lines, too.

    Args:
        text: without control characters but line breaks.
        width: columns; a character of Chinese takes two.
        whole_words: whether a word that is wider gets a line of its own, such as a path that one may want to
            copy, instead of being broken.

    Yields:
        Spans (start, stop) of the text, without the blanks between them; none are empty.
    """
    at = 0
    for paragraph in text.split("\n"):
        start = stop = -1
        for word in _BREAK.finditer(paragraph):
            first, last = word.span()
            if start >= 0 and cell_len(paragraph[start:last]) > width:
                yield at + start, at + stop
                start = -1
            start = first if start < 0 else start
            while not whole_words and cell_len(paragraph[start:last]) > width:
                fits = _fitting(paragraph[start:last], width)
                yield at + start, at + start + fits
                start += fits
            stop = last
        if start >= 0:
            yield at + start, at + stop
        at += len(paragraph) + 1


def _fitting(word: str, width: int) -> int:
    """How many of the first characters of a word are at most `width` columns; at least one."""
    columns = 0
    for number, character in enumerate(word):
        columns += cell_len(character)
        if columns > width and number:
            return number
    return len(word)


def _explained(evidence: Evidence) -> str:
    def ranked(rank: int | None) -> str:
        return f"rank {rank}" if rank else "no rank"

    meaning = "no vector" if evidence.meaning is None else f"{evidence.meaning:.2f}"
    reranked = (
        "" if evidence.reranked is None else f"; reranked {evidence.reranked:.2f} (before: {evidence.place}.)"
    )
    return (
        f"words {evidence.words:.2f} ({ranked(evidence.words_rank)}), "
        f"meaning {meaning} ({ranked(evidence.meaning_rank)}), "
        f"page {evidence.page:.2f}, document {evidence.document:.2f}, "
        f"file name {evidence.name:.2f}, together {evidence.score:.3f}{reranked}"
    )
