"""Repairs what a check found: what is derived is made again, all else is read again from its PDF."""

import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from indexer.passages.split import split
from indexer.passages.writers import follow_nearest, forget_nearest, words_writer
from indexer.store.document_rows import add_passages, log_change, remove_document, remove_passages
from indexer.store.holding import attached_to, drop_unheld
from indexer.store.publisher import Publisher
from indexer.upkeep.check import Report, Tell, check
from indexer.upkeep.check_rows import Damage, Remedy, sound
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model
from stackroom.catalog.schema import create_tables, open_catalog
from stackroom.catalog.vector_codes import code_length
from stackroom.catalog.vector_packs import unpack
from stackroom.common.data_folder import DAMAGED
from stackroom.common.errors import CatalogUnusable
from stackroom.common.postgres.address import StoreAddress
from stackroom.common.settings import Settings
from stackroom.common.sql import Sql
from stackroom.common.sqlite_file import move
from stackroom.embedding.embedder import ModelSource, refuse_another_model

# Remove rows that belong to nothing, table by table; the last one makes a model current if none is.
_SWEEPS = (
    "DELETE FROM locations WHERE library_id NOT IN (SELECT id FROM libraries)"
    " OR document NOT IN (SELECT key FROM documents)",
    "DELETE FROM attachments WHERE container NOT IN (SELECT key FROM documents)",
    "UPDATE attachments SET state = 'waiting', document = NULL"
    " WHERE document NOT IN (SELECT key FROM documents)",
    "DELETE FROM pages WHERE document NOT IN (SELECT key FROM documents)",
    "DELETE FROM sections WHERE document NOT IN (SELECT key FROM documents)",
    "DELETE FROM texts WHERE document NOT IN (SELECT key FROM documents)",
    "DELETE FROM passages WHERE NOT EXISTS (SELECT 1 FROM splits s WHERE s.first ="
    " (SELECT max(first) FROM splits WHERE first <= passages.id) AND s.last >= passages.id)",
    "DELETE FROM vectors WHERE NOT EXISTS (SELECT 1 FROM passages WHERE id = first)",
    "DELETE FROM pending WHERE NOT EXISTS (SELECT 1 FROM passages WHERE id = passage)",
    "UPDATE models SET current = 1 WHERE id = (SELECT min(id) FROM models)"
    " AND NOT EXISTS (SELECT 1 FROM models WHERE current = 1)",
)


def repair(
    settings: Settings, models: ModelSource, report: Report, tell: Tell = lambda stage, done, of: None
) -> list[str]:
    """Repairs what `check` has found, and brings the index of words up to date.

    Args:
        settings: of the data folder, in which no indexer may be at work.
        models: for passages that have to be made again.
        report: what `check` found in the data folder as it is now.
        tell: see `indexer.upkeep.check.Tell`.

    Returns:
        What was done, each as a sentence for a person.

    Raises:
        ModelError: passages have to be made again, and the model can't be had. What comes before that is
            done by then: SQLite's indexes, rows that belong to nothing, and damaged documents.
        CatalogUnusable: the catalogue can't be written.
    """
    done: list[str] = []
    is_swept = False

    def wanting(damages: Sequence[Damage], remedy: Remedy) -> list[int]:
        return list(dict.fromkeys(damage.document for damage in damages if damage.remedy == remedy))

    try:
        if wanting(report.damages, "reindex"):
            _reindex(settings.catalog)
            done.append("SQLite's indexes were made again.")
            report = check(settings, tell)  # the check reads through these indexes
        if wanting(report.damages, "replace"):
            done.append(_replace(settings.catalog))
        elif wanting(report.damages, "sweep"):
            _sweep(settings.truth)
            is_swept = True
            done.append("Rows that belonged to nothing were removed.")
            report = check(settings, tell)
        reread, resplit = wanting(report.damages, "reread"), wanting(report.damages, "resplit")
        if reread:
            _drop(settings.truth, reread)
            done.append(f"Documents removed: {len(reread)}. `stackroom index` reads their PDFs again.")
        if resplit := [key for key in resplit if key not in reread]:
            waiting = _resplit(settings, models, resplit, tell)
            done.append(
                f"Documents split again: {len(resplit)}. Passages that wait for `stackroom index`: {waiting}."
            )
    except (OSError, sqlite3.Error) as error:
        raise CatalogUnusable(f"The catalogue {settings.catalog} cannot be repaired: {error}.") from error
    rebuild = bool(wanting(report.damages, "rebuild"))
    if rebuild or done or report.words_behind:
        tell("words", 0, 1)
        if rebuild and settings.store:
            with _transaction(settings.truth) as db:  # another one is built beside it, and takes its place
                db.execute("UPDATE word_indexes SET terms_version = 0")
        elif rebuild:
            shutil.rmtree(settings.words)
        with Catalog(settings.truth) as catalog, closing(words_writer(settings)) as writer:
            writer.follow(catalog)
        done.append("The index of words was " + ("built again." if rebuild else "brought up to date."))
    if settings.store and (done or report.nearest_behind or wanting(report.damages, "refill")):
        # Rows that were swept away are in no log of changes.
        anew = is_swept or bool(wanting(report.damages, "refill"))
        _make_nearest(settings, tell, anew=anew)
        done.append(f"The table of nearest passages was {'made again' if anew else 'brought up to date'}.")
    return done


