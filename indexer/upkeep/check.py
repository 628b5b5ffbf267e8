"""Checks that everything in a data folder is sound and fits together. `repair` repairs what is found."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from indexer.folder.compare import compare
from indexer.folder.leave_out import Rules
from indexer.store.publisher import Publisher
from indexer.upkeep.check_nearest import audit_nearest
from indexer.upkeep.check_postgres_words import audit_words
from indexer.upkeep.check_rows import Damage, damages
from indexer.upkeep.check_words import audit
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import current_model, file_at, locations, pending_count
from stackroom.catalog.folder_notes import read_notes
from stackroom.catalog.schema import create_tables, open_catalog
from stackroom.common.data_folder import MOUNTS
from stackroom.common.errors import CatalogUnusable
from stackroom.common.settings import Settings
from stackroom.common.sql import Sql

Tell = Callable[[str, int, int], None]
"""Told what is being looked at, how many documents are done, and how many there are."""

# What SQLite reports if only its indexes are damaged; anything else is damage to the tables.
_OF_INDEXES = ("missing from index", "wrong # of entries in index", "non-unique entry in index")


@dataclass(slots=True)
class Report:
    """What a check found.

    Attributes:
        documents, passages: how many were looked at.
        damages: what is not as it must be.
        files: absolute paths of the files of damaged documents, by their key.
        pending: passages of the model that is searched that wait for their vectors; no damage.
        words_behind, nearest_behind: whether the index of words, or the table of nearest passages that only
            a database has, has yet to follow the last change; no damage.
        new, changed, missing: absolute paths of files that are not as they were when indexed; no damage.
        unreadable: folders and names that could not be looked at, with the reasons, by absolute path.
    """

    documents: int = 0
    passages: int = 0
    damages: list[Damage] = field(default_factory=list)
    files: dict[int, list[str]] = field(default_factory=dict)
    pending: int = 0
    words_behind: bool = False
    nearest_behind: bool = False
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def check(settings: Settings, tell: Tell = lambda stage, done, of: None) -> Report:
    """Checks a data folder, in which no indexer may be at work (see `indexer.lock`); a server may.

    A database sees to its own structure; there, what only we know is checked.

    Raises:
        CatalogMissing: there is nothing to check.
        CatalogVersion: another version of Stackroom wrote the catalogue.
        CatalogUnusable: the catalogue can't be read for a reason that is no damage, such as missing rights.
        StoreAway: the database can't be reached.
    """
    report = Report()
    if settings.store:
        from stackroom.common.postgres.database import database

        with database(settings.store).session() as session, session.snapshot() as db:
            _look_at_rows(db, report, tell)
    else:
        _look_into_file(settings, report, tell)
    if not any(damage.remedy == "replace" for damage in report.damages):
        with Catalog(settings.truth) as catalog:
            _look_at_indexes(settings, catalog, report, tell)
        tell("files", 0, 1)
        _look_at_files(settings, report)
    return report


def _look_at_indexes(settings: Settings, catalog: Catalog, report: Report, tell: Tell) -> None:
    tell("words", 0, 1)
    if settings.store:
        wrong, report.words_behind = audit_words(catalog, partial(tell, "words"))
    else:
        wrong, report.words_behind = audit(settings.words, catalog)
    report.damages += [Damage(f"the index of words is damaged: {what}", "rebuild") for what in wrong]
    if settings.store:
        tell("nearest", 0, 1)
        what, report.nearest_behind = audit_nearest(catalog)
        if what:
            report.damages.append(Damage(f"the table of nearest passages is damaged: {what}", "refill"))


def _look_into_file(settings: Settings, report: Report, tell: Tell) -> None:
    try:
        with closing(open_catalog(settings.catalog, create=False)) as db:
            db.execute("PRAGMA query_only = ON")
            report.damages += _structure(db, tell)
            if not any(damage.remedy == "replace" for damage in report.damages):
                _look_at_rows(db, report, tell)
    except sqlite3.OperationalError as error:
        raise CatalogUnusable(f"The catalogue {settings.catalog} cannot be read: {error}.") from error
    except sqlite3.Error as error:
        report.damages.append(_beyond_repair(error))
    except CatalogUnusable as error:
        if not isinstance(error.__cause__, sqlite3.Error) or isinstance(
            error.__cause__, sqlite3.OperationalError
        ):
            raise
        report.damages.append(_beyond_repair(error.__cause__))


def _beyond_repair(error: sqlite3.Error) -> Damage:
    return Damage(f"the catalogue's file is damaged: {error}", "replace")


def _structure(db: sqlite3.Connection, tell: Tell) -> Iterator[Damage]:
    """The damage that SQLite itself finds."""
    tell("file", 0, 1)
    with closing(sqlite3.connect(":memory:")) as new:
        create_tables(new)
        names = "SELECT type, name FROM sqlite_master"
        for kind, name in set(new.execute(names)) - set(db.execute(names)):
            yield Damage(f"the {kind} {name} is missing", "reindex" if kind == "index" else "replace")
    for (what,) in db.execute("PRAGMA integrity_check"):
        if what != "ok":
            of_index = any(words in what for words in _OF_INDEXES)
            yield Damage(f"the catalogue's file is damaged: {what}", "reindex" if of_index else "replace")
    orphans = {row[0] for row in db.execute("PRAGMA foreign_key_check")}
    for table in sorted(orphans):
        yield Damage(f"rows of {table} belong to nothing", "sweep")


def _look_at_rows(db: Sql, report: Report, tell: Tell) -> None:
    (report.passages,) = db.execute("SELECT count(*) FROM passages").fetchone()

    def rows(sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        return db.execute(sql, parameters).fetchall()

    model = current_model(rows)
    report.pending = pending_count(rows, model) if model else 0
    (count,) = db.execute("SELECT count(*) FROM documents").fetchone()

    def on_document() -> None:
        report.documents += 1
        tell("checking", report.documents, count)

    report.damages += damages(db, on_document)
    for key in {damage.document for damage in report.damages if damage.document}:
        report.files[key] = [str(location.file) for location in locations(rows, key)]


def _look_at_files(settings: Settings, report: Report) -> None:
    mounts, rules = read_notes(settings.index / MOUNTS), Rules.of(settings)
    with closing(Publisher(settings.truth, create=False)) as publisher:
        for root, library in publisher.libraries().items():
            if root.suffix == ".jsonl":
                continue  # a collection of `stackroom eval`, whose documents are no files
            recorded = publisher.recorded(library)
            found = compare(root, library, recorded, mounts.get(str(root)), rules=rules)
            report.new += [str(file.path) for file in found.new]
            report.changed += [str(file.path) for file in found.changed]
            report.missing += [str(file_at(root, place.path)) for place in found.gone]
            report.unreadable |= {str(root / path): reason for path, reason in found.unreadable.items()}
