"""Rights: what is written is for its owner alone, and older folders are narrowed."""

import os
import stat
from contextlib import closing
from pathlib import Path

import pytest

from commands import stackroom_here
from indexer.store.lock import alone
from indexer.store.publisher import Publisher
from shelf import Shelf
from stackroom.common.owner_only import narrow
from stackroom.common.settings import Settings

posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights are those of POSIX")


def open_to_others(folder: Path) -> list[Path]:
    return [
        path
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


@posix
def test_what_commands_write_is_for_its_owner_alone(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    settings.calls.parent.mkdir()
    settings.calls.write_text("{}\n")
    file, data = tmp_path / "library.tar", tmp_path / "copy"
    assert stackroom_here("backup", file, "--data", settings.data).returncode == 0
    assert stackroom_here("restore", file, "--data", data).returncode == 0
    assert stackroom_here("passphrase", "--data", data, stdin="correct horse battery").returncode == 0
    assert stackroom_here("check", "--data", data).stderr == ""
    assert (data / "index" / "words" / "passages" / "meta.json").exists()
    assert open_to_others(data) == []
    with closing(Publisher(data / "index" / "catalog.sqlite3")) as publisher:
        publisher.add_library(tmp_path)  # whose journal SQLite makes
        assert len(list((data / "index").glob("catalog.sqlite3-*"))) == 2
        assert open_to_others(data) == []


@posix
def test_an_older_folder_is_narrowed(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    data = settings.data
    outside = tmp_path / "outside.txt"
    outside.touch()
    for folder in (data / "models" / "m", data / "log", data / "access"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    (data / "index" / "link").symlink_to(outside)
    for path in (data, outside, *data.rglob("*")):
        path.chmod(0o755)
    with alone(settings):
        assert open_to_others(data) == []
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755


@posix
def test_pdfs_in_the_data_folder_stay_as_they_are(settings: Settings, shelf: Shelf) -> None:
    pdfs = settings.data / "library"
    pdfs.mkdir()
    (pdfs / "a.pdf").touch()
    for path in (settings.data, *settings.data.rglob("*")):
        path.chmod(0o755)
    narrow(settings)
    assert open_to_others(settings.data) == [settings.data, pdfs, pdfs / "a.pdf"]
