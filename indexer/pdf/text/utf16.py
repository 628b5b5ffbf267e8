"""Texts that PDFium's functions write into a buffer."""

import ctypes
from collections.abc import Callable

_USUAL_BYTES = 512  # a longer text is asked for twice


def read_utf16(function: Callable[..., int], *arguments: object, most: int = 2**31) -> str:
    """What a function of PDFium says: UTF-16 with a final NUL. It returns the size in bytes, and writes
    nothing if the buffer is too small.

    Args:
        function: called with a buffer and its size, and once more if that is too small.
        arguments: that it takes before the buffer and its size.
        most: characters. Of a longer text the start is returned.
    """
    buffer = (ctypes.c_ushort * (_USUAL_BYTES // 2))()
    size = function(*arguments, buffer, _USUAL_BYTES)
    if size <= 2:
        return ""
    if size > _USUAL_BYTES:
        buffer = (ctypes.c_ushort * (size // 2))()
        function(*arguments, buffer, size)
    return bytes(memoryview(buffer)[: min(size // 2 - 1, most)]).decode("utf-16-le", "replace")
