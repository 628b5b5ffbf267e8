"""Many characters of a page are measured at once, also such as are not there."""

from contextlib import closing
from pathlib import Path

import pypdfium2
import pytest

from indexer.pdf.letters.char_boxes import InkRuler, measure_bottoms, measure_boxes
from make_pdfs import write_text_objects


def test_boxes_and_ink(tmp_path: Path) -> None:
    path = write_text_objects(tmp_path / "a.pdf", [b"BT /F 12 Tf 72 700 Td (Hg) Tj ET"])
    with closing(pypdfium2.PdfDocument(path)) as pdf:
        page = pdf[0]
        own = page.get_textpage()  # it is closed with this
        text_page = own.raw
        boxes = measure_boxes(text_page, [0, 1, 7])
        first, second, none = boxes[:4], boxes[4:8], boxes[8:]
        assert first[0] == pytest.approx(72, abs=1)
        assert first[2] == pytest.approx(second[0], abs=1)
        assert none == second
        assert measure_boxes(text_page, []) == []
        letter, hanging = measure_bottoms(text_page, [0, 1], 2)
        assert letter == pytest.approx(700, abs=0.5)
        assert hanging < 699
        assert measure_bottoms(text_page, [], 0) == []
        assert InkRuler(text_page).measure(1)[2] == hanging
