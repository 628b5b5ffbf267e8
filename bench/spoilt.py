"""Ways in which a scan is worse than the page: turned, blurred, noisy, coarse."""

import io
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pypdfium2
from PIL import Image, ImageFilter

Spoil = Callable[[Image.Image], Image.Image]
"""What becomes of a page, which is drawn in shades of grey at 300 dots an inch."""


def _turned(degrees: float) -> Spoil:
    return lambda picture: picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)


def _noisy(picture: Image.Image) -> Image.Image:
    noise = Image.effect_noise(picture.size, 60)
    return Image.blend(picture, noise, 0.3)


def _coarse(picture: Image.Image) -> Image.Image:
    """150 dots an inch, as a JPEG of low quality."""
    small = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=35)
    again = Image.open(file)
    again.load()
    return again


WAYS: dict[str, Spoil] = {
    "clean": lambda picture: picture,
    "turned by 1°": _turned(1),
    "turned by 3°": _turned(3),
    "turned by 5°": _turned(5),
    "on its side": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "upside down": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(2.5)),
    "noisy": _noisy,
    "150 dpi, JPEG": _coarse,
}


def write_scan(source: Path, number: int, spoil: Spoil, path: Path) -> Path:
    """Writes a PDF with nothing but a picture of a page: the one of `source` with this 1-based number."""
    from fpdf import FPDF

    with closing(pypdfium2.PdfDocument(source)) as pdf:
        page = pdf[number - 1]
        width, height = page.get_size()
        picture = spoil(page.render(scale=300 / 72).to_pil().convert("L"))
    if (picture.width > picture.height) != (width > height):
        width, height = height, width
    scan = FPDF(unit="pt", format=(width, height))
    scan.set_image_filter("DCTDecode" if picture.info.get("jpeg") else "FlateDecode")
    scan.add_page()
    scan.image(picture, 0, 0, width, height)
    scan.output(str(path))
    return path
