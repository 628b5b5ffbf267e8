"""Tells whether a PDF may have layers (optional content), which can be switched off.

PDFium draws what is on, but hands out the text of all layers, and does not say which there are.
"""

import mmap
import zlib
from functools import cached_property
from pathlib import Path

_NAME = b"/OCProperties"  # an entry of the catalogue
_OBJECTS = b"/ObjStm"  # a stream in which the catalogue may be packed

# What is looked through at most, in bytes: a manual of 2,000 pages has 5 MB of such streams.
_MOST_PACKED, _MOST_UNPACKED = 4_000_000, 64_000_000


class Layers:
    """The layers of a PDF.

    Attributes:
        is_suspect: whether one of its pages was found to have text that is not seen.
    """

    is_suspect = False

    def __init__(self, source: Path | bytes | None) -> None:
        """Looks at nothing yet. `source` is the file's path, or its bytes; None if neither is at hand."""
        self._source = source

    @cached_property
    def may_exist(self) -> bool:
        """Whether the file mentions layers, or cannot be looked through."""
        if not isinstance(self._source, Path):
            return self._source is None or _mentions_layers(self._source)
        try:
            with (
                self._source.open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
            ):
                return _mentions_layers(content)
        except (OSError, ValueError):  # an empty file cannot be mapped
            return True


def _mentions_layers(content: mmap.mmap | bytes) -> bool:
    return content.find(_NAME) >= 0 or content.find(b"/Encrypt") >= 0 or _is_packed_in(content)


def _is_packed_in(content: mmap.mmap | bytes) -> bool:
    left = _MOST_UNPACKED
    at = content.find(_OBJECTS)
    while at >= 0 and left > 0:
        start = content.find(b"stream", at) + len(b"stream")
        if start < at:
            return False
        start += 2 if content[start : start + 2] == b"\r\n" else 1
        try:
            unpacked = zlib.decompressobj().decompress(content[start : start + _MOST_PACKED], left)
        except zlib.error:
            unpacked = b""
        left -= len(unpacked) + 1000
        if _NAME in unpacked:
            return True
        at = content.find(_OBJECTS, start)
    return left <= 0
