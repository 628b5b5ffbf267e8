"""Commands beside a watch, and beside each other: who waits for whom, and who is let in."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from commands import stackroom_here
from following import Following, Slow, eventually
from indexer.store.lock import alone
from indexer.store.turns import is_wanted, refuse_second_watcher, the_only_watcher, turn
from make_pdfs import write_pdf
from stackroom.common.errors import AlreadyRunning
from stackroom.common.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({}, data=tmp_path / "data")


# Commands beside a watch


@pytest.fixture
def watched(following: Following) -> Following:
    """A watch of all that the library has, which is one folder with one PDF. Commands embed nothing."""
    write_pdf(following.folder / "one.pdf", ["A page of words."], title="First Words")
    following.begin()
    eventually(lambda: following.finds("First Words"))
    following.halt()
    following.summaries.clear()
    following.begin(follow_all=True)
    eventually(lambda: following.summaries != [])
    return following


def test_a_check_beside_a_watch_is_let_in_and_the_watch_goes_on(watched: Following) -> None:
    checked = stackroom_here("check", "--json", "--data", watched.settings.data)
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["documents"] == 1
    assert stackroom_here("check", "--repair", "--data", watched.settings.data).returncode == 0
    write_pdf(watched.folder / "two.pdf", ["A page of words."], title="Later Words")
    eventually(lambda: watched.finds("First Words", "Later Words"))


def test_a_folder_that_is_forgotten_is_not_followed_any_more(watched: Following) -> None:
    ran = stackroom_here("forget", watched.folder, "--data", watched.settings.data)
    assert (ran.returncode, "with 1 document." in ran.stdout) == (0, True)
    assert watched.titles() == set()
    eventually(lambda: f"{watched.folder} is not followed any more: it was forgotten." in watched.news)
    write_pdf(watched.folder / "two.pdf", ["A page of words."], title="Later Words")
    time.sleep(1.5)
    assert watched.titles() == set()


def test_a_folder_is_not_forgotten_when_the_index_is_deleted_after_another_command(
    watched: Following,
) -> None:
    check_that_a_deleted_index_is_made_anew(watched)


def test_nor_if_the_watch_was_told_to_follow_it_and_the_index_is_deleted(following: Following) -> None:
    write_pdf(following.folder / "one.pdf", ["A page of words."], title="First Words")
    following.begin(following.folder)
    eventually(lambda: following.finds("First Words"))
    check_that_a_deleted_index_is_made_anew(following)


def check_that_a_deleted_index_is_made_anew(watched: Following) -> None:
    """After another command had its turn, and a file was added."""
    assert stackroom_here("check", "--data", watched.settings.data).returncode == 0
    write_pdf(watched.folder / "two.pdf", ["A page of words."], title="Later Words")
    eventually(lambda: watched.finds("First Words", "Later Words"))
    watched.summaries.clear()
    watched.settings.index.rename(watched.settings.data / "deleted")
    eventually(lambda: any(summary.added for summary in watched.summaries))
    assert watched.news == []


def test_what_is_deleted_while_a_command_waits_for_its_turn_is_made_anew(
    settings: Settings, tmp_path: Path
) -> None:
    with alone(settings):
        waiting = threading.Timer(0.3, lambda: settings.index.rename(tmp_path / "deleted"))
        waiting.start()
        with turn(settings, 5):
            assert (settings.index / "indexer.lock").exists()
        waiting.join()


def test_nor_is_it_if_the_watch_was_told_to_follow_it(following: Following) -> None:
    write_pdf(following.folder / "one.pdf", ["A page of words."], title="First Words")
    other = following.folder.parent / "other"
    other.mkdir()
    following.begin(following.folder, other)
    eventually(lambda: following.finds("First Words"))
    assert stackroom_here("forget", following.folder, "--data", following.settings.data).returncode == 0
    eventually(lambda: any("not followed any more" in news for news in following.news))
    write_pdf(other / "two.pdf", ["A page of words."], title="Other Words")
    eventually(lambda: following.finds("Other Words"))


def test_a_folder_that_is_indexed_beside_a_watch_of_all_is_followed(watched: Following) -> None:
    other = watched.folder.parent / "other"
    other.mkdir()
    with watched.another_indexer() as indexer:
        assert indexer.run([other]).added == 0
    eventually(lambda: f"{other} is followed as well." in watched.news)
    write_pdf(other / "two.pdf", ["A page of words."], title="Other Words")
    eventually(lambda: watched.finds("First Words", "Other Words"))


def test_a_command_is_let_in_while_passages_are_embedded(following: Following) -> None:
    for number in range(4):
        pages = [f"Page {number}, {page} of words, all different. " * 3 for page in range(50)]
        write_pdf(following.folder / f"{number}.pdf", pages)
    following.begin(embedder=Slow(0.02))
    eventually(lambda: following.reader.status().pending > 0)
    with following.another_indexer() as indexer:
        assert indexer.libraries() == [following.folder]
        assert following.reader.status().pending > 0
    eventually(lambda: following.reader.status().pending == 0, 60)


def test_a_second_watch_is_refused_at_once_also_while_another_command_is_let_in(watched: Following) -> None:
    with turn(watched.settings, 20):
        started = time.monotonic()
        for command in ("watch", "up"):
            second = stackroom_here(command, "--data", watched.settings.data)
            assert second.returncode == 1
            assert "Another indexer is at work" in second.stderr
            assert "one `watch` or `up` is enough" in second.stderr
        assert time.monotonic() - started < 20


def test_a_watch_that_begins_beside_another_command_waits_for_it(following: Following) -> None:
    write_pdf(following.folder / "one.pdf", ["A page of words."], title="First Words")
    with alone(following.settings):
        following.begin()
        eventually(lambda: len(following.troubles) == 1)
        assert "Another indexer is at work" in following.troubles[0]
        assert following.titles() == set()
    eventually(lambda: following.finds("First Words"))
    assert following.news == ["Going on."]


# Turns


def test_who_comes_second_waits_and_is_told_once(settings: Settings) -> None:
    told: list[str] = []
    began = threading.Event()

    def work() -> None:
        with turn(settings, 0):
            began.set()
            eventually(lambda: told != [])

    first = threading.Thread(target=work)
    first.start()
    assert began.wait(20)
    with turn(settings, 20, told.append):
        first.join(5)
        assert not first.is_alive()
    (message,) = told
    assert "Waiting, at most 20 s" in message
    assert "process" in message


def test_nobody_waits_longer_than_is_said(settings: Settings) -> None:
    with alone(settings), pytest.raises(AlreadyRunning, match="process"), turn(settings, 0.7):
        pytest.fail("two at work")


def test_all_who_wait_get_their_turn(settings: Settings) -> None:
    at_work, order, problems = threading.Lock(), list[int](), list[str]()

    def work(number: int) -> None:
        with turn(settings, 60):
            if not at_work.acquire(blocking=False):
                problems.append("two at work")
                return
            order.append(number)
            time.sleep(0.05)
            at_work.release()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (sorted(order), problems) == ([0, 1, 2, 3, 4], [])


def test_a_process_that_died_wants_nothing_any_more(settings: Settings) -> None:
    program = (
        "import sys, pathlib; from indexer.store.turns import turn\n"
        "from stackroom.common.settings import Settings\n"
        "with turn(Settings.read({}, data=pathlib.Path(sys.argv[1])), 60): pass"
    )
    with alone(settings):
        assert not is_wanted(settings)
        waiting = subprocess.Popen([sys.executable, "-c", program, str(settings.data)])
        eventually(lambda: is_wanted(settings))
        waiting.kill()
        waiting.wait(20)
        assert not is_wanted(settings)


def test_a_watcher_that_died_is_none(settings: Settings) -> None:
    with the_only_watcher(settings):
        with pytest.raises(AlreadyRunning, match="follows its folders"):
            refuse_second_watcher(settings)
        with pytest.raises(AlreadyRunning, match="follows its folders"), the_only_watcher(settings):
            pytest.fail("two watchers")
    refuse_second_watcher(settings)
