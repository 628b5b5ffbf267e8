"""Tells what a document has that could not be read, so that nothing is missing without a word. Pages that
wait for OCR are told apart from it: see `scanned_pages`.
"""

import re
from collections.abc import Iterator, Sequence

import pypdfium2.raw as pdfium

from indexer.pdf.ink.scanned_pages import may_have_unknown
from indexer.pdf.raw_reading import Reading
from stackroom.common.documents import Page, Unread
from stackroom.page.own_marks import without_marks

# Characters without a meaning: the private area, where fonts put what has no code, and what PDFium and others
# put for what they do not know. One alone is a bullet or a logo; inside a word, or several, it stands for
# letters that a reader sees.
_UNKNOWN = "\ue000-\uf8ff\ufffd\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_IN_WORD = re.compile(  # the characters first: so the search is fast
    rf"[{_UNKNOWN}](?:(?<=[^\W\d_].)[{_UNKNOWN}]*(?=[^\W\d_])|[{_UNKNOWN}]{{2,}})"
)
_FEWEST_GARBLED = 5  # such places on a page


def find_unread(reading: Reading, pages: Sequence[Page], characters: str) -> tuple[Unread, ...]:
    """What could not be read, in order of the pages; what belongs to none comes first.

    Args:
        reading: of the PDF library.
        pages: with their repaired texts.
        characters: all that occur in them, at least once.
    """
    found = dict.fromkeys(reading.unread)
    may_be_garbled = may_have_unknown(characters)
    found |= dict.fromkeys(_of_pages(reading, pages, may_be_garbled=may_be_garbled))
    has_fields = any(one.kind == "form field" for marks in reading.annotations.values() for one in marks)
    if has_fields:  # a form that has its fields in both ways is read by the other one
        found.pop(Unread(0, "form"), None)
    return tuple(sorted(found, key=lambda one: (one.page, one.kind)))


def _of_pages(reading: Reading, pages: Sequence[Page], *, may_be_garbled: bool) -> Iterator[Unread]:
    for at, page in enumerate(pages):
        if reading.pages[at] is None:
            yield Unread(page.number, "page")
        elif may_be_garbled and at not in reading.scans and is_partly_garbled(page.text):
            yield Unread(page.number, "garbled")


def is_partly_garbled(text: str) -> bool:
    """Whether letters of a page are missing, because its fonts do not say which they are."""
    if text.isascii() or not may_have_unknown(text):
        return False
    return len(_IN_WORD.findall(without_marks(text))) >= _FEWEST_GARBLED


def unread_of_file(pdf: object) -> tuple[Unread, ...]:
    """What an open document of PDFium has beside its pages: a form that is not shown."""
    if pdfium.FPDF_GetFormType(pdf) in (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND):
        return (Unread(0, "form"),)
    return ()
