"""Measures by what angle a scanned page is turned.

If the lines are level, each row of the page's pixels is either full of ink or empty. So the angle is searched
for at which neighbouring rows differ most. Tesseract can read lines turned by one degree, but not by three.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

# At 300 dots an inch, every fourth pixel is enough to tell lines apart. Of the dark ones at most 20,000 are
# looked at; with fewer than 500, the angle can't be told.
_STEP = 4
_MOST_POINTS = 20_000
_FEWEST_POINTS = 500

# The largest angle that is tried, and the steps between angles, in degrees. A page that is turned further was
# not put on a scanner to be read.
_MOST = 7
_COARSE, _FINE = 1.0, 0.25

# The page counts as turned if neighbouring rows differ this many times more at the best angle than at 0. Real
# pages turned by 1° reach 4 and more; level ones, pictures, and pages on their side reach 1.
_CLEARER = 2.0

_Points = Sequence[tuple[int, int]]


def find_skew(pixels: bytes, width: int, height: int) -> float:
    """Degrees by which a page is turned counterclockwise; 0 if it is level, or if the angle can't be told.

    Args:
        pixels: of a page in shades of grey, a byte each, row by row.
        width: in pixels.
        height: likewise.
    """
    rows = [pixels[at : at + width : _STEP] for at in range(0, width * height, width * _STEP)]
    points = _dark_points(rows)
    if len(points) < _FEWEST_POINTS:
        return 0.0
    clear: dict[float, int] = {}
    best = 0.0
    for step, most in ((_COARSE, _MOST), (_FINE, _COARSE - _FINE)):
        for at in range(-round(most / step), round(most / step) + 1):
            angle = best + at * step
            clear[angle] = clear.get(angle) or _clearness(points, angle, len(rows[0]), len(rows))
        best = max(clear, key=lambda angle: clear[angle])
    return best if clear[best] > _CLEARER * clear[0.0] else 0.0


def _dark_points(rows: Sequence[bytes]) -> _Points:
    """The places (x, y) that are darker than halfway from paper to ink; only a sample if there are many."""
    shades = sorted(b"".join(rows)[::_STEP])
    ink, paper = shades[len(shades) // 100], shades[len(shades) // 2]
    is_dark = bytes(shade < (ink + paper) / 2 for shade in range(256))
    dark = [row.translate(is_dark) for row in rows]
    count = sum(row.count(1) for row in dark)
    return list(islice(_places(dark), 0, None, count // _MOST_POINTS + 1))


def _places(rows: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    for y, row in enumerate(rows):
        x = row.find(1)
        while x >= 0:
            yield x, y
            x = row.find(1, x + 1)


def _clearness(points: _Points, angle: float, width: int, height: int) -> int:
    slope = math.tan(math.radians(angle))
    beyond = int(abs(slope) * width) + 1
    ink = [0] * (height + 2 * beyond + 1)
    for x, y in points:
        ink[int(y + x * slope) + beyond] += 1
    return sum((above - below) ** 2 for above, below in pairwise(ink))
