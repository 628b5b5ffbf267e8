"""OCR by tesseract, a program that is found on the PATH; the only file that knows it.

Measured on real pages at 300 dots an inch: some 6 CPU-seconds a page, 74 MB; see docs/reliability.md.
"""

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from indexer.pdf.text.clean_text import clean_characters, count_words, join_hyphenated, tidy_lines
from stackroom.common.characters.languages import LANGUAGES
from stackroom.common.characters.scripts import UNSPACED
from stackroom.common.programs import ask_program
from stackroom.page.alignment import count_letters
from stackroom.page.word_boxes import WordBox

if TYPE_CHECKING:
    from indexer.ocr.drawing import Drawing

HOW_TO_INSTALL = (
    "install tesseract (`apt install tesseract-ocr`, `dnf install tesseract`, `brew install tesseract`), "
    "with the languages of your documents"
)

_ENGLISH = "eng"
_NO_LANGUAGES = ("osd", "equ")

# Reading a page in more languages at once would take minutes: then the setting has to say which.
_MOST_TOGETHER = 8

# The longest answer that is taken. A page of small print has 10,000 letters, and its table of words 100,000
# bytes.
_MOST_BYTES = 20_000_000

_SECONDS_TO_FIND = 20.0

# A paragraph whose confidence says something has so many words of so many letters: not a figure's noise.
_SOME_WORDS, _SHORTEST = 5, 3

# Characters of scripts without blanks, and the signs among them, which are as wide: "、", "々", "！".
_WIDE = UNSPACED + "\u3001-\u301f\uff01-\uff1f"
_BETWEEN_UNSPACED = re.compile(f"(?<=[{_WIDE}]) (?=[{_WIDE}])")
_COLUMNS = 12
_LINE_LEVEL, _WORD_LEVEL = "4", "5"

_Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels


ADDED = "\n"
"""With this begins a text that is to be added to the page's own; no page's text begins with it."""


class OcrFailed(Exception):
    """Tesseract did not read a page. `str(error)` is the reason."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What OCR read on a page.

    Attributes:
        text: as a page's text is; see `stackroom.common.documents.Page`. It may begin with ADDED.
        confidence: the mean of its words, in percent; 0 without words.
        words: where they are, in the order of the text.
        weakest: the confidence of the paragraph that is the least sure; 100 without paragraphs of some words.
    """

    text: str
    confidence: int
    words: tuple[WordBox, ...] = ()
    weakest: int = 100

    @property
    def is_vertical(self) -> bool:
        """Whether most words stand below the one before, and not beside it."""
        steps = [(now.left - before.left, now.top - before.top) for before, now in pairwise(self.words)]
        return sum(down > abs(across) for across, down in steps) > len(steps) / 2


@dataclass(frozen=True, slots=True)
class Tesseract:
    """The program, its version, and the languages and scripts ("script/Latin") it has."""

    program: str
    version: str
    languages: tuple[str, ...]
    scripts: tuple[str, ...]
    turns_pages: bool

    @property
    def name(self) -> str:
        """The name and version, as a document's `extractor` gives them."""
        return f"tesseract {self.version}".rstrip()

    def has(self, language: str) -> bool:
        """Whether tesseract has a language or script by this name."""
        return language in (*self.languages, *self.scripts)

    def named(self, code: str) -> str:
        """Tesseract's name of the language with this ISO 639-1 code, or "rus+eng"; "" if it lacks that."""
        language = LANGUAGES.get(code)
        if language is None or language.tesseract not in self.languages:
            return ""
        name = language.tesseract
        return f"{name}+{_ENGLISH}" if language.with_english and _ENGLISH in self.languages else name

    def first_guess(self, code: str) -> str:
        """The language to begin with in a document whose other text is in `code`."""
        return self.named(code) or (_ENGLISH if _ENGLISH in self.languages else self.languages[0])

    def all_together(self) -> str:
        """All languages, such as "deu+eng"; "" if they are too many to be tried at once."""
        return "+".join(self.languages) if len(self.languages) <= _MOST_TOGETHER else ""

    def vertical(self, name: str) -> str:
        """The name for pages on which this language ("jpn", "jpn+eng") is written downwards; "" without one.

        Alone it reads such a page; with another language, or in its place, hardly a word.
        """
        vertical = f"{name.split('+')[0]}_vert"
        return vertical if vertical in self.languages else ""

    def read(
        self,
        drawing: "Drawing",
        languages: str,
        seconds: float,
        has_text: Callable[[WordBox], bool] | None = None,
    ) -> Recognised:
        """The text of a page.

        Args:
            drawing: the page.
            languages: such as "eng+deu".
            seconds: longest time it may take.
            has_text: whether the page's own text has a word there; see `read_tsv`.

        Raises:
            OcrFailed: tesseract failed, or did not answer in time.
        """
        # Mode 1 turns pages that lie on their side; mode 3 does not.
        mode = "1" if self.turns_pages else "3"
        options = ["-l", languages, "--psm", mode, "--dpi", str(drawing.dpi), "tsv"]
        try:
            found = ask_program(
                [self.program, "stdin", "stdout", *options],
                drawing.pgm,
                seconds=seconds,
                most_bytes=_MOST_BYTES,
                environment=_environment(),
            )
        except OSError as error:
            raise OcrFailed(f"tesseract could not be started: {error.strerror or error}") from error
        if found.is_late:
            raise OcrFailed(f"took longer than {seconds:g} s")
        if found.is_too_much:
            raise OcrFailed(f"tesseract read more than {_MOST_BYTES:,} bytes on the page")
        if found.code:
            said = found.errors.decode(errors="replace").strip().splitlines()
            raise OcrFailed(f"tesseract failed ({found.code}): {said[-1][:200] if said else 'no reason'}")
        return read_tsv(found.output.decode(errors="replace"), drawing, has_text)


