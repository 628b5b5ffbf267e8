"""Headings: each part of a text is under what stands above it, and what is embedded says so."""

import pytest

from fakes import WordHashEmbedder
from indexer.passages.context import contexts
from indexer.passages.split import split
from indexer.pdf.text.headings import find_sections
from indexer.pdf.text.page_lines import Line
from stackroom.common.documents import Document, OutlineEntry, Page, Section


def pages(*texts: str) -> list[Page]:
    return [Page(number, str(number), text) for number, text in enumerate(texts, 1)]


def lines(*sized: tuple[str, float]) -> list[Line]:
    return [Line(text, 0, -12 * at, 100, -12 * at, size) for at, (text, size) in enumerate(sized)]


def test_an_outline_s_entries_are_found_where_they_are_printed() -> None:
    outline = [
        OutlineEntry("Otters", 1, 0),
        OutlineEntry("What they eat", 1, 1),
        OutlineEntry("Badgers", 2, 0),
    ]
    texts = [
        "Preface.\n1 Otters\nThey swim.\n1.1  What they\neat\nFish.\n",
        "More fish.\nBADGERS\nThey dig.\n",
    ]
    text = "".join(texts)
    assert find_sections(outline, [], pages(*texts)) == (
        Section(text.index("1 Otters"), "Otters"),
        Section(text.index("1.1"), "Otters › What they eat"),
        Section(text.index("BADGERS"), "Badgers"),
    )


def test_an_entry_that_is_not_printed_begins_with_its_page() -> None:
    outline = [OutlineEntry("Cover", 1, 0), OutlineEntry("Chapter", 2, 0)]
    assert find_sections(outline, [], pages("Something else.\n", "And else.\n")) == (
        Section(0, "Cover"),
        Section(len("Something else.\n"), "Chapter"),
    )


def test_a_word_in_a_sentence_is_no_heading() -> None:
    outline = [OutlineEntry("Otters", 1, 0)]
    text = "We speak of Otters\nbelow.\nOtters\nThey swim.\n"
    assert find_sections(outline, [], pages(text)) == (Section(text.index("Otters\nThey"), "Otters"),)


def test_larger_lines_are_headings_where_there_is_no_outline() -> None:
    body = [("Text of the usual size, of which there is much.", 10.0)] * 8
    page = [
        ("Findings", 18.0),
        *body,
        ("About otters", 14.0),
        *body,
        ("A sentence in large type.", 14.0),
        *body,
    ]
    texts = ["Title\n", "".join(f"{text}\n" for text, _ in page)]
    found = find_sections([], [[], lines(*page)], pages(*texts))
    assert [section.heading for section in found] == ["Findings", "Findings › About otters"]
    assert found[0].start == len(texts[0])


def test_slides_have_no_headings() -> None:
    page = [("Large", 18.0), ("Small words", 10.0), ("Large again", 18.0), ("And small ones", 10.0)]
    texts = ["Title\n", "".join(f"{text}\n" for text, _ in page)]
    assert find_sections([], [[], lines(*page)], pages(*texts)) == ()


@pytest.mark.parametrize("place_known", [True, False])
def test_nothing_is_found_in_nothing(*, place_known: bool) -> None:
    size = 10.0 if place_known else 0.0
    assert find_sections([], [], []) == ()
    assert find_sections([], [lines(("One", size))], pages("One\n")) == ()
    assert find_sections([], [[], lines(("Two", size))], pages("", "Two\n")) == ()


def document(title: str, text: str, *sections: Section) -> Document:
    return Document("0" * 24, title, "", "", "", (), tuple(pages(text)), "test", sections)


def test_a_passage_is_embedded_with_title_and_headings_and_shown_without() -> None:
    text = "Preface words. " * 10 + "Otters swim. " * 20
    found = document("Animals", text, Section(text.index("Otters"), "Chapter › Otters"))
    passages = split(found, WordHashEmbedder(), 24)
    assert passages[0].context == "Animals\n"
    assert passages[-1].context == "Animals\nChapter › Otters\n"
    assert "".join(text[passage.start : passage.stop] for passage in passages) == text


def test_context_and_text_fit_the_model_together() -> None:
    tokenizer = WordHashEmbedder()
    text = "word " * 400
    for limit in (8, 20, 60, 254):
        found = document("Title " * 60, text, Section(0, "A › long › heading " * 20))
        made = split(found, tokenizer, limit)
        texts = [passage.context + text[passage.start : passage.stop] for passage in made]
        assert all(len(starts) <= limit for starts in tokenizer.token_starts(texts))
        assert all(passage.context for passage in made)


def test_of_a_long_path_the_innermost_heading_stays() -> None:
    made, most = contexts(document("T", "x", Section(0, "outer " * 40 + "› inner")), WordHashEmbedder(), 254)
    assert made[1].endswith("› inner\n")
    assert most <= 50
