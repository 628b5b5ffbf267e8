"""Tables as they stand in a page's text: Markdown rows, with a line of dashes below the header. Pure functions.

    | Region | Q1 2019 | Q2 2019 |
    |---|---|---|
    | East |  | 42 |

Bars and dashes are no words: neither the index of words nor what compares texts by their letters sees them.
"""

import re
from collections.abc import Sequence

_SEPARATOR = re.compile(r"\|(?:-{3}\|)+")
_BAR = re.compile(r"[|¦](?=[^\n])")

_LONGEST_HEADER = 300
"""Most characters of a header that is shown above rows from below it. Three rows of twelve columns have less."""


def format_table(rows: Sequence[Sequence[str]], headers: int) -> str:
    """The rows as text, without a newline at the end.

    Args:
        rows: the texts of the cells, equally many in each row; empty ones are "".
        headers: how many of the rows are the header; 0 for none.
    """
    lines = [format_row(row) for row in rows]
    if headers:
        lines.insert(headers, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def format_row(cells: Sequence[str]) -> str:
    """One row. A bar inside of a cell gets a backslash before it, as Markdown wants it."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def is_row(line: str) -> bool:
    """Whether a line is a row of a table, or the dashes below its header."""
    return line.startswith("|") and line.endswith("|") and len(line) > 2


def count_columns(row: str) -> int:
    """How many cells a row has."""
    return len(re.findall(r"(?<!\\)\|", row)) - 1


def header_above(text: str, offset: int) -> tuple[int, int]:
    """The header of the table that has a row at `offset`, if it stands above that row.

    Args:
        text: of the page.
        offset: of any character; of a row, if there is a header.

    Returns:
        Where the header's rows begin and end in `text`, dashes included, the last newline not. Two equal
        numbers if there is none, or if it is longer than a header should be.
    """
    nothing = offset, offset
    start = text.rfind("\n", 0, offset) + 1
    if not text.startswith("|", start):
        return nothing
    separator = -1  # where the dashes begin
    while start:
        above = text.rfind("\n", 0, start - 1) + 1
        line = text[above : start - 1]
        if not is_row(line):
            break
        if separator < 0 and _SEPARATOR.fullmatch(line):
            separator = above
        start = above
    if separator < 0:
        return nothing
    stop = text.find("\n", separator)
    return (start, stop) if stop - start <= _LONGEST_HEADER else nothing


def plain_header(text: str) -> str:
    """A header's words in one line, without bars and dashes, as they are embedded above a passage."""
    rows = [line for line in text.split("\n") if not _SEPARATOR.fullmatch(line)]
    return " ".join(" ".join(cell for cell in row.strip("| ").split(" | ") if cell.strip()) for row in rows)
