"""Backups in a folder: the newest are kept; nothing else goes, and nothing before there is a new one."""

import json
import os
import time
from contextlib import closing
from pathlib import Path

import pytest

from commands import stackroom_here
from indexer.store.migrate import migrate
from indexer.upkeep.backup import back_up, examine, restore
from indexer.upkeep.kept_backups import back_up_into
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import AlreadyRunning, BackupUnusable
from stackroom.common.running import hold
from stackroom.common.settings import Settings
from stackroom.common.sqlite_file import connect

NOON = 1_800_000_000  # 2027-01-15 08:00:00 UTC, in seconds
DAY = 24 * 3600


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    Shelf(tmp_path).add(1, "otters hold hands\n")
    return Settings(data=tmp_path / "data")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_are_kept_and_can_be_restored(settings: Settings, folder: Path, tmp_path: Path) -> None:
    for day in range(5):
        kept = back_up_into(settings, folder, 3, NOON + day * DAY)
    assert names(folder) == [f"stackroom-202701{day}T080000Z.tar" for day in (17, 18, 19)]
    assert kept.file.name == "stackroom-20270119T080000Z.tar"
    assert [old.name for old in kept.removed] == ["stackroom-20270116T080000Z.tar"]
    back_up_into(settings, folder, None, NOON - DAY)  # by a clock that is wrong
    assert len(names(folder)) == 4
    back_up_into(settings, folder, 1, NOON - 2 * DAY)
    assert names(folder) == ["stackroom-20270113T080000Z.tar"]  # the new one is never removed
    copy = Settings(data=tmp_path / "copy")
    restore(copy, folder / "stackroom-20270113T080000Z.tar", migrate)
    with Catalog(copy.catalog) as catalog:
        assert len(catalog.rows("SELECT 1 FROM documents")) == 1


def test_what_is_of_others_stays(settings: Settings, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    Shelf(other).add(1, "bread\n")
    back_up_into(Settings(data=other / "data"), folder, 1, NOON)
    (folder / "stackroom-20200101T000000Z.tar").write_text("notes of somebody")
    (folder / "stackroom-20200102T000000Z.tar").mkdir()
    back_up(settings, folder / "my own name.tar")
    (folder / "stackroom-20200103T000000Z.tar").symlink_to(folder / "my own name.tar")
    (folder / "photos").mkdir()
    before = names(folder)
    for day in (1, 2):
        back_up_into(settings, folder, 1, NOON + day * DAY)
    assert names(folder) == sorted([*before, "stackroom-20270117T080000Z.tar"])


def test_nothing_goes_if_the_new_one_is_not_sound(settings: Settings, folder: Path) -> None:
    first = back_up_into(settings, folder, 1, NOON).file
    with pytest.raises(BackupUnusable, match="is there already"):
        back_up_into(settings, folder, 1, NOON)
    with closing(connect(settings.catalog)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with settings.catalog.open("r+b") as catalog:  # a page of a table is overwritten
        catalog.seek(3 * 4096)
        catalog.write(b"\xff" * 4096)
    kept = back_up_into(settings, folder, 1, NOON + DAY)
    assert (bool(kept.contents.damage), kept.removed) == (True, ())
    assert first.exists()
    said = stackroom_here("backup", "--to", folder, "--keep", 1, "--data", settings.data)
    assert (said.returncode, "backup of a damaged catalogue" in said.stderr, said.stdout) == (1, True, "")
    with pytest.raises(BackupUnusable, match="is not there, or no folder"):
        back_up_into(settings, folder / "away", 1, NOON + 2 * DAY)
    assert first.exists()


def test_a_damaged_file_is_no_backup(settings: Settings, folder: Path) -> None:
    file = back_up_into(settings, folder, 1, NOON).file
    assert examine(file).origin.endswith(os.path.realpath(settings.data))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(BackupUnusable, match="its files are not what was backed up"):
        examine(file)
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(BackupUnusable, match="is no sound backup"):
        examine(file)


def test_one_at_a_time_and_what_killed_ones_left_goes(settings: Settings, folder: Path) -> None:
    for name, age in (("old", 2 * DAY), ("new", 0)):
        left = folder / f".stackroom-backup-{name}"
        left.mkdir()
        (left / "catalog.sqlite3").touch()
        os.utime(left, (time.time() - age,) * 2)
    with hold(settings.backup_lock, {"pid": 1}), pytest.raises(AlreadyRunning, match="is being made"):
        back_up_into(settings, folder, 1, NOON)
    assert not list(folder.glob("*.tar"))
    back_up_into(settings, folder, 1, NOON)
    assert names(folder) == [".stackroom-backup-new", "stackroom-20270115T080000Z.tar"]


def test_cron_hears_nothing_but_errors(settings: Settings, folder: Path, tmp_path: Path) -> None:
    said = stackroom_here("backup", "--to", folder, "--keep", 2, "--data", settings.data)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    (made,) = folder.iterdir()
    told = stackroom_here("backup", tmp_path / "one.tar", "--json", "--data", settings.data)
    assert json.loads(told.stdout)["file"] == str(tmp_path / "one.tar")
    assert (json.loads(told.stdout)["removed"], json.loads(told.stdout)["damage"]) == ([], "")
    made.rename(folder / "stackroom-20200101T000000Z.tar")
    told = stackroom_here("backup", "--to", folder, "--keep", 1, "--json", "--data", settings.data)
    assert json.loads(told.stdout)["removed"] == [str(folder / "stackroom-20200101T000000Z.tar")]
    for wrong in (("--keep", 3, tmp_path / "x.tar"), ("--to", folder, tmp_path / "x.tar"), ()):
        assert stackroom_here("backup", *wrong, "--data", settings.data).returncode == 2
    nothing = stackroom_here("backup", "--to", folder, "--keep", 1, "--data", tmp_path / "nothing")
    assert (nothing.returncode, "Nothing has been indexed" in nothing.stderr) == (1, True)
