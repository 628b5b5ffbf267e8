"""What must hold in `bench.robustness.kills` after each fault, and after a run that was let through."""

import sqlite3
from collections import Counter
from contextlib import closing

from bench.robustness.kill_library import Library
from bench.robustness.kill_scans import Program
from indexer.upkeep.check import check
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex


class Checks:
    """Each returns what is wrong, or "". They remember what was committed before."""

    def __init__(self, settings: Settings, papers: Library, ocr: Program) -> None:
        """Looks at nothing yet."""
        self._settings = settings
        self._papers = papers
        self._ocr = ocr
        self._committed: set[str] = set()
        self._recognised: dict[tuple[int, ...], int] = {}  # the run after which a page's text was there

    def after_fault(self, run: int) -> str:
        """Nothing is damaged, and nothing that was committed is lost. `run` is the indexer's last one."""
        report = check(self._settings)
        if report.damages:
            return f"damaged: {report.damages}"
        held = {row[0] for row in self._rows("SELECT id FROM documents")}
        if lost := (self._committed & self._papers.papers().keys()) - held:
            return f"lost: {lost}"
        self._committed = held
        return self._pages_read_again(run)

    def after_run(self, run: int) -> str:
        """The index has exactly what the folder has, and everything derived follows it."""
        if wrong := self.after_fault(run):
            return wrong
        report = check(self._settings)
        if report.pending or report.words_behind or report.new or report.changed or report.missing:
            return f"not all is done: {report}"
        papers = self._papers.papers()
        if self._committed != papers.keys():
            return f"the index has {len(self._committed)} documents, the folder {len(papers)}"
        locked = {row[0] for row in self._rows("SELECT path FROM locations WHERE failure = 'password'")}
        if locked != self._papers.locked():
            return f"waiting for a password: {locked}, not {self._papers.locked()}"
        if others := self._rows("SELECT path, reason FROM locations WHERE failure <> 'password'"):
            return f"not read: {others}"
        return self._wrong_texts()

    def _wrong_texts(self) -> str:
        """Each document has its text once, those of scans too; the index of words finds it where it is."""
        word_index = WordIndex(self._settings.words)
        states = "SELECT d.id, s.page, s.state FROM scans s JOIN documents d ON d.key = s.document"
        scans = set(self._rows(states))
        with Catalog(self._settings.catalog) as catalog:
            for document_id, paper in self._papers.papers().items():
                entry = catalog.document(document_id)
                if entry is None:
                    return f"no document {document_id}"
                pages = catalog.pages(entry.key)
                if fault := self._papers.fault(document_id, "".join(page.text for page in pages)):
                    return f"the text of {document_id} ({paper}): {fault}"
                if unread := {(document_id, page, "published") for page in paper.scans} - scans:
                    return f"pages that are not marked as read: {unread}"
                for page in range(1, len(paper.shape) + 1):
                    mark = f"D{paper.document}V{paper.version}P{page}L0"
                    hits = [passage for passage, _ in word_index.search(mark, 100, [mark]).hits]
                    places = [
                        (found.document_id, found.page)
                        for found in catalog.passages(hits).values()
                        if mark in found.text.split()  # the index of words knows parts of it as well
                    ]
                    if places != [(document_id, page)]:
                        return f"{mark} is found on {places}, not once on page {page} of {document_id}"
        return "" if len(scans) == sum(len(p.scans) for p in self._papers.papers().values()) else "odd scans"

    def _pages_read_again(self, run: int) -> str:
        """A page whose text was committed has not been given to OCR again, nor any page twice by one run."""
        calls = Counter(self._ocr.calls())
        for (called, *page), times in calls.items():
            done = self._recognised.get(tuple(page), called)
            if times > 1 or called > done:
                return f"page {page} was recognised {times} times by run {called}, and committed by {done}"
        for document_id, number in self._rows(
            "SELECT d.id, s.page FROM scans s JOIN documents d ON d.key = s.document"
            " WHERE s.state IN ('read', 'published')"
        ):
            paper = self._papers.paper(str(document_id))
            if paper is None:
                return f"nobody knows {document_id}"
            self._recognised.setdefault((paper.document, paper.version, int(number)), run)
        return ""

    def _rows(self, sql: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(self._settings.catalog)) as db:
            return db.execute(sql).fetchall()
