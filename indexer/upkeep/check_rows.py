"""Checks the catalogue row by row: documents, texts, passages and vectors. Changes nothing.

The database sees to its own structure and its keys; here we check what only we know. A text block has a
checksum (older ones have none), and the length of a vector has known limits: so a bit that a disk has flipped
is noticed in most places, not in all.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from indexer.store.document_rows import ILLEGIBLE, passage_hash
from indexer.upkeep.document_rows import DocumentRows, SplitRows, all_documents, joined
from stackroom.catalog.text_blocks import unpack
from stackroom.catalog.vector_codes import code_length, decode
from stackroom.catalog.vector_packs import unpack as unpack_vectors
from stackroom.common.errors import CatalogUnusable
from stackroom.common.sql import Sql

Remedy = Literal[
    "replace",  # the file itself: a new one takes its place, and all PDFs are read again
    "reindex",  # SQLite's own indexes are made again
    "sweep",  # rows that belong to nothing are removed
    "reread",  # the document is removed, and its PDF read again by the next `index`
    "resplit",  # the passages are made again from the text; those without a sound vector wait for one
    "rebuild",  # the index of words is made again
    "refill",  # the table of nearest passages is made again
]

# Least and greatest length of a decoded vector. It is within 0.01 of 1 but for codes of an older compact
# profile: large components are cut in these, and the others are larger to make up for that.
_LENGTHS = 0.97, 3.0


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not as it must be.

    Attributes:
        what: a clause for a person.
        remedy: what repairs it.
        document: the key of the document it is in; 0 if it is in none.
    """

    what: str
    remedy: Remedy
    document: int = 0


def damages(db: Sql, on_document: Callable[[], None]) -> Iterator[Damage]:
    """Everything that is wrong in a catalogue whose tables can be read.

    Args:
        db: of the catalogue; nobody may write meanwhile.
        on_document: told after each document.

    Raises:
        sqlite3.Error: SQLite can't read the tables after all.
        CatalogUnusable: PostgreSQL can't.
    """
    yield from _loose_ends(db)
    models = dict(db.execute("SELECT id, dimensions FROM models"))
    current = [row[0] for row in db.execute("SELECT id FROM models WHERE current = 1")]
    if models and not current:
        yield Damage("no model is the one that is searched", "sweep")
    for document in all_documents(db):
        yield from _document_damages(document, models, current)
        on_document()


def _document_damages(
    document: DocumentRows, models: dict[int, int], current: Sequence[int]
) -> Iterator[Damage]:
    if not document.is_held:
        yield Damage("a document has no file", "reread", document.key)
        return
    try:
        texts = [(start, unpack(content)) for start, content in document.texts]
    except CatalogUnusable as error:
        yield Damage(f"a part of its text is damaged ({error.__cause__})", "reread", document.key)
        return
    if wrong := _text_damage(document, texts):
        yield Damage(wrong, "reread", document.key)
    else:
        yield from _passage_damages(document, "".join(text for _, text in texts), models, current)


def _loose_ends(db: Sql) -> Iterator[Damage]:
    """Rows that belong to nothing."""
    splits = db.execute("SELECT first, last, document FROM splits ORDER BY first").fetchall()
    strays = sum(
        db.execute("SELECT count(*) FROM passages WHERE id BETWEEN ? AND ?", gap).fetchone()[0]
        for gap in _gaps(joined((first, last) for first, last, _ in splits))
    )
    if strays:
        yield Damage(f"{strays} passages belong to no document", "sweep")
    queries = {
        "vectors belong to no passage": "SELECT count(*) FROM vectors WHERE NOT EXISTS"
        " (SELECT 1 FROM passages WHERE id = first)",
        "waiting passages are not there": "SELECT count(*) FROM pending WHERE NOT EXISTS"
        " (SELECT 1 FROM passages WHERE id = passage)",
    }
    for what, query in queries.items():
        (count,) = db.execute(query).fetchone()
        if count:
            yield Damage(f"{count} {what}", "sweep")
    for (_, last, key), (first, _, other) in pairwise(splits):
        if last >= first:
            for document in (key, other):
                yield Damage("its passages overlap with another document's", "resplit", document)


