"""Ranges of passages' ids, taken together or put together. Pure functions."""

from collections.abc import Iterable, Iterator

from stackroom.catalog.passage_ranges import PassageRange


def batches(ranges: Iterable[PassageRange], passages: int) -> Iterator[list[PassageRange]]:
    """Documents that are taken in together: each batch but the last has at least so many passages."""
    some: list[PassageRange] = []
    count = 0
    for one in ranges:
        some.append(one)
        count += one.last - one.first + 1
        if count >= passages:
            yield some
            some, count = [], 0
    if some:
        yield some


def joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same ranges of whole numbers, both ends inclusive, ascending, in as few as can be."""
    fewer: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if fewer and first <= fewer[-1][1] + 1:
            fewer[-1] = fewer[-1][0], max(fewer[-1][1], last)
        else:
            fewer.append((first, last))
    return fewer
