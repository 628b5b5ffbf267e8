"""Extraction in processes of its own: whatever happens to one PDF, the others are read."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hostile
from indexer.pdf.processes import reading_process
from indexer.pdf.processes.extract_all import Limits, Send, _is_small, _signal, extract_all, in_processes
from indexer.pdf.processes.received_document import read_document
from indexer.pdf.processes.task import Task
from make_pdfs import write_garbage, write_pdf
from stackroom.common.documents import Attachment, Document
from stackroom.common.errors import ExtractionFailed
from stackroom.page import picture_process as page_image

LIMITS = Limits(workers=2, file_seconds=60, stall_seconds=30, file_memory_mb=2048)
ONE_AT_A_TIME = replace(LIMITS, workers=1)


def outcomes(
    paths: list[Path], limits: Limits = LIMITS, on_pages: Callable[[int], None] = lambda pages: None
) -> dict[str, Document | ExtractionFailed]:
    tasks = (Task(path, f"{number:024}") for number, path in enumerate(paths))
    return {task.path.name: outcome for task, outcome in extract_all(tasks, limits, on_pages)}


def test_documents_arrive_as_they_were_extracted(tmp_path: Path) -> None:
    paths = [write_pdf(tmp_path / f"{number}.pdf", [f"Page {number}."] * 3) for number in range(5)]
    paths.append(write_garbage(tmp_path / "garbage.pdf"))
    pages: list[int] = []
    found = outcomes(paths, on_pages=pages.append)
    assert sum(pages) == 15
    failed = found.pop("garbage.pdf")
    assert isinstance(failed, ExtractionFailed)
    assert failed.kind in ("not a pdf", "damaged")
    for number in range(5):
        document = found[f"{number}.pdf"]
        assert isinstance(document, Document)
        assert document.id == f"{number:024}"
        assert [page.text for page in document.pages] == [f"Page {number}.\n"] * 3
    assert not multiprocessing.active_children()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_reader_that_dies_takes_only_its_file_with_it(tmp_path: Path) -> None:
    long = write_pdf(tmp_path / "long.pdf", ["Some words. " * 300] * 200)
    others = [write_pdf(tmp_path / f"{number}.pdf", ["A page."]) for number in range(3)]

    def kill_once(pages: int) -> None:
        for child in multiprocessing.active_children():
            if child.pid is not None and not killed:
                os.kill(child.pid, signal.SIGKILL)
                killed.append(child.pid)

    killed: list[int] = []
    found = outcomes([long, *others], replace(LIMITS, workers=1), kill_once)
    failed = found.pop("long.pdf")
    assert isinstance(failed, ExtractionFailed)
    assert failed.kind == "crashed"
    assert "SIGKILL" in str(failed)
    assert "of 200" in str(failed)
    assert all(isinstance(outcome, Document) for outcome in found.values())


def test_a_reader_that_hangs_is_ended(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "x.pdf", ["A page."])
    failed = outcomes([path], replace(LIMITS, stall_seconds=1e-6))["x.pdf"]
    assert isinstance(failed, ExtractionFailed)
    assert failed.kind == "timed out"
    assert "STACKROOM_STALL_SECONDS" in str(failed)


def test_a_reader_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "x.pdf", ["A page."] * 50)
    failed = outcomes([path], replace(LIMITS, file_seconds=1e-6))["x.pdf"]
    assert isinstance(failed, ExtractionFailed)
    assert failed.kind == "timed out"
    assert "STACKROOM_FILE_SECONDS" in str(failed)


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname != "Linux", reason="needs RLIMIT_AS")
def test_a_reader_that_explodes_is_ended(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "x.pdf", ["A page. " * 400] * 400)
    failed = outcomes([path], replace(LIMITS, file_memory_mb=1))["x.pdf"]
    assert isinstance(failed, ExtractionFailed)
    assert failed.kind in ("out of memory", "crashed", "damaged")
    found = outcomes([path])["x.pdf"]
    assert isinstance(found, Document)


def test_nothing_is_left_behind_when_the_caller_gives_up(tmp_path: Path) -> None:
    paths = [write_pdf(tmp_path / f"{number}.pdf", ["A page."] * 30) for number in range(4)]
    running = extract_all((Task(path, "0" * 24) for path in paths), LIMITS, lambda pages: None)
    next(running)
    running.close()
    assert not multiprocessing.active_children()


def test_where_there_is_no_fork_processes_are_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the system can do is replaced, as in the next two tests: this is as on Windows.
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    found = outcomes([write_pdf(tmp_path / "x.pdf", ["A page."]), write_garbage(tmp_path / "y.pdf")])
    assert isinstance(found["x.pdf"], Document)
    assert isinstance(found["y.pdf"], ExtractionFailed)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("limit", [reading_process._limit, lambda limits: page_image._limit(100, 9)])
def test_where_the_system_has_no_limits_the_clock_is_the_only_one(
    limit: Callable[[Limits], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    limit(LIMITS)


def test_a_limit_that_the_system_refuses_does_not_keep_it_from_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import resource

    wanted = []

    def refuse(kind: int, limits: tuple[int, int]) -> None:
        wanted.append(kind)
        raise ValueError("current limit exceeds maximum limit")  # as macOS does for address space

    monkeypatch.setattr(resource, "setrlimit", refuse)
    reading_process._limit(LIMITS)
    assert wanted == [resource.RLIMIT_AS, resource.RLIMIT_CPU]


def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    assert _signal(9) == "SIGKILL"
    assert _signal(50) == "50"


def test_the_main_script_runs_once(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "x.pdf", ["A page."])
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from indexer.pdf.processes.extract_all import Limits, extract_all\n"
        "from indexer.pdf.processes.task import Task\n"
        "print('started', flush=True)\n"
        "if __name__ == '__main__':\n"
        f"    tasks = iter([Task(Path({str(path)!r}), '0' * 24)] * 2)\n"
        "    for _, document in extract_all(tasks, Limits(1, 60, 30, 2048), lambda pages: None):\n"
        "        print(document.pages[0].text, end='')\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split("\n") == ["started", "A page.", "A page.", ""]


def text_of(_: Task, content: dict[str, Any]) -> str:
    return str(content["text"])


def outcome_of(
    work: Callable[[Task, Send], None], limits: Limits, on_pages: Callable[[int], None] = lambda pages: None
) -> ExtractionFailed:
    """How a process ends that does `work`; it must have failed, and be gone."""
    tasks = iter([Task(Path("x.pdf"), "0" * 24)])
    ((_, outcome),) = in_processes(tasks, work, text_of, limits, on_pages)
    assert isinstance(outcome, ExtractionFailed)
    assert not multiprocessing.active_children()
    return outcome


STALL = replace(LIMITS, stall_seconds=0.8), "STACKROOM_STALL_SECONDS"
FILE = replace(LIMITS, file_seconds=1.5), "STACKROOM_FILE_SECONDS"


@pytest.mark.parametrize(
    ("work", "limits", "setting"),
    [
        (hostile.half_a_message, *STALL),
        (hostile.a_header_of_gigabytes, *STALL),
        (hostile.drops, *FILE),
        (hostile.flood, *FILE),
    ],
)
def test_a_reader_that_sends_no_end_cannot_keep_us(
    work: Callable[[Task, Send], None], limits: Limits, setting: str
) -> None:
    began = time.monotonic()
    failed = outcome_of(work, limits)
    assert (failed.kind, setting in str(failed)) == ("timed out", True), failed
    assert time.monotonic() - began < hostile.FAR_TOO_LONG - 5


@pytest.mark.skipif(os.name != "posix", reason="measures memory as POSIX has it")
def test_a_reader_cannot_fill_our_memory() -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    failed = outcome_of(hostile.endless, replace(LIMITS, file_memory_mb=512))
    assert (failed.kind, "more than 32 MiB" in str(failed)) == ("too large", True), failed
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) / (2**10 if sys.platform == "linux" else 2**20) < 100  # MiB


@pytest.mark.parametrize(
    "work",
    [
        hostile.no_json,
        hostile.deep_json,
        hostile.no_pages,
        hostile.endless_pages,
        hostile.countless_pages,
        hostile.no_result,
        hostile.unknown_failure,
        hostile.half_a_reason,
    ],
)
def test_what_makes_no_sense_is_a_reason(work: Callable[[Task, Send], None]) -> None:
    failed = outcome_of(work, LIMITS)
    assert failed.kind == "crashed"
    assert len(str(failed)) <= 500


@pytest.mark.parametrize(
    "work",
    [
        hostile.no_title,
        hostile.half_a_character,
        hostile.no_such_page,
        hostile.no_such_target,
        hostile.deep_outline,
        hostile.no_such_place,
        hostile.twice_the_same_place,
        hostile.twice_the_same_scan,
        hostile.no_such_kind_of_unread,
        hostile.unread_on_no_page,
    ],
)
def test_a_document_that_does_not_hang_together_is_none(work: Callable[[Task, Send], None]) -> None:
    tasks = iter([Task(Path("x.pdf"), "0" * 24)])
    ((_, outcome),) = in_processes(tasks, work, lambda _, content: read_document(content), LIMITS, print)
    assert isinstance(outcome, ExtractionFailed)
    assert (outcome.kind, "made no sense" in str(outcome)) == ("crashed", True)


def test_a_reader_that_only_closes_its_connection_is_ended() -> None:
    failed = outcome_of(hostile.closes_and_stays, LIMITS)
    assert (failed.kind, "it closed its connection" in str(failed)) == ("crashed", True), failed


def test_the_time_in_which_nobody_listens_does_not_count() -> None:
    tasks = iter([Task(Path(f"{number}.pdf"), "0" * 24) for number in range(3)])
    limits = replace(LIMITS, workers=2, file_seconds=2)
    found = []
    for _, outcome in in_processes(tasks, hostile.answer, text_of, limits, print):
        found.append(outcome)
        if len(found) == 1:
            time.sleep(2.5)  # as if it took long to publish
    assert found == ["an answer"] * 3


def test_an_error_that_nobody_expected_is_a_reason_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    failed = outcome_of(hostile.unexpected_error, LIMITS)
    assert failed.kind == "crashed"
    assert str(failed).startswith("crashed the reader (RuntimeError in hostile.py, line ")
    assert "nobody's business" not in str(failed)
    assert capfd.readouterr() == ("", "")


def in_shared_processes(
    work: Callable[[Task, Send], None], names: list[str], limits: Limits = ONE_AT_A_TIME
) -> list[Any]:
    """The outcomes of tasks with these names, in this order, when they may share processes."""
    tasks = iter([Task(Path(f"{name}.pdf"), "0" * 24) for name in names])
    found = list(in_processes(tasks, work, text_of, limits, lambda pages: None, lambda task: True))
    assert [task.path.stem for task, _ in found] == names
    assert not multiprocessing.active_children()
    return [outcome for _, outcome in found]


def test_tasks_share_a_process_for_a_while() -> None:
    found = in_shared_processes(hostile.refuses, ["x"] * 40)
    assert [count for _, count in Counter(found).items()] == [32, 8]
    apart = in_processes(
        iter([Task(Path("x.pdf"), "0" * 24)] * 2), hostile.refuses, text_of, ONE_AT_A_TIME, print
    )
    assert len({outcome for _, outcome in apart}) == 2


@pytest.mark.parametrize("how", ["refuses", "dies", "hangs", "lies"])
def test_what_fails_after_another_is_done_again_in_a_new_process(how: str) -> None:
    found = in_shared_processes(hostile.harms_the_next, [how] * 3, replace(ONE_AT_A_TIME, stall_seconds=0.8))
    assert len(set(found)) == 3
    assert all(isinstance(outcome, str) for outcome in found)


def test_what_fails_by_itself_has_its_own_reason_and_harms_no_other() -> None:
    names = ["x", "x", "refuses", "x", "refuses", "refuses", "x", "x"]
    found = in_shared_processes(hostile.refuses, names)
    for name, outcome in zip(names, found, strict=True):
        assert str(outcome) == "is damaged" if name == "refuses" else isinstance(outcome, str)
    first, second, _, third, _, _, fourth, fifth = found
    assert first == second != third != fourth == fifth


def test_pages_that_are_read_again_count_once(tmp_path: Path) -> None:
    paths = [write_pdf(tmp_path / f"{number}.pdf", ["A page."] * 5) for number in range(3)]
    told: list[int] = []

    def kill_the_second(pages: int) -> None:
        told.append(pages)
        if sum(told) == 8 and min(told) >= 0:
            for child in multiprocessing.active_children():
                child.kill()

    found = outcomes(paths, ONE_AT_A_TIME, kill_the_second)
    assert all(isinstance(outcome, Document) for outcome in found.values())
    assert sum(told) == 15


@pytest.mark.skipif(os.name != "posix", reason="this system does not tell how much memory a process has had")
def test_a_process_that_took_much_memory_does_no_other_task() -> None:
    first, second, third, fourth = in_shared_processes(hostile.takes_memory, ["1", "200", "1", "1"])
    assert first == second != third == fourth


@pytest.mark.skipif(os.name != "posix", reason="this system has no limit of processor time")
def test_each_task_of_a_process_has_the_time_of_a_file() -> None:
    limits = in_shared_processes(hostile.takes_time, ["slow", "x"], replace(ONE_AT_A_TIME, file_seconds=20))
    assert all(20 <= float(limit) <= 21 for limit in limits)


def test_large_files_and_attachments_share_no_process(tmp_path: Path) -> None:
    small = write_pdf(tmp_path / "x.pdf", ["A page."])
    large = tmp_path / "y.pdf"
    large.write_bytes(bytes(2**20 + 1))
    assert _is_small(Task(small, ""))
    assert not _is_small(Task(large, ""))
    assert not _is_small(Task(tmp_path / "none.pdf", ""))
    assert not _is_small(Task(small, "", attached=Attachment(0, 0, "x.pdf", may_be_pdf=True)))


LEAVES_THE_FORK_SERVER = """
import os, socket, sys
from multiprocessing import forkserver
from indexer.pdf.processes.extract_all import ready_to_start

ready_to_start()
with socket.socket(socket.AF_UNIX) as call:
    call.connect(forkserver._forkserver._forkserver_address)
if sys.version_info >= (3, 14):  # where it goes on after such a call; it ends when we are not there any more
    os.close(forkserver._forkserver._forkserver_alive_fd)
os.waitpid(forkserver._forkserver._forkserver_pid, 0)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork server")
def test_a_fork_server_that_is_left_in_the_middle_of_a_call_says_nothing() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LEAVES_THE_FORK_SERVER], stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")
