"""The files inside a PDF: what they are called, and which of them may be PDFs.

Nothing is unpacked here, so an attachment that is a bomb can't take its container with it: `attached_pdf`
reads each in a process of its own.
"""

from collections.abc import Sequence
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.text.clean_text import flatten
from indexer.pdf.text.utf16 import read_utf16
from stackroom.common.documents import Attachment

# So many of a document are listed; of the others only the number is told.
MOST_ATTACHMENTS = 1000

# Annotations of a page that are looked at; a page of an index has some hundred links.
MOST_ANNOTATIONS = 5000

LONGEST_NAME = 200  # characters

_TYPES_OF_PDF = ("application/pdf", "application/x-pdf")


def attached_to_page(page: Any, at: int) -> list[Attachment]:
    """The files that are pinned to a page (as annotations).

    Args:
        page: PDFium's.
        at: its index, from 0.
    """
    found: list[Attachment] = []
    count = min(pdfium.FPDFPage_GetAnnotCount(page), MOST_ANNOTATIONS)
    for number in range(count):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        if pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_FILEATTACHMENT:
            attachment = pdfium.FPDFAnnot_GetFileAttachment(annotation)
            if attachment:
                found.append(_describe(attachment, at + 1, number))
        pdfium.FPDFPage_CloseAnnot(annotation)
    return found


def all_attached(pdf: Any, pinned: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """The files of an open document of PDFium: its own, then those that are `pinned` to its pages.

    If there are more than `MOST_ATTACHMENTS`, a last entry says how many more.
    """
    count = max(0, pdfium.FPDFDoc_GetAttachmentCount(pdf))
    handles = (
        (number, pdfium.FPDFDoc_GetAttachment(pdf, number)) for number in range(min(count, MOST_ATTACHMENTS))
    )
    own = [_describe(handle, 0, number) for number, handle in handles if handle]
    listed = (*own, *pinned)[:MOST_ATTACHMENTS]
    more = count + len(pinned) - len(listed) if count + len(pinned) > MOST_ATTACHMENTS else 0
    return (*listed, Attachment(0, MOST_ATTACHMENTS, f"[{more} more]", False)) if more else listed


def named(names: Sequence[str]) -> tuple[Attachment, ...]:
    """The files of a PDF that PDFium can't open: it can't take them out either, but they are told."""
    return tuple(_entry(0, number, name, "") for number, name in enumerate(names[:MOST_ATTACHMENTS]))


def _describe(attachment: Any, page: int, number: int) -> Attachment:
    name = read_utf16(pdfium.FPDFAttachment_GetName, attachment, most=8 * LONGEST_NAME)
    kind = read_utf16(pdfium.FPDFAttachment_GetSubtype, attachment, most=LONGEST_NAME)
    return _entry(page, number, name, kind)


def _entry(page: int, number: int, name: str, kind: str) -> Attachment:
    name = flatten(name)
    is_named_so = name.casefold().endswith(".pdf")
    may_be_pdf = is_named_so or kind.casefold() in _TYPES_OF_PDF or "." not in name
    if len(name) > LONGEST_NAME:
        name = name[: LONGEST_NAME - 5] + "…" + (".pdf" if is_named_so else "")
    return Attachment(page, number, name or "unnamed", may_be_pdf)
