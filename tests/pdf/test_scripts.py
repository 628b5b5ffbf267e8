"""Tests of reading text in many scripts from PDFs, with every glyph placed as a producer places it."""

from collections.abc import Sequence
from pathlib import Path

from drawn_pages import write_page, write_stream
from indexer.pdf.pdfium import extract
from make_pdfs import write_text_objects
from stackroom.common.documents import Document

WIDTH = 7.0  # points between two glyphs
# Codes of letters of Helvetica: first those that are about as wide.
_WIDE_FIRST = b"ABCDEHKNPRSUVXYFGOQTZLMWabcdeghnopqu"


def text_of(path: Path) -> str:
    """The text of the only page."""
    return read(path).pages[0].text


def read(path: Path) -> Document:
    """The document."""
    return extract(path, "0" * 24, on_page=lambda done, total: None)


def write_glyphs(
    path: Path, glyphs: Sequence[str], *, one_by_one: bool = False, replace: Sequence[int] = ()
) -> Path:
    """A line of glyphs from left to right, each of which stands for a text.

    Args:
        path: where to write.
        glyphs: what each stands for.
        one_by_one: whether each is drawn on its own, as Chromium does.
        replace: which of them have their text as /ActualText; the font says of these that they are squares.
    """
    kinds = list(dict.fromkeys(glyphs))
    codes = dict(zip(kinds, _WIDE_FIRST, strict=False))
    names = {codes[text]: text for text in kinds if text != " "} | {0x20: " "}
    for at in replace:
        names[codes[glyphs[at]]] = "\u25a1"
    codes[" "] = 0x20
    parts = []
    for at, text in enumerate(glyphs):
        shown = b"1 0 0 1 %.2f 700 Tm <%02X> Tj" % (72 + WIDTH * at, codes[text])
        if at in replace:
            shown = b"/Span << /ActualText <FEFF%s> >> BDC %s EMC" % (
                text.encode("utf-16-be").hex().encode(),
                shown,
            )
        parts.append(shown)
    if one_by_one or replace:
        content = b"BT /F 10 Tf %s ET" % b" ".join(parts)
    else:
        content = b"BT /F 10 Tf 72 700 Td <%s> Tj ET" % bytes(codes[text] for text in glyphs).hex().encode()
    return write_text_objects(path, [content], to_unicode=names)


def test_a_code_in_a_hebrew_line_stays_in_order(tmp_path: Path) -> None:
    path = write_glyphs(tmp_path / "he.pdf", [*"םוקמב ןאכ Model X200 ןושארה אוה"])

    assert text_of(path) == "הוא הראשון Model X200 כאן במקום\n"


def test_brackets_of_a_right_to_left_line_are_read_as_they_are_meant(tmp_path: Path) -> None:
    # The font names the glyph after the character it is drawn for: the one at the right is "(".
    path = write_glyphs(tmp_path / "he.pdf", [*")2 קלח( תרבוח"])

    assert text_of(path) == "חוברת (חלק 2)\n"


def test_a_ligature_that_stands_for_lam_and_alef_is_read_in_this_order(tmp_path: Path) -> None:
    path = write_glyphs(tmp_path / "ar.pdf", ["م", "\u0644\u0627", "س", " ", "7", " ", "\u0644\u0627"])

    assert text_of(path) == "\u0644\u0627 7 سلام\n"


def test_arabic_that_is_drawn_letter_by_letter_with_replacement_texts(tmp_path: Path) -> None:
    glyphs = [*"رسجلا", " ", *"ميدقلا"]
    path = write_glyphs(tmp_path / "ar.pdf", glyphs, one_by_one=True, replace=(0, 1, 2, 7, 8))

    assert text_of(path) == "القديم الجسر\n"


def test_a_line_in_the_right_order_stays(tmp_path: Path) -> None:
    path = write_glyphs(tmp_path / "he.pdf", [*"תרחמו םויה ןאכ היה דליה"])

    assert text_of(path) == "הילד היה כאן היום ומחרת\n"


def test_a_hebrew_word_in_an_english_line_is_turned_round_alone(tmp_path: Path) -> None:
    path = write_glyphs(tmp_path / "en.pdf", [*"The word (םולש) means 12 kinds of peace"])

    assert text_of(path) == "The word (שלום) means 12 kinds of peace\n"


def test_no_blank_falls_into_a_word_of_tamil(tmp_path: Path) -> None:
    # As Chromium prints it: the two glyphs of the syllable have one replacement text, each glyph is drawn
    # alone, and a blank is one of them. PDFium puts a blank after the first of the two.
    word = (
        b"/Span << /ActualText <FEFF0BAA0BBE> >> BDC 1 0 0 1 72 700 Tm <41> Tj 1 0 0 1 79 700 Tm <42> Tj EMC"
    )
    rest = b"1 0 0 1 86 700 Tm <43> Tj 1 0 0 1 93 700 Tm <20> Tj 1 0 0 1 96 700 Tm <43> Tj"
    path = write_text_objects(
        tmp_path / "ta.pdf",
        [b"BT /F 10 Tf %s %s ET" % (word, rest)],
        to_unicode={0x41: "\u0baa", 0x42: "\u0bbe", 0x43: "\u0bb2"},
    )

    assert text_of(path) == "\u0baa\u0bbe\u0bb2 \u0bb2\n"


