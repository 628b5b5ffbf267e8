"""A title that several documents have tells nothing: what does stands before it."""

from pathlib import Path

import pytest

from fakes import WordHashEmbedder
from make_pdfs import write_pdf
from papers import counts, index
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader

AUTHORITY = "UNITED STATES SECURITIES AND EXCHANGE COMMISSION"
HASHES = ("0b85477387a9d0cc33fca0f4becaa0e5", "550e8400-e29b-41d4-a716-446655440000", "x7Kp2Qz9Lm4Rt8")


def _file(folder: Path, name: str, company: str, more: str = "") -> Path:
    page = f"Washington\n\nForm 10-K\n\nfor the fiscal year\n\n{company}\n\n{company} makes things. {more}"
    return write_pdf(folder / f"{name}.pdf", [page], heading=AUTHORITY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "filings").mkdir()
    return tmp_path / "filings"


def _titles(reader: Reader, query: str = "things") -> list[str]:
    return sorted(hit.title for hit in reader.search(query))


def test_the_name_of_the_file_tells_them_apart(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    for name, company in (("3M_2018_10K", "3M Company"), ("AMCOR_2020", "Amcor Plc")):
        _file(folder, name, company)
    index(settings, embedder, folder)
    assert _titles(reader) == [AUTHORITY, AUTHORITY]
    _file(folder, "Boeing 2019 annual", "The Boeing Company of Chicago")
    assert counts(index(settings, embedder, folder)) == {"added": 1, "unchanged": 2}
    assert _titles(reader) == [f"Boeing 2019 annual – {AUTHORITY}", AUTHORITY, AUTHORITY]
    # The first two are read again when that is known; then nothing changes any more.
    assert counts(index(settings, embedder, folder)) == {"changed": 2, "unchanged": 1}
    told = [f"{name} – {AUTHORITY}" for name in ("3M 2018 10K", "AMCOR 2020", "Boeing 2019 annual")]
    assert _titles(reader) == told
    assert counts(index(settings, embedder, folder)) == {"unchanged": 3}
    assert reader.search("amcor")[0].title == told[1]
    assert [hit.title for hit in reader.search("title:boeing things")] == [told[2]]
    _file(folder, "Corning 2021", "Corning Incorporated")
    assert counts(index(settings, embedder, folder)) == {"added": 1, "unchanged": 3}
    assert _titles(reader)[-1] == f"Corning 2021 – {AUTHORITY}"


def test_a_line_of_the_first_page_does_where_names_mean_nothing(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    for name, company in zip(HASHES, ("3M Company", "Amcor Plc", "Boeing of Chicago"), strict=True):
        _file(folder, name, company)
    index(settings, embedder, folder)
    index(settings, embedder, folder)
    assert _titles(reader) == [
        f"{company} – {AUTHORITY}" for company in ("3M Company", "Amcor Plc", "Boeing of Chicago")
    ]


def test_copies_do_not_make_a_title_shared(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    for number in range(4):
        path = _file(folder, f"leaflet {number}", "Amcor Plc")
        path.write_bytes(path.read_bytes() + b"%" + b"x" * number)
    _file(folder, "other", "Boeing of Chicago")
    index(settings, embedder, folder)
    assert counts(index(settings, embedder, folder)) == {"unchanged": 5}
    assert set(_titles(reader)) == {AUTHORITY}


def test_where_nothing_tells_the_title_stays(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    for name, more in zip(HASHES, ("", "They are good.", "They are large and small."), strict=True):
        _file(folder, name, "Amcor Plc", more)
    index(settings, embedder, folder)
    assert counts(index(settings, embedder, folder)) == {"unchanged": 3}
    assert _titles(reader) == [AUTHORITY] * 3
