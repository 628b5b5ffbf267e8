"""Whatever an index holds that must not depend on how it came about."""

import sqlite3
from pathlib import Path

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.vector_codes import code_length
from stackroom.catalog.vector_packs import unpack
from stackroom.indexes.words import WordIndex

# The packs of vectors, with how many dimensions the model has that each belongs to.
PACKS = (
    "SELECT v.first, v.pack, m.dimensions FROM vectors v JOIN splits s"
    " ON s.first = (SELECT max(first) FROM splits WHERE first <= v.first) JOIN models m ON m.id = s.model"
)


def content(data: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that the catalogue says, and the index of words, but for the numbers given out on the way."""
    db = sqlite3.connect(data / "index" / "catalog.sqlite3")
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    queries = {
        "documents": "SELECT id, title, page_count, text_bytes FROM documents ORDER BY id",
        "pages": "SELECT d.id, number, label, start FROM pages g JOIN documents d ON d.key = g.document"
        " ORDER BY d.id, number",
        "texts": "SELECT d.id, start, content FROM texts t JOIN documents d ON d.key = t.document"
        " ORDER BY d.id, start",
        "passages": "SELECT d.id, page, start, stop, hash, p.id FROM splits s"
        " JOIN documents d ON d.key = s.document JOIN passages p ON p.id BETWEEN s.first AND s.last"
        " ORDER BY d.id, start",
        "numbers": "SELECT count(*), sum(last - first + 1), (SELECT count(*) FROM passages) FROM splits",
        "locations": "SELECT path, size, modified_ns, d.id, failure FROM locations l"
        " LEFT JOIN documents d ON d.key = l.document ORDER BY path",
        "pending": "SELECT passage FROM pending",
    }
    found = {name: db.execute(query).fetchall() for name, query in queries.items()}
    packs = [unpack(first, pack, code_length(size)) for first, pack, size in db.execute(PACKS).fetchall()]
    db.close()
    codes = {id_: code for pack in packs for id_, code in zip(*pack, strict=True)}
    found["passages"] = [(*row, codes.pop(id_, None)) for *row, id_ in found["passages"]]
    assert not codes  # none of them is of no passage
    found["words"] = [(len(WordIndex(data / "index" / "words")),)]
    for word in ("0", "17", "page", "words"):
        found[f"word {word}"] = found_by(data, word)
    return found


def found_by(data: Path, word: str) -> list[tuple[object, ...]]:
    """All texts that the index of words finds. Scores are left out: they still count what was replaced."""
    hits = WordIndex(data / "index" / "words").search(word, 10_000).hits
    with Catalog(data / "index" / "catalog.sqlite3") as catalog:
        shown = catalog.passages([passage for passage, _ in hits])
    return sorted((shown[passage].document_id, shown[passage].text) for passage, _ in hits)
