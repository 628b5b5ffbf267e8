"""`stackroom check` on a library in PostgreSQL finds what it finds in a file, and repairs it."""

from dataclasses import asdict, replace
from pathlib import Path

import psycopg
import pytest

from fakes import OneModel, WordHashEmbedder
from indexer.upkeep.check import check
from indexer.upkeep.moving.move import complete, to_database
from indexer.upkeep.repair import repair
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import CatalogMissing, StoreAway
from stackroom.common.settings import Settings

QUERIES = {  # what stands for a number in the SQL below
    "FIRST": "SELECT min(id) FROM passages",
    "OTTER": "SELECT document FROM locations WHERE path = 'otter 0.pdf'",
    "BREAD": "SELECT document FROM locations WHERE path = 'bread.pdf'",
}


@pytest.fixture
def stored(indexed: Path, tmp_path: Path, store_url: str) -> Settings:
    """A library in a database, with all that is derived of it."""
    to_database(Settings(data=indexed / "data"), store_url)
    settings = Settings(data=tmp_path / "beside", store=store_url)
    complete(settings)
    return settings


def execute(settings: Settings, sql: str) -> None:
    for name, query in QUERIES.items():
        sql = sql.replace(name, f"({query})")
    with psycopg.connect(settings.store, options="-c search_path=stackroom") as db:
        db.execute(sql.encode())


def test_nothing_is_wrong_with_a_sound_library(indexed: Path, stored: Settings) -> None:
    stages: list[tuple[str, int, int]] = []
    report = check(stored, lambda *told: stages.append(told))
    assert report.damages == []
    assert (report.documents, report.passages) == (4, 7)
    assert ("checking", 4, 4) in stages
    assert asdict(report) == asdict(check(Settings(data=indexed / "data")))


RESPLIT = {
    "UPDATE passages SET stop = stop - 1 WHERE id = FIRST": "end to end",
    "DELETE FROM passages WHERE id = FIRST": "passages are missing",
    "DELETE FROM splits WHERE document = OTTER": "belong to no document",
    "DELETE FROM vectors WHERE first = FIRST": "no vector and does not wait",
    "INSERT INTO pending VALUES (FIRST, '', NULL)": "a vector and waits",
    "UPDATE vectors SET pack = repeat('0', 514)::bytea WHERE first = FIRST": "a vector is damaged",
    "UPDATE splits SET illegible = 1": "miscounted",
    "INSERT INTO vectors VALUES (4711, '')": "belong to no passage",
    "INSERT INTO pending VALUES (4711, '')": "passages are not there",
    "UPDATE models SET current = 0": "no model",
}
REREAD = {
    "UPDATE texts SET content = '' WHERE document = OTTER": "text is damaged",
    "UPDATE texts SET content = (SELECT content FROM texts WHERE document = BREAD)"
    " WHERE document = OTTER": "bytes instead of",
    "DELETE FROM pages WHERE document = OTTER AND number = 2": "pages are missing",
    "UPDATE documents SET outline = '[[' WHERE key = OTTER": "outline",
    "DELETE FROM locations WHERE document = OTTER": "has no file",
}


@pytest.mark.parametrize("sql", RESPLIT | REREAD)
def test_what_is_damaged_is_found_and_repaired(stored: Settings, sql: str) -> None:
    execute(stored, sql)
    report = check(stored)
    assert (RESPLIT | REREAD)[sql] in str(report.damages)
    assert repair(stored, OneModel(WordHashEmbedder()), report)
    after = check(stored)
    assert after.damages == []
    assert after.documents == (3 if sql in REREAD else 4)
    with Catalog(stored.truth) as catalog:
        model = catalog.model()
        assert model
        assert len(catalog.passage_ranges(model)) == after.documents


def test_nearest_passages_are_made_again(stored: Settings) -> None:
    execute(stored, "DELETE FROM nearest WHERE passage = FIRST")
    report = check(stored)
    assert "6 vectors instead of 7" in str(report.damages)
    done = repair(stored, OneModel(WordHashEmbedder()), report)
    assert done == ["The table of nearest passages was made again."]
    assert check(stored).damages == []


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM word_documents WHERE first = FIRST",
        "UPDATE word_documents SET last = last + 1 WHERE first = FIRST",
        "UPDATE word_documents SET page_count = 7 WHERE first = FIRST",
        "DELETE FROM postings WHERE term = 'otter'",
        "DELETE FROM postings WHERE ctid = (SELECT min(ctid) FROM postings WHERE field < 2)",
        "UPDATE postings SET passages = substr(passages, 2) WHERE term = 'otter' AND field = 0",
        "UPDATE postings SET pages = NULL WHERE term = 'otter' AND field = 0",
        "UPDATE postings SET part = 3 WHERE term = 'otter'",
        "UPDATE postings SET passages = decode('ffff0f000102', 'hex'), passage_count = 1"
        " WHERE term = 'otter' AND field = 0",
        "INSERT INTO postings SELECT part, generation, field, passage_count, page_count, document_count,"
        " is_fresh, 'twice', passages, pages, documents FROM postings WHERE term = 'otter'",
    ],
)
def test_the_index_of_words_is_built_again(stored: Settings, sql: str) -> None:
    execute(stored, sql)
    report = check(stored)
    assert [damage.remedy for damage in report.damages] == ["rebuild"]
    assert "The index of words was built again." in repair(stored, OneModel(WordHashEmbedder()), report)
    assert check(stored).damages == []


def test_what_is_derived_is_behind(stored: Settings) -> None:
    execute(stored, "INSERT INTO changes (kind, first, last) VALUES ('named', 1, 1)")
    report = check(stored)
    assert (report.damages, report.nearest_behind, report.words_behind) == ([], True, True)
    assert repair(stored, OneModel(WordHashEmbedder()), report)
    assert (check(stored).nearest_behind, check(stored).words_behind) == (False, False)


def test_there_is_nothing_to_check(settings: Settings, store_url: str, bare_url: str) -> None:
    assert check(replace(settings, store=store_url)).documents == 0
    with pytest.raises(CatalogMissing):
        check(replace(settings, store=bare_url))
    with pytest.raises(StoreAway):
        check(replace(settings, store="postgresql://127.0.0.1:1/nothing"))