def _make_nearest(settings: Settings, tell: Tell, *, anew: bool) -> None:
    tell("nearest", 0, 1)
    if anew:
        forget_nearest(settings)
    with Catalog(settings.truth) as catalog:
        follow_nearest(settings, catalog)


def _reindex(path: Path) -> None:
    with closing(open_catalog(path, create=False)) as db, closing(sqlite3.connect(":memory:")) as new:
        create_tables(new)
        there = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
        made = new.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        for name, sql in made:
            if name not in there:
                db.execute(sql)
        db.execute("REINDEX")


def _replace(path: Path) -> str:
    """Sets the catalogue's file aside and begins a new one that knows the same folders."""
    roots: list[str] = []
    with suppress(sqlite3.Error, CatalogUnusable), closing(open_catalog(path, create=False)) as db:
        roots = [row[0] for row in db.execute("SELECT root FROM libraries")]
    aside = path.with_name(DAMAGED.format(time=time.strftime("%Y%m%d-%H%M%S")))
    move(path, aside)
    with closing(Publisher(path)) as publisher:
        for root in roots:
            publisher.add_library(Path(root))
    again = "`stackroom index`" if roots else "`stackroom index FOLDER`, with each folder,"
    return f"The damaged file is now {aside}; a new one took its place. {again} reads all PDFs again."


@contextmanager
def _transaction(truth: Path | StoreAddress, *, references: bool = True) -> Iterator[Sql]:
    """One transaction. Without `references`, a file's may be broken; those of a database never are."""
    if isinstance(truth, StoreAddress):
        from stackroom.common.postgres.database import database

        with database(truth.url).session() as session, session.writing() as store:
            yield store
        return
    with closing(open_catalog(truth, create=False)) as db:
        db.execute(f"PRAGMA foreign_keys = {'ON' if references else 'OFF'}")
        db.execute("BEGIN IMMEDIATE")
        with db:
            yield db


def _sweep(truth: Path | StoreAddress) -> None:
    with _transaction(truth, references=False) as db:
        strays = db.execute(
            "SELECT first, last FROM splits WHERE document NOT IN (SELECT key FROM documents)"
            " OR model NOT IN (SELECT id FROM models)"
        ).fetchall()
        for first, last in strays:
            remove_passages(db, first, last)
        for statement in _SWEEPS:
            db.execute(statement)
        log_change(db, "model", 0, 0)  # servers load everything again


def _drop(truth: Path | StoreAddress, keys: Sequence[int]) -> None:
    with _transaction(truth) as db:
        for key in keys:
            attached = attached_to(db, key)
            db.execute("DELETE FROM locations WHERE document = ?", (key,))
            db.execute("UPDATE attachments SET state = 'waiting', document = NULL WHERE document = ?", (key,))
            remove_document(db, key)
            drop_unheld(db, attached)


def _resplit(settings: Settings, models: ModelSource, keys: Sequence[int], tell: Tell) -> int:
    """Makes the passages of these documents again, for all models. Returns how many wait for a vector now."""
    with closing(Publisher(settings.truth, compact=settings.compact)) as publisher:
        current = publisher.current_model()
        if current is None:
            return 0
        name = settings.model or current.fingerprint.name
        refuse_another_model(name, models.digest(name), current.fingerprint)
        tokenizer = models.tokenizer(name)
        ranges = "SELECT first, last FROM splits WHERE document = ?"
        with _transaction(settings.truth) as db:
            # Of all documents first: a passage may take over the vector of another one's.
            for key in keys:
                for first, last in db.execute(ranges, (key,)).fetchall():
                    _remove_unsound(db, first, last, current)
        for number, key in enumerate(keys):
            tell("splitting", number, len(keys))
            document = publisher.document(key)
            passages = split(document, tokenizer, current.fingerprint.passage_tokens)
            with _transaction(settings.truth) as db:
                old = db.execute(ranges, (key,)).fetchall()
                # Before the old passages are removed, so that their sound vectors are taken over.
                add_passages(db, current, key, document, passages)
                for first, last in old:
                    remove_passages(db, first, last)
                    log_change(db, "removed", first, last)
        return publisher.pending_count(current)


def _remove_unsound(db: Sql, first: int, last: int, model: Model) -> None:
    dimensions = model.fingerprint.dimensions
    rows = db.execute("SELECT first, pack FROM vectors WHERE first BETWEEN ? AND ?", (first, last))
    for at, pack in rows.fetchall():
        try:
            is_sound = sound(unpack(at, pack, code_length(dimensions))[1], dimensions)
        except CatalogUnusable:
            is_sound = False
        if not is_sound:  # all of them are embedded again, at most 256
            db.execute("DELETE FROM vectors WHERE first = ?", (at,))
    waiting = db.execute(
        "SELECT passage, code FROM pending WHERE passage BETWEEN ? AND ? AND code IS NOT NULL", (first, last)
    )
    for passage, code in waiting.fetchall():
        if not sound([code], dimensions):
            db.execute("DELETE FROM pending WHERE passage = ?", (passage,))