def test_syllables_in_a_page_within_a_page(tmp_path: Path) -> None:
    # As above, two lines, in a form that is drawn at half its size.
    span = (
        b"/Span << /ActualText <FEFF0BAA0BBE> >> BDC 1 0 0 1 %d %d Tm <41> Tj 1 0 0 1 %d %d Tm <42> Tj EMC "
    )
    rest = b"1 0 0 1 %d %d Tm <43> Tj "
    lines = [(span + rest) % (72, y, 79, y, 86, y) + rest % (97, y) for y in (700, 680)]
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F 7 0 R >> >>"
    names = b"3 beginbfchar <41> <0BAA> <42> <0BBE> <43> <0BB2> endbfchar"
    path = write_page(
        tmp_path / "ta.pdf",
        b"q .5 0 0 .5 40 60 cm /X Do Q",
        resources=b"/XObject << /X 6 0 R >>",
        objects=[
            write_stream(b"BT /F 10 Tf %s ET" % b"".join(lines), form),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 8 0 R >>",
            write_stream(b"1 begincodespacerange <00> <FF> endcodespacerange " + names),
        ],
    )

    assert text_of(path).split("\n") == ["\u0baa\u0bbe\u0bb2 \u0bb2", "", "\u0baa\u0bbe\u0bb2 \u0bb2", ""]


def test_a_syllable_of_thai_is_read_once(tmp_path: Path) -> None:
    # As Chromium prints it: the mark is placed behind the next letter, and drawn back over its own.
    span = (
        b"/Span << /ActualText <FEFF0E210E37> >> BDC 1 0 0 1 72 700 Tm <41> Tj 1 0 0 1 80 700 Tm <42> Tj EMC"
    )
    path = write_text_objects(
        tmp_path / "th.pdf",
        [b"BT /F 10 Tf %s 1 0 0 1 79 700 Tm <43> Tj ET" % span],
        to_unicode={0x41: "\u0e21", 0x42: "\u0e37", 0x43: "\u0e2d"},
    )

    assert text_of(path) == "\u0e21\u0e37\u0e2d\n"


def test_close_lines_in_a_font_that_is_drawn_smaller_than_its_size_stay_apart(tmp_path: Path) -> None:
    # Chromium and WeasyPrint set text in points of their own, and scale it by .75: the lines are
    # 10.5 points apart, and the font has 12, which it calls 16.
    names = dict(zip(range(0x41, 0x5B), "אבגדהוזחטיכלמנסעפצקרשת", strict=False))
    content = b"q .75 0 0 .75 0 0 cm BT /F 16 Tf 100 900 Td (DCBA HGFE) Tj 40 -14 Td (MLK) Tj ET Q"
    path = write_text_objects(tmp_path / "he.pdf", [content], to_unicode=names)

    assert text_of(path) == "הוזח אבגד\nכלמ\n"


def test_a_raised_mark_behind_hebrew(tmp_path: Path) -> None:
    names = dict(zip(range(0x41, 0x5B), "אבגדהוזחטיכלמנסעפצקרשת", strict=False))
    content = b"BT /F 12 Tf 72 700 Td /F 8 Tf 5 Ts (12) Tj /F 12 Tf 0 Ts (.DCBA HGFE 2024) Tj ET"
    path = write_text_objects(tmp_path / "he.pdf", [content], to_unicode=names)

    assert text_of(path) == "2024 הוזח אבגד.¹²\n"


def test_radicals_become_the_characters_they_look_like(tmp_path: Path) -> None:
    path = write_glyphs(tmp_path / "zh.pdf", ["\u2f8f", "\u2ed3", "\u8005", "\u2f92"])

    assert text_of(path) == "行长者見\n"


def test_a_line_end_inside_a_chinese_word_goes_and_a_paragraph_stays(tmp_path: Path) -> None:
    lines = ["一二三四五六七八九十", "甲乙丙丁。", "山水"]  # the first is full, the others end a paragraph
    characters = "".join(lines)
    names = {0x41 + at: char for at, char in enumerate(characters)}
    codes = {char: code for code, char in names.items()}
    content = b"BT /F 10 Tf 12 TL 72 700 Td "
    content += b" ".join(b"<%s> Tj T*" % bytes(codes[char] for char in line).hex().encode() for line in lines)
    path = write_text_objects(tmp_path / "zh.pdf", [content + b" ET"], to_unicode=names)

    assert text_of(path) == "一二三四五六七八九十甲乙丙丁。\n山水\n"
