"""Scans for `bench.robustness.kills`: pictures that say which page they are, and the program that reads them.

It stands for tesseract, and takes a fifth of a second a page, so that it can be killed while it reads. It
writes down of each page which run of the indexer asked for it.
"""

import re
import sys
from pathlib import Path

from indexer.ocr.tesseract import Tesseract

RUN = "KILLS_RUN"
"""The environment's variable with the number of the indexer's run."""

_BITS = {"document": 12, "version": 8, "page": 4}

_PROGRAM = """#!{python} -IS
import os, sys, time
_, size, _, pixels = sys.stdin.buffer.read().split(b"\\n", 3)
width, height = map(int, size.split())
row = pixels[height // 2 * width :][:width]
values = []
at = 0
for bits in {bits}:
    columns = [row[(2 * (at + bit) + 1) * width // {columns}] for bit in range(bits)]
    values.append(int("".join(str(int(grey > 127)) for grey in columns), 2))
    at += bits
document, version, page = values
with open({calls!r}, "a") as calls:
    print(os.environ[{run!r}], document, version, page, file=calls)
time.sleep(0.2)
for line in range(9):
    words = f"was read by OCR and is about number {{line}} and otters."
    for word in [f"D{{document}}V{{version}}P{{page}}L{{line}}", *words.split()]:
        print(5, 1, 1, line, 1, 1, 0, 0, 9, 9, 90, word, sep="\\t")
"""


def picture(document: int, version: int, page: int) -> bytes:
    """A page's columns of black and white."""
    values = zip((document, version, page), _BITS.values(), strict=True)
    return bytes(255 * int(bit) for value, bits in values for bit in f"{value:0{bits}b}")


class Program:
    """The program, in a folder of its own."""

    def __init__(self, home: Path) -> None:
        """Writes nothing yet."""
        self._program, self._calls = home / "tesseract", home / "calls"

    def write(self) -> None:
        """Makes it."""
        self._program.parent.mkdir()
        bits = tuple(_BITS.values())
        text = _PROGRAM.format(
            python=sys.executable, bits=bits, columns=2 * sum(bits), calls=str(self._calls), run=RUN
        )
        self._program.write_text(text)
        self._program.chmod(0o755)

    def __call__(self, wanted: str) -> tuple[Tesseract | None, str]:
        """As `find_tesseract`."""
        return Tesseract(str(self._program), "0", ("eng",), (), turns_pages=False), ""

    def calls(self) -> list[tuple[int, ...]]:
        """Of each page that was asked for: the run, the document, its version and the page."""
        if not self._calls.exists():
            return []
        text = self._calls.read_text()
        return [tuple(map(int, line.split())) for line in re.findall(r".+\n", text)]
