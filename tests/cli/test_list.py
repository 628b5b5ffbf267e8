"""`stackroom list`: the documents, in lines for people and as JSON."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commands import stackroom_here
from shelf import Shelf


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """The data folder of three documents, of which one is a scan that waits for OCR."""
    with closing(Shelf(tmp_path)) as shelf:
        shelf.add(1, "Otters hold hands.\n", name="river/otters.pdf", title="On Otters")
        shelf.add(2, "Cats purr.\n", "More.\n", name="cats.pdf", title="Cats\x1b[31m", language="de")
        shelf.add_copy("cats.pdf", "again.pdf")
        shelf.add(3, "", name="river/scan.pdf", title="A scan", language="")
        shelf.execute("INSERT INTO scans VALUES (3, 1, 'waiting', '', NULL, '', NULL)")
        shelf.execute("INSERT INTO unread VALUES (2, 2, 'garbled')")
        yield tmp_path / "data"


def test_documents_are_listed_with_how_they_were_read(data: Path) -> None:
    listed = stackroom_here("list", "--data", data)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.splitlines() == [
        "A scan",
        "    library/river/scan.pdf, 1 page, 1 without text yet: OCR has not read them",
        "Cats[31m",
        "    library/again.pdf and 1 more, 2 pages, de, not all read on 2",
        "On Otters",
        "    library/river/otters.pdf, 1 page, en",
        "3 documents",
    ]


def test_a_document_without_text_is_called_so(tmp_path: Path) -> None:
    with closing(Shelf(tmp_path)) as shelf:
        shelf.add(1, "", name="blank.pdf", title="Blank")
        listed = stackroom_here("list", "--data", shelf.path.parents[1])
    assert "    library/blank.pdf, 1 page, en, no text found" in listed.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "titles", "end"),
    [
        (["otters"], ["On Otters"], "1 document"),
        (["--folder", "river", "--sort", "indexed"], ["A scan", "On Otters"], "2 documents"),
        (["--folder", "library/river", "lang:en"], ["On Otters"], "1 document"),
        (["--limit", 1], ["A scan"], "1 of 3 documents; --limit 3 shows all"),
        (["which", "documents", "are", "there", "skip:2"], ["On Otters"], "1 of 3 documents"),
        (["nothing"], [], "0 documents"),
    ],
)
def test_filters_words_and_order_choose(
    data: Path, arguments: list[object], titles: list[str], end: str
) -> None:
    *lines, last = stackroom_here("list", *arguments, "--data", data).stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == titles
    assert last == end


def test_as_json_they_come_with_counts(data: Path) -> None:
    listing = json.loads(stackroom_here("list", "lang:germann", "--data", data, "--json").stdout)
    assert (listing["documents"], listing["total"]) == ([], 0)
    assert listing["notices"][0].startswith("lang:germann was taken as words")
    listing = json.loads(stackroom_here("list", "--data", data, "--json").stdout)
    assert [document["title"] for document in listing["documents"]] == ["A scan", "Cats[31m", "On Otters"]
    assert listing["facets"]["languages"][0]["count"] == 1
    (root,) = listing["folders"]
    assert [(folder["name"], folder["count"]) for folder in root["folders"]] == [("river", 2)]


def test_a_folder_without_a_name_is_refused(data: Path) -> None:
    listed = stackroom_here("list", "--folder", "/", "--data", data)
    assert (listed.returncode, listed.stdout) == (2, "")
    assert "names no folder" in listed.stderr
