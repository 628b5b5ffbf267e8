"""Documents that are too long for one answer, in parts: which pages each has, and the ids that name them.

An id is that of the document, with the pages behind it if they are not all: `<document>#p=41-80`,
`<document>#p=12`. A page that is too long itself is cut: `<document>#p=7&c=0-90000` has its first 90,000
characters. Pure functions.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from urllib.parse import unquote

from stackroom.common.documents import Part
from stackroom.common.errors import UnknownPart

MARK_CHARACTERS = 64
"""Characters reserved for the line that marks a page, and for the line end before it."""

_PART = re.compile(r"p=(\d{1,9})(?:-(\d{1,9}))?(?:&c=(\d{1,9})-(\d{1,9}))?", re.ASCII | re.IGNORECASE)

# A document's id, in whatever stands around it.
_DOCUMENT = re.compile(r"(?<![0-9a-z])[0-9a-f]{24}(?![0-9a-z])", re.IGNORECASE)

# The page in an address of it, such as that of a citation.
_PAGE = re.compile(r"(?:[?&;]page=|^/page/)(\d{1,9})(?!\d)", re.ASCII | re.IGNORECASE)

# What addresses of ours end with: the place on the page that is marked.
_MARKED = "passage"

# An address within another one is escaped twice.
_ESCAPED = 3

# What may follow an id that has no page behind it.
_AROUND = " \t\r\n\"'`<>()[]{}*.,;”’“‘»›"


def split_id(id_: str) -> tuple[str, Part | int | None]:
    """Splits what a client gave as an id into the document's id and the part that is asked for.

    Assistants pass on whatever they have. So anything is accepted that contains the id of one document: the
    address of a citation, a link, the id in capitals, in quotes or after `id:`.

    Returns:
        The document's id; and the part, or, from the address of a citation, the 1-based number of a page
        whose part is meant; None if no particular part is asked for.

    Raises:
        UnknownPart: what stands behind the document's id is not such a part.
    """
    text = id_
    for _ in range(_ESCAPED):
        text = unquote(text)
    text = text.replace("&amp;", "&").strip()
    named = list(_DOCUMENT.finditer(text))
    if len({match[0].lower() for match in named}) == 1:
        document, before, behind = named[-1][0].lower(), text[: named[-1].start()], text[named[-1].end() :]
    else:
        document, before, behind = text.partition("#")[0], "", "".join(text.partition("#")[1:])
    behind, sign, wanted = behind.rstrip(_AROUND).partition("#")
    # The end of one, without what is before the id, is one too.
    is_address = before.endswith("/") or behind.startswith(("?", "/page/")) or wanted == _MARKED
    if not sign or (is_address and not _PART.fullmatch(wanted)):
        page = _PAGE.search(behind) if is_address else None
        return document, (int(page[1]) or None) if page else None
    found = _PART.fullmatch(wanted)
    if found:
        first, last, start, stop = (None if text is None else int(text) for text in found.groups())
        part = Part(first or 0, first or 0 if last is None else last, start or 0, stop)
        is_cut = part.stop is None or (part.first == part.last and part.start < part.stop)
        if 1 <= part.first <= part.last and is_cut:
            return document, part
    raise UnknownPart(
        f"The id {id_.strip()[:100]!r} names no pages. Pages are named as in {document[:30]}#p=12 or "
        f"{document[:30]}#p=41-80; the id without what begins with # is the document from its beginning."
    )


def ranges(numbers: Iterable[int]) -> str:
    """Ascending numbers as people write them: "1-12,15"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def page_id(document_id: str, page: int) -> str:
    """The id that fetches one page of a document; `page` is 1-based."""
    return f"{document_id}#p={page}"


