"""Reads one page with PDFium: its lines, and whether only OCR can tell its text."""

import ctypes
import math
import re
from dataclasses import dataclass, field, replace
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.accents import find_accents, write_accents
from indexer.pdf.annotations import Annotation, read_annotations
from indexer.pdf.attachments import attached_to_page
from indexer.pdf.clean_text import clean_characters
from indexer.pdf.glyph_lines import NOT_MENDED, mend_lines
from indexer.pdf.hidden_text import hide_text, may_be_tiny, may_hide_text
from indexer.pdf.layers import Layers
from indexer.pdf.old_codes import find_codes
from indexer.pdf.page_lines import HYPHENATED, Line
from indexer.pdf.page_objects import glance
from indexer.pdf.raised_marks import BESIDE, OVERLAP, Marks, is_beside
from indexer.pdf.raw_reading import MAX_PAGE_CHARACTERS, PageTooLong
from indexer.pdf.scanned_pages import needs_ocr
from indexer.pdf.spaced_letters import close_spacing, is_spaced
from indexer.pdf.tables import Piece, join_pieces, with_tables
from indexer.pdf.unspaced_lines import close_gaps, is_european
from indexer.pdf.visible_box import VisibleBox, cut_line, find_visible_box
from stackroom.common.documents import Attachment

