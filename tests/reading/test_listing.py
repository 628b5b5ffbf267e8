"""The documents as a list, counted by what they have in common, and page by page."""

import pytest

from shelf import Shelf
from stackroom.common.documents import Unread
from stackroom.reading.listing import Facet, Folder, Sort
from stackroom.reading.query.parse import parse
from stackroom.reading.reader import Reader

FACETS = ("folders", "years", "languages", "authors")


@pytest.fixture
def library(shelf: Shelf) -> Shelf:
    """Five documents, of which the last has no text yet: its two pages wait for OCR."""
    shelf.add(
        1, "Otters swim.\n", name="river/2023/a.pdf", title="Report 10", author="Ann Lee", created="2023"
    )
    shelf.add(2, "Otters eat.\n", name="river/2023/b.pdf", title="report 9", author='Bob "Bo" Ray; Ann Lee')
    shelf.add(3, "Otter frisst.\n", name="river/2024/c.pdf", title="Ärger", author="", language="de")
    shelf.add(4, "Cats\n", "purr.\n", name="cats.pdf", title="Cats", author="ann lee", modified="2024-05")
    shelf.add(5, "", "", name="scans/s.pdf", title="A scan", author="Zoe", language="")
    shelf.execute(
        "INSERT INTO scans SELECT key, 1, 'published', '', 90, '', NULL FROM documents WHERE key = 4"
    )
    shelf.execute("INSERT INTO scans SELECT 5, value, 'waiting', '', NULL, '', NULL FROM json_each('[1, 2]')")
    shelf.execute("INSERT INTO unread VALUES (2, 1, 'garbled')")
    shelf.execute("UPDATE documents SET indexed = '2026-01-02T03:04:05Z' WHERE key = 4")
    return shelf


def listed(reader: Reader, query: str = "", sort: Sort = "title") -> list[int]:
    return [int(line.id, 16) for line in reader.documents(query, sort).documents]


@pytest.mark.parametrize(
    ("sort", "numbers"),
    [
        ("title", [5, 3, 4, 2, 1]),  # whatever their case and accents; 9 before 10
        ("newest", [4, 1, 2, 3, 5]),
        ("indexed", [5, 4, 3, 2, 1]),
        ("pages", [4, 5, 1, 2, 3]),
    ],
)
@pytest.mark.usefixtures("library")
def test_documents_come_in_the_order_that_is_asked_for_page_by_page(
    reader: Reader, sort: Sort, numbers: list[int]
) -> None:
    assert listed(reader, sort=sort) == numbers
    pages = [reader.documents(sort=sort, start=start, limit=2) for start in (0, 2, 4, 6)]
    assert [int(line.id, 16) for page in pages for line in page.documents] == numbers
    assert {page.total for page in pages} == {5}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("report", [2, 1]),
        ("ray", [2]),
        ("river c.pdf", [3]),
        ('"river 2023"', [2, 1]),
        ("-report river", [3]),
        ("lang:de", [3]),
        ("folder:scans", [5]),
        (f"id:{4:024x}", [4]),
        ("after:2024", [4]),
        ("otters", []),  # only in their texts
    ],
)
@pytest.mark.usefixtures("library")
def test_filters_and_words_of_titles_authors_and_names_choose(
    reader: Reader, query: str, numbers: list[int]
) -> None:
    assert listed(reader, query) == numbers
    assert reader.documents(query).total == len(numbers)


@pytest.mark.usefixtures("library")
def test_a_line_tells_how_a_document_was_read(reader: Reader) -> None:
    lines = {int(line.id, 16): line for line in reader.documents().documents}
    assert lines[1].paths == ("library/river/2023/a.pdf",)
    assert (lines[4].pages, lines[4].ocr_pages, lines[4].waiting_pages) == (2, 1, 0)
    assert (lines[4].indexed, lines[1].indexed) == ("2026-01-02T03:04:05Z", "")
    assert (lines[5].pages, lines[5].ocr_pages, lines[5].waiting_pages) == (2, 0, 2)
    assert lines[2].unread == (Unread(1, "garbled"),)