class Division:
    """A document divided into parts of whole pages, each with as many pages as fit the limit.

    Every character is in exactly one part. A page that is longer than the limit becomes several parts of
    about equal length.

    Attributes:
        parts: all of them, in order.
    """

    def __init__(self, lengths: Sequence[int], limit: int) -> None:
        """Divides.

        Args:
            lengths: of each page's text, in characters.
            limit: most characters of a part, including the lines that mark its pages.
        """
        self._lengths = lengths
        self._limit = limit
        self.parts: list[Part] = []
        page = 1
        while page <= len(lengths):
            self.parts += self._beginning_at(page)
            page = self.parts[-1].last + 1
        if not self.parts:
            self.parts.append(Part(1, max(1, len(lengths))))
        self._starts = [(part.first, part.start) for part in self.parts]

    def number(self, page: int, offset: int = 0) -> int:
        """The number of the part that holds a page's character at `offset`, counted from 1."""
        return max(1, bisect_right(self._starts, (page, offset)))

    def part(self, page: int, offset: int = 0) -> Part:
        """The part that holds a page's character at `offset`."""
        return self.parts[self.number(page, offset) - 1]

    def asked(self, wanted: Part | int | None) -> Part:
        """The part to answer with when `wanted` is asked for: from its beginning, as much as fits the limit.

        `wanted` is a part; a page's number, for the part that holds this page; or None, for the first part.

        Raises:
            UnknownPart: the document has no such pages.
        """
        if wanted is None:
            return self.parts[0]
        first = wanted if isinstance(wanted, int) else wanted.first
        if first > len(self._lengths):
            raise UnknownPart(f"The document has {len(self._lengths)} pages, so none numbered {first}.")
        if isinstance(wanted, int):
            return self.part(wanted)
        if wanted.stop is None:
            fitting = self._beginning_at(wanted.first)[0]
            return fitting if fitting.stop is not None else Part(wanted.first, min(wanted.last, fitting.last))
        length = self._lengths[wanted.first - 1]
        if wanted.start >= length:
            raise UnknownPart(f"Page {wanted.first} has {length} characters, so none from {wanted.start} on.")
        stop = min(wanted.stop, length, wanted.start + self._limit - MARK_CHARACTERS)
        return Part(wanted.first, wanted.first, wanted.start, stop)

    def after(self, part: Part) -> Part | None:
        """What follows `part`, up to the end of the part that this is in; None at the end of the document."""
        page, offset = part.last + 1, 0
        if part.stop is not None and part.stop < self._lengths[part.last - 1]:
            page, offset = part.last, part.stop
        if page > len(self._lengths):
            return None
        whole = self.part(page, offset)
        if offset and whole.stop is None:  # the rest of a page that need not have been cut
            return Part(page, page, offset, self._lengths[page - 1])
        return Part(page, whole.last, offset, whole.stop)

    def before(self, part: Part) -> Part | None:
        """What precedes `part`, from the beginning of the part that this is in; None at the document's
        beginning.
        """
        if part.start:
            whole = self.part(part.first, part.start - 1)
            return Part(part.first, part.first, whole.start, part.start)
        if part.first == 1:
            return None
        whole = self.part(part.first - 1, max(0, self._lengths[part.first - 2] - 1))
        return Part(whole.first, part.first - 1, whole.start, whole.stop)

    def id(self, document_id: str, part: Part) -> str:
        """The id that fetches a part; the document's own id if the document has only this part."""
        if len(self.parts) == 1 and part == self.parts[0]:
            return document_id
        pages = f"{part.first}" if part.first == part.last else f"{part.first}-{part.last}"
        cut = "" if part.stop is None else f"&c={part.start}-{part.stop}"
        return f"{document_id}#p={pages}{cut}"

    def _beginning_at(self, page: int) -> list[Part]:
        """The longest part that begins with this page, or the pieces of the page if it is too long."""
        length = self._lengths[page - 1]
        room = self._limit - MARK_CHARACTERS
        if length > room:
            count = -(-length // room)
            cuts = [length * at // count for at in range(count + 1)]
            return [Part(page, page, start, stop) for start, stop in pairwise(cuts)]
        last = page
        used = length + MARK_CHARACTERS
        while last < len(self._lengths):
            used += self._lengths[last] + MARK_CHARACTERS
            if used > self._limit:
                break
            last += 1
        return [Part(page, last)]
