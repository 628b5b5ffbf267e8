"""The order of what an index finds. Pure functions."""

from collections.abc import Sequence
from operator import itemgetter


def best_first(found: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Pairs (id, score) by descending score, equal ones by ascending id. Quick if nearly in order already."""
    ordered = sorted(found, key=itemgetter(1), reverse=True)
    if len({score for _, score in found}) < len(found):
        ordered.sort(key=lambda pair: (-pair[1], pair[0]))
    return ordered
