"""What holds a document: files, and attachments of files. A document that nothing holds any more is removed.

The view `holders` has every place where a document is. What is attached to a PDF that is itself only attached
is in none of them.
"""

from collections.abc import Iterable

from indexer.store.document_rows import log_change, remove_document
from stackroom.common.sql import Sql


def let_go(db: Sql, key: int, successor: int | None = None) -> int:
    """Removes a document that a file held until now, unless another file holds it, or an attachment.

    If `successor` is given, the id of the removed document leads to that one.

    Returns:
        How many documents were removed: this one, and those attached to it that nothing else holds.
    """
    row = db.execute("SELECT id FROM documents WHERE key = ?", (key,)).fetchone()
    if row is None:
        return 0
    attached = attached_to(db, key)
    if is_held(db, key):
        if not is_file(db, key):
            detach(db, key)
        removed = drop_unheld(db, attached)
        log_names(db, key)
        return removed
    if successor is not None:
        take_over(db, key, successor)
    remove_document(db, key)
    if successor is not None:
        db.execute(
            "INSERT INTO successors (old, new) SELECT ?, id FROM documents WHERE key = ?"
            " ON CONFLICT (old) DO UPDATE SET new = excluded.new",
            (row[0], successor),
        )
    return 1 + drop_unheld(db, attached)


def drop_unheld(db: Sql, attached: Iterable[int]) -> int:
    """Removes those of the documents with these keys that nothing holds any more; returns how many."""
    removed = 0
    for key in attached:
        if is_held(db, key):
            log_names(db, key)
        else:
            remove_document(db, key)
            removed += 1
    return removed


def log_names(db: Sql, key: int) -> None:
    """Logs that other files hold a document than before: it is also found by their names.

    So is what is attached to it.
    """
    splits = db.execute(
        "SELECT s.first, s.last FROM splits s JOIN models m ON m.id = s.model AND m.current = 1"
        " WHERE s.document = ?1 OR s.document IN (SELECT document FROM attachments WHERE container = ?1)"
        " ORDER BY s.first",
        (key,),
    )
    for first, last in splits.fetchall():
        log_change(db, "named", first, last)


def is_held(db: Sql, key: int) -> bool:
    """Whether a file, or an attachment of one, holds the document with this key."""
    return db.execute("SELECT 1 FROM holders WHERE document = ? LIMIT 1", (key,)).fetchone() is not None


def is_file(db: Sql, key: int) -> bool:
    """Whether a file holds the document with this key, so that what is attached to it can be read."""
    return db.execute("SELECT 1 FROM locations WHERE document = ? LIMIT 1", (key,)).fetchone() is not None


def attached_to(db: Sql, key: int) -> list[int]:
    """The keys of the documents that are attached to the one with this key."""
    rows = db.execute(
        "SELECT DISTINCT document FROM attachments WHERE container = ? AND document IS NOT NULL", (key,)
    )
    return [row[0] for row in rows]


def detach(db: Sql, key: int) -> None:
    """Forgets what is attached to the document with this key: it is not a file any more.

    Should it become one again, its attachments are read again.
    """
    db.execute(
        "UPDATE attachments SET state = 'waiting', document = NULL, failure = NULL, reason = NULL"
        " WHERE container = ? AND state <> 'other'",
        (key,),
    )


def take_over(db: Sql, old: int, new: int) -> None:
    """Gives the attachments of a document those of the one that it replaces, by their names.

    Until they are read, so that what has not changed stays searchable, and keeps its vectors.

    Args:
        db: within a transaction.
        old: key of the document that goes.
        new: key of the one that comes, of which nothing attached was read yet.
    """
    db.execute(
        "UPDATE attachments AS n SET document = coalesce("
        " (SELECT o.document FROM attachments o WHERE o.container = ?1 AND o.name = n.name"
        "  AND o.page = n.page AND o.number = n.number),"
        " (SELECT min(o.document) FROM attachments o WHERE o.container = ?1 AND o.name = n.name))"
        " WHERE container = ?2 AND state = 'waiting' AND document IS NULL",
        (old, new),
    )
