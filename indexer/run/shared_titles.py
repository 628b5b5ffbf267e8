"""Titles that several documents have, such as "Annual Report" or the name of an authority: they tell nothing.

The third document with such a title, and all after it, get what tells it apart before the title: the name of
its file, or else a line of its first page; so it is shown, and so it is embedded. The first two are read
again on the next run: only then is it known that the title is shared, and what is embedded is never changed
in place. Documents of the same length, in pages and bytes, count as one: they are copies that were saved
again.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, Protocol
from urllib.parse import unquote

from indexer.pdf.metadata.title import is_meaningful
from stackroom.common.documents import Document

_SHARED = 3
"""So many different documents with one title share it."""

_JOINT = " – "

# First pages of others that a line is compared with, and lines of a first page that are looked at.
_COMPARED, _LINES = 20, 60
_LONGEST = 100  # characters of such a line
_LONG_WORD = 4  # letters: in names, shorter words ("of", "and") may begin small

# A part of a file's name that a program has made: a hash, or letters and digits in turns.
_MADE = re.compile(r"(?=.*\d)(?=.*[a-f])[0-9a-f]{8,}|(?:[^\W\d_]+\d+|\d+[^\W\d_]+){4,}\w*", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")


class _Titled(NamedTuple):
    """A document with a title: what tells it apart, if it has that before the title; and its length in pages
    and bytes.
    """

    telling: str
    length: tuple[int, int]


class TitledDocuments(Protocol):
    """The documents that a title is compared with. Publishers have these methods."""

    def titles(self) -> list[tuple[str, str, int, int]]:
        """See `Publisher`, as the next two."""

    def first_page(self, document_id: str) -> str: ...

    def read_again(self, document_ids: Sequence[str]) -> None: ...


class SharedTitles:
    """Gives documents titles that tell them apart. For one run."""

    def __init__(self, publisher: TitledDocuments) -> None:
        """Reads nothing yet."""
        self._publisher = publisher

    @cached_property
    def _known(self) -> dict[str, dict[str, _Titled]]:
        """By title in small letters, then by document id."""
        known = defaultdict[str, dict[str, _Titled]](dict)
        for id_, title, pages, text_bytes in self._publisher.titles():
            telling, joint, shared = title.partition(_JOINT)
            known[title.casefold()][id_] = _Titled("", (pages, text_bytes))
            if joint:
                known[shared.casefold()][id_] = _Titled(telling, (pages, text_bytes))
        return known

    def told_apart(self, document: Document, file_stem: str) -> Document:
        """The document, about to be published, with a longer title if several others have its title.

        Args:
            document: with the title that it gives itself.
            file_stem: the name of its file, without ".pdf".
        """
        length = len(document.pages), len(document.text.encode())
        first_page = document.pages[0].text if document.pages else ""
        return replace(document, title=self.title(document.id, document.title, length, first_page, file_stem))

    def title(
        self, document_id: str, title: str, length: tuple[int, int], first_page: str, file_stem: str
    ) -> str:
        """The title for a document that is about to be published: longer than its own if others have that.

        Args:
            document_id: of the document.
            title: its own.
            length: how many pages and bytes it has.
            first_page: the text of that.
            file_stem: see `told_apart`.
        """
        known = self._known[title.casefold()]
        known.pop(document_id, None)
        lengths = {other.length for other in known.values()}
        telling = ""
        if len(lengths | {length}) >= _SHARED:
            telling = self._telling(title, first_page, file_stem, known)
            if telling and len(lengths) < _SHARED:
                self._publisher.read_again([id_ for id_, other in known.items() if not other.telling])
        known[document_id] = _Titled(telling, length)
        return f"{telling}{_JOINT}{title}" if telling else title

    def _telling(self, title: str, first_page: str, file_stem: str, others: Mapping[str, _Titled]) -> str:
        """The file's name, or the first line that looks like a name and is no other's; "" if none does."""
        name = " ".join(re.sub(r"[_\s-]+", " ", unquote(file_stem)).split())
        used = {other.telling.casefold() for other in others.values()}
        if _is_given(name) and name.casefold() not in {*used, title.casefold()}:
            return name.replace(_JOINT, " ")
        pages = [self._publisher.first_page(id_) for id_ in list(others)[:_COMPARED]]
        theirs = {line.casefold() for page in pages for line in _names(page)}
        lines = (
            line
            for line in _names(first_page)
            if line.casefold() not in theirs and line.casefold() not in title.casefold()
        )
        return next(lines, "").replace(_JOINT, " ")


def _is_given(name: str) -> bool:
    """Whether a person may have given a file this name."""
    return is_meaningful(name) and not any(map(_MADE.fullmatch, re.split(r"[^\w]", name)))


def _names(page: str) -> list[str]:
    """The first lines of a page that look like names: in these, no long word begins small."""
    lines = [" ".join(line.split()) for line in page.split("\n")[:_LINES]]
    return [line for line in lines if len(line) <= _LONGEST and is_meaningful(line) and _is_name(line)]


def _is_name(line: str) -> bool:
    words = _WORD.findall(line)
    letters = sum(map(len, words))
    return 2 * letters >= len(line) and not any(
        len(word) >= _LONG_WORD and word[0].islower() for word in words
    )
