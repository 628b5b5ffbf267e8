"""A catalogue filled by hand, for tests of what reads it. Writes SQL, so as not to lean on the indexer."""

import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from fakes import SomeModels, WordHashEmbedder
from indexer.passages.words_writer import WordsWriter
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.schema import open_catalog
from stackroom.catalog.text_blocks import pack
from stackroom.catalog.vector_codes import encode
from stackroom.catalog.vector_packs import packs
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader


class Shelf:
    """A data folder filled by hand, with a library beside it. Each line of a page is a passage.

    The index of words follows each commit, unless it says otherwise.
    """

    def __init__(self, folder: Path, *, words: bool = True, meaning: bool = True) -> None:
        """Without `words`, nothing gets into the index of words; without `meaning`, nothing is embedded."""
        self._has_words = words
        self._has_meaning = meaning
        self.path = folder / "data" / "index" / "catalog.sqlite3"
        self.root = folder / "library"
        self.root.mkdir(parents=True)
        self.embedder = WordHashEmbedder()
        self.words = self.path.parent / "words"
        self._db = open_catalog(self.path, create=True)
        self._catalog = Catalog(self.path)
        self._words_writer = WordsWriter(self.words)
        self._pages: dict[int, tuple[str, ...]] = {}  # by the document's key
        self._lines: dict[int, str] = {}  # by passage
        self._readers: list[Reader] = []
        self._db.execute("INSERT INTO libraries (root) VALUES (?)", (str(self.root),))
        self._model = self._add_model(self.embedder)
        self._db.execute("UPDATE models SET current = 1")

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
        self._words_writer.close()
        self._catalog.close()
        self._db.close()

    def add(
        self,
        number: int,
        *pages: str,
        name: str = "",
        labels: Sequence[str] = (),
        embedded: bool = True,
        words: bool = True,
        title: str = "",
        author: str = "Ada",
        created: str = "2020-01-02",
        modified: str = "2021-03-04",
        language: str = "en",
    ) -> str:
        """Commits a document with these page texts, and the file that holds it; returns its id.

        Without `words`, the index of words does not hear of it before a later commit, or `follow_words`.
        """
        id_ = f"{number:024x}"
        name = name or f"{number}.pdf"
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(f"%PDF-1.7 of {id_}\n{'x' * 1000}\n".encode())
        with self._transaction(words=words) as db:
            row = db.execute(
                "INSERT INTO documents (id, title, author, created, modified, language, outline, extractor,"
                " page_count, text_bytes)"
                " VALUES (?, ?, ?, ?, ?, ?, '[]', 'by hand 1', ?, ?) RETURNING key",
                (
                    id_,
                    title or f"Document {number}",
                    author,
                    created,
                    modified,
                    language,
                    len(pages),
                    sum(len(text.encode()) for text in pages),
                ),
            ).fetchone()
            key = int(row[0])
            self._pages[key] = pages
            start = 0
            for n, text in enumerate(pages, 1):
                label = labels[n - 1] if labels and labels[n - 1] != str(n) else ""
                db.execute("INSERT INTO pages VALUES (?, ?, ?, ?)", (key, n, label, start))
                start += len(text)
            for start, content in pack(pages):
                db.execute("INSERT INTO texts VALUES (?, ?, ?)", (key, start, content))
            before = db.execute("SELECT document FROM locations WHERE path = ?", (name,)).fetchone()
            self._add_location(db, name, key)
            if before:
                self._remove(db, before[0], successor=id_)
            db.execute("DELETE FROM successors WHERE old = ?", (id_,))
            self._add_passages(db, key)
            if embedded:
                self._embed(db)
        return id_

    def add_copy(self, of: str, name: str) -> Path:
        """Commits a second file of the document that the file `of` holds."""
        copy = self.root / name
        copy.write_bytes((self.root / of).read_bytes())
        with self._transaction() as db:
            (key,) = db.execute("SELECT document FROM locations WHERE path = ?", (of,)).fetchone()
            self._add_location(db, name, key)
            for first, last in db.execute("SELECT first, last FROM splits WHERE document = ?", (key,)):
                self._log(db, "named", first, last)
        return copy

    def embed(self) -> None:
        """Gives every pending passage its vector."""
        with self._transaction() as db:
            self._embed(db)

    def follow_words(self) -> None:
        """Brings the index of words up to date."""
        if self._has_words:
            self._words_writer.follow(self._catalog)

    def set_state(self, name: str, size: int, modified_ns: int) -> None:
        """Records how a file looked when it was indexed."""
        self._db.execute(
            "UPDATE locations SET size = ?, modified_ns = ? WHERE path = ?", (size, modified_ns, name)
        )

    def add_failure(self, name: str, reason: str, kind: str = "damaged") -> str:
        """Records a file that could not be read; returns its path."""
        with self._transaction() as db:
            db.execute("INSERT INTO locations VALUES (1, ?, 1, 1, NULL, ?, ?)", (name, kind, reason))
        return str(self.root / name)

    def execute(self, statement: str) -> None:
        """Commits a change of what `add` does not write, which no index has to follow."""
        self._db.execute(statement)

    def remove(self, number: int) -> None:
        """Forgets the document of the file `number`.pdf."""
        with self._transaction() as db:
            rows = db.execute("SELECT document FROM locations WHERE path = ?", (f"{number}.pdf",))
            (key,) = rows.fetchone()
            db.execute("DELETE FROM locations WHERE document = ?", (key,))
            self._remove(db, key)

    def reembed(self, embedder: WordHashEmbedder) -> None:
        """Builds another model's vectors beside those that are searched, then switches to them."""
        self.embedder = embedder
        self._model = self._add_model(embedder)
        for (key,) in self._db.execute("SELECT key FROM documents ORDER BY key").fetchall():
            with self._transaction() as db:
                self._add_passages(db, key)
                self._embed(db)
        with self._transaction() as db:
            rows = db.execute("SELECT first, last FROM splits WHERE model <> ?", (self._model,))
            for first, last in rows.fetchall():
                self._remove_passages(db, first, last)
            db.execute("DELETE FROM models WHERE id <> ?", (self._model,))
            db.execute("UPDATE models SET current = 1")
            self._log(db, "model", 0, 0)

    def trim_changes(self) -> None:
        """Keeps only the newest change."""
        self._db.execute("DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes)")

    def reader(self, load: Callable[[str], WordHashEmbedder] | None = None, model: str = "") -> Reader:
        """A reader with its own connection, closed with the shelf; `load` gives it the model of a name."""
        models = SomeModels(load or (lambda _: self.embedder))
        reader = Reader(Catalog(self.path), WordIndex(self.words), models, model)
        self._readers.append(reader)
        return reader

    def _add_model(self, embedder: WordHashEmbedder) -> int:
        # Fields in the order of the columns.
        row = self._db.execute(
            "INSERT INTO models (name, digest, dimensions, passage_tokens, current)"
            " VALUES (?, ?, ?, ?, 0) RETURNING id",
            astuple(embedder.fingerprint),
        ).fetchone()
        return int(row[0])

    def _add_location(self, db: sqlite3.Connection, name: str, key: int) -> None:
        found = (self.root / name).stat()
        db.execute(
            "INSERT OR REPLACE INTO locations (library_id, path, size, modified_ns, document)"
            " VALUES (1, ?, ?, ?, ?)",
            (name, found.st_size, found.st_mtime_ns, key),
        )

    def _add_passages(self, db: sqlite3.Connection, key: int) -> None:
        start, ids = 0, []
        for number, text in enumerate(self._pages[key], 1):
            for line in re.finditer(r".+", text):
                row = db.execute(
                    "INSERT INTO passages (page, start, stop, hash) VALUES (?, ?, ?, ?) RETURNING id",
                    (
                        number,
                        start + line.start(),
                        start + line.end(),
                        zlib.crc32(f"{self._model} {line.group()}".encode()),
                    ),
                ).fetchone()
                ids.append(int(row[0]))
                self._lines[ids[-1]] = line.group()
                db.execute("INSERT INTO pending (passage, context) VALUES (?, '')", (ids[-1],))
            start += len(text)
        if ids:
            db.execute("INSERT INTO splits VALUES (?, ?, ?, ?, 0)", (ids[0], ids[-1], self._model, key))
            if db.execute("SELECT current FROM models WHERE id = ?", (self._model,)).fetchone()[0]:
                self._log(db, "published", ids[0], ids[-1])

    def _embed(self, db: sqlite3.Connection) -> None:
        ids = [row[0] for row in db.execute("SELECT passage FROM pending ORDER BY passage")]
        if not ids or not self._has_meaning:
            return
        codes = encode(self.embedder.embed_passages([self._lines[id_] for id_ in ids]))
        by_id = dict(zip(ids, codes, strict=True))
        for first, last in db.execute("SELECT first, last FROM splits").fetchall():
            some = [id_ for id_ in ids if first <= id_ <= last]
            db.executemany("INSERT INTO vectors VALUES (?, ?)", packs(some, [by_id[id_] for id_ in some]))
        db.execute("DELETE FROM pending")
        self._log(db, "embedded", ids[0], ids[-1])

    def _remove(self, db: sqlite3.Connection, key: int, successor: str | None = None) -> None:
        rows = db.execute("SELECT first, last FROM splits WHERE document = ?", (key,))
        for first, last in rows.fetchall():
            self._remove_passages(db, first, last)
            self._log(db, "removed", first, last)
        if successor:
            db.execute(
                "INSERT OR REPLACE INTO successors SELECT id, ? FROM documents WHERE key = ?",
                (successor, key),
            )
        db.execute("DELETE FROM documents WHERE key = ?", (key,))

    @staticmethod
    def _remove_passages(db: sqlite3.Connection, first: int, last: int) -> None:
        db.execute("DELETE FROM splits WHERE first = ?", (first,))
        db.execute("DELETE FROM passages WHERE id BETWEEN ? AND ?", (first, last))
        db.execute("DELETE FROM pending WHERE passage BETWEEN ? AND ?", (first, last))
        db.execute("DELETE FROM vectors WHERE first BETWEEN ? AND ?", (first, last))

    @staticmethod
    def _log(db: sqlite3.Connection, kind: str, first: int, last: int) -> None:
        db.execute("INSERT INTO changes (kind, first, last) VALUES (?, ?, ?)", (kind, first, last))

    @contextmanager
    def _transaction(self, *, words: bool = True) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:  # commits, or rolls back
            yield self._db
        if words:
            self.follow_words()
