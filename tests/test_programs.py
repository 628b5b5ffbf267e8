"""Asking another program: whatever it does, the answer comes in time and has a limit."""

import os
import sys
import time

import pytest

from stackroom.common.programs import Answer, ask_program

FAR_TOO_LONG = 30


def ask(program: str, request: bytes = b"", *, seconds: float = 20, most_bytes: int = 1000) -> Answer:
    began = time.monotonic()
    command = [sys.executable, "-IS", "-c", f"import os, subprocess, sys, time\n{program}"]
    answer = ask_program(command, request, seconds=seconds, most_bytes=most_bytes)
    assert time.monotonic() - began < FAR_TOO_LONG - 5
    return answer


def test_an_answer() -> None:
    program = "print(sys.stdin.read().upper()); print('well', file=sys.stderr); sys.exit(3)"
    answer = ask(program, b"otter" * 100_000, most_bytes=1_000_000)
    line = os.linesep.encode()
    assert answer == Answer(b"OTTER" * 100_000 + line, b"well" + line, 3)


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(OSError, match="no such program"):
        ask_program(["/no such program"], seconds=1, most_bytes=1)


@pytest.mark.parametrize(
    "program",
    [
        f"time.sleep({FAR_TOO_LONG})",
        f"sys.stdout.write('half an ans'); sys.stdout.flush(); time.sleep({FAR_TOO_LONG})",
        f"os.close(0); os.close(1); os.close(2); time.sleep({FAR_TOO_LONG})",
        # What it has started keeps its pipes open after it.
        f"subprocess.Popen([sys.executable, '-IS', '-c', 'import time; time.sleep({FAR_TOO_LONG / 4})'])",
    ],
)
def test_a_program_that_comes_to_no_end(program: str) -> None:
    assert ask(program, b"x" * 1_000_000, seconds=0.5).is_late


def test_a_program_that_says_too_much_is_ended() -> None:
    answer = ask("while True: print('x' * 1000)")
    assert (answer.is_too_much, answer.is_late, len(answer.output)) == (True, False, 1000)


def test_of_what_it_says_about_itself_the_end_is_kept() -> None:
    answer = ask("for _ in range(3000): print('x' * 1000, file=sys.stderr)\nsys.exit('this is why')")
    assert answer.errors.split()[-3:] == [b"this", b"is", b"why"]
    assert len(answer.errors) <= 1_000_000
