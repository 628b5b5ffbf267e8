"""Texts that PDFium's functions write into a buffer."""

import ctypes
from collections.abc import Callable


def read_utf16(function: Callable[..., int], *arguments: object, most: int = 2**31) -> str:
    """What a function of PDFium says: UTF-16 with a final NUL. It returns the size in bytes.

    Args:
        function: called twice: for the size, and with a buffer.
        arguments: that it takes before the buffer and its size.
        most: characters. Of a longer text the start is returned.
    """
    size = function(*arguments, None, 0)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    function(*arguments, buffer, size)
    return bytes(memoryview(buffer)[: min(size // 2 - 1, most)]).decode("utf-16-le", "replace")
