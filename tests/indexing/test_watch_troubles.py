"""What goes away while folders are watched, and comes back: it is told, and the watch goes on."""

import errno
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, EventEmitter

from following import Following, eventually
from indexer.folder.listen import Listener
from make_pdfs import write_pdf

SESAME = "sesame"


def test_a_folder_that_is_deleted_and_made_anew_is_heard_again(following: Following) -> None:
    folder = following.folder
    write_pdf(folder / "one.pdf", ["A page of words."], title="First Words")
    following.begin()
    eventually(lambda: following.finds("First Words"))
    for number in range(3):  # also with the same inode number
        shutil.rmtree(folder)
        if number == 1:
            eventually(lambda: following.last().unreadable != {})
        folder.mkdir()
        write_pdf(folder / "one.pdf", ["A page of words."], title=f"Words {number}")
        eventually(lambda: following.finds(f"Words {number}"))  # noqa: B023  asked at once
        write_pdf(folder / "two.pdf", ["A page of words."], title="Later Words")
        eventually(lambda: following.finds(f"Words {number}", "Later Words"))  # noqa: B023
    assert following.troubles == []


def test_a_folder_that_is_renamed_and_comes_back_is_heard_again(following: Following) -> None:
    folder = following.folder
    write_pdf(folder / "one.pdf", ["A page of words."], title="First Words")
    following.begin()
    eventually(lambda: following.finds("First Words"))
    folder.rename(folder.with_name("elsewhere"))
    eventually(lambda: following.last().unreadable != {})
    assert following.finds("First Words")  # nothing counts as removed
    folder.with_name("elsewhere").rename(folder)
    eventually(lambda: following.last().unreadable == {})
    write_pdf(folder / "two.pdf", ["A page of words."], title="Later Words")
    eventually(lambda: following.finds("First Words", "Later Words"))


@pytest.mark.parametrize("name", ["drive/papers", "drive/deep/papers"])
def test_a_folder_whose_drive_is_away_is_followed_when_it_comes(following: Following, name: str) -> None:
    root = following.folder.parent / name
    following.begin(root, following.folder)
    eventually(lambda: len(following.summaries) > 0)
    assert following.last().unreadable == {str(root): "it is not there; nothing was removed"}
    write_pdf(following.folder / "here.pdf", ["A page of words."], title="Words Here")
    eventually(lambda: following.finds("Words Here"))
    root.mkdir(parents=True)
    write_pdf(root / "there.pdf", ["A page of words."], title="Words There")
    eventually(lambda: following.finds("Words Here", "Words There"))


def test_a_single_pdf_is_followed_when_its_folder_is_made_anew(following: Following) -> None:
    pdf = write_pdf(following.folder / "one.pdf", ["A page of words."], title="First Words")
    following.begin(pdf)
    eventually(lambda: following.finds("First Words"))
    shutil.rmtree(following.folder)
    eventually(lambda: following.last().unreadable != {})
    following.folder.mkdir()
    write_pdf(pdf, ["A page of words."], title="Other Words")
    eventually(lambda: following.finds("Other Words"))


def test_a_dead_share_is_told_and_the_other_folders_are_followed(following: Following) -> None:
    dead = following.folder.parent / ("x" * 300)  # `stat` answers with an error that is not "not there"
    following.begin(dead, dead / "one.pdf", following.folder)
    write_pdf(following.folder / "one.pdf", ["A page of words."], title="First Words")
    eventually(lambda: following.finds("First Words"))
    assert set(following.last().unreadable) == {str(dead), str(dead / "one.pdf")}


def test_passwords_that_are_away_for_a_moment_are_those_of_before(following: Following) -> None:
    passwords = following.folder.parent / "passwords.txt"
    passwords.write_text(SESAME)
    following.adjust(STACKROOM_PDF_PASSWORDS_FILE=str(passwords))
    following.begin()
    write_pdf(following.folder / "one.pdf", ["A page of words."], title="First Words", password=SESAME)
    eventually(lambda: following.finds("First Words"))
    passwords.unlink()
    write_pdf(following.folder / "two.pdf", ["A page of words."], title="Later Words", password=SESAME)
    eventually(lambda: following.finds("First Words", "Later Words"))
    assert len(following.troubles) == 1


def test_trouble_is_told_once_and_when_it_is_over(following: Following) -> None:
    passwords = following.folder.parent / "passwords.txt"
    passwords.write_text(SESAME)
    following.adjust(STACKROOM_PDF_PASSWORDS_FILE=str(passwords), STACKROOM_RESCAN_SECONDS="0.2")
    passwords.unlink()  # before they could be read for once
    following.begin()
    eventually(lambda: following.troubles != [])
    write_pdf(following.folder / "one.pdf", ["A page of words."], title="First Words")
    threading.Event().wait(1)
    (trouble,) = following.troubles
    assert "STACKROOM_PDF_PASSWORDS_FILE" in trouble
    passwords.write_text(SESAME)
    eventually(lambda: following.finds("First Words"))
    eventually(lambda: following.news == ["Going on."])


class NoInstancesLeft(BaseObserver):
    """An observer that the system has no room for."""

    def __init__(self) -> None:
        super().__init__(EventEmitter)

    def start(self) -> None:
        """Fails."""
        raise OSError(errno.EMFILE, "inotify instance limit reached")


def test_where_nothing_can_be_heard_it_is_said_and_tried_again(tmp_path: Path) -> None:
    told: list[tuple[Path, str]] = []
    kinds: list[Callable[[], BaseObserver]] = [NoInstancesLeft, NoInstancesLeft, Observer]
    wake = threading.Event()
    listener = Listener(wake, lambda folder, trouble: told.append((folder, trouble)), lambda: kinds.pop(0)())
    for _ in range(2):
        listener.follow([tmp_path])
        folder, trouble = told.pop()
        assert folder == tmp_path
        assert "STACKROOM_RESCAN_SECONDS" in trouble
        assert not listener.is_outdated()
    listener.follow([tmp_path])
    assert told == [(tmp_path, "")]
    (tmp_path / "a.pdf").touch()
    assert wake.wait(20)
    listener.close()
