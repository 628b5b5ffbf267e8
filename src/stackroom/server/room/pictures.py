"""Pictures of pages: each is drawn in a process of its own, and the last ones are kept in memory.

A PDF may crash the library that draws it, or keep it busy for ever. So the process has limits on its time and
memory, gets no environment variables, and writes no files. Each page gets a new process. Starting it is half
of what a page costs (0.12 of 0.25 CPU-s), but no process has to stay in memory between two clicks, and no
document can reach the picture of another.
"""

import json
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from stackroom.common.documents import AttachmentPlace
from stackroom.common.errors import PictureFailed, SettingsError
from stackroom.common.programs import ask_program
from stackroom.page.word_boxes import WordBox

# Longest time to draw a page, in seconds, and most address space for its process, in MiB.
_SECONDS = 15
_MEMORY_MB = 1024

# More than any picture of a page has. A longer answer of the process is not a picture.
_MOST_BYTES = 20_000_000

# An attached PDF that is sent to the browser is whole in memory, twice for a moment.
_MOST_ATTACHED_BYTES = 64_000_000

# Pictures kept in memory, all together: a page's picture is asked for right after the page of HTML that shows
# it, and readers turn back.
_KEPT_BYTES = 16_000_000

# The system's own variables, without which Windows starts no program.
_ENVIRONMENT = ("SYSTEMROOT",)

T = TypeVar("T")

WIDTHS = (240,)
"""Widths, in pixels, of the small pictures that may be asked for: each is drawn and kept by itself."""

_REASONS = {
    "unreadable": "The page cannot be opened.",
    "memory": "The page takes too much memory.",
    "password": "The PDF needs a password, which the server was not given.",
    "large": "The attachment is too large.",
}


@dataclass(frozen=True, slots=True)
class PageToDraw:
    """A page that is to be drawn, and the passage to mark.

    Attributes:
        document_id: names the document's content, which never changes.
        page: 1-based.
        file: a PDF with that content.
        text: of the page, as the catalogue has it.
        start, stop: the part of the passage in `text` that is looked for in the text of the PDF; none if
            `stop` is no greater than `start`.
        boxes: where OCR saw the words of the rest.
        inside: where the PDF is attached to the one in `file`; None if it is that one.
        width: of the picture, in pixels, at most; 0 for one that can be read.
    """

    document_id: str
    page: int
    file: Path
    text: str
    start: int = 0
    stop: int = 0
    boxes: tuple[WordBox, ...] = ()
    inside: AttachmentPlace | None = None
    width: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as a PNG.

    Attributes:
        png: the file's bytes.
        width, height: in pixels.
        top: where the passage begins, from 0 (top of the page) to 1; None if nothing is marked.
    """

    png: bytes
    width: int
    height: int
    top: float | None


class PasswordWanted(PictureFailed):
    """The PDF needs a password, and none that was given fits."""


class Pictures:
    """Draws pictures, and keeps the last ones. Safe to use from several threads."""

    def __init__(
        self,
        passwords: Callable[[], Sequence[str]] = tuple,
        seconds: float = _SECONDS,
        memory_mb: int = _MEMORY_MB,
        python: str = sys.executable,
    ) -> None:
        """`passwords` gives those to try for a PDF that needs one; `seconds` and `memory_mb` (MiB) limit the
        process that draws one picture, and `python` is the program that it runs.
        """
        self._passwords = passwords
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._python = python
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int, int, int, int], Picture] = OrderedDict()
        self._bytes = 0

    def picture(self, wanted: PageToDraw) -> Picture:
        """The picture of a page. Takes a quarter of a second, unless the picture is still in memory.

        Raises:
            PictureFailed: the page can't be drawn, or not within the limits.
        """
        key = wanted.document_id, wanted.page, wanted.start, wanted.stop, wanted.width
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        picture = self._draw(wanted)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = picture
                self._bytes += len(picture.png)
            while self._bytes > _KEPT_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1].png)
        return picture

    def attached(self, file: Path, inside: AttachmentPlace) -> bytes:
        """The PDF that is attached to the one in `file`. Raises PictureFailed if it can't be had."""
        return self._with_passwords(
            lambda passwords: self._ask(
                PageToDraw("", 0, file, "", inside=inside), passwords, _MOST_ATTACHED_BYTES
            )[1]
        )

    def _draw(self, wanted: PageToDraw) -> Picture:
        return self._with_passwords(
            lambda passwords: _picture(*self._ask(wanted, passwords, _MOST_BYTES)),
        )

    def _with_passwords(self, ask: Callable[[Sequence[str]], T]) -> T:
        try:
            return ask(())
        except PasswordWanted:
            # Sent only now, so that only a PDF that needs a password has them in its process.
            try:
                return ask(self._passwords())
            except SettingsError:
                raise PictureFailed("The file of passwords cannot be read.") from None

    def _ask(
        self, wanted: PageToDraw, passwords: Sequence[str], most_bytes: int
    ) -> tuple[dict[str, Any], bytes]:
        """The process's answer: its first line, and what follows."""
        request = {
            "inside": wanted.inside,
            "path": str(wanted.file),
            "passwords": list(passwords),
            "page": wanted.page,
            "width": wanted.width,
            "text": wanted.text,
            "start": wanted.start,
            "stop": wanted.stop,
            "boxes": [(box.left, box.top, box.right, box.bottom) for box in wanted.boxes],
            "memory_mb": self._memory_mb,
            "seconds": int(self._seconds) + 1,
        }
        # The process can import the same packages, but does not get our folder, environment or open files.
        program = (
            f"import sys; sys.path[:] = {sys.path!r}; from stackroom.page.picture_process import main; main()"
        )
        try:
            answer = ask_program(
                [self._python, "-I", "-S", "-c", program],
                json.dumps(request).encode(),
                seconds=self._seconds,
                most_bytes=most_bytes,
                environment={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            )
        except OSError as error:  # no memory, no right, or no processes left
            raise PictureFailed(
                f"The process that draws it cannot be started: {error.strerror or error}."
            ) from error
        if answer.is_late:
            raise PictureFailed(f"Drawing the page took longer than {self._seconds:g} seconds.")
        return _read(b"" if answer.is_too_much else answer.output)


def _read(answer: bytes) -> tuple[dict[str, Any], bytes]:
    """The process's answer in its two parts. A hostile PDF may have taken the process over."""
    head, _, content = answer.partition(b"\n")
    try:
        found = json.loads(head)
        error = found.get("error")
        if error == "password":
            raise PasswordWanted(_REASONS[error])
        if error is not None:
            raise PictureFailed(_REASONS.get(error, "The page cannot be drawn."))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise PictureFailed("The page crashed the process that draws it.") from None
    return found, content


def _picture(found: dict[str, Any], png: bytes) -> Picture:
    """The picture in the process's answer, which is checked."""
    try:
        width, height, top = int(found["width"]), int(found["height"]), found["top"]
        top = None if top is None else min(max(0.0, float(top)), 1.0)  # in this order, so that no NaN stays
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise PictureFailed("The page crashed the process that draws it.") from None
    if not png.startswith(b"\x89PNG\r\n\x1a\n") or not (0 < width < 100_000 and 0 < height < 100_000):
        raise PictureFailed("The page crashed the process that draws it.")
    return Picture(png, width, height, top)
