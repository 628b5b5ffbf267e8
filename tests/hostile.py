"""What a reading process might do if a PDF had taken it over: harmless, and only to ourselves."""

import os
import socket
import sys
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from indexer.pdf.processes.extract_all import Send
from indexer.pdf.processes.task import Task
from stackroom.common.documents import Document, OutlineEntry, Page, Section, Unread
from stackroom.common.errors import ExtractionFailed

FAR_TOO_LONG = 30.0
"""How long they hold on, in seconds: as long as a test would wait in vain."""


_DOCUMENT = Document("0" * 24, "A title", "", "", "", (), (Page(1, "1", "A page.\n"),), "by hand 1")


def answer(task: Task, send: Send) -> None:
    """Does what it should."""
    send("result", {"text": "an answer"})


def half_a_message(task: Task, send: Send) -> None:
    """Begins a message and stops."""
    _connection(send).sendall(b'["result", {"text": "')
    time.sleep(FAR_TOO_LONG)


def a_header_of_gigabytes(task: Task, send: Send) -> None:
    """Announces two gigabytes, in the way of multiprocessing's own connections, and stops."""
    _connection(send).sendall((2**31 - 1).to_bytes(4, "big"))
    time.sleep(FAR_TOO_LONG)


def drops(task: Task, send: Send) -> None:
    """Sends a little all the time, and never a whole message."""
    until = time.monotonic() + FAR_TOO_LONG
    while time.monotonic() < until:
        _connection(send).sendall(b" ")
        time.sleep(0.05)


def flood(task: Task, send: Send) -> None:
    """Sends messages without end, so that there is always something to hear."""
    until = time.monotonic() + FAR_TOO_LONG
    while time.monotonic() < until:
        send("pages", {"done": 1, "pages": 2})


def endless(task: Task, send: Send) -> None:
    """Sends one message without end."""
    until = time.monotonic() + FAR_TOO_LONG
    while time.monotonic() < until:
        _connection(send).sendall(b" " * 2**20)


def closes_and_stays(task: Task, send: Send) -> None:
    """Closes its connection, and stays."""
    _connection(send).shutdown(socket.SHUT_RDWR)
    time.sleep(FAR_TOO_LONG)


def no_json(task: Task, send: Send) -> None:
    """Sends what is no message."""
    _connection(send).sendall(b"hello\n")


def deep_json(task: Task, send: Send) -> None:
    """Sends lists in lists."""
    _connection(send).sendall(b"[" * 200_000 + b"\n")


def no_pages(task: Task, send: Send) -> None:
    """Sends a message that lacks what it must have."""
    send("pages", {"done": None})


def endless_pages(task: Task, send: Send) -> None:
    """Has read more pages than there are."""
    send("pages", {"done": float("inf"), "pages": 2})


def countless_pages(task: Task, send: Send) -> None:
    """Has read so many pages that Python refuses to print the next one's number, and is gone."""
    send("pages", {"done": 10**4300 - 1, "pages": 10**4300 - 1})


def no_result(task: Task, send: Send) -> None:
    """Sends a result that is none."""
    send("result", {"nothing": "of what is expected"})


def unknown_failure(task: Task, send: Send) -> None:
    """Fails in a way that does not exist, with a lot to say."""
    send("failure", {"kind": "no such kind", "reason": "x" * 100_000})


def half_a_reason(task: Task, send: Send) -> None:
    """Fails for a reason that no file can hold."""
    send("failure", {"kind": "damaged", "reason": "is damaged \ud83e"})


def no_title(task: Task, send: Send) -> None:
    """Sends a document whose title is none."""
    send("result", {**asdict(_DOCUMENT), "title": ["a list"]})


def half_a_character(task: Task, send: Send) -> None:
    """Sends a document with a text that no file can hold."""
    send("result", asdict(replace(_DOCUMENT, pages=(Page(1, "1", "A page. \ud83e\n"),))))


