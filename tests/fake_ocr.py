"""A program that answers as tesseract does: it reads the shade of a page instead of its letters."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer.ocr.tesseract import Tesseract

_PROGRAM = """#!{python} -IS
import json, pathlib, sys, time
home = pathlib.Path({home!r})
until = time.monotonic() + {seconds}
while time.monotonic() < until and not (home / "hurry").exists():
    time.sleep(0.02)
languages = sys.argv[sys.argv.index("-l") + 1]
shade = sys.stdin.buffer.read()[-1]
with (home / "calls").open("a") as calls:
    print(shade, languages, file=calls)
said = json.loads((home / "pages").read_text()).get(f"{{shade}} {{languages}}")
if said is None:
    sys.exit("Error: cannot read this shade")
confidence, text = said
paragraph = 1
for line, words in enumerate(text.split("\\n")):
    if words.startswith("("):
        sure, words = words[1:].split(") ", 1)
        confidence, paragraph = int(sure), paragraph + 1
    for at, word in enumerate(words.split()):
        place = 100 + 100 * at, 500 + 100 * line, 90, 50
        print(5, 1, 1, paragraph, line, 1, *place, confidence, word, sep="\\t")
"""


@dataclass(frozen=True)
class FakeOcr:
    """Says for each shade and languages what is on the page, and how sure it is, in percent.

    A line that begins with a number in round brackets begins a paragraph; of that it is so sure. Words are
    where these come at 300 dots an inch: a hundred dots apart, and so are lines. Each page takes it
    so many `seconds`, until it is told to hurry.
    """

    home: Path
    pages: Mapping[tuple[int, str], tuple[int, str]]
    languages: tuple[str, ...] = ("eng",)
    seconds: float = 0.0

    def __call__(self, wanted: str) -> tuple[Tesseract | None, str]:
        """As `find_tesseract`."""
        self.home.mkdir(exist_ok=True)
        program = self.home / "tesseract"
        program.write_text(_PROGRAM.format(python=sys.executable, home=str(self.home), seconds=self.seconds))
        program.chmod(0o755)
        said = {f"{shade} {languages}": page for (shade, languages), page in self.pages.items()}
        (self.home / "pages").write_text(json.dumps(said))
        return fake_tesseract(self.home, self.languages), ""

    def hurry(self) -> None:
        """Pages take no time any more."""
        (self.home / "hurry").touch()

    def calls(self) -> list[str]:
        """The shade and languages of each page that was read so far."""
        file = self.home / "calls"
        return file.read_text().splitlines() if file.exists() else []


def fake_tesseract(home: Path, languages: tuple[str, ...] = ("eng",)) -> Tesseract:
    """The program that a `FakeOcr` has written."""
    return Tesseract(str(home / "tesseract"), "0", languages, (), turns_pages=False)


def no_ocr(wanted: str) -> tuple[Tesseract | None, str]:
    """As `find_tesseract` where there is none."""
    return None, "tesseract is not installed"
