"""The text of a page as PDFium gives it, and what tells which repairs it may need."""

import ctypes
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.letters.char_boxes import bare, pointer
from indexer.pdf.raw_reading import MAX_PAGE_CHARACTERS, PageTooLong
from indexer.pdf.text.clean_text import find_unclean
from indexer.pdf.text.page_lines import HYPHENATED

_get_text = bare(pdfium.FPDFText_GetText)

_USUAL = bytes(range(0x20, 0x7F))


@dataclass(frozen=True)
class PageText:
    """What PDFium gives of a page.

    Attributes:
        text: of it, with CRLF line ends.
        one_to_one: whether each place in it, in UTF-16 units, is PDFium's number of the character as well.
        same_units: whether each of its characters is one UTF-16 unit.
    """

    text: str
    one_to_one: bool
    same_units: bool

    @cached_property
    def lines(self) -> list[str]:
        """It, without line ends; a line also ends after HYPHENATED."""
        return self.text.replace(HYPHENATED, HYPHENATED + "\r\n").split("\r\n")

    @cached_property
    def odd(self) -> str:
        """Its characters that are not printed ones of ASCII, nor line ends: a few of a hundred in English.

        To look for one of them here is quicker than in all of the text.
        """
        everything = "".join(self.lines).encode("utf-8", "surrogatepass")
        return everything.translate(None, _USUAL).decode("utf-8", "surrogatepass")

    @cached_property
    def is_composed(self) -> bool:
        """Whether it is in the composed form, NFC."""
        return unicodedata.is_normalized("NFC", self.text)

    @cached_property
    def unclean(self) -> frozenset[str]:
        """Its characters that `clean_characters` may replace."""
        return frozenset(find_unclean(self.odd))


def read_text(text_page: Any, at: int) -> PageText | None:
    """The text of a page of PDFium, which has the index `at` in its document; None if it has none.

    Raises:
        PageTooLong: it has too much.
    """
    count = pdfium.FPDFText_CountChars(text_page)
    if count > MAX_PAGE_CHARACTERS:
        raise PageTooLong(at + 1)
    if count <= 0:
        return None
    # The text can be a little longer than the list of characters it is made from.
    buffer = bytearray(4 * count + 4)
    into = ctypes.byref(ctypes.c_char.from_buffer(buffer))
    written = max(0, _get_text(pointer(text_page), 0, count, into) - 1)
    text = buffer[: 2 * written].decode("utf-16-le", "surrogatepass")
    return PageText(text, one_to_one=written == count, same_units=len(text) == written)
