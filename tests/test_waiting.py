"""What the tests wait with: it ends when the process does, and when the time is up."""

import subprocess
import sys
import time

import pytest

from waiting import WaitedInVain, read_line, wait_until


def start(program: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-IS", "-c", f"import sys, time\n{program}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_process_that_ends_early_is_not_waited_for() -> None:
    why = "ended with 1: this is why"
    with start("sys.exit('this is why')") as process, pytest.raises(WaitedInVain, match=why):
        wait_until(lambda: False, process)
    with start("print('one')") as process:
        assert read_line(process.stdout, process) == "one\n"
        with pytest.raises(WaitedInVain, match="ended with 0"):
            read_line(process.stdout, process)


def test_one_that_comes_to_no_end_is_killed() -> None:
    began = time.monotonic()
    with start("time.sleep(30)") as process, pytest.raises(WaitedInVain, match=r"within 0\.1 s"):
        wait_until(lambda: False, process, seconds=0.1)
    with start("time.sleep(30)") as process, pytest.raises(WaitedInVain, match=r"nothing for 0\.1 s"):
        read_line(process.stdout, process, seconds=0.1)
    assert time.monotonic() - began < 25


def test_what_comes_about_is_enough() -> None:
    answers = iter([False, False, True])
    wait_until(lambda: next(answers))
