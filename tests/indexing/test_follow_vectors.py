"""The lists of a large library's vectors are kept, follow its changes, and serve a reader beside searches."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from fakes import OneModel, WordHashEmbedder
from fresh_index import DIMENSIONS, FreshIndex
from indexer.passages import another_time
from indexer.passages.follow_vectors import follow_vectors
from indexer.run.indexer import Indexer
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.vector_codes import decode, encode
from stackroom.common.settings import Settings
from stackroom.indexes.vector_lists import KeptLists, read_lists
from stackroom.indexes.words import PASSAGES, WordIndex
from stackroom.reading.in_memory import Turn

LIMIT = 100


@pytest.fixture
def index(tmp_path: Path) -> Iterator[FreshIndex]:
    with closing(FreshIndex(tmp_path)) as fresh:
        yield fresh


def publish(index: FreshIndex, number: int, lines: int) -> None:
    index.publish(number, "".join(f"Line {line} of {number}.\n" for line in range(lines)))
    ids = [passage.id for passage in index.publisher.pending(index.model, lines)]
    vectors = np.random.default_rng(number).standard_normal((len(ids), DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.publisher.store_vectors(ids, encode(vectors.astype(np.float32)))


def follow(index: FreshIndex) -> KeptLists | None:
    file = index.path.with_name("vector_lists")
    follow_vectors(index.catalog, file, LIMIT)
    catalog = index.catalog
    return read_lists(file, catalog.id(), index.model.fingerprint.digest, catalog.last_change())


def check(index: FreshIndex, kept: KeptLists | None) -> KeptLists:
    assert kept
    ids, codes = index.catalog.vectors(index.model)
    np.testing.assert_array_equal(kept.ids, ids)
    np.testing.assert_array_equal(kept.numbers, kept.lists.numbers(codes))
    return kept


def test_lists_follow_the_catalogue(index: FreshIndex) -> None:
    publish(index, 1, 90)
    assert follow(index) is None
    publish(index, 2, 60)
    first = check(index, follow(index))
    assert first.lists.count == 150
    publish(index, 3, 40)
    index.remove("2.pdf")
    second = check(index, follow(index))
    np.testing.assert_array_equal(second.lists.centroids, first.lists.centroids)
    publish(index, 4, 200)
    assert check(index, follow(index)).lists.count == 330  # outgrown
    index.path.with_name("vector_lists").write_bytes(b"damaged")
    check(index, follow(index))
    index.remove("1.pdf", "4.pdf")
    assert follow(index) is None
    assert not index.path.with_name("vector_lists").exists()


def copied(catalog: Path, copy: Path) -> Path:
    """The copy, with what the journal holds."""
    with closing(sqlite3.connect(catalog)) as db:
        db.execute("VACUUM INTO ?", (str(copy),))
    return copy


def put_in_place(catalog: Path, by: Path) -> None:
    """As somebody does by hand: the file that lies beside it is of what was there before."""
    copied(by, catalog.with_name("new"))
    for journal in ("-wal", "-shm"):
        catalog.with_name(catalog.name + journal).unlink(missing_ok=True)
    catalog.with_name("new").replace(catalog)


def test_lists_of_another_catalogue_are_made_anew(tmp_path: Path) -> None:
    with closing(FreshIndex(tmp_path / "other")) as other:
        publish(other, 3, 130)  # the same ids, model and number of changes, other vectors
        other_id = other.catalog.id()
    with closing(FreshIndex(tmp_path / "own")) as index:
        publish(index, 1, 130)
        kept = check(index, follow(index))
        assert kept.catalog == index.catalog.id() != other_id
        change = kept.change
    put_in_place(index.path, other.path)
    file = index.path.with_name("vector_lists")
    with closing(Catalog(index.path)) as catalog:
        assert (catalog.id(), catalog.last_change()) == (other_id, change)
        digest = index.model.fingerprint.digest
        assert read_lists(file, other_id, digest, change) is None
        turn = Turn(Catalog(index.path), LIMIT)  # a server that starts before the next run
        ids, codes = catalog.vectors(index.model)
        with turn.at_one_moment() as memory:
            for id_, vector in zip(ids[::20], decode(codes[::20], DIMENSIONS), strict=True):
                assert memory.vectors.search(vector, 1)[0][0] == id_
        with turn.taken() as taken:
            taken.close()
        follow_vectors(catalog, file, LIMIT)
        made = read_lists(file, other_id, digest, change)
        assert made
        np.testing.assert_array_equal(made.numbers, made.lists.numbers(codes))
        assert not np.array_equal(made.lists.centroids, kept.lists.centroids)


def test_so_are_those_of_a_later_time_of_the_same_catalogue(index: FreshIndex, tmp_path: Path) -> None:
    publish(index, 1, 120)
    copy = copied(index.path, tmp_path / "copy")
    publish(index, 2, 30)
    later = check(index, follow(index))
    index.close()
    put_in_place(index.path, copy)
    file = index.path.with_name("vector_lists")
    with closing(Catalog(index.path)) as catalog:
        assert catalog.id() == later.catalog
        assert catalog.last_change() < later.change
        follow_vectors(catalog, file, LIMIT)
        made = read_lists(file, later.catalog, later.model, catalog.last_change())
        assert made
        assert made.lists.count == len(made.ids) == 120


def test_an_older_copy_with_as_many_new_changes_is_noticed(index: FreshIndex, tmp_path: Path) -> None:
    """Of words and of vectors: both go by the number of the last change."""
    settings = Settings.read({}, data=index.path.parent.parent)
    publish(index, 1, 120)
    copy = copied(index.path, tmp_path / "copy")
    publish(index, 2, 30)
    later = check(index, follow(index))
    index.follow_words()
    index.remove("2.pdf")
    another_time.remove(index.catalog, settings.words, settings.vector_lists)  # keeps what is only behind
    index.follow_words()
    assert follow(index)
    index.close()
    put_in_place(index.path, copy)
    with Indexer(settings, OneModel(WordHashEmbedder())):  # takes hold of the folder
        assert not settings.vector_lists.exists()
        assert not index.words.joinpath(PASSAGES).exists()
    with closing(FreshIndex(index.path.parent.parent)) as again:
        publish(again, 3, 40)
        publish(again, 4, 40)
        assert again.catalog.last_change() >= later.change
        assert len(check(again, follow(again)).ids) == 200
        again.follow_words()
        assert len(again.found(WordIndex(again.words), "line", 300)) == 200


def outgrown(index: FreshIndex, turn: Turn) -> bool:
    """Whether the lists are; after a look at whether passages are found by their own vectors."""
    ids, codes = index.catalog.vectors(index.model)
    with turn.at_one_moment() as memory:
        assert memory.complete
        assert len(memory.vectors) == len(ids)
        vectors = decode(codes[::20], DIMENSIONS)
        assert ids[::20] == [memory.vectors.search(vector, 1)[0][0] for vector in vectors]
        assert memory.own
        return memory.own.outgrown


@pytest.mark.parametrize("kept", [True, False])
def test_a_reader_uses_them_and_makes_new_ones_when_they_are_outgrown(
    index: FreshIndex, *, kept: bool
) -> None:
    publish(index, 1, 120)
    if kept:
        assert follow(index)
    turn = Turn(Catalog(index.path), LIMIT)
    assert not outgrown(index, turn)
    index.remove("1.pdf")
    publish(index, 2, 300)
    assert outgrown(index, turn)
    turn.fit_lists()
    assert not outgrown(index, turn)
    turn.fit_lists()  # nothing to do
    publish(index, 3, 10)
    assert not outgrown(index, turn)
    with turn.taken() as catalog:
        catalog.close()
