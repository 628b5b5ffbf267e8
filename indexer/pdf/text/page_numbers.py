"""Tells whether a number that counts the pages is the page's own, or that of what is printed on it; pure."""

import re
from dataclasses import dataclass

# Nothing but a number between two of these.
_STYLED = re.compile(r"[-–—·•|\[(~]\s*\d+\s*[-–—·•|\])~]")  # nothing but a number between two of them

# What is printed before a page's number, and before other numbers.
_PAGE_WORD = re.compile(
    r"(?:\b(?:pages?|pp?|pg|seite|s|página|pagina|pág|pag|p\.?\s?a\.?\s?g|strona|str|strana|stránka|sida|sivu|side"
    r"|oldal|bladzijde|blz|sayfa|страница|стр|с|σελίδα|σελ)\b|第|頁|页|쪽|페이지)[.:\s]*\Z"
)
_SERIAL_WORD = re.compile(
    r"(?:\b(?:no|nos|nr|num|nº|n°|number|nummer|numéro|número|numero|lot|los|lotto|lote|invoice|rechnung|facture"
    r"|factura|fattura|certificate|certificat|certificado|zertifikat|urkunde|serial|ticket|order|item|case|batch"
    r"|sample|specimen|exhibit|ref|id|номер)\b[.:\s]*|[№#]\s*)\Z"
)
_IN_CODE = re.compile(r"[^\W\d_][-_/]?\Z")  # INV-48121


def is_styled_number(line: str) -> bool:
    """Whether a line is a number as only page numbers are printed: - 8 -."""
    return bool(_STYLED.fullmatch(line))


@dataclass(frozen=True, slots=True)
class PageNumber:
    """What a page's number can be.

    Attributes:
        place: of the page in the document, from 1.
        total: how many pages there are.
        label: the numbers in the page's label.
    """

    place: int
    total: int
    label: tuple[int, ...] = ()

    def may_be(self, line: str, span: tuple[int, int], value: int) -> bool:
        """Whether a number in a line can be that of the page, if it counts the pages.

        Covers and front matter come before page 1, so a page's number is mostly smaller than its place. It is
        greater where the first pages are missing; then it stands at an end of the line. What is much greater
        is the number of something else.

        Args:
            line: in lower case.
            span: where the number stands in it.
            value: of the number.
        """
        start, stop = span
        before = line[:start]
        if _PAGE_WORD.search(before):
            return True
        if _SERIAL_WORD.search(before):
            return False
        if value in self.label:
            return True
        if _IN_CODE.search(before):
            return False
        if value <= self.place or not line[start:stop].isdecimal():
            return True
        if stop - start == len(line):
            return value - self.place <= self.total
        is_at_end = start == 0 or stop == len(line)
        return is_at_end and value - self.place <= max(2, self.total // 4)
