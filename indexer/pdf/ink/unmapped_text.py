"""Tells whether a page shows letters of a font that does not say which characters they are.

PDFium then gives the font's own codes for characters, and marks them. They are not always wrong: the bitmap
fonts that old TeX made have the letters of ASCII at ASCII's codes.
"""

from collections.abc import Sequence
from ctypes import c_int, c_void_p
from itertools import compress, repeat
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import address, quick

# So many characters of a page are asked first: where a font is unmapped, most of the text is.
# If one of them is, so many are; and then all.
_SAMPLE, _LARGER_SAMPLE = 3, 400
_MOST = 20_000

# As for characters without a meaning in `scanned_pages`. Of 1,571 real pages, 27 have more unmapped ones: 22
# of Devanagari, 4 with diagrams drawn by the letters of fonts, 1 of Greek.
_MOST_UNMAPPED = 0.1

# Letters of European languages, as shares. In shifted or new codes hardly any is in lower case, or a vowel.
_LEAST_LOWER_CASE = 0.6
_VOWELS = (0.25, 0.6)

# Fewer are a list's bullets or an ornament.
_FEWEST = 12


def is_unmapped(text_page: Any) -> bool:
    """Whether so many of a page's characters are unmapped that its text can't be had.

    Args:
        text_page: PDFium's.
    """
    count = _count_characters(address(text_page))
    if count < _FEWEST:
        return False
    if not find_unmapped(text_page, range(0, count, count // _SAMPLE + 1)):
        return False
    some = range(0, min(count, _MOST), count // _LARGER_SAMPLE + 1)
    if len(find_unmapped(text_page, some)) < _MOST_UNMAPPED / 2 * len(some):
        return False
    unmapped = find_unmapped(text_page, range(min(count, _MOST)))
    if len(unmapped) < _FEWEST or len(unmapped) <= _MOST_UNMAPPED * min(count, _MOST):
        return False
    return not are_letters([pdfium.FPDFText_GetUnicode(text_page, at) for at in unmapped])


_count_characters = quick(pdfium.FPDFText_CountChars, c_int, c_void_p)
_has_map_error = quick(pdfium.FPDFText_HasUnicodeMapError, c_int, c_void_p, c_int)


def find_unmapped(text_page: Any, places: Sequence[int]) -> list[int]:
    """Those of these characters of a text page, by their numbers, that are unmapped."""
    return list(compress(places, map(_has_map_error, repeat(address(text_page)), places)))


def are_letters(codes: Sequence[int]) -> bool:
    """Whether unmapped characters are the letters that they seem to be: they look like European words.

    Args:
        codes: of the characters.
    """
    lower = [chr(code) for code in codes if ord("a") <= code <= ord("z")]
    few, many = _VOWELS
    vowels = sum(char in "aeiou" for char in lower)
    printed = sum(code != ord(" ") for code in codes)
    return len(lower) >= _LEAST_LOWER_CASE * printed and few * len(lower) <= vowels <= many * len(lower)