@pytest.mark.usefixtures("library")
def test_folders_are_a_tree_with_counts(reader: Reader) -> None:
    (root,) = reader.documents().folders
    assert (root.name, root.path, root.count) == ("library", "library", 5)
    assert [(folder.name, folder.count) for folder in root.folders] == [("river", 3), ("scans", 1)]
    river = root.folders[0]
    assert river.folders == (
        Folder("2023", "library/river/2023", 2, 'folder:"library/river/2023"'),
        Folder("2024", "library/river/2024", 1, 'folder:"library/river/2024"'),
    )


@pytest.mark.parametrize(
    "query", ["", "lang:en", "author:lee", "folder:river after:2020", "folder:2023", "* skip:1"]
)
@pytest.mark.usefixtures("library")
def test_a_facets_query_finds_as_many_documents_as_it_counts(reader: Reader, query: str) -> None:
    facets = reader.documents(query).facets
    every = [facet for kind in FACETS for facet in getattr(facets, kind)]
    assert every
    for facet in every:
        found = reader.documents(facet.query)
        assert found.total == facet.count, facet
        assert not parse(facet.operator).text


@pytest.mark.usefixtures("library")
def test_facets_tell_what_documents_have_in_common(reader: Reader) -> None:
    facets = reader.documents().facets
    assert facets.folders[0] == Facet("library/river", 3, 'folder:"library/river"', 'folder:"library/river"')
    assert facets.languages == (Facet("en", 3, "lang:en", "lang:en"), Facet("de", 1, "lang:de", "lang:de"))
    # Ann Lee, however she is written, is also an author of Bob Ray's.
    assert [(facet.value, facet.count) for facet in facets.authors] == [
        ("Ann Lee", 3),
        ('Bob "Bo" Ray; Ann Lee', 1),
        ("Zoe", 1),
    ]
    assert [(facet.value, facet.count) for facet in facets.years] == [
        ("2021", 4),
        ("2020", 4),
        ("2024", 1),
        ("2023", 1),
    ]
    # Below what all of them share; and a filter of the same kind gives way to it.
    narrower = reader.documents("folder:river lang:en").facets
    assert [facet.value for facet in narrower.folders] == []
    narrower = reader.documents("folder:river").facets
    assert [(facet.value, facet.query) for facet in narrower.folders] == [
        ("library/river/2023", 'folder:"library/river/2023"'),
        ("library/river/2024", 'folder:"library/river/2024"'),
    ]


def test_what_is_new_moved_or_gone_is_listed_so(library: Shelf, reader: Reader) -> None:
    assert listed(reader, "folder:river") == [3, 2, 1]
    library.add(6, "More.\n", name="river/d.pdf", title="Zander")
    library.add_copy("cats.pdf", "river/cats.pdf")
    assert listed(reader, "folder:river") == [3, 4, 2, 1, 6]
    assert [folder.count for folder in reader.documents().folders[0].folders] == [5, 1]
    library.execute("UPDATE locations SET path = 'river/s.pdf' WHERE document = 5")
    assert listed(reader, "folder:river") == [5, 3, 4, 2, 1, 6]


def test_a_library_that_is_a_single_pdf_is_named_once(library: Shelf, reader: Reader) -> None:
    library.execute("UPDATE libraries SET root = '/home/ada/letter.pdf'")
    library.execute("UPDATE locations SET path = 'letter.pdf' WHERE document = 5")
    paths = [path for line in reader.documents().documents for path in line.paths]
    assert "letter.pdf" in paths
    assert "letter.pdf/letter.pdf" not in paths


def test_an_empty_library_has_an_empty_list(reader: Reader) -> None:
    listing = reader.documents("lang:de", "newest")
    assert (listing.documents, listing.total, listing.folders) == ((), 0, ())


