"""Opening a PDF with PDFium, and with a password if it asks for one."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from stackroom.common.documents import AttachmentPlace
from stackroom.page.attached_file import read_attached


def open_pdf(
    source: Path | str | bytes, passwords: Sequence[str], inside: AttachmentPlace | None = None
) -> Any:
    """Opens a PDF. The caller has to close it.

    Args:
        source: path of the file, or its bytes.
        passwords: tried in this order if it does not open without.
        inside: opens the PDF that is attached in this place instead, to which the passwords apply, too.

    Raises:
        pypdfium2.PdfiumError: it can't be opened; with the code FPDF_ERR_PASSWORD if no password fits.
        OSError: it can't be read.
        AttachmentTooLarge: the attached PDF has more bytes than are read.
    """
    if inside is not None:
        with closing(open_pdf(source, passwords)) as container:
            source = read_attached(container, inside)
    for password in (None, *passwords):
        try:
            return pypdfium2.PdfDocument(source, password)
        except pypdfium2.PdfiumError as error:
            if error.err_code != pdfium.FPDF_ERR_PASSWORD:
                raise
            failed = error
    raise failed
