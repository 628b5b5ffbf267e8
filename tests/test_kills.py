"""kill -9 of the indexer at any moment: a normal run afterwards gives what an undisturbed one gives."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from make_pdfs import write_pdf
from stackroom.catalog import Catalog
from stackroom.lexicon import Lexicon

KILLS = 8
SCRIPT = Path(__file__).with_name("index_with_fake.py")


def start(data: Path, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(SCRIPT), str(data), str(folder)])


def finish(data: Path, folder: Path) -> None:
    assert start(data, folder).wait(120) == 0


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
        "passages": "SELECT d.id, page, start, stop, hash, code FROM splits s"
        " JOIN documents d ON d.key = s.document JOIN passages p ON p.id BETWEEN s.first AND s.last"
        " JOIN vectors v ON v.passage = p.id ORDER BY d.id, start",
        "numbers": "SELECT count(*), sum(last - first + 1), (SELECT count(*) FROM passages),"
        " (SELECT count(*) FROM vectors) FROM splits",
        "locations": "SELECT path, size, modified_ns, d.id, failure FROM locations l"
        " LEFT JOIN documents d ON d.key = l.document ORDER BY path",
        "pending": "SELECT passage FROM pending",
    }
    found = {name: db.execute(query).fetchall() for name, query in queries.items()}
    db.close()
    found["words"] = [(len(Lexicon(data / "index" / "words")),)]
    for word in ("0", "17", "page", "words"):
        found[f"word {word}"] = found_by(data, word)
    return found


def found_by(data: Path, word: str) -> list[tuple[object, ...]]:
    """All texts that the index of words finds. Scores are left out: they still count what was replaced."""
    hits = Lexicon(data / "index" / "words").search(word, 10_000).hits
    with Catalog(data / "index" / "catalog.sqlite3") as catalog:
        shown = catalog.passages([passage for passage, _ in hits])
    return sorted((shown[passage].document_id, shown[passage].text) for passage, _ in hits)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_a_killed_indexer_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    chance = random.Random(7)
    for number in range(24):
        # Texts that nothing else has, and some that all have: those are embedded once.
        pages = [
            f"Document {number} and page {page}.\n\n"
            + " ".join(f"Some words {number} {page} {line}." for line in range(30))
            + "Some words. " * 60
            for page in range(6)
        ]
        write_pdf(folder / f"{number}.pdf", pages, title=f"Document {number}")
    finish(tmp_path / "undisturbed", folder)
    expected = content(tmp_path / "undisturbed")
    assert len(expected["documents"]) == 24
    assert expected["pending"] == []
    assert expected["words"][0][0] == len(expected["passages"]) > 24 * 6
    assert len(expected["word words"]) > len(expected["word 17"]) > 0

    data = tmp_path / "killed"
    interrupted = 0
    for _ in range(KILLS):
        process = start(data, folder)
        try:
            process.wait(chance.uniform(0.2, 2.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            interrupted += 1
        else:  # it was done: something to do for the next one
            changed = folder / f"{chance.randrange(24)}.pdf"
            changed.rename(changed.with_name(f"again {chance.random()}.pdf"))
            data = tmp_path / f"killed {chance.random()}"
    finish(data, folder)
    finish(tmp_path / "undisturbed", folder)
    assert interrupted >= KILLS // 2
    assert content(data) == content(tmp_path / "undisturbed")
