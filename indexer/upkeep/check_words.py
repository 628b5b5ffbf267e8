"""Compares the indexes of words with the catalogue that they are made from. Changes nothing."""

import json
import zlib
from collections.abc import Iterable
from pathlib import Path

import tantivy

from indexer.passages.words_writer import bookmark_id, live_files, read_bookmark
from stackroom.catalog.catalog import Catalog
from stackroom.indexes.matching import page_key
from stackroom.indexes.words import DOCUMENTS, PAGES, PASSAGES, open_index

# Each of the engine's files ends with a JSON object that has the CRC-32 of all before it, then the length of
# that JSON, then this number.
_MAGIC = 1337
_TAIL = 8

_READ_BYTES = 2**20


def audit(folder: Path, catalog: Catalog) -> tuple[list[str], bool]:
    """Compares the indexes in a folder with the catalogue, which nobody may change meanwhile.

    Returns:
        What is damaged, each as a clause for a person; and whether an index is only behind, or not made yet.

    Raises:
        CatalogUnusable: the catalogue can't be read.
    """
    model = catalog.model()
    ranges = catalog.passage_ranges(model) if model else []
    passages = (id_ for each in ranges for id_ in range(each.first, each.last + 1))
    documents = (each.first for each in ranges)
    followed = catalog.id(), catalog.last_change()
    wrong = []
    behind = False
    pages = (
        page_key(each.first, page)
        for each in ranges
        for page in set(catalog.page_numbers(range(each.first, each.last + 1)).values())
    )
    for name, expected in ((PASSAGES, passages), (PAGES, pages), (DOCUMENTS, documents)):
        try:
            state = _audit(folder / name, followed, expected)
        except (ValueError, OSError, KeyError) as error:  # the engine's only error is a ValueError
            state = str(error) or "it cannot be read"
        if state is None:
            behind = True
        elif state:
            wrong.append(f"{name}: {state}")
    return wrong, behind


def _audit(folder: Path, followed: tuple[int, int], expected: Iterable[int]) -> str | None:
    """What is wrong with an index; empty if nothing is, None if it is behind."""
    if not (folder / "meta.json").exists():
        return None
    for file in live_files(folder):
        if not _has_its_checksum(file):
            return f"{file.name} is damaged"
    index = open_index(folder)
    index.reload()
    if read_bookmark(index) != followed:
        return None
    searcher = index.searcher()
    hits = searcher.search(tantivy.Query.all_query(), max(searcher.num_docs, 1), count=False).hits
    ids = searcher.fast_field_values("id", [address for _, address in hits])
    found = sorted(int(id_ or 0) for id_ in ids if id_ != bookmark_id(followed))
    return "" if found == sorted(expected) else "it does not have what the catalogue has"


def _has_its_checksum(file: Path) -> bool:
    with file.open("rb") as content:
        size = file.stat().st_size
        if size < _TAIL:
            return False
        content.seek(size - _TAIL)
        tail = content.read()
        length, magic = int.from_bytes(tail[:4], "little"), int.from_bytes(tail[4:], "little")
        end = size - _TAIL - length
        if magic != _MAGIC or end < 0:
            return False
        content.seek(end)
        wanted = json.loads(content.read(length))["crc"]
        content.seek(0)
        found = 0
        while end:
            block = content.read(min(_READ_BYTES, end))
            if not block:
                return False
            found = zlib.crc32(block, found)
            end -= len(block)
    return bool(found == wanted)
