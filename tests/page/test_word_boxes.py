"""The places of words that OCR read: kept in few bytes, and found again for a passage."""

from stackroom.page.word_boxes import WordBox, find_passage, pack, unpack

PAGE = "A harbour lies\n\nnorth of it.\n"
# As it is printed: "A har- / bour lies", below it "north of it."
WORDS = [
    WordBox(1, 100, 100, 120, 150),
    WordBox(3, 130, 100, 200, 150),
    WordBox(4, 100, 160, 200, 210),
    WordBox(4, 210, 160, 300, 210),
    WordBox(5, 100, 300, 200, 350),
    WordBox(2, 210, 300, 240, 350),
    WordBox(2, 900, 300, 940, 350),
]


def boxes(passage: str) -> list[tuple[int, int, int, int]]:
    start = PAGE.index(passage)
    found = find_passage(WORDS, PAGE, start, start + len(passage))
    return [(box.left, box.top, box.right, box.bottom) for box in found]


def test_what_is_packed_comes_back_and_is_small() -> None:
    words = tuple(WordBox(5, at % 12 * 300, at // 12 * 80, at % 12 * 300 + 250, 0) for at in range(480))
    assert unpack(pack(words)) == words
    assert len(pack(words)) < 5 * len(words)
    assert unpack(pack(())) == ()


def test_damaged_boxes_are_none() -> None:
    packed = pack(WORDS)
    assert unpack(packed[:-1]) == ()
    assert unpack(packed[:10] + bytes([packed[10] ^ 1]) + packed[11:]) == ()
    assert unpack(b"") == ()


def test_a_passage_has_both_halves_of_a_word_and_no_gaps_within_a_line() -> None:
    assert boxes("harbour lies") == [(130, 100, 200, 150), (100, 160, 200, 210), (200, 160, 300, 210)]
    assert boxes("A ") == [(100, 100, 120, 150)]
    # Columns of a table stay apart.
    assert boxes("north of it.") == [(100, 300, 200, 350), (200, 300, 240, 350), (900, 300, 940, 350)]


def test_words_of_another_text_mark_nothing() -> None:
    assert list(find_passage(WORDS, PAGE + "More.", 2, 9)) == []
    assert list(find_passage((), PAGE, 2, 9)) == []
    assert list(find_passage(WORDS, PAGE, 9, 9)) == []