@pytest.mark.usefixtures("library")
def test_a_search_tells_its_total_and_goes_on_where_the_last_page_ended(reader: Reader) -> None:
    whole = reader.answer('"otters"', facets=True)
    assert (whole.total, whole.unshown) == (2, 0)
    assert [(facet.value, facet.count) for facet in whole.facets.folders] == []
    assert [facet.query for facet in whole.facets.authors][:1] == ['"otters" author:"Ann Lee"']
    pages = [reader.answer('"otters"', 1, start=start) for start in (0, 1, 2)]
    assert [hit for page in pages for hit, _ in page.hits] == [hit for hit, _ in whole.hits]
    assert [(page.total, page.unshown) for page in pages] == [(2, 1), (2, 0), (2, 0)]


@pytest.mark.usefixtures("library")
def test_filters_alone_tell_how_many_there_are(reader: Reader) -> None:
    first, rest = reader.answer("after:2020", 3, facets=True), reader.answer("after:2020", 3, start=3)
    assert (first.total, first.unshown, rest.total, rest.unshown) == (4, 1, 4, 0)
    numbers = [int(hit.document_id, 16) for page in (first, rest) for hit, _ in page.hits]
    assert numbers == [4, 1, 2, 3]
    assert {facet.value: facet.count for facet in first.facets.languages} == {"en": 3, "de": 1}
    left_out = reader.answer("after:2020 -purr", 3)
    assert (len(left_out.hits), left_out.total) == (3, 4)  # its page about Cats does not purr


def test_all_but_those_with_a_word_are_counted_before_they_are_shown(library: Shelf, reader: Reader) -> None:
    for number in range(10, 18):
        library.add(number, f"Herons number {number}.\n", modified="2019-01-01", created="2019-01-01")
    library.add(20, "A draft.\n", modified="2018-01-01", created="2018-01-01")
    first = reader.answer("* -draft", 2)
    assert (len(first.hits), first.total, first.next_query) == (2, 13, "* -draft skip:2")
    rest = reader.answer("* -draft", 20, start=2)
    assert (len(rest.hits), rest.total, rest.unshown) == (10, 12, 0)


@pytest.mark.usefixtures("library")
def test_a_text_that_several_documents_have_counts_once(library: Shelf, reader: Reader) -> None:
    library.add(7, "Otters swim.\n", title="The same again")
    answer = reader.answer("otters swim", 9)
    assert (answer.total, len(answer.hits), answer.unshown) == (3, 3, 0)
    assert [copy.title for copy in answer.hits[0][0].best.copies] == ["The same again"]
    rest = reader.answer("otters swim", 9, start=1)
    assert [hit for hit, _ in rest.hits] == [hit for hit, _ in answer.hits[1:]]


@pytest.mark.parametrize(
    ("query", "operators"),
    [
        ("otters", []),
        (
            'otters -cats title:"annual report" (author:lee), after:2023',
            [
                ("-cats", "without", 'otters title:"annual report" (author:lee), after:2023'),
                ('title:"annual report"', "title", "otters -cats (author:lee), after:2023"),
                ("author:lee", "author", 'otters -cats title:"annual report" ( after:2023'),
                ("after:2023", "after", 'otters -cats title:"annual report" (author:lee),'),
            ],
        ),
        (
            'cats NOT "big dogs" NOT author:lee',
            [
                ('NOT "big dogs"', "without", "cats NOT author:lee"),
                ("NOT author:lee", "without", 'cats NOT "big dogs"'),
            ],
        ),
        ("-draft", []),  # a word, because nothing else is asked for
        ('why did the man in the old house say "no" and -left', []),  # a sentence
        (
            '"exact phrase" lang:de',
            [('"exact phrase"', "phrase", "lang:de"), ("lang:de", "language", '"exact phrase"')],
        ),
    ],
)
def test_operators_in_use_are_told_with_what_remains_without_them(
    query: str, operators: list[tuple[str, str, str]]
) -> None:
    found = [(chip.written, chip.kind, chip.query) for chip in parse(query).operators]
    assert found == operators
