"""Reads the pages that wait for OCR, and publishes their documents. Runs when all other text is searchable.

What was read on a page is stored at once, so that no later run reads the page again. The document is
published when the last of its pages is done.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.folder.copies import Copies
from indexer.ocr.page_job import NoScan, PageTask, recognise_all
from indexer.ocr.scan_publisher import ScannedDocument, ScanPublisher
from indexer.ocr.tesseract import ADDED, Recognised, Tesseract
from indexer.passages.split import split
from indexer.pdf.text.language import identify
from indexer.store.publisher import FileState
from stackroom.catalog.entries import Location, Model, is_unchanged
from stackroom.common.documents import Document, Passage
from stackroom.common.errors import ExtractionFailed, SourceAway
from stackroom.common.roots import RemotePath
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Tokenizer

# Confidence in percent, below which a page was probably read in a wrong language. Real pages read in their
# own have 90 and more, a Russian one read as English 54, one with much English read as Russian alone 72.
_DOUBTFUL = 75

# Confidence below which what OCR would add to a page's own text is no writing: of photos and drawings it
# reads signs with 10 to 45.
_NOISE = 50

Embed = Callable[[Document, Sequence[Passage]], list[bytes | None]]
"""Makes the vectors of a document's passages, aligned with these; None for one that the model can't read."""


class ScanReader:
    """Reads the pages that wait for OCR, in one run."""

    def __init__(
        self,
        publisher: ScanPublisher,
        tesseract: Tesseract,
        settings: Settings,
        tokenizer: Tokenizer,
        model: Model,
        *,
        copies: Copies,
        put_off: Callable[[], bool],
        on_published: Callable[[list[Location], list[Passage]], None],
        only: int | None = None,
        embed: Embed | None = None,
    ) -> None:
        """Reads nothing yet.

        Args:
            publisher: a writer's connection.
            tesseract: the program.
            settings: languages, passwords and limits.
            tokenizer: of the model.
            model: whose passages the documents are split into.
            copies: of the files of sources.
            put_off: asked before each page whether to leave the rest for another run.
            on_published: told the files of each document that is done, and its passages.
            only: the key of the only document that is to be read; None for all.
            embed: gives the passages their vectors; None if they are to wait for them.
        """
        self._publisher = publisher
        self._tesseract = tesseract
        self._settings = settings
        self._copies = copies
        self._put_off = put_off
        self._on_published = on_published
        self._tokenizer = tokenizer
        self._model = model
        self._only = only
        self._embed = embed
        self._languages: dict[int, str] = {}  # by the document's key, as tesseract names them
        self._left: dict[int, set[int]] = {}  # pages that are not done, by the document's key
        self._places: dict[int, Location] = {}  # where it is read, by the document's key, until it is done
        self._first: dict[tuple[int, int], _Reading] = {}  # to be compared with another
        self._again: list[PageTask] = []
        self._settled: set[int] = set()  # documents whose languages are decided
        # Documents of which a part seemed to be in another language, and was not.
        self._in_one_language: set[int] = set()

    def run(self) -> Generator[bool, None, None]:
        """Reads the pages, and yields for each page that is done whether it could be read. May be closed."""
        tasks = self._tasks()
        while True:
            settings = self._settings
            with closing(recognise_all(tasks, settings.workers, settings.file_memory_mb)) as outcomes:
                for task, outcome in outcomes:
                    done = self._take_in(task, outcome)
                    if done is not None:
                        yield isinstance(done, Recognised)
            if not self._again:
                return
            tasks, self._again = iter(self._again), []

    def _tasks(self) -> Iterator[PageTask]:
        passwords = self._settings.passwords()
        for key in self._publisher.scanned_documents() if self._only is None else [self._only]:
            document = self._publisher.scanned_document(key)
            if not document.waiting:  # an earlier run was ended just before publishing this one
                self._publish(key)
                continue
            found = self._held(document)
            if found is None:
                continue  # all its files have changed: the next comparison finds out how
            path, place = found
            self._places[key] = place
            guess = self._settings.ocr_languages or self._tesseract.first_guess(document.language)
            self._languages[key] = guess
            self._left[key] = set(document.waiting)
            for page in document.waiting:
                while self._again:  # first, so that the document's other pages are read in its language
                    yield self._again.pop(0)
                if self._put_off():
                    return
                yield PageTask(
                    path, key, page, self._languages[key], passwords, self._tesseract, place.inside
                )

    def _take_in(
        self, task: PageTask, outcome: Recognised | NoScan | ExtractionFailed
    ) -> Recognised | ExtractionFailed | None:
        """Stores the outcome for a page; its document is published if that was its last page.

        Returns:
            The outcome; None if the page is read once more, is no scan, or its file has changed.
        """
        place = task.document, task.page
        if task.document not in self._left:
            return None
        if not _is_as_it_was(self._places[task.document]):
            self._let_go(task.document)
            return None
        before = self._first.pop(place, None)
        if before is not None:
            outcome = self._better(task, before, outcome)
        if isinstance(outcome, Recognised):
            tried = (*(before.tried if before else ()), task.languages)
            other = self._other_languages(task, outcome, tried)
            if other:
                self._first[place] = _Reading(outcome, tried)
                self._again.append(replace(task, languages=other))
                return None
        if isinstance(outcome, Recognised):
            if outcome.text.startswith(ADDED) and outcome.confidence < _NOISE:
                outcome = Recognised("", outcome.confidence)
            self._publisher.keep_scan(*place, outcome.text, outcome.confidence, outcome.words)
        elif isinstance(outcome, NoScan):
            self._publisher.drop_scan(*place)
        else:
            self._publisher.fail_scan(*place, str(outcome))
        self._left[task.document].discard(task.page)
        if not self._left[task.document]:
            self._let_go(task.document)
            self._publish(task.document)
        return None if isinstance(outcome, NoScan) else outcome

    def _held(self, document: ScannedDocument) -> tuple[Path, Location] | None:
        """Where a document can be read until it is let go, in a file that is as it was when it was indexed;
        None if there is none now.
        """
        for place in document.files:
            if _is_as_it_was(place):
                with suppress(SourceAway, ExtractionFailed):  # the next comparison tells
                    return self._copies.hold(place.file, _state(place)), place
        return None

    def _let_go(self, key: int) -> None:
        del self._left[key]
        place = self._places.pop(key)
        self._copies.let_go(place.file, _state(place))

    def _publish(self, key: int) -> None:
        document = self._publisher.recognised(key, self._tesseract.name)
        document = replace(document, language=self._language(document.text))
        passages = split(document, self._tokenizer, self._tokenizer.fingerprint.passage_tokens)
        files = list(self._publisher.scanned_document(key).files)
        codes = self._embed(document, passages) if self._embed else None
        self._publisher.replace(key, document, passages, self._model, codes)
        self._on_published(files, passages)

    def _language(self, text: str) -> str:
        return identify(text, self._settings.models)

    def _other_languages(self, task: PageTask, read: Recognised, tried: tuple[str, ...]) -> str:
        """In which languages to read a page again; "" if what was read will do.

        Args:
            task: how it was read last.
            read: the best that was read so far.
            tried: the languages in which it was read.
        """
        if self._settings.ocr_languages:
            return ""
        if not read.text:  # of Japanese that is written downwards, English reads nothing
            is_known = task.document in self._settled or task.document in self._in_one_language
            other = "" if is_known else self._tesseract.all_together()
            return "" if other in tried else other
        other = ""
        if len(tried) > 1:
            if read.is_vertical:
                other = self._tesseract.vertical(self._tesseract.named(self._language(read.text)))
        elif task.document in self._settled and self._languages[task.document] != task.languages:
            other = self._languages[task.document]
        elif read.confidence < _DOUBTFUL:
            other = self._tesseract.vertical(task.languages) or self._tesseract.all_together()
        elif read.weakest < _DOUBTFUL and task.document not in self._in_one_language:
            other = self._tesseract.all_together()
        elif "+" not in task.languages and task.document not in self._settled:
            other = self._tesseract.named(self._language(read.text))
        return "" if other in tried else other

    def _better(
        self, task: PageTask, before: "_Reading", second: Recognised | NoScan | ExtractionFailed
    ) -> Recognised:
        """The better one of two readings of a page.

        The document's other pages are read in its languages, but not if only a part of this page is in
        others.
        """
        first = before.best
        is_better = isinstance(second, Recognised) and second.confidence >= first.confidence
        if not first.text and not (isinstance(second, Recognised) and second.text):
            self._in_one_language.add(task.document)  # a photo, in any language
            return first
        if first.confidence >= _DOUBTFUL > first.weakest:
            if not is_better:
                self._in_one_language.add(task.document)
        elif task.document not in self._settled or len(before.tried) > 1:
            self._settled.add(task.document)
            if is_better:
                self._languages[task.document] = task.languages
        if isinstance(second, Recognised) and is_better:
            return second
        return first


@dataclass(frozen=True, slots=True)
class _Reading:
    """The best reading of a page so far, and the languages in which it was read."""

    best: Recognised
    tried: tuple[str, ...]


def _is_as_it_was(place: Location) -> bool:
    """Whether a file is as it was when it was indexed; a copy of a source's file is only made if it is."""
    return isinstance(place.file, RemotePath) or is_unchanged(place.file, place.size, place.modified_ns)


def _state(place: Location) -> FileState:
    return FileState(place.size, place.modified_ns)
