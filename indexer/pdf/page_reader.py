"""Reads one page with PDFium: its lines, and whether only OCR can tell its text."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.annotations.read_annotations import Annotation, has_only_links, read_annotations
from indexer.pdf.attachments import attached_to_page
from indexer.pdf.ink.bars import find_bars
from indexer.pdf.ink.hidden_text import hide_text, may_be_tiny, may_hide_text
from indexer.pdf.ink.layers import Layers
from indexer.pdf.ink.page_objects import Box, Glance, glance
from indexer.pdf.ink.scanned_pages import needs_ocr
from indexer.pdf.ink.visible_box import find_visible_box
from indexer.pdf.lines.line_reader import read_lines
from indexer.pdf.lines.printed_lines import mend_printed
from indexer.pdf.lines.turned_page import find_turn, turn_page
from indexer.pdf.tables.page_tables import with_tables
from indexer.pdf.text.page_lines import Line
from indexer.pdf.text.repair import Repairs
from stackroom.common.documents import Attachment

# So many of a document's first pages are looked at closely for text that is not seen. Of a page with hundreds
# of objects this takes a tenth of the time of reading it.
_CLOSELY = 2


@dataclass(frozen=True, slots=True)
class PageReading:
    """What PDFium read of a page, unrepaired.

    Attributes:
        lines: in reading order; None if PDFium cannot load the page.
        is_scan: whether the page needs OCR.
        attachments: the files that are pinned to the page.
        annotations: what its annotations show, from top to bottom.
        is_unrepaired: whether something of it failed for an error of ours.
    """

    lines: list[Line] | None
    is_scan: bool = False
    attachments: list[Attachment] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    is_unrepaired: bool = False


def read_page(pdf: Any, at: int, layers: Layers) -> PageReading:
    """Reads the page at index `at` (from 0) of an open document of PDFium, which may have these layers."""
    # The plain functions: pypdfium2's page objects with their finalizers cost as much as our own work.
    page = pdfium.FPDF_LoadPage(pdf, at)
    if not page:
        return PageReading(None)
    try:
        page, text_page = _stand_upright(pdf, page, at)
        reading = read_open_page(page, at, layers, text_page)
        if has_only_links(page):
            return reading
        attachments = attached_to_page(page, at)  # first: what is read next may change the page
        repairs = Repairs()
        annotations: list[Annotation] = repairs([], read_annotations, pdf, page, at)
        is_unrepaired = reading.is_unrepaired or repairs.failed
        return replace(reading, attachments=attachments, annotations=annotations, is_unrepaired=is_unrepaired)
    finally:
        pdfium.FPDF_ClosePage(page)


def _stand_upright(pdf: Any, page: Any, at: int) -> tuple[Any, Any]:
    """The page and its text, which may be None; loaded again if they had to be turned."""
    text_page = pdfium.FPDFText_LoadPage(page)
    turn = find_turn(page, text_page) if text_page else None
    if turn is None:
        return page, text_page
    pdfium.FPDFText_ClosePage(text_page)
    turn_page(page, turn)
    if turn and (loaded := pdfium.FPDF_LoadPage(pdf, at)):
        pdfium.FPDF_ClosePage(page)
        page = loaded
    return page, pdfium.FPDFText_LoadPage(page)


def read_open_page(page: Any, at: int, layers: Layers, text_page: Any = None) -> PageReading:
    """Reads an open page of PDFium, and turns off what is not seen of its text.

    Args:
        page: the page.
        at: its index, from 0.
        layers: of its document.
        text_page: its text, which is closed; None to have it loaded here.
    """
    look = glance(page, closely=at < _CLOSELY or layers.is_suspect)
    text_page = text_page or pdfium.FPDFText_LoadPage(page)
    if not text_page:
        return PageReading(None)
    try:
        visible = find_visible_box(page)
        lines, pieces = read_lines(page, text_page, at, visible)
        repairs = Repairs()
        is_hidden = repairs(False, _hide, page, text_page, lines, look, layers)
        bars: list[Box] = repairs([], find_bars, page, look)
        if is_hidden or bars:
            layers.is_suspect = True
            visible = visible._replace(bars=tuple(bars))
            pdfium.FPDFText_ClosePage(text_page)
            text_page = pdfium.FPDFText_LoadPage(page)
            lines, pieces = read_lines(page, text_page, at, visible)
        if repairs(False, needs_ocr, page, text_page, lines, look):  # OCR has to know where each line is
            return PageReading(lines, is_scan=True, is_unrepaired=repairs.failed)
        lines = repairs(lines, with_tables, page, text_page, lines, pieces, look)
        lines = repairs(lines, mend_printed, text_page, lines, at)
        return PageReading(lines, is_unrepaired=repairs.failed)
    finally:
        pdfium.FPDFText_ClosePage(text_page)


def _hide(page: Any, text_page: Any, lines: Sequence[Line], look: Glance, layers: Layers) -> bool:
    """Turns off what is not seen of a page's text. Returns whether there was any."""
    is_low = may_be_tiny(lines)
    if not is_low and not may_hide_text(look, text_page, layers):
        return False
    return hide_text(page, layers, is_low=is_low) > 0
