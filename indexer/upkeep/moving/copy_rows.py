"""Copies all rows of one store into another that is empty, and compares the two, row by row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest

from indexer.upkeep.moving.tables import Mark, Row, Side, Table, tables
from stackroom.common.errors import CatalogUnusable, UsageError

Tell = Callable[[str, int, int], None]
"""Told what is being done, how many rows are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied.

    Attributes:
        rows: table → how many rows it has.
        was_there: whether all of it had been copied before.
    """

    rows: Mapping[str, int]
    was_there: bool


def copy_rows(source: Side, target: Side, tell: Tell) -> Copied:
    """Copies a library, and goes on where an earlier call was stopped. What is there in the end is the same
    in both stores.

    Raises:
        UsageError: the target holds another library.
        CatalogError: one of the two can't be read or written, or a copy is not the same.
    """
    every = tables()
    with source.reading():
        rows = source.counts()
        identity, state = source.state()
        mark = target.mark()
        if mark is None and any(target.counts().values()):
            if different := _difference(source, target, every, rows, tell):
                raise UsageError(
                    f"{target.shown} holds another library, or this one before it was changed ({different}). "
                    "Name an empty place."
                )
            return Copied(rows, was_there=True)
        if mark is not None and mark.source != identity:
            raise UsageError(
                f"{target.shown} holds a part of another library: its move was stopped. Finish that, or name "
                "an empty place."
            )
        if mark is None or mark.state != state:
            mark = Mark(identity, state)
            target.begin(mark)
        _copy(source, target, every, mark, tell)
        if different := _difference(source, target, every, rows, tell):
            target.begin(Mark(identity, ""))
            raise CatalogUnusable(
                f"What was copied to {target.shown} is not what {source.shown} holds ({different}), and was "
                "removed again. Run `stackroom check` on the source, then try again."
            )
        target.finish(source.numbers())
    return Copied(rows, was_there=False)


def _copy(source: Side, target: Side, every: list[Table], mark: Mark, tell: Tell) -> None:
    names = [table.name for table in every]
    done, of = sum(target.counts().values()), sum(source.counts().values())
    for table in every[names.index(mark.table) if mark.table else 0 :]:
        after = mark.after if table.name == mark.table else ()
        for rows in source.batches(table, after):
            mark = replace(mark, table=table.name, after=table.key_of(rows[-1]))
            target.add(table, rows, mark)
            done += len(rows)
            tell("copying", done, of)


def _difference(source: Side, target: Side, every: list[Table], counts: Mapping[str, int], tell: Tell) -> str:
    """Where two stores are not the same; empty if they are."""
    done, of = 0, max(sum(counts.values()), 1)
    none: list[Row] = []
    with target.reading():
        for table in every:
            for ours, theirs in zip_longest(source.batches(table), target.batches(table), fillvalue=none):
                if ours != theirs and (row := _first_other([target.stored(one) for one in ours], theirs)):
                    return f"table {table.name}, {', '.join(map(str, table.key_of(row)))}"
                done += len(ours)
                tell("comparing", done, of)
    return ""


def _first_other(ours: list[Row], theirs: list[Row]) -> Row | None:
    """The first row that is not in both at the same place."""
    return next((one or other for one, other in zip_longest(ours, theirs) if one != other), None)
