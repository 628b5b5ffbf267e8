"""Pages that were laid on the scanner askew: by how much, and drawn straight."""

import math
import random
from pathlib import Path

import pytest

from indexer.ocr.drawing import Drawing, draw_page
from indexer.ocr.skew import find_skew
from pictures import write_picture_pdf

_WIDTH, _HEIGHT = 620, 877  # A4 at 75 dots an inch


def page(degrees: float) -> bytes:
    """Lines of words, turned counterclockwise round the middle."""
    chance = random.Random(1)
    rows = [bytearray(b"\xf0" * _WIDTH) for _ in range(_HEIGHT)]
    slope = math.tan(math.radians(degrees))
    for line in range(100, 760, 18):
        for x in range(80, 540):
            y = round(line - (x - _WIDTH / 2) * slope)
            if chance.random() < 0.7:
                for row in rows[y : y + 6]:
                    row[x] = 0x20
    return b"".join(rows)


@pytest.mark.parametrize("degrees", [-5, 1.5, 3])
def test_a_turned_page_is_noticed(degrees: float) -> None:
    large = enlarged(page(degrees))
    assert find_skew(large, 4 * _WIDTH, 4 * _HEIGHT) == pytest.approx(degrees, abs=0.25)


def test_what_is_level_or_no_text_is_left_as_it_is() -> None:
    assert find_skew(enlarged(page(0)), 4 * _WIDTH, 4 * _HEIGHT) == 0
    on_its_side = b"".join(bytes(column) for column in zip(*rows(page(0)), strict=True))
    assert find_skew(enlarged(on_its_side, _HEIGHT), 4 * _HEIGHT, 4 * _WIDTH) == 0
    assert find_skew(random.Random(1).randbytes(_WIDTH * _HEIGHT), _WIDTH, _HEIGHT) == 0
    for shade in (0, 128, 255):
        assert find_skew(bytes([shade]) * 1_000_000, 1000, 1000) == 0
    assert find_skew(b"\0", 1, 1) == 0


def test_it_is_drawn_straight_and_words_are_found_where_they_were(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    write_picture_pdf(path, _WIDTH, _HEIGHT, page(3), _WIDTH)
    drawing = draw_page(path, 1, (), lambda page: True)
    assert drawing is not None
    assert drawing.turned == pytest.approx(3, abs=0.25)
    pixels = drawing.pgm[-drawing.width * drawing.height :]
    assert find_skew(pixels, drawing.width, drawing.height) == 0
    # A word at the end of a line, which rises to the right: it was higher up.
    middle_x, middle_y = drawing.width // 2, drawing.height // 2
    word = drawing.on_page(4, middle_x + 900, middle_y - 20, middle_x + 1000, middle_y + 20)
    rise = 950 * math.sin(math.radians(drawing.turned))
    assert (word.top + word.bottom) / 2 / 4095 * drawing.height == pytest.approx(middle_y - rise, abs=2)
    level = Drawing(b"", 300, 2550, 3300).on_page(4, 0, 0, 255, 2000)
    assert (level.left, level.top, level.right) == (0, 0, round(4095 / 10))


def rows(pixels: bytes, width: int = _WIDTH) -> list[bytes]:
    return [pixels[at : at + width] for at in range(0, len(pixels), width)]


def enlarged(pixels: bytes, width: int = _WIDTH) -> bytes:
    """Four times as wide and high: as drawn for OCR."""
    wide = bytearray(4 * len(pixels))
    for at in range(4):
        wide[at::4] = pixels
    return b"".join(row * 4 for row in rows(bytes(wide), 4 * width))
