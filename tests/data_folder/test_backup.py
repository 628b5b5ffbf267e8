"""A backup made while others write, and restored elsewhere, answers as the original did."""

import sqlite3
import stat
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from commands import stackroom_here
from fakes import OneModel, WordHashEmbedder
from indexer.store.migrate import migrate
from indexer.upkeep.backup import back_up, restore
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import BackupUnusable, CatalogMissing, CatalogVersion
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.access.store import AccessStore


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    shelf.add(1, "otters hold hands\n", "they like stones\n")
    shelf.add(2, "bread needs a damp cloth\n")
    yield shelf
    shelf.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_restored_folder_answers_without_anything_else(
    tmp_path: Path, settings: Settings, shelf: Shelf
) -> None:
    with AccessStore(settings.access) as store:
        token = store.new_static_token("laptop")
    settings.calls.parent.mkdir(parents=True)
    settings.calls.write_text("{}\n")
    before = [hit.document_id for hit in shelf.reader().search("damp cloth hands")]
    made = back_up(settings, tmp_path / "library.tar")
    assert set(made.files) == {"catalog.sqlite3", "access.sqlite3", "calls.jsonl"}
    assert mode(tmp_path / "library.tar") == 0o600
    assert not list(tmp_path.glob(".stackroom*"))

    copy = Settings(data=tmp_path / "elsewhere" / "data")
    assert restore(copy, tmp_path / "library.tar", migrate) == made
    embedder = WordHashEmbedder()
    with closing(Reader(Catalog(copy.catalog), WordIndex(copy.words), OneModel(embedder))) as reader:
        assert [hit.document_id for hit in reader.search("damp cloth hands")] == before
        assert "otters hold hands" in reader.fetch(before[-1]).text + reader.fetch(before[0]).text
    assert embedder.embedded_passages == 0
    assert len(WordIndex(copy.words)) == 3
    with AccessStore(copy.access) as store:
        assert [grant.name for grant in store.grants()] == ["laptop"]
        assert token not in repr(store.grants())
    assert {mode(file) for file in (copy.access, copy.calls)} == {0o600}
    assert {mode(file.parent) for file in (copy.access, copy.calls)} == {0o700}


def test_the_file_of_settings_comes_back_but_takes_no_others_place(
    tmp_path: Path, settings: Settings, shelf: Shelf
) -> None:
    (settings.data / "stackroom.toml").write_text("port = 9000\n")
    made = back_up(settings, tmp_path / "library.tar")
    assert set(made.files) == {"catalog.sqlite3", "stackroom.toml"}
    copy, other = (Settings(data=tmp_path / name) for name in ("copy", "other"))
    other.data.mkdir()
    (other.data / "stackroom.toml").write_text("port = 7000\n")
    for place, port in ((copy, 9000), (other, 7000)):
        restore(place, tmp_path / "library.tar", migrate)
        assert Settings.read({}, data=place.data).port == port
        assert place.catalog.exists()


def test_a_backup_while_documents_are_published_is_of_one_moment(
    tmp_path: Path, settings: Settings, shelf: Shelf
) -> None:
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(settings.catalog, timeout=30, isolation_level=None)) as db:
            while not stop.is_set():  # each time two rows or none
                db.execute("BEGIN IMMEDIATE")
                for _ in range(2):
                    db.execute("INSERT INTO changes (kind, first, last) VALUES ('model', 0, 0)")
                db.execute("COMMIT")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            back_up(settings, tmp_path / f"{number}.tar")
            copy = Settings(data=tmp_path / f"copy {number}")
            restore(copy, tmp_path / f"{number}.tar", migrate)
            with closing(sqlite3.connect(copy.catalog)) as db:
                (count,) = db.execute("SELECT count(*) FROM changes WHERE kind = 'model'").fetchone()
                assert count % 2 == 0
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        stop.set()
        writer.join()


