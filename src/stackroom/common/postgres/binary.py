"""Values in PostgreSQL's binary forms: vectors, ranges and lists of numbers by the thousand, made by numpy.

As objects of Python they would take longer to send than the query takes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

# Of built-in types, from the catalogue of the server; the types of extensions have other numbers everywhere.
_BIGINT, _BIGINTS, _INT8MULTIRANGE = 20, 1016, 4536

_LOWER_INCLUSIVE = 2  # in a range's flags; the upper bound is not included

# What COPY expects before and after the rows.
COPY_BEGIN, COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


class HalfVector(bytes):
    """A vector of pgvector's type halfvec. The statement has to say so: `?::halfvec`."""

    __slots__ = ()


class Bigints(bytes):
    """An array of bigint."""

    __slots__ = ()


class BigintRanges(bytes):
    """A value of int8multirange."""

    __slots__ = ()


def half_vector(vector: NDArray[np.float32]) -> HalfVector:
    """A vector, rounded to float16."""
    return HalfVector(np.array([len(vector), 0], ">i2").tobytes() + vector.astype(">f2").tobytes())


def bigints(numbers: Sequence[int] | NDArray[np.int64]) -> Bigints:
    """Numbers as an array."""
    row = np.zeros(len(numbers), [("length", ">i4"), ("number", ">i8")])
    row["length"], row["number"] = 8, numbers
    head = [1, 0, _BIGINT, len(numbers), 1] if len(numbers) else [0, 0, _BIGINT]
    return Bigints(np.array(head, ">i4").tobytes() + row.tobytes())


def bigint_ranges(ranges: NDArray[np.int64]) -> BigintRanges:
    """Ranges, each from a number to before a greater one; shape (n, 2), in any order."""
    bounds = [("first_length", ">i4"), ("first", ">i8"), ("stop_length", ">i4"), ("stop", ">i8")]
    row = np.zeros(len(ranges), [("length", ">i4"), ("flags", "u1"), *bounds])
    row["length"], row["flags"], row["first_length"], row["stop_length"] = 25, _LOWER_INCLUSIVE, 8, 8
    row["first"], row["stop"] = ranges[:, 0], ranges[:, 1]
    return BigintRanges(np.array([len(ranges)], ">i4").tobytes() + row.tobytes())


def vector_rows(
    passages: NDArray[np.int64], documents: NDArray[np.int64], model: int, vectors: NDArray[np.float32]
) -> bytes:
    """Rows (bigint, bigint, bigint, halfvec) for COPY in binary, after COPY_BEGIN and before COPY_END.

    Args:
        passages: first column, shape (n,).
        documents: second column, aligned.
        model: third column of all rows.
        vectors: fourth column, shape (n, dimensions), aligned; they are rounded to float16.
    """
    dimensions = vectors.shape[1]
    numbers = [
        (f"{what}{at}", kind) for at in range(3) for what, kind in (("length", ">i4"), ("value", ">i8"))
    ]
    vector = [("length", ">i4"), ("dimensions", ">i2"), ("unused", ">i2"), ("vector", ">f2", (dimensions,))]
    row = np.zeros(len(passages), [("columns", ">i2"), *numbers, *vector])
    row["columns"], row["length"], row["dimensions"] = 4, 4 + 2 * dimensions, dimensions
    for at, value in enumerate((passages, documents, model)):
        row[f"length{at}"], row[f"value{at}"] = 8, value
    row["vector"] = vectors
    return row.tobytes()


def teach(connection: "psycopg.Connection[Any]") -> None:
    """Makes a connection send these values as they are. Cheap, and may be done again."""
    for kind, dumper in ((HalfVector, _Vector), (Bigints, _Bigints), (BigintRanges, _Ranges)):
        connection.adapters.register_dumper(kind, dumper)


class _AsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return bytes(obj)


class _Vector(_AsItIs):
    oid = 0  # the server takes the type from the statement


class _Bigints(_AsItIs):
    oid = _BIGINTS


class _Ranges(_AsItIs):
    oid = _INT8MULTIRANGE
