"""Adds documents and passages to the catalogue, or removes them, in a transaction of the publisher."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from itertools import accumulate, groupby

from stackroom.catalog.entries import CURRENT, Model
from stackroom.catalog.text_blocks import Rows, pack
from stackroom.catalog.vector_codes import code_length
from stackroom.catalog.vector_packs import packs, vectors_of
from stackroom.common.documents import Document, Passage
from stackroom.common.errors import CatalogUnusable
from stackroom.common.sql import Sql

ILLEGIBLE = 0
"""Instead of the hash of a passage that the model can't read: it never has a vector."""


def add_document(db: Sql, document: Document, *, compact: bool) -> int:
    """Adds a document without its passages; its texts as small as possible if `compact`. Returns its key."""
    texts = [page.text for page in document.pages]
    added = db.execute(
        "INSERT INTO documents (id, title, author, created, modified, language, outline, extractor,"
        " page_count, text_bytes, indexed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING key",
        (
            document.id,
            document.title,
            document.author,
            document.created,
            document.modified,
            document.language,
            json.dumps(
                [[entry.title, entry.page, entry.level] for entry in document.outline],
                ensure_ascii=False,
            ),
            document.extractor,
            len(document.pages),
            sum(len(text.encode()) for text in texts),
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        ),
    )
    ((key,),) = added.fetchall()
    starts = accumulate((len(text) for text in texts), initial=0)
    db.executemany(
        "INSERT INTO pages (document, number, label, start) VALUES (?, ?, ?, ?)",
        [
            (key, page.number, "" if page.label == str(page.number) else page.label, start)
            for page, start in zip(document.pages, starts, strict=False)
        ],
    )
    db.executemany(
        "INSERT INTO sections (document, start, heading) VALUES (?, ?, ?)",
        [(key, section.start, section.heading) for section in document.sections],
    )
    db.executemany(
        "INSERT INTO texts (document, start, content) VALUES (?, ?, ?)",
        [(key, start, content) for start, content in pack(texts, compact=compact)],
    )
    db.executemany(
        "INSERT INTO scans (document, page, state, text, reason) VALUES (?, ?, 'waiting', '', '')",
        [(key, page) for page in document.scans],
    )
    db.executemany(
        "INSERT INTO attachments (container, page, number, name, state) VALUES (?, ?, ?, ?, ?)",
        [
            (key, file.page, file.number, file.name, "waiting" if file.may_be_pdf else "other")
            for file in document.attachments
        ],
    )
    db.executemany(
        "INSERT INTO unread (document, page, kind) VALUES (?, ?, ?)",
        [(key, one.page, one.kind) for one in document.unread],
    )
    return int(key)


def add_passages(
    db: Sql,
    model: Model,
    key: int,
    document: Document,
    passages: Sequence[Passage],
    codes: Sequence[bytes | None] | None = None,
) -> None:
    """Adds the passages of the document with this key. Those that the model can read wait for vectors.

    With `codes` they have them at once: aligned with `passages`, None for one that the model can't read. Only
    if others wait that were there before, they wait with them: indexes follow in ascending order.
    """
    if not passages:
        return
    first, last = _new_ids(db, len(passages))
    ids = range(first, last + 1)
    hashes = passage_hashes(model, document, passages)
    # Looked up now, because the document that this one replaces is about to be removed.
    known = known_codes(lambda sql, parameters: db.execute(sql, parameters).fetchall(), hashes, model)
    given = codes or [None] * len(passages)
    db.executemany(
        "INSERT INTO passages (id, page, start, stop, hash) VALUES (?, ?, ?, ?, ?)",
        [
            (id_, passage.page, passage.start, passage.stop, hash_)
            for id_, passage, hash_ in zip(ids, passages, hashes, strict=True)
        ],
    )
    db.execute(
        "INSERT INTO splits (first, last, model, document, illegible) VALUES (?, ?, ?, ?, ?)",
        (first, last, model.id, key, hashes.count(ILLEGIBLE)),
    )
    waiting = [
        (id_, passage.context, known.get(hash_, code))
        for id_, passage, hash_, code in zip(ids, passages, hashes, given, strict=True)
        if hash_ != ILLEGIBLE
    ]
    db.executemany("INSERT INTO pending (passage, context, code) VALUES (?, ?, ?)", waiting)
    if db.execute("SELECT current FROM models WHERE id = ?", (model.id,)).fetchone()[0] == CURRENT:
        log_change(db, "published", first, last)
    ready = [(id_, code) for id_, _, code in waiting if code is not None]
    is_next = db.execute("SELECT 1 FROM pending WHERE passage < ? LIMIT 1", (first,)).fetchone() is None
    if codes and ready and len(ready) == len(waiting) and is_next:
        add_vectors(db, [id_ for id_, _ in ready], [code for _, code in ready])
        log_change(db, "embedded", ready[0][0], ready[-1][0])


