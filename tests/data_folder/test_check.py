"""`stackroom check` finds what is damaged, says nothing of what is not, and repairs it."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from commands import stackroom_here
from fakes import OneModel, WordHashEmbedder
from indexer.upkeep.check import Report, check
from indexer.upkeep.repair import repair
from make_pdfs import write_pdf
from small_library import OTTERS, index
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import CatalogMissing, CatalogUnusable
from stackroom.common.running import hold
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

QUERIES = {  # what stands for a number in the SQL below
    "FIRST": "SELECT min(id) FROM passages",
    "OTTER": "SELECT document FROM locations WHERE path = 'otter 0.pdf'",
    "BREAD": "SELECT document FROM locations WHERE path = 'bread.pdf'",
}


@pytest.fixture
def settings(indexed: Path, tmp_path: Path) -> Settings:
    shutil.copytree(indexed / "data", tmp_path / "data")
    return Settings.read({}, data=tmp_path / "data", workers=2)


def repaired(settings: Settings, report: Report) -> list[str]:
    return repair(settings, OneModel(WordHashEmbedder()), report)


def rows(settings: Settings, sql: str, *parameters: bytes) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(settings.catalog, isolation_level=None)) as db:
        for name, query in QUERIES.items():
            sql = sql.replace(name, f"({query})")
        return db.execute(sql, parameters).fetchall()


def change_byte(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


def titles(settings: Settings, query: str) -> list[str]:
    reader = Reader(Catalog(settings.catalog), WordIndex(settings.words), OneModel(WordHashEmbedder()))
    with closing(reader):
        return [hit.title for hit in reader.search(query)]


def test_nothing_is_wrong_with_a_sound_folder(settings: Settings) -> None:
    stages: list[tuple[str, int, int]] = []
    report = check(settings, lambda *told: stages.append(told))
    assert report == Report(documents=4, passages=7)
    assert ("checking", 4, 4) in stages
    assert repaired(settings, report) == []


DOCUMENTS = {
    "UPDATE texts SET content = x'00' WHERE document = OTTER": "text is damaged",
    "UPDATE texts SET content = (SELECT content FROM texts WHERE document = BREAD)"
    " WHERE document = OTTER": "bytes instead of",
    "DELETE FROM pages WHERE document = OTTER AND number = 2": "pages are missing",
    "UPDATE documents SET outline = '[[' WHERE key = OTTER": "outline",
    "DELETE FROM documents WHERE key = OTTER": "belong to nothing",
}
OTHERS = {
    "DELETE FROM locations WHERE document = OTTER": "has no file",
    "UPDATE passages SET stop = stop - 1 WHERE id = FIRST": "end to end",
    "DELETE FROM passages WHERE id = FIRST": "passages are missing",
    "DELETE FROM splits WHERE document = OTTER": "belong to no document",
    "DELETE FROM vectors WHERE first = FIRST": "no vector and does not wait",
    "INSERT INTO pending VALUES (FIRST, '', NULL)": "a vector and waits",
    "UPDATE vectors SET pack = zeroblob(514) WHERE first = FIRST": "a vector is damaged",
    "UPDATE splits SET illegible = 1 WHERE document = OTTER": "miscounted",
    "INSERT INTO vectors VALUES (4711, x'00')": "belong to no passage",
    "UPDATE models SET current = 0": "no model",
    "DROP INDEX passages_by_hash": "passages_by_hash is missing",
}


@pytest.mark.parametrize("sql", DOCUMENTS)
def test_a_damaged_document_is_read_again(settings: Settings, sql: str) -> None:
    ids = rows(settings, "SELECT id FROM documents ORDER BY id")
    rows(settings, "DELETE FROM vectors WHERE first = FIRST")  # and another is embedded again
    rows(settings, sql)
    report = check(settings)
    assert DOCUMENTS[sql] in str(report.damages)
    assert repaired(settings, report)
    report = check(settings)
    assert (report.damages, len(report.new)) == ([], 1)
    assert index(settings).embedded_passages <= 3
    assert check(settings) == Report(documents=4, passages=7)
    assert rows(settings, "SELECT id FROM documents ORDER BY id") == ids
    assert titles(settings, "dough cloth")[0] == "On Bread"
    assert titles(settings, "stones").count("Otters") == 3


@pytest.mark.parametrize("sql", OTHERS)
def test_what_is_derived_is_made_again(settings: Settings, sql: str) -> None:
    rows(settings, sql)
    report = check(settings)
    assert OTHERS[sql] in str(report.damages)
    assert repaired(settings, report)
    report = check(settings)
    assert report.damages == []
    assert report.pending <= 2  # of the one document
    assert titles(settings, "dough cloth")[0] == "On Bread"


def test_a_bit_that_the_disk_has_turned(settings: Settings) -> None:
    (found,) = rows(settings, "SELECT content FROM texts WHERE document = 1")
    content = bytearray(bytes(found[0]))  # type: ignore[call-overload]
    content[len(content) // 2] ^= 1
    rows(settings, "UPDATE texts SET content = ? WHERE document = 1", bytes(content))
    (damage,) = check(settings).damages
    assert (damage.remedy, damage.document) == ("reread", 1)
    with Catalog(settings.catalog) as catalog, pytest.raises(CatalogUnusable, match="check --repair"):
        catalog.pages(1)


@pytest.mark.parametrize("bit", [0, 1, 20, 25, 39, 54])
def test_a_bit_of_a_vector_that_the_disk_has_turned(settings: Settings, bit: int) -> None:
    (found,) = rows(settings, "SELECT pack FROM vectors WHERE first = FIRST")
    pack = bytearray(bytes(found[0]))  # type: ignore[call-overload]
    pack[bit // 8] ^= 1 << bit % 8
    rows(settings, "UPDATE vectors SET pack = ? WHERE first = FIRST", bytes(pack))
    with pytest.raises(CatalogUnusable, match="check --repair"):
        titles(settings, "dough cloth")
    report = check(settings)
    assert [damage.remedy for damage in report.damages] == ["resplit"]
    repaired(settings, report)
    assert check(settings).damages == []
    assert titles(settings, "dough cloth")[0] == "On Bread"


def test_damaged_documents_with_the_same_words_are_repaired_in_any_order(tmp_path: Path) -> None:
    settings = Settings.read({}, data=tmp_path / "data", workers=2)
    (tmp_path / "papers").mkdir()
    for number in range(2):
        write_pdf(tmp_path / "papers" / f"{number}.pdf", [f"This is otter {number}.", OTTERS], title="Otters")
    index(settings, tmp_path / "papers")
    # Split again, the first document's passages come after the second one's.
    rows(settings, "DELETE FROM vectors WHERE first = FIRST")
    repaired(settings, check(settings))
    index(settings)
    assert rows(settings, "SELECT document FROM splits ORDER BY first") == [(2,), (1,)]
    rows(settings, "UPDATE vectors SET pack = zeroblob(514)")
    repaired(settings, check(settings))
    report = check(settings)
    assert (report.damages, report.pending) == ([], 4)


def test_a_passage_that_waits_must_be_what_it_was(settings: Settings) -> None:
    rows(settings, "DELETE FROM vectors WHERE first = FIRST")
    rows(settings, "INSERT INTO pending VALUES (FIRST, 'Of somebody else', NULL)")
    report = check(settings)
    assert "not what it was" in str(report.damages)
    repaired(settings, report)
    assert check(settings).damages == []


def flip_a_posting(words: Path) -> None:
    change_byte(max((words / "passages").glob("*.idx"), key=lambda file: file.stat().st_size), 20)


def lose_a_file(words: Path) -> None:
    max((words / "documents").glob("*.term"), key=lambda file: file.stat().st_size).unlink()


def empty_the_meta(words: Path) -> None:
    (words / "documents" / "meta.json").write_text("{}")


@pytest.mark.parametrize("damage", [flip_a_posting, lose_a_file, empty_the_meta])
def test_damaged_words_are_built_again(settings: Settings, damage: Callable[[Path], None]) -> None:
    damage(settings.words)
    report = check(settings)
    assert [found.remedy for found in report.damages] == ["rebuild"]
    assert repaired(settings, report) == ["The index of words was built again."]
    assert check(settings) == Report(documents=4, passages=7)


def test_words_that_are_behind_are_no_damage(settings: Settings) -> None:
    shutil.rmtree(settings.words)
    report = check(settings)
    assert (report.damages, report.words_behind) == ([], True)
    repaired(settings, report)
    assert check(settings) == Report(documents=4, passages=7)


def test_a_damaged_file_is_set_aside(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.catalog)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'passages'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    change_byte(settings.catalog, (root - 1) * size)
    report = check(settings)
    assert {found.remedy for found in report.damages} == {"replace"}
    (done, _) = repaired(settings, report)
    assert "damaged-" in done
    assert list(settings.index.glob("damaged-*.sqlite3"))
    assert index(settings).added == 4  # the folder is still known
    assert check(settings) == Report(documents=4, passages=7)


def test_no_catalogue_at_all(tmp_path: Path, settings: Settings) -> None:
    settings.catalog.write_bytes(b"This is no SQLite file, but somebody's letter." * 100)
    report = check(settings)
    assert [found.remedy for found in report.damages] == ["replace"]
    repaired(settings, report)
    assert check(settings).documents == 0
    with pytest.raises(CatalogMissing):
        check(Settings(data=tmp_path / "nothing"))


def test_files_that_are_not_as_indexed_are_told_and_no_damage(tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    settings = Settings.read({}, data=tmp_path / "data", workers=2)
    for name in ("same", "changing", "leaving"):
        write_pdf(papers / f"{name}.pdf", [f"The one that is {name}."])
    index(settings, papers)
    write_pdf(papers / "coming.pdf", ["The one that is coming."])
    write_pdf(papers / "changing.pdf", ["The one that has changed."])
    (papers / "leaving.pdf").unlink()
    report = check(settings)
    assert report.damages == []
    found = [[Path(file).stem for file in files] for files in (report.new, report.changed, report.missing)]
    assert found == [["coming"], ["changing"], ["leaving"]]


def test_the_command(settings: Settings) -> None:
    data = f"--data={settings.data}"
    sound = stackroom_here("check", data)
    assert (sound.returncode, "damaged     nothing" in sound.stdout) == (0, True)
    rows(settings, "UPDATE texts SET content = x'00' WHERE document = 1")
    damaged = stackroom_here("check", data)
    assert damaged.returncode == 1
    assert "otter" in damaged.stdout or "bread" in damaged.stdout  # which file
    assert "--repair" in damaged.stdout
    with hold(settings.index / "indexer.lock", {"pid": 1, "command": "stackroom watch", "since": "now"}):
        busy = stackroom_here("check", data, "--wait", "0")
    assert (busy.returncode, "stackroom watch" in busy.stderr) == (1, True)
    repaired = stackroom_here("check", data, "--repair", "--json")
    assert (repaired.returncode, '"damages": []' in repaired.stdout) == (0, True)
