"""The place of a passage on its page, as the address of a citation carries it: "120-560-9f3a01"."""

import re
from dataclasses import dataclass
from zlib import crc32

_MARK = re.compile(r"([0-9]{1,7})-([0-9]{1,7})-([0-9a-f]{6})")


@dataclass(frozen=True, slots=True)
class Mark:
    """The characters from `start` up to, not including, `stop` of a page's text.

    `check` tells whether the page still says there what was cited: an index made by another version may have
    read the page differently. It protects nothing; whoever forges it gets another part of the page marked.
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
        """What `str` made; None of anything else."""
        found = _MARK.fullmatch(text, endpos=50)
        return cls(int(found[1]), int(found[2]), found[3]) if found else None

    def __str__(self) -> str:
        return f"{self.start}-{self.stop}-{self.check}"

    def fits(self, page: str) -> bool:
        """Whether the page still has the marked passage where it was."""
        return 0 <= self.start < self.stop <= len(page) and _check(page[self.start : self.stop]) == self.check


def _check(passage: str) -> str:
    return f"{crc32(passage.encode()) & 0xFFFFFF:06x}"
