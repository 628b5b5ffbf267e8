"""Tables as they stand in a page's text: Markdown rows, with a line of dashes below the header. Pure
functions.

    | Region | Q1 2019 | Q2 2019 |
    |---|---|---|
    | East |  | 42 |

Bars and dashes are no words: neither the index of words nor what compares texts by their letters sees them.

A table that goes on from the page before without its header has it in a line of ours, in square brackets;
what a document prints in that form gets a blank after its bracket:

    [columns: | Region | Q1 2019 | Q2 2019 |]
    | West | 17 |  |
"""

import re
from collections.abc import Sequence

_SEPARATOR = re.compile(r"\|(?:-{3}\|)+")
_OURS, _OURS_ENDS = "[columns: ", "]"

_LONGEST_HEADER = 300
"""Most characters of a header that is shown above rows from below it. Three rows of twelve columns have
less.
"""


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
    stop = -1  # where the header ends
    while start:
        above = text.rfind("\n", 0, start - 1) + 1
        line = text[above : start - 1]
        if not is_row(line):
            if stop < 0 and _is_ours(line):
                stop = start - 1
                start = above
                while start and _is_ours(text[text.rfind("\n", 0, start - 1) + 1 : start - 1]):
                    start = text.rfind("\n", 0, start - 1) + 1
            break
        if stop < 0 and _SEPARATOR.fullmatch(line):
            stop = start - 1
        start = above
    return (start, stop) if 0 < stop - start <= _LONGEST_HEADER else nothing


def _is_ours(line: str) -> bool:
    return line.startswith(f"{_OURS}|") and line.endswith(f"|{_OURS_ENDS}")


def header_rows(table: str) -> list[str]:
    """The rows above the dashes of a table's text; none if it has none."""
    lines = table.strip("\n").split("\n")
    at = next((at for at, line in enumerate(lines) if _SEPARATOR.fullmatch(line)), 0)
    return lines[:at]


def without_dashes(table: str) -> str:
    """A table's text without what tells its header from the other rows."""
    return "\n".join(line for line in table.split("\n") if not _SEPARATOR.fullmatch(line))


def column_lines(header: Sequence[str]) -> list[str]:
    """The lines that say which columns a table has that goes on from the page before."""
    return [f"{_OURS}{row}{_OURS_ENDS}" for row in header]


def without_imitations(text: str) -> str:
    """What a document prints, changed where it looks like such a line."""
    return text.replace(_OURS, f"[ {_OURS[1:]}") if _OURS in text else text


def without_bars(text: str) -> str:
    """The same text with blanks for the bars and dashes of tables; all other characters keep their places."""
    if not text.startswith("|") and "\n|" not in text:
        return text
    return "\n".join(map(_without_bars, text.split("\n")))


def as_embedded(text: str) -> str:
    """What is embedded of a text: the words of its tables' rows, without bars and dashes."""
    plain = without_bars(text)
    return text if plain is text else re.sub(r" {2,}", " ", plain)


def _without_bars(line: str) -> str:
    if _SEPARATOR.fullmatch(line):
        return " " * len(line)
    return re.sub(r"(?<!\\)\|", " ", line) if is_row(line) else line


def plain_header(text: str) -> str:
    """A header's words in one line, without bars and dashes, as they are embedded above a passage."""
    rows = [line.removeprefix(_OURS) for line in text.split("\n") if not _SEPARATOR.fullmatch(line)]
    return " ".join(" ".join(row.strip("| ]").replace("|", " ").split()) for row in rows)
