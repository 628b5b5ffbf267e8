"""Opening a PDF with PDFium, and with a password if it asks for one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium


def open_pdf(path: Path | str, passwords: Sequence[str]) -> Any:
    """Opens a PDF. The caller has to close it.

    Args:
        path: of the file.
        passwords: tried in this order if it does not open without.

    Raises:
        pypdfium2.PdfiumError: it can't be opened; with the code FPDF_ERR_PASSWORD if no password fits.
        OSError: it can't be read.
    """
    for password in (None, *passwords):
        try:
            return pypdfium2.PdfDocument(path, password)
        except pypdfium2.PdfiumError as error:
            if error.err_code != pdfium.FPDF_ERR_PASSWORD:
                raise
            failed = error
    raise failed
