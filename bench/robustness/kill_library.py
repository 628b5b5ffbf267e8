"""A folder of small PDFs that changes, and what may be read in any version of any of them."""

import hashlib
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.robustness.kill_scans import picture
from make_pdfs import write_pdf

DOCUMENTS, LINES = 30, 9

# Pages of a document, each with text ("t") or a scan ("s").
_SHAPES = {"tttt": 6, "ss": 2, "tsst": 2}

# Among these many documents one needs a password.
_LOCKED = 5

_MARK = re.compile(r"D(\d+)V(\d+)P(\d+)L(\d+)\b")


@dataclass(frozen=True, slots=True)
class Paper:
    """One version of a document, which a file holds.

    Attributes:
        document, version: numbers.
        shape: of its pages; see above.
        secret: the number of the password that it needs; None without.
    """

    document: int
    version: int
    shape: str
    secret: int | None

    @property
    def scans(self) -> set[int]:
        """Numbers of the pages that are pictures."""
        return {page for page, kind in enumerate(self.shape, 1) if kind == "s"}

    def marks(self, pages: set[int]) -> list[tuple[int, ...]]:
        """What says of each line on these pages whose it is."""
        return [(self.document, self.version, page, line) for page in sorted(pages) for line in range(LINES)]


class Library:
    """The folder. One thread changes it; another may ask what was in it.

    Attributes:
        folder: of the PDFs.
        passwords: the file of the passwords that were given so far, one a line.
        changes: so many there were.
    """

    def __init__(self, folder: Path, chance: random.Random) -> None:
        """Makes the first PDFs."""
        folder.mkdir()
        self.folder = folder
        self.passwords = folder.with_name("passwords.txt")
        self.changes = 0
        self._chance = chance
        self._given = 0
        self._next = 0
        self._files: dict[Path, list[str]] = {}  # the ids that each file has had, the present one last
        self._papers: dict[str, Paper] = {}  # by id
        self._removed: set[str] = set()
        self._touched: set[Path] = set()
        self._give()
        for number in range(DOCUMENTS):
            self._make(list(_SHAPES)[number % len(_SHAPES)])
        self.settled()

    def settled(self) -> None:
        """All changes so far have been indexed: each file may be changed again."""
        self._touched.clear()

    def change(self) -> None:
        """One of the things that happen to a folder. A file changes once until it is indexed."""
        free = [file for file in self._files if file not in self._touched]
        actions: list[Callable[[], None]] = [self._make]
        if free:
            file = self._chance.choice(free)
            actions += [lambda: self._edit(file), lambda: self._rename(file), lambda: self._copy(file)]
            if len(self._files) > DOCUMENTS // 2:
                actions += [lambda: self._remove(file)] * 2
        if self.locked():
            actions.append(self._give)
        self._chance.choice(actions)()
        self.changes += 1

    def add(self, *, scanned: bool = False) -> None:
        """A new PDF; one with scans, if it is to be `scanned`."""
        self._make(self._chance.choice([shape for shape in _SHAPES if "s" in shape]) if scanned else "")
        self.changes += 1

    def papers(self) -> Mapping[str, Paper]:
        """What files hold now that can be opened, by id."""
        papers = {ids[-1]: self._papers[ids[-1]] for ids in self._files.values()}
        return {id_: paper for id_, paper in papers.items() if self._is_open(paper)}

    def locked(self) -> set[str]:
        """Names of the files whose password was not given yet."""
        return {file.name for file, ids in self._files.items() if not self._is_open(self._papers[ids[-1]])}

    def paper(self, document_id: str) -> Paper | None:
        """What had this id, whenever that was."""
        return self._papers.get(document_id)

    def may_be_gone(self, document_id: str) -> bool:
        """Whether a file that had this content was removed."""
        return document_id in self._removed

    def somebody(self) -> tuple[str, str]:
        """The id of a document, and a word that only it has."""
        document_id, paper = self._chance.choice(sorted(self.papers().items(), key=lambda item: item[0]))
        return document_id, f"D{paper.document}V{paper.version}P1L0"

    def fault(self, document_id: str, text: str, *, without_scans: bool = False) -> str:
        """What is wrong with a document's text; "" if it is one complete version of a file.

        Args:
            document_id: whose text it is.
            text: with marks.
            without_scans: whether all pages that are pictures may be without their text.
        """
        marks = [tuple(map(int, mark)) for mark in _MARK.findall(text)]
        paper = self.paper(document_id)
        if paper is None:
            return f"nobody knows the id {document_id}"
        pages = set(range(1, len(paper.shape) + 1))
        wanted = [paper.marks(pages)]
        if without_scans:
            wanted.append(paper.marks(pages - paper.scans))
        return "" if marks in wanted else f"{len(marks)} of {len(wanted[0])} lines, or of another version"

    def _is_open(self, paper: Paper) -> bool:
        return paper.secret is None or paper.secret < self._given

    def _give(self) -> None:
        """The password is told that some new files need."""
        self._given += 1
        self.passwords.write_text("".join(f"secret {number}\n" for number in range(self._given)))

    def _make(self, shape: str = "") -> None:
        self._next += 1
        shape = shape or self._chance.choices(list(_SHAPES), list(_SHAPES.values()))[0]
        secret = self._chance.randrange(self._given + 1) if self._chance.randrange(_LOCKED) == 0 else None
        self._write(self.folder / f"{self._next}.pdf", Paper(self._next, 1, shape, secret))

    def _edit(self, file: Path) -> None:
        paper = self._papers[self._files[file][-1]]
        newest = max(other.version for other in self._papers.values() if other.document == paper.document)
        self._write(file, Paper(paper.document, newest + 1, paper.shape, paper.secret))

    def _rename(self, file: Path) -> None:
        new = file.with_name(f"{self._chance.randrange(10**9)} renamed.pdf")
        file.rename(new)
        self._files[new] = self._files.pop(file)
        self._touched.add(new)

    def _copy(self, file: Path) -> None:
        new = file.with_name(f"{self._chance.randrange(10**9)} copy.pdf")
        new.write_bytes(file.read_bytes())
        self._files[new] = self._files[file][-1:]
        self._touched |= {file, new}

    def _remove(self, file: Path) -> None:
        self._removed |= set(self._files.pop(file))  # first: others may see that it is gone
        file.unlink()

    def _write(self, file: Path, paper: Paper) -> None:
        unfinished = file.with_suffix(".unfinished")
        write_pdf(
            unfinished,
            [
                picture(paper.document, paper.version, page)
                if page in paper.scans
                else self._text(paper, page)
                for page in range(1, len(paper.shape) + 1)
            ],
            title=f"Document {paper.document} of version {paper.version}",
            password=None if paper.secret is None else f"secret {paper.secret}",
        )
        document_id = hashlib.sha256(unfinished.read_bytes()).hexdigest()[:24]
        self._papers[document_id] = paper
        unfinished.replace(file)
        self._files.setdefault(file, []).append(document_id)
        self._touched.add(file)

    def _text(self, paper: Paper, page: int) -> str:
        return "\n\n".join(
            f"D{paper.document}V{paper.version}P{page}L{line} is a line of {self._chance.random():.9f} words "
            f"that is about number {self._chance.randrange(50)} and otters."
            for line in range(LINES)
        )