def test_what_is_there_is_not_overwritten(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    file = tmp_path / "library.tar"
    back_up(settings, file)
    content = file.read_bytes()
    with pytest.raises(BackupUnusable, match="there already"):
        back_up(settings, file)
    with pytest.raises(BackupUnusable, match=r"in use.*catalog\.sqlite3"):
        restore(settings, file, migrate)
    assert file.read_bytes() == content
    with pytest.raises(CatalogMissing, match="nothing to back up"):
        back_up(Settings(data=tmp_path / "empty"), tmp_path / "empty.tar")
    with pytest.raises(BackupUnusable, match="cannot be written"):
        back_up(settings, tmp_path / "no such folder" / "library.tar")


def test_nothing_derived_from_the_catalogue_that_was_there_is_left(
    tmp_path: Path, settings: Settings, shelf: Shelf
) -> None:
    file = tmp_path / "library.tar"
    back_up(settings, file)
    settings.vector_lists.write_bytes(b"of later changes")
    settings.catalog.unlink()
    restore(settings, file, migrate)
    assert not settings.vector_lists.exists()


@pytest.mark.parametrize("cut", [0.0, 0.3, 0.9])
def test_a_damaged_backup_leaves_nothing_behind(
    tmp_path: Path, settings: Settings, shelf: Shelf, cut: float
) -> None:
    file = tmp_path / "library.tar"
    back_up(settings, file)
    content = bytearray(file.read_bytes())
    with tarfile.open(file) as archive:
        inside = archive.getmember("catalog.sqlite3").offset_data + 5000
    file.write_bytes(content[: int(len(content) * cut)])
    copy = Settings(data=tmp_path / "copy")
    with pytest.raises(BackupUnusable, match="cannot be restored"):
        restore(copy, file, migrate)
    content[inside] ^= 1
    file.write_bytes(content)
    with pytest.raises(BackupUnusable, match=r"damaged: catalog\.sqlite3"):
        restore(copy, file, migrate)
    assert not copy.catalog.exists()
    assert not list(copy.data.glob(".*"))


def test_no_archive_can_write_elsewhere(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    file = tmp_path / "library.tar"
    back_up(settings, file)
    with tarfile.open(file, "a") as archive:
        member = tarfile.TarInfo("../../evil")
        member.size = 4
        archive.addfile(member, BytesIO(b"evil"))
    with pytest.raises(BackupUnusable, match="evil"):
        restore(Settings(data=tmp_path / "a" / "b"), file, migrate)
    assert not list(tmp_path.rglob("evil"))


def test_a_newer_backup_is_refused(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    with closing(sqlite3.connect(settings.catalog)) as db:
        db.execute("PRAGMA user_version = 99")
    back_up(settings, tmp_path / "library.tar")
    with pytest.raises(CatalogVersion, match="99"):
        restore(Settings(data=tmp_path / "copy"), tmp_path / "library.tar", migrate)
    assert not (tmp_path / "copy" / "index" / "catalog.sqlite3").exists()


def test_the_commands(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    file, data = tmp_path / "library.tar", tmp_path / "copy"
    made = stackroom_here("backup", file, "--data", settings.data)
    assert (made.returncode, "read the library" in made.stdout) == (0, True)
    restored = stackroom_here("restore", file, "--data", data)
    assert (restored.returncode, "Restored" in restored.stdout) == (0, True)
    again = stackroom_here("restore", file, "--data", data)
    assert (again.returncode, "in use" in again.stderr) == (1, True)
    assert stackroom_here("status", "--data", data).returncode == 0
    assert (data / "index" / "words" / "passages").exists()


def test_what_cannot_be_read_is_named(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    del shelf  # which has something to back up
    settings.calls.mkdir(parents=True)
    with pytest.raises(BackupUnusable, match=f"{settings.calls} cannot be read"):
        back_up(settings, tmp_path / "backup.tar")
    assert [*tmp_path.glob("backup*"), *tmp_path.glob(".stackroom-backup*")] == []
