"""Typesets a Markdown file as a PDF: python docs/typeset.py FROM.md TO.pdf

Knows what our own texts use: headings, paragraphs, lists, fenced code, **bold**, *italic* and `code`. The
fonts are the built-in ones, so characters are those of Windows-1252. The same text gives the same bytes.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF

_MARGIN = 25.0  # millimetres, as all lengths but font sizes
_INDENT = 6.0
_TEXT_SIZE = 10.5  # points
_CODE_SIZE = 9.5
_LEADING = 1.4  # distance of two lines, in font sizes
_HEADINGS = {1: (22.0, 0.0, 4.0), 2: (13.5, 5.0, 1.5), 3: (11.0, 3.0, 1.0)}  # size, space above, below
_KEEP_WITH_HEADING = 18.0  # a heading needs this much room below it
_INK, _QUIET, _SHADE = (25, 25, 30), (120, 120, 128), (244, 244, 246)
_CREATED = datetime(2025, 1, 1, tzinfo=UTC)  # fixed: the file changes only when the text does

_HEADING = re.compile(r"(#{1,3}) +(.+)")
_ITEM = re.compile(r"(?:[-*]|(\d+)\.) +(.+)")
_INLINE = re.compile(r"\*\*(?P<B>.+?)\*\*|\*(?P<I>.+?)\*|`(?P<code>[^`]+)`")


@dataclass(slots=True)
class Block:
    """A part of the text. `kind` is "heading", "paragraph", "item" or "code".

    Attributes:
        text: lines are joined with blanks, but for code.
        level: of a heading, from 1.
        mark: what stands before an item: a bullet, or its number.
    """

    kind: str
    text: str
    level: int = 0
    mark: str = ""


def read_blocks(markdown: str) -> Iterator[Block]:
    """The blocks of a Markdown text, in order."""
    open_block: Block | None = None  # a paragraph or item that the next line may continue
    code: list[str] | None = None
    for line in markdown.splitlines():
        if line.startswith("```"):
            if code is None:
                code = []
                if open_block:
                    yield open_block
                    open_block = None
            else:
                yield Block("code", "\n".join(code))
                code = None
            continue
        if code is not None:
            code.append(line)
            continue
        begun = _begin(line.strip())
        if open_block and (begun or not line.strip()):
            yield open_block
            open_block = None
        if begun and begun.kind == "heading":
            yield begun
        elif begun:
            open_block = begun
        elif open_block:
            open_block.text += " " + line.strip()
        elif line.strip():
            open_block = Block("paragraph", line.strip())
    if open_block:
        yield open_block


def _begin(line: str) -> Block | None:
    """The block that a line begins by its first characters."""
    if heading := _HEADING.fullmatch(line):
        return Block("heading", heading[2], level=len(heading[1]))
    if item := _ITEM.fullmatch(line):
        return Block("item", item[2], mark=f"{item[1]}." if item[1] else "•")
    return None


class _NumberedPages(FPDF):
    def footer(self) -> None:
        self.set_y(-16)
        self.set_text_color(*_QUIET)
        self.set_font("Helvetica", size=9)
        self.cell(0, 5, str(self.page_no()), align="C")


def typeset(markdown: str, path: Path) -> None:
    """Writes the PDF. Its title is the first heading."""
    blocks = list(read_blocks(markdown))
    pdf = _NumberedPages(format="A4")
    pdf.core_fonts_encoding = "windows-1252"
    pdf.set_margins(_MARGIN, 22, _MARGIN)
    pdf.set_auto_page_break(auto=True, margin=24)
    pdf.set_title(next((block.text for block in blocks if block.kind == "heading"), path.stem))
    pdf.set_author("Stackroom")
    pdf.set_creator("Stackroom")
    pdf.set_producer("fpdf2")  # by itself it names its version
    pdf.set_lang("en")
    pdf.set_creation_date(_CREATED)
    pdf.add_page(label_style="D")
    for at, block in enumerate(blocks):
        following = blocks[at + 1].kind if at + 1 < len(blocks) else ""
        if block.kind == "heading":
            _print_heading(pdf, block)
        elif block.kind == "code":
            _print_code(pdf, block.text)
        else:
            _print_text(pdf, block, is_close=block.kind == following == "item")
    pdf.output(str(path))


def _print_heading(pdf: FPDF, block: Block) -> None:
    size, above, below = _HEADINGS[block.level]
    if pdf.will_page_break(above + _KEEP_WITH_HEADING):
        pdf.add_page(label_style="D")
    elif pdf.get_y() > pdf.t_margin:
        pdf.ln(above)
    pdf.start_section(block.text, level=block.level - 1)
    pdf.set_text_color(*_INK)
    pdf.set_font("Helvetica", "B", size)
    pdf.multi_cell(0, _line_height(size) * 0.9, block.text, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(below)


def _print_text(pdf: FPDF, block: Block, *, is_close: bool) -> None:
    line_height = _line_height(_TEXT_SIZE)
    pdf.set_text_color(*_INK)
    left = pdf.l_margin
    if pdf.will_page_break(2 * line_height):  # no first line alone at the foot of a page
        pdf.add_page(label_style="D")
    if block.kind == "item":
        pdf.set_font("Helvetica", size=_TEXT_SIZE)
        pdf.cell(_INDENT, line_height, block.mark)
        left += _INDENT
    with (
        pdf.text_columns(l_margin=left, text_align="L", line_height=_LEADING) as column,
        column.paragraph() as paragraph,
    ):
        for style, text in _read_runs(block.text):
            if style == "code":
                pdf.set_font("Courier", size=_CODE_SIZE)
            else:
                pdf.set_font("Helvetica", style, _TEXT_SIZE)
            paragraph.write(text)
    pdf.ln(0.8 if is_close else 2.4)
    pdf.set_x(pdf.l_margin)


def _print_code(pdf: FPDF, text: str) -> None:
    line_height = _line_height(_CODE_SIZE)
    if pdf.will_page_break((text.count("\n") + 1) * line_height + 4):
        pdf.add_page(label_style="D")
    pdf.set_fill_color(*_SHADE)
    pdf.rect(pdf.l_margin, pdf.get_y(), pdf.epw, (text.count("\n") + 1) * line_height + 4, style="F")
    pdf.ln(2)
    pdf.set_text_color(*_INK)
    pdf.set_font("Courier", size=_CODE_SIZE)
    for line in text.split("\n"):
        pdf.set_x(pdf.l_margin + 3)
        pdf.cell(0, line_height, line, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(5)


def _read_runs(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a style ("", "B", "I" or "code") and the text that has it."""
    done = 0
    for found in _INLINE.finditer(text):
        if found.start() > done:
            yield "", text[done : found.start()]
        style = found.lastgroup or ""
        yield style, found[style]
        done = found.end()
    if done < len(text):
        yield "", text[done:]


def _line_height(size: float) -> float:
    """In millimetres, for a font size in points."""
    return size * _LEADING * 25.4 / 72


def main() -> int:
    """Runs the command. Returns its exit code."""
    if len(sys.argv) != 3:
        sys.stderr.write("usage: python docs/typeset.py FROM.md TO.pdf\n")
        return 2
    typeset(Path(sys.argv[1]).read_text(encoding="utf-8"), Path(sys.argv[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
