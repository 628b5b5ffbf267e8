"""What OCR reads on a page with text of its own is added to that, and never takes its place."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from drawn_pages import line
from fake_ocr import FakeOcr
from indexer.ocr.drawing import Drawing
from indexer.ocr.own_text import OwnText
from indexer.ocr.tesseract import ADDED, read_tsv
from make_pdfs import write_scanned_pdf
from marked_boxes import marked_boxes
from scans import FERRY, index
from stackroom.common.settings import Settings
from stackroom.page.word_boxes import WordBox, find_own_stop, find_passage, pack, unpack, without_places
from stackroom.reading.reader import Reader
from stackroom.server.room.pictures import PageToDraw, Pictures

posix = pytest.mark.skipif(os.name != "posix", reason="the program that stands in is a script")

PART = "Part Q0O-lI1-58B"


def slide(path: Path, *, part: str = PART) -> None:
    """A picture with the part's number on it as text, where the program sees its first two words."""
    # They are 24 points apart, and 12 high.
    first, second = part.split()
    stamp = line(first, 25, 712, 5) + line(second, 49, 712, 3)
    write_scanned_pdf(path, shades=[250], text=stamp)


@posix
def test_own_text_stays_and_what_it_lacks_is_added(
    folder: Path, settings: Settings, tmp_path: Path, reader: Reader
) -> None:
    slide(folder / "slide.pdf")
    ocr = FakeOcr(tmp_path / "ocr", {(250, "eng"): (91, f"Part Q00-1I1-588\n{FERRY}")})
    index(settings, folder, ocr)
    (hit,) = reader.search('"Q0O-lI1-58B"')
    assert hit.best.ocr_confidence == 91
    found = reader.page(hit.document_id, 1)
    text = found.page.text
    assert text == f"{PART}\n\n{FERRY}\n"
    assert find_own_stop(found.words, text) == len(PART)


@posix
def test_both_kinds_of_text_are_marked_in_the_picture(
    folder: Path, settings: Settings, tmp_path: Path, reader: Reader
) -> None:
    slide(folder / "slide.pdf")
    index(settings, folder, FakeOcr(tmp_path / "ocr", {(250, "eng"): (91, f"Part Q0O-lI1-58B\n{FERRY}")}))
    (hit,) = reader.search("ferry")
    found = reader.page(hit.document_id, 1)
    text = found.page.text

    def marked(start: int, stop: int) -> list[tuple[int, int, int, int]]:
        boxes = tuple(find_passage(found.words, text, start, stop))
        stop = min(stop, find_own_stop(found.words, text))
        wanted = PageToDraw(hit.document_id, 1, folder / "slide.pdf", text, start, stop, boxes)
        return marked_boxes(Pictures().picture(wanted))

    # The part's number is 122 to 132 of 842 points down, the ferry's line 144 to 156.
    (own,) = marked(0, len(PART))
    assert own[1] == pytest.approx(100 * 124 / 842, abs=1.5)
    assert own[3] < 16.5
    start = text.index(FERRY)
    (added,) = marked(start, start + len("The ferry"))
    assert (added[1], added[3]) == pytest.approx((100 * 144 / 842, 100 * 156 / 842), abs=1)
    (*_, last) = sorted(marked(0, start + len("The ferry")), key=lambda box: box[3])
    assert len(marked(0, start + len("The ferry"))) == 2
    assert last[3] == pytest.approx(added[3], abs=1)


@posix
@pytest.mark.parametrize("read", [(30, "ll | oO"), (91, "Part Q00-1I1-588"), (91, "| ~")])
def test_what_is_no_writing_or_there_already_is_not_added(
    folder: Path, settings: Settings, tmp_path: Path, reader: Reader, read: tuple[int, str]
) -> None:
    slide(folder / "slide.pdf")
    ocr = FakeOcr(tmp_path / "ocr", {(250, "eng"): read})
    index(settings, folder, ocr)
    (hit,) = reader.search("part")
    found = reader.page(hit.document_id, 1)
    assert found.page.text == f"{PART}\n"
    assert found.ocr_confidence is None
    index(settings, folder, ocr)
    assert ocr.calls() == ["250 eng"]  # and the page is not read again


def row(left: int, word: str, confidence: str = "90") -> str:
    return f"5\t1\t1\t1\t1\t1\t{left}\t10\t80\t20\t{confidence}\t{word}"


@pytest.mark.parametrize(
    ("has_text", "text"),
    [
        (None, "sea | shore\n"),
        (lambda word: word.left < 300, f"{ADDED}shore\n"),
        (lambda word: True, ""),
    ],
)
def test_words_that_are_there_are_left_out(has_text: Callable[[WordBox], bool] | None, text: str) -> None:
    table = "\n".join([row(0, "sea"), row(300, "|"), row(500, "shore")])
    assert read_tsv(table, Drawing(b"", 300, 1000, 1000), has_text).text == text


def test_a_word_is_there_if_half_of_its_letters_are() -> None:
    own = OwnText([(100 + 10 * at, 500) for at in range(8)])
    assert own.has(WordBox(8, 95, 480, 175, 520))
    assert own.has(WordBox(16, 95, 480, 255, 520))
    assert not own.has(WordBox(20, 95, 480, 295, 520))
    assert not own.has(WordBox(8, 95, 580, 175, 620))
    assert not own.has(WordBox(0, 580, 580, 600, 600))


def test_letters_without_places_come_before_those_that_ocr_saw() -> None:
    words = (*without_places(130_000), WordBox(3, 10, 20, 30, 40))
    assert [word.letters for word in words] == [60_000, 60_000, 10_000, 3]
    assert unpack(pack(words)) == words
    page = "x" * 130_000 + "\n\nsea\n"
    assert find_own_stop(words, page) == 130_000
    assert list(find_passage(words, page, 0, len(page))) == [words[-1]]
    assert list(find_passage(words, page, 0, 130_000)) == []
    assert find_own_stop((), page) == find_own_stop(words, page + "more") - 4 == len(page)
