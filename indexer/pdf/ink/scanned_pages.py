"""Tells which pages show text that only OCR can read."""

import re
from collections.abc import Sequence
from typing import Any

from indexer.pdf.ink.page_objects import Glance
from indexer.pdf.ink.unmapped_text import is_unmapped
from indexer.pdf.ink.unread_ink import has_unread_ink
from indexer.pdf.text.page_lines import Line
from stackroom.common.characters.scripts import UNSPACED

# With fewer characters nothing can be said of how long words are.
_FEWEST_CHARACTERS = 100

# Of 8,422 real pages, this rule finds 8 garbled ones: their fonts do not say which characters they draw.
_MOST_UNKNOWN = 0.1
_LONGEST_MEAN_WORD = 14
_UNKNOWN = re.compile("[\ue000-\uf8ff\ufffd\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
# The bytes of UTF-8 but for those with which one of these begins.
_KNOWN = bytes({*range(256)} - {0xEE, 0xEF, 0xF3, 0xF4})
_WORD = re.compile(r"[^\W\d_]+")
_IN_UNSPACED = re.compile(f"[{UNSPACED}]")


def needs_ocr(page: Any, text_page: Any, lines: Sequence[Line], look: Glance) -> bool:
    """Whether there is writing on a page that only OCR can read.

    Args:
        page: an open page of PDFium.
        text_page: its text.
        lines: what was read of that.
        look: at the page's objects.
    """
    text = " ".join([line.text for line in lines])
    characters = _count_characters(text)
    if (characters >= _FEWEST_CHARACTERS and _is_garbled(text, characters)) or is_unmapped(text_page):
        return True
    return has_unread_ink(page, text_page, lines, characters, look)


def is_garbled(text: str) -> bool:
    """Whether a page's text is not what is printed: characters without a meaning, or words that
    are too long.
    """
    return _is_garbled(text, _count_characters(text))


def _count_characters(text: str) -> int:
    """How many there are without blanks, of which a cleaned text has but these two."""
    return len(text) - text.count(" ") - text.count("\u3000")


def _is_garbled(text: str, characters: int) -> bool:
    """As `is_garbled`, of a text with so many characters."""
    if not characters:
        return False
    if not text.isascii() and _count_unknown(text) > _MOST_UNKNOWN * characters:
        return True
    # A text has at least as many words as single blanks. To count these is quicker than to part the words.
    singles = text.count(" ") - 2 * text.count("  ")
    if characters <= _LONGEST_MEAN_WORD * singles or characters <= _LONGEST_MEAN_WORD * len(text.split()):
        return False
    if _IN_UNSPACED.search(text):
        return False
    # Addresses and lines of dots are long as well, and made of short words.
    words = _WORD.findall(text)
    return sum(map(len, words)) > _LONGEST_MEAN_WORD * len(words)


def _count_unknown(text: str) -> int:
    """How many characters have no meaning."""
    return len(_UNKNOWN.findall(text)) if may_have_unknown(text) else 0


def may_have_unknown(text: str) -> bool:
    """Whether there may be characters without a meaning: most pages have none. Quicker than a search."""
    return bool(text.encode("utf-8", "surrogatepass").translate(None, _KNOWN))
