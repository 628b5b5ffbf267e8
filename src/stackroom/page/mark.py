"""Where a passage stands on its page, in a form that fits an address: "120-560-9f3a01"."""

import re
from dataclasses import dataclass
from zlib import crc32

_MARK = re.compile(r"([0-9]{1,7})-([0-9]{1,7})-([0-9a-f]{6})")


@dataclass(frozen=True, slots=True)
class Mark:
    """The characters from `start` up to, not including, `stop` of a page's text.

    `check` is a checksum of them: an index made by another version may have read the page differently, and
    then nothing is marked. It protects nothing: whoever forges it gets another part of the page marked.
    """

    start: int
    stop: int
    check: str

    @classmethod
    def of(cls, page: str, start: int, stop: int) -> "Mark":
        """The mark of a passage of this page."""
        return cls(start, stop, _check(page[start:stop]))

    @classmethod
    def parse(cls, text: str) -> "Mark | None":
        """The mark that `str` made this text of; None if it is none."""
        found = _MARK.fullmatch(text, endpos=50)
        return cls(int(found[1]), int(found[2]), found[3]) if found else None

    def __str__(self) -> str:
        return f"{self.start}-{self.stop}-{self.check}"

    def fits(self, page: str) -> bool:
        """Whether this page's text has the marked passage in the same place."""
        return 0 <= self.start < self.stop <= len(page) and _check(page[self.start : self.stop]) == self.check


def _check(passage: str) -> str:
    return f"{crc32(passage.encode()) & 0xFFFFFF:06x}"
