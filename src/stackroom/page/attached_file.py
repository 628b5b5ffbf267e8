"""A file inside a PDF, by PDFium: finding it, and taking its bytes out. Only for processes that may crash."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from stackroom.common.documents import AttachmentPlace

# The longest attachment that is read. A bundle of scans has 150 MB; taking it out needs twice as much memory.
MOST_BYTES = 256 * 2**20


class AttachmentTooLarge(Exception):
    """The attachment has more bytes than are read."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"it has more than {most_bytes / 2**20:.3g} MiB")


def read_attached(pdf: Any, place: AttachmentPlace, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes of an attachment of an open document of PDFium.

    Args:
        pdf: the document.
        place: of the attachment in it.
        most_bytes: of the attachment.

    Raises:
        pypdfium2.PdfiumError: there is no such attachment, or its bytes can't be had.
        AttachmentTooLarge: it is too long.
    """
    with _attachment(pdf, place) as attachment:
        size = ctypes.c_ulong()
        pdfium.FPDFAttachment_GetFile(attachment, None, 0, size)
        if size.value > most_bytes:
            raise AttachmentTooLarge(most_bytes)
        buffer = ctypes.create_string_buffer(max(1, size.value))
        if not pdfium.FPDFAttachment_GetFile(attachment, buffer, size.value, size):
            raise pypdfium2.PdfiumError("The attachment has no bytes.")
        return buffer.raw[: size.value]


@contextmanager
def _attachment(pdf: Any, place: AttachmentPlace) -> Iterator[Any]:
    """PDFium's attachment, which lives as long as the block. Raises PdfiumError if there is none."""
    page_number, number = place
    if not page_number:
        attachment = pdfium.FPDFDoc_GetAttachment(pdf, number)
        if not attachment:
            raise pypdfium2.PdfiumError("There is no such attachment.")
        yield attachment
        return
    page = pdfium.FPDF_LoadPage(pdf, page_number - 1)
    annotation = pdfium.FPDFPage_GetAnnot(page, number) if page else None
    try:
        attachment = pdfium.FPDFAnnot_GetFileAttachment(annotation) if annotation else None
        if not attachment:
            raise pypdfium2.PdfiumError("There is no such attachment.")
        yield attachment
    finally:
        if annotation:
            pdfium.FPDFPage_CloseAnnot(annotation)
        if page:
            pdfium.FPDF_ClosePage(page)
