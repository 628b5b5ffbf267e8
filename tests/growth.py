"""Whether a function takes time in proportion to the length of what it is given."""

import time
from collections.abc import Callable

# Of four times the text: 4 times as long if linear, 16 if quadratic.
_MOST = 9
# Below, in seconds of CPU, a measurement is mostly chance.
_LEAST = 1e-3


def is_linear(function: Callable[[str], object], piece: str, length: int = 100_000) -> bool:
    """Whether `function` takes time in proportion to the length of a text made of `piece` over and over.

    By CPU time, and up to three times, because somebody else may use the same core.
    """
    text = (piece * length)[:length]
    return any(
        _time(function, text) <= _MOST * max(_time(function, text[: length // 4]), _LEAST) for _ in range(3)
    )


def _time(function: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    function(text)
    return time.process_time() - start
