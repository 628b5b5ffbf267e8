"""Gives the tables that go on from the page before the header that they have there; and takes tables apart.
Pure functions.
"""

from collections.abc import Sequence

from indexer.pdf.text.page_lines import Line
from stackroom.page.table_rows import (
    column_lines,
    count_columns,
    header_rows,
    is_row,
    plain_header,
    without_dashes,
    without_imitations,
)

# How far apart, in points, the edges of the two parts of a table are at most: they depend on what is in the
# outer cells. The longest word of the first column is on one of the pages only.
_FARTHEST = 60.0


def continue_tables(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The lines of the pages, running headers already removed; a table at the top of a page whose header is
    on the page before begins with a line that says what its columns are.
    """
    continued: list[list[Line]] = []
    before: Line | None = None  # the table at the end of the page before
    header: list[str] = []  # its header, which may be on a page before that
    for page in pages:
        lines = [_own(line) if "[" in line.text else line for line in page]
        first = lines[0] if lines and is_table_line(lines[0]) else None
        last = lines[-1] if lines and is_table_line(lines[-1]) else None
        is_other = last is not first or first is None or header_rows(first.text) == header
        if first is not None and before is not None and header and _goes_on(before, first):
            if header_rows(first.text) != header:
                text = without_dashes(first.text).lstrip("\n")
                lines[0] = first._replace(text="\n" + "\n".join([*column_lines(header), text]))
        else:
            is_other = True
        if is_other:
            header = header_rows(last.text) if last is not None else []
        before = last
        continued.append(lines)
    return continued


def _own(line: Line) -> Line:
    text = without_imitations(line.text)
    return line if text is line.text else line._replace(text=text)


def split_tables(lines: Sequence[Line]) -> list[Line]:
    """The lines, tables taken apart into rows without bars: they tell how large most of the text is."""
    split: list[Line] = []
    for line in lines:
        if is_table_line(line):
            rows = filter(is_row, without_dashes(line.text).split("\n"))
            split += [line._replace(text=plain_header(row), end_y=line.start_y) for row in rows]
        else:
            split.append(line)
    return split


def is_table_line(line: Line) -> bool:
    """Whether it holds the rows of a table."""
    return line.text.startswith("\n|")


def _goes_on(before: Line, line: Line) -> bool:
    rows = [text for text in before.text.split("\n") if is_row(text)]
    first = line.text.lstrip("\n").partition("\n")[0]
    return (
        count_columns(rows[-1]) == count_columns(first)
        and abs(before.start_x - line.start_x) < _FARTHEST
        and abs(before.end_x - line.end_x) < _FARTHEST
    )
