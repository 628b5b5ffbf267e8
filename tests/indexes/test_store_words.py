"""What only the index of words in a database does."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fresh_index import FreshIndex, name
from indexer.passages import postgres_words
from indexer.passages.postgres_words import PostgresWordsWriter
from indexer.store.publisher import FileState
from indexer.upkeep.check_postings import audit_postings
from stackroom.common.postgres.database import WORDS, Database, Session, database
from stackroom.indexes.matching import MatchingWords, WordMatches
from stackroom.indexes.postgres.postings import PART


@pytest.fixture
def kind_of_store() -> str:
    """These tests are about a database."""
    return "store"


@pytest.fixture
def session(index: FreshIndex) -> Iterator[Session]:
    """A connection to it."""
    with database(index.settings.store).session() as opened:
        yield opened


@pytest.fixture(autouse=True)
def its_lists_are_sound(index: FreshIndex) -> Iterator[None]:
    """Whatever has been done to it."""
    yield
    told: list[tuple[int, int]] = []
    for (generation,) in index.catalog.rows("SELECT generation FROM word_indexes"):
        assert audit_postings(index.catalog, generation, lambda *some: told.append(some)) == ""
    assert told
    assert told[-1][0] == told[-1][1]


def postings(session: Session) -> tuple[int, int]:
    """How many rows there are, and how many entries their lists have."""
    found = session.execute(
        "SELECT count(*), coalesce(sum(passage_count + page_count + document_count), 0) FROM postings"
    ).fetchone()
    return int(found[0]), int(found[1])


def empty(session: Session) -> None:
    """Removes the index."""
    session.execute("TRUNCATE postings, word_documents, word_indexes")


def words_of(number: int) -> str:
    """A text of its own for each number."""
    chance = random.Random(number)
    return " ".join(name(int(chance.triangular(0, 99, 0))) for _ in range(chance.randint(3, 90)))


def fill(index: FreshIndex, documents: range) -> None:
    """Adds documents with the same texts in each index."""
    for number in documents:
        lines = [f"{words_of(10 * number + line)}.\n" for line in range(6)]
        pages = "".join(lines[:3]), "".join(lines[3:])
        index.publish(number, *pages, file=f"{name(number % 97)} {number}.pdf")


def answers(words: MatchingWords, firsts: list[int]) -> list[WordMatches]:
    """What it answers to some questions."""
    found = []
    with words.at_one_moment():
        for number in range(12):
            query = f"{name(number)} {name(3 * number + 1)} {name(99 - number)}"
            found += [
                words.search(query, 20),
                words.search(query, 20, [name(number)]),
                words.search(query, 20, within=firsts[::2], without=firsts[::3]),
                words.pages(query, 20, None),
                words.pages(query, 20, firsts[::2]),
                words.documents(query, None),
                words.documents(query, firsts[::2]),
                words.names(query, 20),
            ]
    return found


def same(one: list[WordMatches], other: list[WordMatches]) -> bool:
    """Whether two indexes give the same ids with the same scores."""
    return all(
        mine.most == pytest.approx(its.most) and mine.scores == pytest.approx(its.scores, abs=0.001)
        for mine, its in zip(one, other, strict=True)
    )


def test_it_answers_as_the_index_beside_a_file_does(index: FreshIndex, tmp_path: Path) -> None:
    with closing(FreshIndex(tmp_path / "file")) as local:
        for each in (local, index):
            fill(each, range(1, 40))
            each.follow_words()
        firsts = [range_.first for range_ in index.catalog.passage_ranges(index.model)]
        assert firsts == [range_.first for range_ in local.catalog.passage_ranges(local.model)]
        expected = answers(local.word_index(), firsts)
        assert any(len(found.scores) == 20 for found in expected)
        assert same(answers(index.word_index(), firsts), expected)


def test_following_often_finds_the_same_as_at_once(
    index: FreshIndex, word_index: MatchingWords, session: Session
) -> None:
    with closing(PostgresWordsWriter(database(index.settings.store))) as writer:
        for number in range(1, 60):
            fill(index, range(number, number + 1))
            writer.follow(index.catalog)
        firsts = [range_.first for range_ in index.catalog.passage_ranges(index.model)]
        expected = answers(word_index, firsts)
        rows, entries = postings(session)
        writer.join()
        assert same(answers(word_index, firsts), expected)
        joined, entries_then = postings(session)
        assert joined < rows
        assert entries_then == entries
        assert session.execute("SELECT count(*) FROM postings WHERE is_fresh").fetchone() == (0,)
        ((most,),) = session.execute(
            "SELECT max(rows) FROM (SELECT count(*) AS rows FROM postings GROUP BY field, term) AS of_terms"
        ).fetchall()
        assert most <= 6
    empty(session)
    assert index.follow_words()
    assert postings(session)[1] == entries
    assert same(answers(word_index, firsts), expected)


def test_postings_of_removed_documents_are_dropped(
    index: FreshIndex, word_index: MatchingWords, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_words, "_DROPPED_AT_ONCE", 50)
    fill(index, range(1, 40))
    index.follow_words()
    _, entries = postings(session)
    index.remove(*(f"{name(number % 97)} {number}.pdf" for number in range(1, 25)))
    with closing(PostgresWordsWriter(database(index.settings.store))) as writer:
        assert writer.follow(index.catalog)
        assert len(word_index) == 15 * 6
        assert writer.is_rewriting()
        for _ in range(20):
            writer.follow(index.catalog)
        assert not writer.is_rewriting()
    firsts = [range_.first for range_ in index.catalog.passage_ranges(index.model)]
    found = answers(word_index, firsts)
    assert postings(session)[1] < entries / 2
    assert len(word_index) == 15 * 6
    empty(session)
    index.follow_words()
    assert same(answers(index.word_index(), firsts), found)


def test_a_document_that_lies_in_two_parts_is_found(
    index: FreshIndex, word_index: MatchingWords, session: Session
) -> None:
    session.execute("UPDATE store SET last_passage = ?", (PART - 3,))
    index.publish(1, "Otters sleep.\nOtters hunt.\n", "Otters dig.\nOtters run.\n", "Otters.\n", file="a.pdf")
    index.publish(2, "Badgers dig.\nOtters run.\n")
    index.follow_words()
    first, second = (range_.first for range_ in index.catalog.passage_ranges(index.model))
    assert first == PART - 2
    assert len(word_index.search("otters", 10).hits) == 6
    hits = word_index.search("run", 10).hits
    assert [passage for passage, _ in hits] == [PART + 1, PART + 4]
    assert [passage for passage, _ in word_index.search("run", 10, within=[first]).hits] == [PART + 1]
    assert [passage for passage, _ in word_index.search("run", 10, without=[first]).hits] == [PART + 4]
    assert set(word_index.pages("run", 10, None).scores) == {(first << 20) + 2, (second << 20) + 1}
    assert set(word_index.documents("run", None).scores) == {first, second}
    index.remove("a.pdf")
    index.follow_words()
    assert [passage for passage, _ in word_index.search("run", 10).hits] == [PART + 4]


def test_documents_that_are_renamed_together_keep_their_other_words(
    index: FreshIndex, word_index: MatchingWords
) -> None:
    fill(index, range(1, 20))
    index.follow_words()
    ranges = index.catalog.passage_ranges(index.model)
    firsts = [range_.first for range_ in ranges]
    before = answers(word_index, firsts)
    for _ in range(2):
        old = [index.place(f"{name(number % 97)} {number}.pdf") for number in range(1, 10)]
        new = [index.place(f"zander {number}.pdf") for number in range(1, 10)]
        states = [(FileState(1, 1), range_.document) for range_ in ranges]
        index.publisher.settle(dict(zip(new, states, strict=False)), old)
        index.follow_words()
        assert set(word_index.names("zander", 100).scores) == set(firsts[:9])
        assert set(word_index.documents("zander", None).scores) == set(firsts[:9])
        index.publisher.settle(dict(zip(old, states, strict=False)), new)
        index.follow_words()
        assert not word_index.names("zander", 100).scores
    assert same(answers(word_index, firsts), before)


def test_a_word_that_comes_often_is_found(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "otter " * 300 + "sleeps.\n", "Otters.\n")
    index.publish(2, "badger " * 200 + "sleeps.\n", "Badgers.\n")
    index.follow_words()
    assert [passage for passage, _ in word_index.search("otter badger", 10).hits] == [1, 3, 2, 4]


def test_one_writer_at_a_time(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "Otters sleep.\n")
    others = Database(index.settings.store)
    with others.session() as other:
        other.execute("SELECT pg_advisory_lock(?)", (WORDS,))
        assert not index.follow_words()
        assert not word_index.search("otters", 10).hits
        other.execute("SELECT pg_advisory_unlock(?)", (WORDS,))
    others.close()
    assert index.follow_words()
    assert word_index.search("otters", 10).hits


def test_an_index_of_other_terms_is_built_again_beside_it(
    index: FreshIndex, word_index: MatchingWords, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(index, range(1, 10))
    index.follow_words()
    monkeypatch.setattr(postgres_words, "_VERSION", postgres_words._VERSION + 1)
    monkeypatch.setattr(postgres_words, "_AT_ONCE", 6)
    seen = []
    commit = PostgresWordsWriter._commit

    def committed(self: PostgresWordsWriter, *arguments: object) -> None:
        commit(self, *arguments)  # type: ignore[arg-type]
        seen.append(len(word_index))
        if len(seen) == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(PostgresWordsWriter, "_commit", committed)
        with pytest.raises(KeyboardInterrupt):
            index.follow_words()
    assert seen == [54] * 4
    index.publish(20, "Zanders swim.\n")
    assert index.follow_words()
    assert len(word_index) == 55
    assert word_index.search("zanders", 10).hits
    assert session.execute("SELECT generation, is_searched FROM word_indexes").fetchall() == [(2, True)]
    assert session.execute("SELECT DISTINCT generation FROM postings").fetchall() == [(2,)]
    assert not index.follow_words()
