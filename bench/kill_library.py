"""A folder of small PDFs that changes, and what may be read in any version of any of them."""

import hashlib
import random
import re
from collections.abc import Callable
from pathlib import Path

from make_pdfs import write_pdf

DOCUMENTS, PAGES, LINES = 30, 4, 9

_MARK = re.compile(r"D(\d+)V(\d+)P(\d+)L(\d+)\b")


class Library:
    """The folder. One thread changes it; another may ask what was in it."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        """Makes the first PDFs."""
        folder.mkdir()
        self.folder = folder
        self.changes = 0
        self._chance = chance
        self._next = 0
        self._files: dict[Path, list[str]] = {}  # the ids that each file has had, the present one last
        self._numbers: dict[str, tuple[int, int]] = {}  # document and version, by id
        self._removed: set[str] = set()
        self._touched: set[Path] = set()
        for _ in range(DOCUMENTS):
            self._add()
        self.settled()

    def settled(self) -> None:
        """All changes so far have been indexed: each file may be changed again."""
        self._touched.clear()

    def change(self) -> None:
        """One of the things that happen to a folder. A file changes once until it is indexed."""
        free = [file for file in self._files if file not in self._touched]
        actions: list[Callable[[], None]] = [self._add]
        if free:
            file = self._chance.choice(free)
            actions += [lambda: self._edit(file), lambda: self._rename(file), lambda: self._copy(file)]
            if len(self._files) > DOCUMENTS // 2:
                actions += [lambda: self._remove(file)] * 2
        self._chance.choice(actions)()
        self.changes += 1

    def ids(self) -> set[str]:
        """The ids of all documents that files hold now."""
        return {ids[-1] for ids in self._files.values()}

    def may_be_gone(self, document_id: str) -> bool:
        """Whether a file that had this content was removed."""
        return document_id in self._removed

    def somebody(self) -> tuple[str, str]:
        """The id of a document, and a word that only it has."""
        document_id = self._chance.choice(sorted(self.ids()))
        document, version = self._numbers[document_id]
        return document_id, f"D{document}V{version}P1L0"

    def fault(self, document_id: str, text: str) -> str:
        """What is wrong with a fetched text; empty if it is one complete version of a file."""
        marks = [tuple(map(int, mark)) for mark in _MARK.findall(text)]
        known = self._numbers.get(document_id)
        if known is None:
            return f"nobody knows the id {document_id}"
        wanted = [(*known, page, line) for page in range(1, PAGES + 1) for line in range(LINES)]
        return "" if marks == wanted else f"{len(marks)} of {len(wanted)} lines, or of another version"

    def _add(self) -> None:
        self._next += 1
        self._write(self.folder / f"{self._next}.pdf", self._next, 1)

    def _edit(self, file: Path) -> None:
        document, version = self._numbers[self._files[file][-1]]
        newest = max(v for d, v in self._numbers.values() if d == document)
        self._write(file, document, max(newest, version) + 1)

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

    def _write(self, file: Path, document: int, version: int) -> None:
        pages = [
            "\n\n".join(
                f"D{document}V{version}P{page}L{line} is a line of {self._chance.random():.9f} words that is "
                f"about number {self._chance.randrange(50)} and otters."
                for line in range(LINES)
            )
            for page in range(1, PAGES + 1)
        ]
        unfinished = file.with_suffix(".unfinished")
        write_pdf(unfinished, pages, title=f"Document {document} of version {version}")
        document_id = hashlib.sha256(unfinished.read_bytes()).hexdigest()[:24]
        self._numbers[document_id] = (document, version)
        unfinished.replace(file)
        self._files.setdefault(file, []).append(document_id)
        self._touched.add(file)
