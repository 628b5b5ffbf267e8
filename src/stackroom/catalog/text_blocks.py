"""The text of documents as the catalogue stores it: in compressed blocks of whole pages.

Blocks of about 32,000 bytes take 0.33 of the text's size. Reading a passage decompresses one block, in 35
microseconds (of 16,000 bytes: 0.35, and 23). A block for each page would take 0.46 of the size. The compact
profile's blocks of 64,000 bytes take 0.31 of it, and 60 microseconds.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from stackroom.common.compression import DamagedContent, packed, unpacked
from stackroom.common.documents import Page
from stackroom.common.errors import CatalogUnusable

_BLOCK_BYTES, _COMPACT_BLOCK_BYTES = 32_000, 64_000
# Levels of zstd. 15 takes 0.2 milliseconds a page, and saves a hundredth of the text against 9, which takes
# a quarter of that; 19 takes 0.6, and saves a quarter of a hundredth more.
_LEVEL, _COMPACT_LEVEL = 15, 19

_LAST = 2**63 - 1

# Characters that a reader keeps, in 500 blocks or, of the compact profile, 250: 16 MB, or 32 where some
# characters have no place in Latin-1. An answer takes passages from up to 30 blocks.
_CHARACTERS_KEPT = 16_000_000


def pack(pages: Iterable[str], *, compact: bool = False) -> Iterator[tuple[int, bytes]]:
    """Compresses the texts of a document's pages into blocks.

    Args:
        pages: texts of all pages, in order.
        compact: whether to make the larger blocks of the compact profile.

    Yields:
        Pairs (offset of the block's first character in the document's text, compressed block), in order.
    """
    level = _COMPACT_LEVEL if compact else _LEVEL
    most = _COMPACT_BLOCK_BYTES if compact else _BLOCK_BYTES
    start = characters = size = 0
    block: list[bytes] = []
    for text in pages:
        block.append(text.encode())
        size += len(block[-1])
        characters += len(text)
        if size >= most:
            yield start, packed(b"".join(block), level)
            start, size, block = characters, 0, []
    if size:
        yield start, packed(b"".join(block), level)


def unpack(content: bytes) -> str:
    """The text of a block. Raises CatalogUnusable if it is damaged."""
    try:
        return unpacked(content).decode()
    except (DamagedContent, UnicodeDecodeError) as error:
        raise CatalogUnusable(
            f"A document's text in the catalogue is damaged ({error}). Run `stackroom check --repair`."
        ) from error


Rows = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]
"""A function that runs SQL with parameters on the catalogue and returns all rows."""


class TextReader:
    """Reads parts of documents' texts. It keeps some blocks: passages found together are often neighbours.

    `document` is a document's key in all methods.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        # By the document and the block's start. A document of one key never changes.
        self._kept: OrderedDict[tuple[int, int], str] = OrderedDict()
        self._characters = 0  # of all of them

    def span(self, document: int, start: int, stop: int, block: int | None = None) -> str:
        """The characters from `start` up to `stop`, not included.

        Reads one block, the one that holds `start`; `stop` is cut at that block's end. `block` is where it
        begins, if that is known.
        """
        place = (document, self._block_start(document, start) if block is None else block)
        return self.blocks({place})[place][start - place[1] : stop - place[1]]

    def blocks(self, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
        """The texts of blocks, by document and start: those that are not kept are read together."""
        found = {place: self._kept[place] for place in places if place in self._kept}
        for place in found:
            self._kept.move_to_end(place)
        missing = [place for place in places if place not in found]
        if missing:
            rows = self._rows(
                "SELECT t.document, t.start, t.content FROM json_each(?) p CROSS JOIN texts t"
                " WHERE t.document = json_extract(p.value, '$[0]')"
                " AND t.start = json_extract(p.value, '$[1]')",
                (json.dumps(missing),),
            )
            for document, start, content in rows:
                found[document, start] = self._kept[document, start] = unpack(content)
                self._characters += len(found[document, start])
            while self._characters > _CHARACTERS_KEPT:
                self._characters -= len(self._kept.popitem(last=False)[1])
        return found

    def start(self, document: int, stop: int) -> str:
        """The characters of a document before `stop`, cut at the end of its first block."""
        rows = self._rows("SELECT content FROM texts WHERE document = ? AND start = 0", (document,))
        return unpack(rows[0][0])[:stop] if rows else ""

    def whole(self, document: int) -> str:
        """All of a document's text."""
        rows = self._rows("SELECT content FROM texts WHERE document = ? ORDER BY start", (document,))
        return "".join(unpack(row[0]) for row in rows)

    def length(self, document: int) -> int:
        """How many characters a document's text has."""
        rows = self._rows(
            "SELECT start, content FROM texts WHERE document = ? ORDER BY start DESC LIMIT 1", (document,)
        )
        return int(rows[0][0]) + len(unpack(rows[0][1])) if rows else 0

    def page_lengths(self, document: int) -> list[int]:
        """How many characters each page of a document has, in order."""
        rows = self._rows("SELECT start FROM pages WHERE document = ? ORDER BY number", (document,))
        starts = [*(row[0] for row in rows), self.length(document)]
        return [stop - start for start, stop in pairwise(starts)]

    def pages(self, document: int, first: int = 1, last: int = _LAST) -> list[Page]:
        """The pages of a document from `first` to `last`, both inclusive, in order."""
        rows = self._rows(
            "SELECT number, label, start FROM pages WHERE document = ? AND number BETWEEN ? AND ?"
            " ORDER BY number",
            (document, first, last),
        )
        if not rows:
            return []
        after = self._rows(
            "SELECT start FROM pages WHERE document = ? AND number = ?", (document, rows[-1][0] + 1)
        )
        last_stop = after[0][0] if after else _LAST
        # The blocks that hold something of these pages.
        blocks = self._rows(
            "SELECT start, content FROM texts WHERE document = ? AND start < ? AND start >= coalesce("
            "(SELECT max(start) FROM texts WHERE document = ? AND start <= ?), 0) ORDER BY start",
            (document, last_stop, document, rows[0][2]),
        )
        text = "".join(unpack(content) for _, content in blocks)
        begin = blocks[0][0] if blocks else 0
        stops = [*(row[2] for row in rows), last_stop][1:]
        return [
            Page(number, label or str(number), text[start - begin : stop - begin])
            for (number, label, start), stop in zip(rows, stops, strict=True)
        ]

    def _block_start(self, document: int, start: int) -> int:
        rows = self._rows("SELECT max(start) FROM texts WHERE document = ? AND start <= ?", (document, start))
        return int(rows[0][0])
