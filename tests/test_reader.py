"""Reading: the best documents come back, and what the catalogue gains, loses or changes is followed."""

import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes import WordHashEmbedder
from stackroom.catalog import Catalog
from stackroom.embedding.embedder import Embedder
from stackroom.errors import ModelMismatch, ModelNotFound, UnknownDocument
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


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.close()


@pytest.fixture
def reader(shelf: Shelf) -> Iterator[Reader]:
    reader = shelf.reader()
    yield reader
    reader.close()


def ids(reader: Reader, query: str, limit: int = 10) -> list[str]:
    return [hit.document_id for hit in reader.search(query, limit)]


# Searching


def test_a_hit_is_the_best_passage_word_for_word(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "Rivers and lakes.\n", "Ünïted 🐈 cats sleep.\nDogs bark.\n", labels=("i", "ii"))
    shelf.add(2, "Tables and chairs.\n")
    best = reader.search("cats sleep")[0]
    assert (best.document_id, best.title) == (f"{1:024x}", "Document 1")
    assert best.text == "Ünïted 🐈 cats sleep."
    assert (best.page, best.page_label) == (2, "ii")
    assert 0 < best.score <= 1


def test_scores_descend(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "cats\n")
    shelf.add(2, "cats dogs\n")
    shelf.add(3, "cats dogs birds fish\n")
    scores = [hit.score for hit in reader.search("cats")]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(1, abs=1e-3)


def test_one_document_cannot_crowd_out_the_others(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, *["cats\n" * 50] * 8)
    others = [shelf.add(number, f"cats and number {number} of many words\n") for number in range(2, 7)]
    found = ids(reader, "cats")
    assert found[0] == f"{1:024x}"
    assert sorted(found[1:]) == sorted(others)
    assert ids(reader, "cats", limit=2)[0] == f"{1:024x}"


def test_at_most_ten_documents(shelf: Shelf, reader: Reader) -> None:
    for number in range(1, 13):
        shelf.add(number, f"cats {number}\n")
    assert len(ids(reader, "cats")) == 10
    assert len(ids(reader, "cats", limit=3)) == 3


def test_equal_scores_come_in_the_order_of_indexing(shelf: Shelf, reader: Reader) -> None:
    # Numbers that do not ascend, so that sorting by id would be noticed.
    added = [shelf.add(number * 37 % 101, "cats\n") for number in range(1, 51)]
    better = shelf.add(200, "cats cats purr\n")
    fresh = shelf.reader()
    for each in (reader, reader, fresh):
        assert ids(each, "cats purr") == [better, *added[:9]]
    fresh.close()


@pytest.mark.parametrize("query", ["", "  \n\t "])
def test_a_blank_query_finds_nothing_and_needs_no_model(shelf: Shelf, query: str) -> None:
    shelf.add(1, "cats\n")
    reader = shelf.reader(load=_no_model)
    assert reader.search(query) == []
    reader.close()


def test_an_empty_catalogue_needs_no_model(tmp_path: Path) -> None:
    reader = Reader(Catalog(tmp_path / "index" / "catalog.sqlite3", create=True), _no_model)
    reader.warm()
    assert reader.search("cats") == []
    reader.close()


# Following


def test_what_is_added_later_is_found(shelf: Shelf, reader: Reader) -> None:
    assert reader.search("cats") == []
    first = shelf.add(1, "cats\n")
    assert ids(reader, "cats") == [first]
    second = shelf.add(2, "cats and dogs\n")
    assert ids(reader, "cats") == [first, second]


def test_what_is_removed_is_not_found(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "cats\n", "cats and more\n")
    kept = shelf.add(2, "cats and dogs\n")
    reader.warm()
    shelf.remove(1)
    assert ids(reader, "cats") == [kept]
    assert reader.search("cats")[0].text == "cats and dogs"
    added = shelf.add(1, "cats\n")
    assert ids(reader, "cats") == [added, kept]


