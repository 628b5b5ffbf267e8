"""Reads one page with PDFium: its lines, and whether only OCR can tell its text."""

import ctypes
import math
import re
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.accents import find_accents, write_accents
from indexer.pdf.clean_text import clean_characters
from indexer.pdf.old_codes import find_codes
from indexer.pdf.page_lines import HYPHENATED, Line
from indexer.pdf.raised_marks import BESIDE, OVERLAP, Marks, is_beside
from indexer.pdf.raw_reading import MAX_PAGE_CHARACTERS, PageTooLong
from indexer.pdf.scanned_pages import needs_ocr
from indexer.pdf.spaced_letters import close_spacing, is_spaced

# Codes of fonts that say nothing of their characters, accents, signs of Latin-1, and Symbol.
_ODD = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\xbfÿˆˇ˘-˝\uf020-\uf0ff]")


@dataclass(frozen=True, slots=True)
class PageReading:
    """What PDFium read of a page, unrepaired.

    Attributes:
        lines: in reading order; None if PDFium cannot load the page.
        is_scan: whether the page needs OCR.
    """

    lines: list[Line] | None
    is_scan: bool = False


def read_page(pdf: Any, at: int) -> PageReading:
    """Reads the page at index `at` (from 0) of an open document of PDFium."""
    # The plain functions: pypdfium2's page objects with their finalizers cost as much as our own work.
    page = pdfium.FPDF_LoadPage(pdf, at)
    if not page:
        return PageReading(None)
    try:
        lines = read_lines(page, at)
        return PageReading(lines, lines is not None and needs_ocr(page, lines))
    finally:
        pdfium.FPDF_ClosePage(page)


def read_lines(page: Any, at: int) -> list[Line] | None:
    """The lines of an open page of PDFium; None if PDFium can't load its text.

    Args:
        page: the page.
        at: its index, from 0.
    """
    text_page = pdfium.FPDFText_LoadPage(page)
    if not text_page:
        return None
    try:
        return _read_lines(text_page, at)
    finally:
        pdfium.FPDFText_ClosePage(text_page)


def _read_lines(text_page: Any, at: int) -> list[Line]:
    count = pdfium.FPDFText_CountChars(text_page)
    if count > MAX_PAGE_CHARACTERS:
        raise PageTooLong(at + 1)
    if count <= 0:
        return []
    # The text can be a little longer than the list of characters it is made from.
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    written = max(0, pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1)
    text = bytes(memoryview(buffer)[:written]).decode("utf-16-le", "surrogatepass")
    one_to_one = written == count  # else PDFium has to be asked which character is where
    same_units = len(text) == written  # else characters beyond U+FFFF count twice for PDFium
    plain = text.replace("\r\n", "")
    is_clean = clean_characters(plain) == plain
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
    lines: list[Line] = []
    start = 0
    for raw in text.replace(HYPHENATED, HYPHENATED + "\r\n").split("\r\n"):
        is_hyphenated = raw[-1:] == HYPHENATED
        units = len(raw) if same_units else len(raw.encode("utf-16-le", "surrogatepass")) // 2
        if raw and not raw.isspace():
            first, last = start, start + units - (2 if is_hyphenated and units > 1 else 1)
            if raw[0].isspace() or raw[-1].isspace():
                first += len(raw) - len(raw.lstrip())
                last -= len(raw) - len(raw.rstrip())
            if not one_to_one:
                first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, first)
                last = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, last)
            measure(text_page, first, into)
            left, bottom, height = box.left, box.bottom, box.top - box.bottom
            measure(text_page, last, into)
            end_before, end = end, box.top - box.bottom
            is_resized = not 0.95 * height < end_before < 1.05 * height
            lower = bottom if height >= end else box.bottom
            height = max(height, end)
            place = start + len(raw) - len(raw.lstrip()) if raw[0].isspace() else start
            length = len(raw)
            if marks.next < (stop := start + units):
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
            is_near = is_resized and -OVERLAP * height < gap < BESIDE * height
            if is_near and before and is_beside(before, bottom, height):
                whole = marks.go_on(before.text, line, place, gap, height)
                if whole is not None:
                    left, bottom, height = before.start_x, before.start_y, max(before.height, height)
                    line = whole
                    lines.pop()
                    before = lines[-1] if lines else None
            if before and before.text[-1:] == HYPHENATED and abs(before.end_y - bottom) < 0.3 * height:
                # No hyphen, but a character without a meaning: the line goes on beside it.
                left, bottom, height = before.start_x, before.start_y, max(before.height, height)
                line = before.text[:-1] + line
                lines.pop()
            if not line.strip():
                start += units + (0 if is_hyphenated else 2)
                continue  # the accents of another line
            lines.append(Line(line, left, bottom, box.left, box.bottom, height))
        start += units + (0 if is_hyphenated else 2)
    return lines


def _read_size(text_page: Any, char: int) -> float:
    """The font size in points, as printed. A title stands out by it; the height of a box depends on the font,
    too.
    """
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text_page, char, matrix)
    scale = (matrix.c**2 + matrix.d**2) ** 0.5
    size: float = pdfium.FPDFText_GetFontSize(text_page, char)
    return round(float(size * scale), 1)
