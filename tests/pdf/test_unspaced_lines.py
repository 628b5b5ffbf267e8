"""Tests of blanks and line ends inside words of scripts that write no blanks."""

from indexer.pdf.scripts.unspaced_lines import close_gaps, join_lines
from indexer.pdf.text.page_lines import Line


def lines_of(*texts: str, full: int = 10, height: float = 10.0) -> list[Line]:
    """Lines of a column; a line of `full` characters reaches its right edge."""
    return [
        Line(text, 50.0, 700.0 - 14 * at, 40.0 + 10 * len(text), 700.0 - 14 * at, height)
        for at, text in enumerate(texts)
    ]


def joined(lines: list[Line], *, texts: list[str] | None = None) -> list[str]:
    """The texts of lines that belong to one paragraph, unless `texts` says otherwise."""
    return join_lines(texts or [line.text for line in lines], lines)


def test_a_full_line_goes_on_in_the_next() -> None:
    assert joined(lines_of("一二三四五六七八九十", "甲乙丙")) == ["一二三四五六七八九十甲乙丙"]


def test_a_short_line_ends() -> None:
    assert joined(lines_of("一二三四五六七八九十", "甲乙", "丙丁")) == ["一二三四五六七八九十甲乙", "丙丁"]


def test_a_line_that_ends_in_a_stop_ends() -> None:
    assert joined(lines_of("一二三四五六七八九。", "甲乙丙")) == ["一二三四五六七八九。", "甲乙丙"]


def test_a_paragraph_ends_where_its_end_was_found() -> None:
    lines = lines_of("一二三四五六七八九十", "甲乙丙")

    assert joined(lines, texts=[lines[0].text, "", lines[1].text]) == [lines[0].text, "", lines[1].text]


def test_cells_of_a_table_are_no_broken_words() -> None:
    assert len(joined(lines_of("一二三 四五六 七八", "甲乙 丙丁 戊己"))) == 2


def test_a_heading_does_not_go_on_in_the_text() -> None:
    heading, text, more = lines_of("一二三四五六七八九十", "甲乙丙丁戊己庚辛壬癸", "子")

    assert joined([heading._replace(height=14.0), text, more]) == [heading.text, text.text + more.text]


def test_lines_of_latin_letters_stay() -> None:
    assert joined(lines_of("one two th", "ree four 五")) == ["one two th", "ree four 五"]


def test_blanks_that_ocr_wrote_between_characters_go() -> None:
    found = close_gaps(lines_of("清 理 水 泵 X200 的 年 度", "报 告 ， 然 后"))

    assert [line.text for line in found] == ["清理水泵 X200 的年度", "报告，然后"]


def test_blanks_between_words_of_a_table_stay() -> None:
    lines = lines_of("东部 西部 南部 北部", "姓名 年龄 地址 电话", "王明 李强 张三 赵六")

    assert close_gaps(lines) == lines


def test_a_line_of_nothing_but_invisible_characters_does_no_harm() -> None:
    assert joined(lines_of("", "一二三四五六七八九十", "甲")) == ["", "一二三四五六七八九十甲"]
