"""Keeps what OCR has read when a document is read again by a newer Stackroom: it took seconds a page."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from indexer.pdf.text.headings import find_sections
from stackroom.common.documents import Document, Page, Section
from stackroom.page.own_marks import with_marks_of, without_imitations, without_marks

# The share of a page's own words that OCR must have read on it. It mistakes one of ten on a poor scan.
_LEAST_SHARE = 0.8


def with_earlier_scans(document: Document, earlier: Mapping[int, str]) -> Document:
    """The document with the text that OCR read earlier on those of its pages that would wait for OCR.

    Args:
        document: as it was read now.
        earlier: number of each page that OCR has read, and what it read.
    """
    own = {page.number: without_marks(page.text) for page in document.pages if page.number in earlier}
    kept = {
        number: earlier[number]
        for number in document.scans
        if earlier.get(number, "").strip() and _says_all(earlier[number], own[number])
    }
    if not kept:
        return document
    pages = tuple(
        replace(page, text=with_marks_of(without_imitations(kept[page.number]), page.text))
        if page.number in kept
        else page
        for page in document.pages
    )
    return replace(
        document,
        pages=pages,
        sections=moved_sections(document, pages),
        scans=tuple(number for number in document.scans if number not in kept),
        extractor=f"{document.extractor}, OCR",
        recognised=tuple(kept),
    )


def _says_all(read: str, own: str) -> bool:
    """Whether what OCR read has the page's own text, too: it once took the place of text that is sound."""
    # Here, because few runs need it: it knows PDFium.
    from indexer.pdf.ink.scanned_pages import is_garbled

    words = own.casefold().split()
    there = set(read.casefold().split())
    return is_garbled(own) or sum(word in there for word in words) >= _LEAST_SHARE * len(words)


def moved_sections(document: Document, pages: Sequence[Page]) -> tuple[Section, ...]:
    """The document's sections, where they are in the text of its new pages."""
    if document.outline:
        return find_sections(document.outline, (), pages)
    before = list(accumulate((len(page.text) for page in document.pages), initial=0))
    after = list(accumulate((len(page.text) for page in pages), initial=0))
    moved: dict[int, str] = {}
    for section in document.sections:
        at = min(bisect_right(before, section.start), len(pages)) - 1
        start = min(after[at] + section.start - before[at], max(after[at], after[at + 1] - 1))
        moved[start] = section.heading
    return tuple(Section(start, heading) for start, heading in sorted(moved.items()))