def test_a_removed_passage_is_not_shown_before_its_removal_was_followed(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    kept = shelf.add(2, "cats and dogs\n")

    class RemovesMeanwhile(WordHashEmbedder):
        """The second commit comes while the query is being embedded."""

        def embed_query(self, text: str) -> NDArray[np.float32]:
            shelf.remove(1)
            return super().embed_query(text)

    reader = shelf.reader(load=lambda _: RemovesMeanwhile())
    assert ids(reader, "cats") == [kept]
    reader.close()


def test_many_changes_at_once_are_followed(shelf: Shelf, reader: Reader) -> None:
    reader.warm()
    for number in range(1, 31):
        shelf.add(number, f"cats {number}\n", "dogs\n")
        if number % 3 == 0:
            shelf.remove(number - 1)
    fresh = shelf.reader()
    assert reader.search("cats", 100) == fresh.search("cats", 100)
    assert len(ids(reader, "cats", 100)) == 20
    fresh.close()


def test_a_passage_without_a_vector_does_not_disturb(shelf: Shelf, reader: Reader) -> None:
    first = shelf.add(1, "cats\n")
    later = shelf.add(2, "cats\n", embedded=False)
    assert ids(reader, "cats") == [first]
    assert reader.status().pending == 1
    shelf.embed()
    assert ids(reader, "cats") == [first, later]
    assert reader.status().pending == 0


def test_a_trimmed_log_of_changes_means_loading_again(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "cats\n")
    assert len(ids(reader, "cats")) == 1
    shelf.remove(1)
    added = [shelf.add(number, "cats\n") for number in (2, 3, 4)]
    shelf.trim_changes()
    assert ids(reader, "cats") == added


def test_another_model_is_followed(shelf: Shelf) -> None:
    loaded = []
    first, second = WordHashEmbedder("one", 64), WordHashEmbedder("two", 32)

    def load(name: str) -> Embedder:
        loaded.append(name)
        return {"word-hash": shelf.embedder, "one": first, "two": second}[name]

    shelf.add(1, "cats\n")
    reader = shelf.reader(load)
    assert ids(reader, "cats") == [f"{1:024x}"]
    shelf.reembed(second)
    shelf.add(2, "cats and dogs\n")
    assert ids(reader, "cats") == [f"{1:024x}", f"{2:024x}"]
    shelf.reembed(first)
    assert ids(reader, "cats") == [f"{1:024x}", f"{2:024x}"]
    assert loaded == ["word-hash", "two", "one"]
    reader.close()


def test_the_model_may_change_while_a_query_is_embedded(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    second = WordHashEmbedder("two", 32)

    class SwitchesMeanwhile(WordHashEmbedder):
        def embed_query(self, text: str) -> NDArray[np.float32]:
            shelf.reembed(second)
            return super().embed_query(text)

    first = SwitchesMeanwhile()
    reader = shelf.reader(load=lambda name: second if name == "two" else first)
    assert ids(reader, "cats") == [f"{1:024x}"]
    reader.close()


# Models


def _no_model(name: str) -> Embedder:
    raise ModelNotFound(f"There is no model {name!r} here.")


def test_a_missing_model_is_an_error_until_it_is_there(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    there: list[Embedder] = []

    def load(name: str) -> Embedder:
        return there[0] if there else _no_model(name)

    reader = shelf.reader(load)
    with pytest.raises(ModelNotFound):
        reader.warm()
    with pytest.raises(ModelNotFound):
        reader.search("cats")
    there.append(shelf.embedder)
    assert len(reader.search("cats")) == 1
    reader.close()


def test_a_model_that_the_index_was_not_built_with_is_refused(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    reader = shelf.reader(load=lambda name: WordHashEmbedder(name), model="another")
    for call in (reader.warm, lambda: reader.search("cats")):
        with pytest.raises(ModelMismatch, match=r"built with the model 'word-hash', not with 'another'"):
            call()
    reader.close()


def test_a_model_whose_files_changed_is_refused(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    reader = shelf.reader(load=lambda name: WordHashEmbedder(name, dimensions=32))
    with pytest.raises(ModelMismatch, match="have changed since"):
        reader.search("cats")
    reader.close()


# Fetching


def test_a_fetched_text_has_every_page_after_its_mark(shelf: Shelf, reader: Reader) -> None:
    found = reader.fetch(shelf.add(1, "One.\n", "", "Three,\n\nwith a gap.\n", labels=("i", "2", "A-3")))
    assert found.text == ("[[page 1 (i)]]\nOne.\n\n[[page 2]]\n\n[[page 3 (A-3)]]\nThree,\n\nwith a gap.\n")
    assert (found.record.title, found.record.author, found.record.page_count) == ("Document 1", "Ada", 3)


def test_space_around_an_id_is_forgiven(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n")
    assert reader.fetch(f" {id_}\n").record.id == id_


@pytest.mark.parametrize("wrong", ["", " ", "0" * 24, "../../etc/passwd", "' OR 1=1 --", "a\0b", "🐈" * 500])
def test_an_unknown_id_is_an_error(shelf: Shelf, reader: Reader, wrong: str) -> None:
    shelf.add(1, "One.\n")
    for call in (reader.fetch, reader.file):
        with pytest.raises(UnknownDocument, match="exactly as a search result gives it"):
            call(wrong)


def test_the_id_of_a_changed_file_leads_to_what_it_became(shelf: Shelf, reader: Reader) -> None:
    first = shelf.add(1, "One.\n", name="a.pdf")
    second = shelf.add(2, "Two.\n", name="a.pdf")
    third = shelf.add(3, "Three.\n", name="a.pdf")
    assert reader.fetch(first).record.id == reader.fetch(second).record.id == third
    assert reader.file(first)[0].id == third
    assert shelf.add(1, "One.\n", name="a.pdf") == reader.fetch(third).record.id == first


# Files


def test_the_file_of_a_document(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n", name="sub/folder/a.pdf")
    record, path = reader.file(id_)
    assert path == shelf.root / "sub/folder/a.pdf"
    assert record.locations[0].path == "sub/folder/a.pdf"


def test_a_copy_serves_when_the_first_file_is_gone(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n", name="a.pdf")
    copy = shelf.add_copy("a.pdf", "b.pdf")
    (shelf.root / "a.pdf").unlink()
    assert reader.file(id_)[1] == copy


def test_a_file_that_changed_since_is_not_served(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n", name="a.pdf")
    os.utime(shelf.root / "a.pdf", ns=(1, 1))
    with pytest.raises(UnknownDocument, match="moved or changed"):
        reader.file(id_)


# All at once


def test_searching_from_several_threads_while_another_connection_commits(shelf: Shelf) -> None:
    lasting = [shelf.add(number, f"cats {number}\n") for number in (1, 2, 3)]
    reader = shelf.reader()
    stop = threading.Event()
    failures: list[BaseException] = []
    searches = []

    def search() -> None:
        try:
            while not stop.is_set():
                found = ids(reader, "cats", limit=100)
                assert len(set(found)) == len(found)
                assert set(lasting) <= set(found)
                assert reader.fetch(lasting[0]).text == "[[page 1]]\ncats 1\n"
                searches.append(len(found))
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10, 60):
        shelf.add(number, f"cats {number}\n", "dogs\n")
        if number % 2:
            shelf.remove(number)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(searches) > 20
    assert len(ids(reader, "cats", limit=100)) == 3 + 25
    reader.close()
