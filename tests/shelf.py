"""A catalogue filled by hand, for tests of what reads it. Writes SQL, so as not to lean on the indexer."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from fakes import WordHashEmbedder
from stackroom.catalog import Catalog
from stackroom.embedding.embedder import Embedder
from stackroom.reader import Reader
from stackroom.schema import open_catalog
from stackroom.vectors import encode


class Shelf:
    """A data folder filled by hand, with a library beside it. Each line of a page is a passage."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "data" / "index" / "catalog.sqlite3"
        self.root = folder / "library"
        self.root.mkdir(parents=True)
        self.embedder = WordHashEmbedder()
        self._db = open_catalog(self.path, create=True)
        self._db.execute("INSERT INTO libraries (root) VALUES (?)", (str(self.root),))
        self._model = self._add_model(self.embedder)
        self._db.execute("UPDATE models SET current = 1")

    def close(self) -> None:
        self._db.close()

    def add(
        self, number: int, *pages: str, name: str = "", labels: Sequence[str] = (), embedded: bool = True
    ) -> str:
        """Commits a document with these page texts, and the file that holds it; returns its id."""
        id_ = f"{number:024x}"
        name = name or f"{number}.pdf"
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(f"%PDF-1.7 of {id_}\n{'x' * 1000}\n".encode())
        with self._transaction() as db:
            key = db.execute(
                "INSERT INTO documents (id, title, author, created, modified, outline, extractor, page_count,"
                " text_bytes) VALUES (?, ?, 'Ada', '2020-01-02', '2021-03-04', '[]', 'by hand 1', ?, ?)",
                (id_, f"Document {number}", len(pages), sum(len(text.encode()) for text in pages)),
            ).lastrowid
            start = 0
            for n, text in enumerate(pages, 1):
                label = labels[n - 1] if labels else str(n)
                db.execute("INSERT INTO pages VALUES (?, ?, ?, ?, ?)", (key, n, label, start, text))
                start += len(text)
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
        return copy

    def embed(self) -> None:
        """Gives every pending passage its vector."""
        with self._transaction() as db:
            self._embed(db)

    def set_state(self, name: str, size: int, modified_ns: int) -> None:
        """Records how a file looked when it was indexed."""
        self._db.execute(
            "UPDATE locations SET size = ?, modified_ns = ? WHERE path = ?", (size, modified_ns, name)
        )

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
            db.execute("DELETE FROM models WHERE id <> ?", (self._model,))
            db.execute("UPDATE models SET current = 1")
            db.execute("INSERT INTO changes (kind, first, last) VALUES ('model', 0, 0)")

    def trim_changes(self) -> None:
        """Keeps only the newest change."""
        self._db.execute("DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes)")

    def reader(self, load: Callable[[str], Embedder] | None = None, model: str = "") -> Reader:
        """A reader with a connection of its own."""
        return Reader(Catalog(self.path), load or (lambda _: self.embedder), model)

    def _add_model(self, embedder: WordHashEmbedder) -> int:
        # Fields in the order of the columns.
        row = self._db.execute(
            "INSERT INTO models (name, digest, precision, dimensions, passage_tokens, current)"
            " VALUES (?, ?, ?, ?, ?, 0) RETURNING id",
            astuple(embedder.fingerprint),
        ).fetchone()
        return int(row[0])

    def _add_location(self, db: sqlite3.Connection, name: str, key: int | None) -> None:
        found = (self.root / name).stat()
        db.execute(
            "INSERT OR REPLACE INTO locations (library_id, path, size, modified_ns, document)"
            " VALUES (1, ?, ?, ?, ?)",
            (name, found.st_size, found.st_mtime_ns, key),
        )

    def _add_passages(self, db: sqlite3.Connection, key: int | None) -> None:
        pages = db.execute("SELECT number, start, text FROM pages WHERE document = ? ORDER BY number", (key,))
        for number, start, text in pages.fetchall():
            for line in re.finditer(r".+", text):
                passage = db.execute(
                    "INSERT INTO passages (model, document, page, start, stop) VALUES (?, ?, ?, ?, ?)",
                    (self._model, key, number, start + line.start(), start + line.end()),
                ).lastrowid
                db.execute("INSERT INTO pending VALUES (?)", (passage,))

    def _embed(self, db: sqlite3.Connection) -> None:
        rows = db.execute(
            "SELECT p.id, substr(g.text, p.start - g.start + 1, p.stop - p.start) FROM pending w"
            " JOIN passages p ON p.id = w.passage"
            " JOIN pages g ON g.document = p.document AND g.number = p.page ORDER BY p.id"
        ).fetchall()
        if not rows:
            return
        codes = encode(self.embedder.embed_passages([text for _, text in rows]))
        for (passage, _), code in zip(rows, codes, strict=True):
            db.execute("INSERT INTO vectors VALUES (?, ?)", (passage, code))
        db.execute("DELETE FROM pending")
        db.execute(
            "INSERT INTO changes (kind, first, last) VALUES ('embedded', ?, ?)", (rows[0][0], rows[-1][0])
        )

    def _remove(self, db: sqlite3.Connection, key: int, successor: str | None = None) -> None:
        db.execute(
            "INSERT INTO changes (kind, first, last)"
            " SELECT 'removed', min(id), max(id) FROM passages WHERE document = ? GROUP BY model",
            (key,),
        )
        if successor:
            db.execute(
                "INSERT OR REPLACE INTO successors SELECT id, ? FROM documents WHERE key = ?",
                (successor, key),
            )
        db.execute("DELETE FROM documents WHERE key = ?", (key,))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:  # commits, or rolls back
            yield self._db