def no_such_page(task: Task, send: Send) -> None:
    """Sends a document with a page that it cannot have."""
    send("result", asdict(replace(_DOCUMENT, pages=(Page(7, "7", "A page.\n"),))))


def no_such_target(task: Task, send: Send) -> None:
    """Sends a document whose outline leads to where it has no page."""
    send("result", asdict(replace(_DOCUMENT, outline=(OutlineEntry("Far away", 2, 0),))))


def deep_outline(task: Task, send: Send) -> None:
    """Sends a document whose outline is deeper than Python prints."""
    send("result", asdict(replace(_DOCUMENT, outline=(OutlineEntry("Deep", 1, 10**4300 - 1),))))


def no_such_place(task: Task, send: Send) -> None:
    """Sends a document with a section behind its end."""
    send("result", asdict(replace(_DOCUMENT, sections=(Section(9, "Far away"),))))


def twice_the_same_place(task: Task, send: Send) -> None:
    """Sends a document with two sections at one place."""
    send("result", asdict(replace(_DOCUMENT, sections=(Section(0, "Here"), Section(0, "Here again")))))


def twice_the_same_scan(task: Task, send: Send) -> None:
    """Sends a document with a page that waits for OCR twice."""
    send("result", asdict(replace(_DOCUMENT, scans=(1, 1))))


def no_such_kind_of_unread(task: Task, send: Send) -> None:
    """Sends a document that has something of a kind that nobody knows."""
    send("result", asdict(replace(_DOCUMENT, unread=(Unread(1, "spell"),))))


def unread_on_no_page(task: Task, send: Send) -> None:
    """Sends a document with something that could not be read on a page that it has not."""
    send("result", asdict(replace(_DOCUMENT, unread=(Unread(2, "garbled"),))))


def unexpected_error(task: Task, send: Send) -> None:
    """Meets an error that nobody thought of, after a library has printed what it thinks."""
    os.write(1, b"a library prints\n")
    os.write(2, b"a library complains\n")
    print("so does Python", file=sys.stderr, flush=True)  # noqa: T201
    raise RuntimeError(f"something about {Path.cwd()} that is nobody's business")


def _connection(send: Send) -> socket.socket:
    """The process's end of the connection, as a PDF that runs code in it could find it."""
    assert isinstance(send, partial)
    found = send.args[0]
    assert isinstance(found, socket.socket)
    return found


_tasks_done: list[Task] = []
"""By this process."""


def harms_the_next(task: Task, send: Send) -> None:
    """Does its first task as it should, and fails all others in a way that the task's name says."""
    _tasks_done.append(task)
    if len(_tasks_done) == 1:
        send("result", {"text": f"{os.getpid()}"})
    elif task.path.stem == "refuses":
        raise ExtractionFailed(task.path, "damaged", "is damaged")
    elif task.path.stem == "dies":
        os._exit(3)
    elif task.path.stem == "hangs":
        time.sleep(FAR_TOO_LONG)
    elif task.path.stem == "lies":
        no_json(task, send)


def refuses(task: Task, send: Send) -> None:
    """Tells which process does the task, unless the task is to fail."""
    if task.path.stem == "refuses":
        raise ExtractionFailed(task.path, "damaged", "is damaged")
    send("result", {"text": f"{os.getpid()}"})


def takes_memory(task: Task, send: Send) -> None:
    """Tells which process does the task, after it has taken as many MiB of memory as the task's name says."""
    assert bytearray(b"x") * (int(task.path.stem) * 2**20)
    send("result", {"text": f"{os.getpid()}"})


def takes_time(task: Task, send: Send) -> None:
    """Tells after how many seconds of processor time the system ends us; takes one if it is slow."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_CPU)[0] - time.process_time()
    until = time.process_time() + (task.path.stem == "slow")
    while time.process_time() < until:
        pass
    send("result", {"text": f"{limit:.3f}"})
