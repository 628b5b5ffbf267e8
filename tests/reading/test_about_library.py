"""Questions about the library itself are told from all others."""

import pytest

from stackroom.reading.query.about_library import asks_for_everything
from stackroom.reading.query.parse import parse


@pytest.mark.parametrize(
    "query",
    [
        "*",
        "which documents are there?",
        "What is in my library",
        "LIST ALL PDFS",
        "how many files do you have?",
        "Welche Dokumente gibt es in der Bibliothek?",
        "zeig mir alle Dateien",
        "Quels documents y a-t-il ?",
        "¿Cuántos archivos hay?",
        "Quali documenti ci sono",
        "Quais documentos existem?",
        "welke bestanden zijn er",
        "jakie dokumenty są w bibliotece",
        "какие документы есть",
    ],
)
def test_these_ask_for_all_documents(query: str) -> None:
    assert asks_for_everything(query)
    asked = parse(f"{query} lang:de skip:20")
    assert (asked.text, asked.everything, asked.languages, asked.skip) == ("", True, ("de",), 20)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "documents",
        "library",
        "what is a document",
        "was ist eine Bibliothek",
        "which documents are about otters",
        "list of all parts",
        "what is in there",
        "how many pages",
        "quels dokumente",  # of no one language
        "which documents are there 2023",
        "** documents",
        "all documents " * 20,
    ],
)
def test_these_do_not(query: str) -> None:
    assert not asks_for_everything(query)


@pytest.mark.parametrize("query", ['which "documents" are there', '"all documents"', "all documents title:"])
def test_a_phrase_or_a_word_more_is_a_search(query: str) -> None:
    assert not parse(query).everything


def test_documents_may_be_left_out_of_all() -> None:
    asked = parse("all documents -draft -lang:de")
    assert (asked.everything, asked.without, asked.unwanted) == (True, ("draft",), (("language", "de"),))


@pytest.mark.parametrize(
    ("query", "skip", "text", "misread"),
    [
        ("otters skip:10", 10, "otters", ()),
        ("otters skip:10 skip:30", 30, "otters", ()),
        ("-draft skip:10", 10, "-draft", (("without", "-draft"),)),  # still a word: nothing else is asked for
        ("otters skip:ten", 0, "otters skip:ten", (("skip", "skip:ten"),)),
        ("otters -skip:10", 0, "otters -skip:10", (("skip", "-skip:10"),)),
        ("otters skip:99999", 0, "otters skip:99999", (("skip", "skip:99999"),)),
    ],
)
def test_skip_leaves_out_the_first_documents(
    query: str, skip: int, text: str, misread: tuple[tuple[str, str], ...]
) -> None:
    asked = parse(query)
    assert (asked.skip, asked.text, asked.misread) == (skip, text, misread)
