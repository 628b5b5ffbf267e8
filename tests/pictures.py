"""PDFs that are pictures of given pixels."""

from pathlib import Path


def write_picture_pdf(path: Path, width: int, height: int, pixels: bytes, stride: int) -> None:
    from fpdf import FPDF
    from PIL import Image

    image = Image.frombytes("L", (width, height), pixels, "raw", "L", stride)
    pdf = FPDF(unit="pt", format="A4")
    pdf.add_page()
    pdf.image(image, 0, 0, 595, 842)
    pdf.output(str(path))