FindOcr = Callable[[str], tuple[Tesseract | None, str]]
"""A function such as `find_tesseract`."""


def find_tesseract(wanted: str) -> tuple[Tesseract | None, str]:
    """Looks for the program on the PATH.

    Args:
        wanted: languages that it must have, such as "eng+deu"; "" for any.

    Returns:
        The program and ""; or None and why it can't be used, for a person.
    """
    found = _find()
    if found is None:
        return None, f"tesseract is not installed, or has no languages: {HOW_TO_INSTALL}"
    missing = [name for name in wanted.split("+") if name and not found.has(name)]
    if missing:
        return None, (
            f"tesseract has no language {', '.join(missing)}, which STACKROOM_OCR_LANGUAGES asks for: "
            f"install it (for example `apt install tesseract-ocr-{missing[0].replace('_', '-')}`)"
        )
    return found, ""


def _find() -> Tesseract | None:
    """The program on the PATH; None if there is none that runs and has a language."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    try:
        said = [
            ask_program(
                [program, option],
                seconds=_SECONDS_TO_FIND,
                most_bytes=_MOST_BYTES,
                environment=_environment(),
            )
            for option in ("--version", "--list-langs")
        ]
    except OSError:
        return None
    if any(answer.code or answer.is_late or answer.is_too_much for answer in said):
        return None
    version, listed = (answer.output.decode(errors="replace") for answer in said)
    names = [line.strip() for line in listed.splitlines()[1:]]
    # A script stands for a whole family of languages; it is used only if the setting names it.
    scripts = tuple(name for name in names if "/" in name)
    languages = tuple(name for name in names if name and name not in (*scripts, *_NO_LANGUAGES))
    if not languages:
        return None
    number = version.split()[1] if version.startswith("tesseract ") else ""
    return Tesseract(program, number.lstrip("v"), languages, scripts, "osd" in names)


def read_tsv(table: str, drawing: "Drawing", has_text: Callable[[WordBox], bool] | None = None) -> Recognised:
    """Takes the text and the word boxes from the table that tesseract made of a drawing.

    The text has a line for each printed line, and an empty line between paragraphs.

    Args:
        table: what tesseract wrote.
        drawing: what it read.
        has_text: whether the page's own text has the word in a box already; then it is left out, and the text
            begins with ADDED. None if what was read takes the place of the page's own text.
    """
    lines: list[str] = []
    confidences: list[float] = []
    of_paragraphs: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    words: list[WordBox] = []
    place: tuple[str, ...] = ()
    of_line: _Box = 0, 0, 0, 0
    for row in table.split("\n"):
        cells = row.split("\t", _COLUMNS - 1)
        if len(cells) == _COLUMNS and cells[0] == _LINE_LEVEL:
            of_line = _box(cells)
        if len(cells) < _COLUMNS or cells[0] != _WORD_LEVEL or not cells[11].strip():
            continue
        block, paragraph, line = cells[2], cells[3], cells[4]
        word = cells[11].strip()
        box = drawing.on_page(count_letters(clean_characters(word)), *_as_high(_box(cells), of_line))
        if has_text is not None and (has_text(box) or not any(map(str.isalnum, word))):
            continue
        if place == (block, paragraph, line):
            lines[-1] += " " + word
        else:
            if lines and place[:2] != (block, paragraph):
                lines.append("")
            lines.append(word)
        place = (block, paragraph, line)
        confidences.append(float(cells[10]))
        if len(word) >= _SHORTEST:
            of_paragraphs[block, paragraph].append(confidences[-1])
        words.append(box)
    text = _BETWEEN_UNSPACED.sub("", clean_characters("\n".join(lines)))
    text = tidy_lines(join_hyphenated(text, count_words([text])))
    if has_text is not None and text:
        text = ADDED + text
    weakest = min((_mean(of) for of in of_paragraphs.values() if len(of) >= _SOME_WORDS), default=100.0)
    return Recognised(text, round(_mean(confidences)), tuple(words), round(weakest))


def _box(cells: list[str]) -> _Box:
    left, top, width, height = map(int, cells[6:10])
    return left, top, left + width, top + height


def _as_high(word: _Box, line: _Box) -> _Box:
    """A word's box, made as high as its line; or as wide, if the line runs up or down."""
    if not (line[0] <= word[0] and line[1] <= word[1] and word[2] <= line[2] and word[3] <= line[3]):
        return word
    is_level = line[2] - line[0] >= line[3] - line[1]
    return (word[0], line[1], word[2], line[3]) if is_level else (line[0], word[1], line[2], word[3])


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known) if known else 0.0


def _environment() -> dict[str, str]:
    """Our environment, without our settings, as some are secret; with one thread for each tesseract."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("STACKROOM_")}
    return {**ours, "OMP_THREAD_LIMIT": "1"}
