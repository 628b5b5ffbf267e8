"""kill -9 of the indexer at any moment: a normal run afterwards gives what an undisturbed one gives."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from fake_ocr import FakeOcr
from index_content import content, found_by
from killed_indexing import SCRIPT, Indexing
from make_pdfs import write_pdf, write_scanned_pdf
from waiting import read_line

DOCUMENTS = 16
KILLS = 5  # in each run of the suite; `bench.kills` has hundreds, and more kinds of them


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_a_killed_indexer_loses_nothing(tmp_path: Path, indexing: Indexing) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    chance = random.Random(7)
    for number in range(DOCUMENTS):
        # Texts that nothing else has, and some that all have: those are embedded once.
        pages = [
            f"Document {number} and page {page}.\n\n"
            + " ".join(f"Some words {number} {page} {line}." for line in range(30))
            + "Some words. " * 60
            for page in range(6)
        ]
        write_pdf(folder / f"{number}.pdf", pages, title=f"Document {number}")
    started = time.monotonic()
    assert indexing.run(tmp_path / "undisturbed", folder, 120)
    seconds = time.monotonic() - started
    expected = content(tmp_path / "undisturbed")
    assert len(expected["documents"]) == DOCUMENTS
    assert expected["pending"] == []
    assert expected["words"][0][0] == len(expected["passages"]) > DOCUMENTS * 6
    assert len(expected["word words"]) > len(expected["word 17"]) > 0

    data, started = tmp_path / "killed", time.monotonic()
    killed = 0
    for _ in range(4 * KILLS):
        if not indexing.run(data, folder, chance.uniform(0, 0.7 * seconds)):
            killed += 1
            if killed == KILLS:
                break
        else:  # it was done: something to do for the next one, and as long as things take now
            changed = folder / f"{chance.randrange(DOCUMENTS)}.pdf"
            if changed.exists():
                changed.rename(changed.with_name(f"again {chance.random()}.pdf"))
            seconds = time.monotonic() - started
            data, started = tmp_path / f"killed {chance.random()}", time.monotonic()
    assert killed == KILLS
    assert indexing.run(data, folder, 120)
    assert indexing.run(tmp_path / "undisturbed", folder, 120)
    assert content(data) == content(tmp_path / "undisturbed")


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_what_was_read_of_a_scan_is_not_read_again(tmp_path: Path) -> None:
    folder, data = tmp_path / "papers", tmp_path / "data"
    folder.mkdir()
    shades = range(10, 70, 10)
    ocr = FakeOcr(tmp_path / "ocr", {(shade, "eng"): (90, f"This is the shade {shade}.") for shade in shades})
    ocr("")
    write_scanned_pdf(folder / "a.pdf", shades=shades[:2])
    write_scanned_pdf(folder / "b.pdf", shades=shades[2:])
    again = [sys.executable, *map(str, [SCRIPT, data, folder, ocr.home])]
    with subprocess.Popen(again, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while read_line(process.stdout, process) != b"3\n":
            pass
        process.send_signal(signal.SIGKILL)
    with closing(sqlite3.connect(data / "index" / "catalog.sqlite3")) as db:
        places = db.execute(
            "SELECT l.path, s.page FROM scans s JOIN locations l ON l.document = s.document"
            " WHERE s.state IN ('read', 'published')"
        ).fetchall()
    read = [shades[page - 1 + (2 if path == "b.pdf" else 0)] for path, page in places]
    assert len(read) >= 3  # and not all, as a rule
    subprocess.run(again, check=True, stdout=subprocess.DEVNULL, timeout=120)
    assert {ocr.calls().count(f"{shade} eng") for shade in read} == {1}
    texts = sorted(str(text).strip() for _, text in found_by(data, "shade"))
    assert texts == [f"This is the shade {shade}." for shade in shades]