def _gaps(ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What lies before, between and after these ranges of ids, both ends inclusive."""
    start = -(2**63)
    for first, last in ranges:
        if start < first:
            yield start, first - 1
        start = last + 1
    yield start, 2**63 - 1


def _text_damage(document: DocumentRows, texts: Sequence[tuple[int, str]]) -> str:
    """What is wrong with a document's text, pages and headings; empty if nothing is."""
    try:
        entries = json.loads(document.outline)
    except ValueError:
        return "its outline cannot be read"
    if not all(isinstance(entry, list) and len(entry) == 3 for entry in entries):
        return "its outline cannot be read"
    if [number for number, _ in document.pages] != list(range(1, document.page_count + 1)):
        return "pages are missing"
    starts = [start for _, start in document.pages]
    characters = size = 0
    for start, text in texts:
        if start != characters or start not in starts:
            return "a part of its text is missing"
        characters += len(text)
        size += len(text.encode())
    if size != document.text_bytes:
        return f"its text has {size} bytes instead of {document.text_bytes}"
    if starts and (starts[0] != 0 or starts[-1] > characters or any(a > b for a, b in pairwise(starts))):
        return "its pages do not lie end to end"
    if any(least < 0 or most > characters for least, most in document.headings):
        return "headings stand outside its text"
    beyond = any(least < 0 or most > document.page_count for least, most in document.unread)
    return "what could not be read is on pages that it has not" if beyond else ""


def _passage_damages(
    document: DocumentRows, text: str, models: dict[int, int], current: Sequence[int]
) -> Iterator[Damage]:
    starts = [start for _, start in document.pages]
    pages = {
        number: (start, stop)
        for number, (start, stop) in enumerate(pairwise([*starts, len(text)]), 1)
        if text[start:stop].strip()
    }
    if pages and not {split.model for split in document.splits}.issuperset(current):
        yield Damage("it has no passages", "resplit", document.key)
    for split in document.splits:
        if wrong := _split_damage(split, models.get(split.model, 0), text, pages):
            yield Damage(wrong, "resplit", document.key)


def _split_damage(split: SplitRows, dimensions: int, text: str, pages: dict[int, tuple[int, int]]) -> str:
    rows, wanted = split.passages, split.last - split.first + 1
    if len(rows) != wanted:
        return f"{wanted - len(rows)} of its passages are missing"
    spans: dict[int, list[tuple[int, int]]] = {}
    for _, page, start, stop, *_ in rows:
        spans.setdefault(page, []).append((start, stop))
    if spans.keys() != pages.keys() or not all(_cover(spans[page], pages[page]) for page in pages):
        return "its passages do not lie end to end"
    try:
        codes = _stored_codes(split, dimensions)
    except CatalogUnusable as error:
        return f"a vector is damaged ({error.__cause__})"
    for id_, _, start, stop, hash_, context, _ in rows:
        if (id_ in codes) + (context is not None) != (hash_ != ILLEGIBLE):
            has = "no vector and does not wait" if context is None else "a vector and waits"
            return f"a passage has {has} for one"
        if context is not None and passage_hash(split.model, context + text[start:stop]) != hash_:
            return "a passage that waits is not what it was"
    if split.illegible != sum(hash_ == ILLEGIBLE for _, _, _, _, hash_, _, _ in rows):
        return "its passages that the model can't read are miscounted"
    ready = [code for *_, code in rows if code]
    return "" if sound([*codes.values(), *ready], dimensions) else "a vector is damaged"


def _stored_codes(split: SplitRows, dimensions: int) -> dict[int, bytes]:
    """Id → code of the passages of one passage range. Raises CatalogUnusable if one can't be read."""
    length = code_length(dimensions)
    packs = (unpack_vectors(first, pack, length) for first, pack in split.packs)
    return {id_: code for ids, codes in packs for id_, code in zip(ids, codes, strict=True)}


def _cover(spans: list[tuple[int, int]], page: tuple[int, int]) -> bool:
    return (
        spans[0][0] == page[0]
        and spans[-1][1] == page[1]
        and all(before == after for (_, before), (after, _) in pairwise(spans))
        and all(start < stop for start, stop in spans)
    )


def sound(codes: Sequence[bytes], dimensions: int) -> bool:
    """Whether all codes have the size that fits `dimensions`, and decode to vectors of a right length."""
    if not {len(code) for code in codes} <= {code_length(dimensions)}:
        return False
    least, most = _LENGTHS
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(decode(codes, dimensions), axis=1)
        return bool(((least <= lengths) & (lengths <= most)).all())  # NaN is in no range