def passage_hashes(model: Model, document: Document, passages: Sequence[Passage]) -> list[int]:
    """Of each passage what equal ones share; ILLEGIBLE of those that the model can't read."""
    text = document.text
    return [
        passage_hash(model.id, passage.context + text[passage.start : passage.stop])
        if passage.legible
        else ILLEGIBLE
        for passage in passages
    ]


def _new_ids(db: Sql, count: int) -> tuple[int, int]:
    """The first and the last of so many ids for passages, greater than any passage ever had."""
    if isinstance(db, sqlite3.Connection):
        # As SQLite counts for AUTOINCREMENT: it notes the last one when the passages are added.
        sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'passages'), 0)"
        (used,) = db.execute(sql).fetchone()
        return used + 1, used + count
    taken = db.execute("UPDATE store SET last_passage = last_passage + ? RETURNING last_passage", (count,))
    (last,) = taken.fetchone()
    return last - count + 1, last


def remove_passages(db: Sql, first: int, last: int) -> None:
    """Removes the passages of one passage range, `first` to `last` inclusive, with their vectors."""
    db.execute("DELETE FROM splits WHERE first = ?", (first,))
    for table, column in (("passages", "id"), ("pending", "passage"), ("vectors", "first")):
        db.execute(f"DELETE FROM {table} WHERE {column} BETWEEN ? AND ?", (first, last))  # noqa: S608


def remove_document(db: Sql, key: int) -> None:
    """Removes a document with its passages for all models. No file may hold it any more."""
    for first, last in db.execute("SELECT first, last FROM splits WHERE document = ?", (key,)).fetchall():
        remove_passages(db, first, last)
        log_change(db, "removed", first, last)
    db.execute("DELETE FROM documents WHERE key = ?", (key,))


def log_change(db: Sql, kind: str, first: int, last: int) -> None:
    """Logs a change that the derived indexes have to follow; see `stackroom.catalog.entries.Change`."""
    db.execute("INSERT INTO changes (kind, first, last) VALUES (?, ?, ?)", (kind, first, last))


def add_vectors(db: Sql, passages: Sequence[int], codes: Sequence[bytes]) -> None:
    """Stores the vectors of those of the passages that wait for one: ids, ascending, and codes."""
    taken = db.execute(
        "DELETE FROM pending WHERE passage IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
        " RETURNING passage, (SELECT max(first) FROM splits WHERE first <= passage)",
        (json.dumps(list(passages)),),
    ).fetchall()
    by_id = dict(zip(passages, codes, strict=True))
    for _, group in groupby(sorted(taken), lambda row: row[1]):
        ids = [row[0] for row in group]
        db.executemany("INSERT INTO vectors VALUES (?, ?)", packs(ids, [by_id[id_] for id_ in ids]))


def known_codes(rows: Rows, hashes: Iterable[int], model: Model) -> dict[int, bytes]:
    """Hash → code of a passage of this model with this hash, stored or waiting, for those that have one.

    Asks once for each hash, because a form may have ten thousand pages with the same words.

    Raises:
        CatalogUnusable: one of these codes is damaged.
    """
    having = rows(
        "SELECT CAST(value AS BIGINT), (SELECT o.id FROM passages o LEFT JOIN pending w ON w.passage = o.id"
        " WHERE o.hash = CAST(value AS BIGINT) AND o.hash <> 0"
        "  AND (w.passage IS NULL OR w.code IS NOT NULL) LIMIT 1) FROM json_each(?)",
        (json.dumps(sorted(set(hashes))),),
    )
    ids = [id_ for _, id_ in having if id_ is not None]
    waiting: dict[int, bytes] = dict(
        rows(
            "SELECT passage, code FROM pending WHERE passage IN"
            " (SELECT CAST(value AS BIGINT) FROM json_each(?))",
            (json.dumps(ids),),
        )
    )
    require_code_length(waiting.values(), model)
    codes = vectors_of(rows, ids, code_length(model.fingerprint.dimensions)) | waiting
    return {hash_: codes[id_] for hash_, id_ in having if id_ in codes}


def require_code_length(codes: Iterable[bytes], model: Model) -> None:
    """Raises CatalogUnusable if one of the codes does not have the length of this model's."""
    if not {len(code) for code in codes} <= {code_length(model.fingerprint.dimensions)}:
        raise CatalogUnusable(
            "Vectors in the catalogue that wait to be stored are damaged. Run `stackroom check --repair`."
        )


def passage_hash(model: int, text: str) -> int:
    """A hash that equal passages of a model share; `text` is the passage's context and its own text."""
    # 64 bits: among a million passages, two different texts share a hash in one of 40 million libraries.
    digest = hashlib.blake2b(f"{model} {text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
