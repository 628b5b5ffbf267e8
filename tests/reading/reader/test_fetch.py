"""A fetch: the text of a document by its id, and its file."""

import os

import pytest

from shelf import Shelf
from stackroom.common.errors import UnknownDocument
from stackroom.reading.reader import Reader

# Fetching


def test_a_fetched_text_has_every_page_after_its_mark(shelf: Shelf, reader: Reader) -> None:
    found = reader.fetch(shelf.add(1, "One.\n", "", "Three,\n\nwith a gap.\n", labels=("i", "2", "A-3")))
    assert found.text == ("[[page 1 (i)]]\nOne.\n\n[[page 2]]\n\n[[page 3 (A-3)]]\nThree,\n\nwith a gap.\n")
    assert (found.entry.title, found.entry.author, found.entry.page_count) == ("Document 1", "Ada", 3)


def test_space_around_an_id_is_forgiven(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n")
    assert reader.fetch(f" {id_}\n").entry.id == id_


@pytest.mark.parametrize("wrong", ["", " ", "0" * 24, "../../etc/passwd", "' OR 1=1 --", "a\0b", "🐈" * 500])
def test_an_unknown_id_is_an_error(shelf: Shelf, reader: Reader, wrong: str) -> None:
    shelf.add(1, "One.\n")
    for call in (reader.fetch, reader.file):
        with pytest.raises(UnknownDocument, match="exactly as a search result gives it"):
            call(wrong)


def test_the_id_of_a_changed_file_leads_to_what_it_became(shelf: Shelf, reader: Reader) -> None:
    first = shelf.add(1, "One.\n", name="a.pdf")
    second = shelf.add(2, "Two.\n", name="a.pdf")
    third = shelf.add(3, "Three.\n", name="a.pdf")
    assert reader.fetch(first).entry.id == reader.fetch(second).entry.id == third
    assert reader.file(first)[0].id == third
    assert shelf.add(1, "One.\n", name="a.pdf") == reader.fetch(third).entry.id == first


# Files


def test_the_file_of_a_document(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n", name="sub/folder/a.pdf")
    entry, path, _ = reader.file(id_)
    assert path == shelf.root / "sub/folder/a.pdf"
    assert entry.locations[0].path == "sub/folder/a.pdf"


def test_a_copy_serves_when_the_first_file_is_gone(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n", name="a.pdf")
    copy = shelf.add_copy("a.pdf", "b.pdf")
    (shelf.root / "a.pdf").unlink()
    assert reader.file(id_)[1] == copy


def test_a_file_that_changed_since_is_not_served(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n", name="a.pdf")
    os.utime(shelf.root / "a.pdf", ns=(1, 1))
    with pytest.raises(UnknownDocument, match="moved or changed"):
        reader.file(id_)
