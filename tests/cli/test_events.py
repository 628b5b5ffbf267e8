"""What a command tells while it runs, for people and as JSON."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

import pytest

from stackroom.cli.progress import ProgressDisplay
from stackroom.common.events import STEPS, Events
from stackroom.common.settings import Settings


@pytest.fixture
def loggers() -> Iterator[None]:
    """Puts the handlers back."""
    all_of_them = [logging.root, *map(logging.getLogger, logging.root.manager.loggerDict)]
    before = [(logger, logger.handlers[:], logger.propagate, logger.level) for logger in all_of_them]
    yield
    for logger, handlers, propagates, level in before:
        logger.handlers[:], logger.propagate, logger.level = handlers, propagates, level


def test_people_get_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    Events().tell("listening", "Here I am.", port=1)
    assert capsys.readouterr() == ("", "Here I am.\n")


def test_programs_get_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    events = Events(as_json=True)
    failures = {"/half \ud83d.pdf": "a\nb"}
    events.tell("indexed", "2 added\nNot indexed: …", "warning", added=2, failures=failures)
    events.tell("watching", "Watching.")
    out, err = capsys.readouterr()
    indexed, watching = map(json.loads, err.splitlines())
    assert out == ""
    assert (indexed["level"], indexed["event"], indexed["added"]) == ("warning", "indexed", 2)
    assert indexed["failures"] == failures
    assert "message" not in indexed
    assert datetime.fromisoformat(indexed["time"]).tzinfo
    assert (watching["level"], watching["message"]) == ("info", "Watching.")


def test_what_libraries_log_is_told_as_well(capsys: pytest.CaptureFixture[str], loggers: None) -> None:
    noisy = logging.getLogger("some.package")
    noisy.addHandler(logging.StreamHandler())
    noisy.propagate = False
    Events(as_json=True).take_logging()
    noisy.info("of no interest")
    try:
        raise ValueError("a\nb")
    except ValueError:
        noisy.exception("It failed: %s", "so")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["level"], told["event"], told["logger"]) == ("error", "log", "some.package")
    assert told["message"] == "It failed: so"
    assert "ValueError: a\nb" in told["traceback"]


@pytest.mark.parametrize("as_json", [False, True])
def test_steps_are_told_to_whoever_wants_them(
    as_json: bool, capsys: pytest.CaptureFixture[str], loggers: None
) -> None:
    STEPS.handlers.clear()  # of a command that another test ran in this process
    events = Events(as_json=as_json)
    events.take_logging()
    STEPS.info("It begins.")
    assert capsys.readouterr().err == ""
    events.tell_steps()
    STEPS.info("It is done: %d s.", 3)
    (line,) = capsys.readouterr().err.splitlines()
    if as_json:
        told = json.loads(line)
        assert (told["level"], told["event"], told["message"]) == ("info", "step", "It is done: 3 s.")
    else:
        assert line == "It is done: 3 s."


def test_for_people_logging_stays_as_it_is(loggers: None) -> None:
    before = logging.root.handlers[:]
    Events().take_logging()
    assert logging.root.handlers == before


def test_there_is_no_bar_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(Events(as_json=True)) as display:
        display.update("reading", 2, 1, 3, 4, 0, 0, 0)
    assert all(json.loads(line) for line in capsys.readouterr().err.splitlines())


def test_progress_of_scans_begins_with_none_done(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(Events()) as display:
        for counts in (
            (2, 0, 0, 0, 0, 0, 0),
            (2, 2, 9, 30, 30, 0, 0),
            (2, 2, 9, 30, 30, 4, 0),
            (2, 2, 9, 30, 30, 4, 1),
        ):
            display.update("reading", *counts)
    assert capsys.readouterr().err == ""  # so early nothing is told yet


def test_it_is_a_setting() -> None:
    assert Settings.read({"STACKROOM_LOG_JSON": "yes"}).log_json
    assert not Settings.read({}).log_json


def test_no_library_changes_the_form_of_warnings() -> None:
    code = (
        "import logging\n"
        "from stackroom.common.events import Events\n"
        "Events(as_json=False).take_logging()\n"
        "logging.debug('a client has left')\n"  # as the MCP SDK does
        "logging.getLogger('stackroom.server').warning('The disk is full.')"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert (said.stdout, said.stderr) == ("", "The disk is full.\n")
