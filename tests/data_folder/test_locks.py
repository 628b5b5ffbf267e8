"""Locks of a data folder and the notes beside them: who is at work, and that no lock outlives its holder."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from indexer.store.lock import alone
from indexer.upkeep.backup import back_up, restore
from shelf import Shelf
from stackroom.common.errors import (
    AlreadyRunning,
)
from stackroom.common.running import hold, holder
from stackroom.common.settings import Settings


@pytest.mark.parametrize(
    "note", [{}, {"pid": 4711}, {"pid": 4711, "command": "stackroom restore"}, {"url": "http://127.0.0.1"}]
)
def test_whoever_is_at_work_can_be_told(settings: Settings, note: dict[str, object]) -> None:
    with hold(settings.index / "indexer.lock", note), pytest.raises(AlreadyRunning) as told:  # noqa: SIM117
        with alone(settings):
            pass
    assert ("4711" in str(told.value)) == ("pid" in note)


def test_an_indexer_waits_for_a_restore_and_says_so(tmp_path: Path, shelf: Shelf, settings: Settings) -> None:
    back_up(settings, tmp_path / "library.tar")
    copy = Settings(data=tmp_path / "copy")

    def prepare(catalog: Path) -> None:
        with pytest.raises(AlreadyRunning, match="stackroom restore"), alone(copy):
            pass

    restore(copy, tmp_path / "library.tar", prepare)


def test_a_lock_is_released_even_if_its_note_cannot_be_removed(settings: Settings) -> None:
    lock = settings.index / "indexer.lock"
    with hold(lock, {"pid": 1}):
        note = settings.index / "indexer.holder.json"
        note.unlink()
        note.mkdir()  # what Windows does to a note that somebody reads: it can't be removed
    assert holder(lock) is None
    with hold(lock, {"pid": 2}) as held:
        assert held


def test_a_lock_whose_folder_is_deleted_meanwhile_is_taken_anew(tmp_path: Path) -> None:
    path = tmp_path / "index" / "indexer.lock"

    def take() -> bool:
        with hold(path, {}) as held:
            return held

    with hold(path, {}), ThreadPoolExecutor(1) as executor:
        taken = executor.submit(take)
        time.sleep(0.1)  # it waits for us
        path.parent.rename(tmp_path / "deleted")
        assert taken.result(20)
