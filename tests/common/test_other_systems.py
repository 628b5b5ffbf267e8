"""Paths of systems other than this one: drive letters, shares, names in other letters."""

import sqlite3
from contextlib import closing
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from unicodedata import normalize

import pytest

from stackroom.cli.library_roots import spelled_as_known
from stackroom.common.sqlite_file import uri


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PurePosixPath("/home/ann/data/catalog.sqlite3"), "file:///home/ann/data/catalog.sqlite3"),
        (PurePosixPath("/q?a#b %41"), "file:///q%3Fa%23b%20%2541"),
        (PureWindowsPath(r"C:\Users\Ann\catalog.sqlite3"), "file:///C%3A/Users/Ann/catalog.sqlite3"),
        (PureWindowsPath(r"d:\Bücher #1\a.sqlite3"), "file:///d%3A/B%C3%BCcher%20%231/a.sqlite3"),
        (PureWindowsPath(r"\\nas\share\a.sqlite3"), "file:////nas/share/a.sqlite3"),
    ],
)
def test_sqlite_is_given_a_uri(path: PurePath, expected: str) -> None:
    assert uri(path) == expected


def test_sqlite_opens_what_the_uri_names(tmp_path: Path) -> None:
    path = tmp_path / "C:" / "Bücher #1?%41.sqlite3"
    path.parent.mkdir()
    sqlite3.connect(path).close()
    with closing(sqlite3.connect(f"{uri(path)}?mode=rw", uri=True)) as db:
        ((_, _, opened),) = db.execute("PRAGMA database_list").fetchall()
    assert opened == str(path)


NFC, NFD = normalize("NFC", "/Users/ann/Bücher"), normalize("NFD", "/Users/ann/Bücher")


@pytest.mark.parametrize("stored", [NFC, NFD])
@pytest.mark.parametrize("other", ["/Users/ANN/bücher", NFC, NFD, NFD.upper(), "/users/ann/BÜCHER"])
def test_a_folder_in_other_letters_is_the_one_that_is_known(stored: str, other: str) -> None:
    names = Path(stored).parts[1:]
    known = [Path("/Users/ann/Other"), Path(NFC)]
    assert spelled_as_known(Path(other), known, lambda folder: [names[len(folder.parts) - 1]]) == Path(NFC)


def test_where_both_are_listed_they_are_two(tmp_path: Path) -> None:
    both = [tmp_path / "papers", tmp_path / "Papers"]
    for path in both:
        path.mkdir(exist_ok=True)
    is_two = len(list(tmp_path.iterdir())) == 2
    assert spelled_as_known(both[1], [both[0]]) == both[is_two]


def test_what_is_not_there_or_cannot_be_looked_into_is_taken_as_it_is() -> None:
    def refuse(folder: Path) -> list[str]:
        raise PermissionError(folder)

    asked = Path("/users/ann/bücher")
    assert spelled_as_known(asked, [Path(NFC)], refuse) == asked
    assert spelled_as_known(asked, [Path(NFC)], lambda folder: []) == asked