# Codes of fonts that say nothing of their characters, accents, signs of Latin-1, and Symbol.
_ODD = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\xbfÿˆˇ˘-˝\uf020-\uf0ff]")

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
    """

    lines: list[Line] | None
    is_scan: bool = False
    attachments: list[Attachment] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)


def read_page(pdf: Any, at: int, layers: Layers) -> PageReading:
    """Reads the page at index `at` (from 0) of an open document of PDFium, which may have these layers."""
    # The plain functions: pypdfium2's page objects with their finalizers cost as much as our own work.
    page = pdfium.FPDF_LoadPage(pdf, at)
    if not page:
        return PageReading(None)
    try:
        reading = read_open_page(page, at, layers)
        attachments = attached_to_page(page, at)  # first: what is read next may change the page
        return replace(reading, attachments=attachments, annotations=read_annotations(pdf, page, at))
    finally:
        pdfium.FPDF_ClosePage(page)


def read_open_page(page: Any, at: int, layers: Layers) -> PageReading:
    """Reads an open page of PDFium, and turns off what is not seen of its text.

    Args:
        page: the page.
        at: its index, from 0.
        layers: of its document.
    """
    look = glance(page, closely=at < _CLOSELY or layers.is_suspect)
    text_page = pdfium.FPDFText_LoadPage(page)
    if not text_page:
        return PageReading(None)
    try:
        visible = find_visible_box(page)
        lines, pieces = _read_lines(page, text_page, at, visible)
        is_low = may_be_tiny(lines)
        if (is_low or may_hide_text(look, text_page, layers)) and hide_text(page, layers, is_low=is_low):
            layers.is_suspect = True
            pdfium.FPDFText_ClosePage(text_page)
            text_page = pdfium.FPDFText_LoadPage(page)
            lines, pieces = _read_lines(page, text_page, at, visible)
        if needs_ocr(page, text_page, lines, look):
            return PageReading(lines, is_scan=True)  # OCR has to know where each line is
        return PageReading(with_tables(page, text_page, lines, pieces))
    finally:
        pdfium.FPDFText_ClosePage(text_page)


def _read_lines(page: Any, text_page: Any, at: int, visible: VisibleBox) -> tuple[list[Line], list[Piece]]:
    """The lines of a page, and what PDFium has of each."""
    count = pdfium.FPDFText_CountChars(text_page)
    if count > MAX_PAGE_CHARACTERS:
        raise PageTooLong(at + 1)
    if count <= 0:
        return [], []
    # The text can be a little longer than the list of characters it is made from.
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    written = max(0, pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1)
    text = bytes(memoryview(buffer)[:written]).decode("utf-16-le", "surrogatepass")
    one_to_one = written == count  # else PDFium has to be asked which character is where
    same_units = len(text) == written  # else characters beyond U+FFFF count twice for PDFium
    plain = text.replace("\r\n", "")
    is_clean = clean_characters(plain) == plain
    european = is_european(text)
    mended = {} if european else mend_lines(page, text_page, text, one_to_one=one_to_one)
    is_odd = _ODD.search(text) is not None or text.count("\r") > text.count("\r\n")
    codes = find_codes(text_page, text) if is_odd else None
    box = pdfium.FS_RECTF()
    into = ctypes.byref(box)
    measure = pdfium.FPDFText_GetLooseCharBox
    accents: dict[int, str] = {}
    if one_to_one and same_units and (is_odd or "`" in text):
        short = {code: char for code, char in codes.items() if len(char) == 1} if codes else {}
        accents = find_accents(text_page, text.translate(short) if short else text)
    marks = Marks(text_page, text, one_to_one=one_to_one, same_units=same_units)
    right, end = math.inf, 0.0  # where the line before ends, and the height of its last box
    west, south, east, north = visible.sides
    lines: list[Line] = []
    pieces: list[Piece] = []
    start = 0
    for raw in text.replace(HYPHENATED, HYPHENATED + "\r\n").split("\r\n"):
        marks.skip(start)
        is_hyphenated = raw[-1:] == HYPHENATED
        units = len(raw) if same_units else len(raw.encode("utf-16-le", "surrogatepass")) // 2
        mended_line = mended.get(start, NOT_MENDED)
        if raw and not raw.isspace() and mended_line:
            first, last = start, start + units - (2 if is_hyphenated and units > 1 else 1)
            if raw[0].isspace() or raw[-1].isspace():
                first += len(raw) - len(raw.lstrip())
                last -= len(raw) - len(raw.rstrip())
            if not one_to_one:
                first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, first)
                last = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, last)
            piece = start, raw
            is_as_read = mended_line is NOT_MENDED  # so that its characters are where PDFium has them
            if mended_line is not NOT_MENDED:
                raw, first, last = mended_line
            measure(text_page, first, into)
            left, bottom, height = box.left, box.bottom, box.top - box.bottom
            measure(text_page, last, into)
            if not (
                west <= left <= east
                and south <= bottom <= north
                and west <= box.left <= east
                and south <= box.bottom <= north
            ):
                shown = cut_line(text_page, raw, start, visible, one_to_one=one_to_one)
                if shown is None:  # the line is not on the page
                    start += units + (0 if is_hyphenated else 2)
                    continue
                is_as_read = False
                raw, first, last = shown
                piece = start, ""
                measure(text_page, first, into)
                left, bottom, height = box.left, box.bottom, box.top - box.bottom
                measure(text_page, last, into)
            end_before, end = end, box.top - box.bottom
            is_resized = not 0.95 * height < end_before < 1.05 * height
            lower = bottom if height >= end else box.bottom
            height = max(height, end)
            place = start + len(raw) - len(raw.lstrip()) if raw[0].isspace() else start
            length, stop = len(raw), start + units
            if is_as_read:
                if marks.next < stop:
                    raw = marks.write(raw, start, stop, lower, height)
                if one_to_one and same_units and is_spaced(raw) and len(raw) == length:
                    raw = close_spacing(text_page, raw, start)
                if accents and len(raw) == length and not accents.keys().isdisjoint(range(start, stop)):
                    raw = write_accents(raw, start, accents)
            gap, right = left - right, box.right
            if at == 0:
                height = max(_read_size(text_page, first), _read_size(text_page, last))
            if not 0 <= height < 1e5:  # also "not a number", which a hostile file can bring about
                height = 0.0
            line = raw if codes is None else raw.translate(codes)
            line = line if is_clean else clean_characters(line)
            before = lines[-1] if lines else None
            is_near = is_as_read and is_resized and -OVERLAP * height < gap < BESIDE * height
            if is_near and before and is_beside(before, bottom, height):
                whole = marks.go_on(before.text, line, place, gap, height)
                if whole is not None:
                    left, bottom, height = before.start_x, before.start_y, max(before.height, height)
                    line = whole
                    lines.pop()
                    piece = join_pieces(pieces.pop(), piece)
                    before = lines[-1] if lines else None
            if before and before.text[-1:] == HYPHENATED and abs(before.end_y - bottom) < 0.3 * height:
                # No hyphen, but a character without a meaning: the line goes on beside it.
                left, bottom, height = before.start_x, before.start_y, max(before.height, height)
                line = before.text[:-1] + line
                lines.pop()
                piece = join_pieces(pieces.pop(), piece)
            if not line.strip():
                start += units + (0 if is_hyphenated else 2)
                continue  # the accents of another line
            lines.append(Line(line, left, bottom, box.left, box.bottom, height))
            pieces.append(piece)
        start += units + (0 if is_hyphenated else 2)
    return (lines if european else close_gaps(lines)), (pieces if one_to_one else [])


def _read_size(text_page: Any, char: int) -> float:
    """The font size in points, as printed. A title stands out by it; the height of a box depends on the font,
    too.
    """
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text_page, char, matrix)
    scale = (matrix.c**2 + matrix.d**2) ** 0.5
    size: float = pdfium.FPDFText_GetFontSize(text_page, char)
    return round(float(size * scale), 1)
