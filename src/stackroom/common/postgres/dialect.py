"""Our statements in the words of PostgreSQL. They are written once, for SQLite.

They keep to what both databases read, but for what is translated here: marks of parameters, and lists of
values, which are given as JSON. `migrations.versions.v1_truth` makes functions for the rest.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_NUMBERED = re.compile(r"\?(\d+)")
# An index is asked for each of an array's values; of rows of unknown number, the planner makes a join.
_IN_IDS = re.compile(r"IN\s+\(SELECT CAST\(value AS BIGINT\) FROM json_each\((\?\d*)\)\)")
_LISTS = re.compile(r"\bjson_each\((\?\d*)\)( [a-z]\w*)?")


@lru_cache(1000)
def translated(sql: str) -> tuple[str, bool]:
    """A statement as psycopg takes it, and whether its parameters have names ("p1", "p2", …)."""
    sql = sql.replace("%", "%%").replace("json_array(", "json_build_array(")
    sql = _IN_IDS.sub(r"= ANY(CAST(translate(\1, '[]', '{}') AS bigint[]))", sql)
    sql = _LISTS.sub(
        lambda found: f"json_array_elements_text(CAST({found[1]} AS json)){_named(found[2])}", sql
    )
    named = _NUMBERED.search(sql) is not None
    sql = _NUMBERED.sub(r"%(p\1)s", sql) if named else sql.replace("?", "%s")
    return sql, named


def _named(alias: str | None) -> str:
    return f" AS{alias or ' one'}(value)"


def arguments(parameters: Sequence[Any], *, named: bool) -> Any:
    """Parameters as psycopg takes them. PostgreSQL's texts can't hold the character NUL: it is replaced."""
    values = [storable(one) for one in parameters]
    return {f"p{at}": value for at, value in enumerate(values, 1)} if named else values


def storable(value: Any) -> Any:
    """What becomes of a value when it is stored."""
    return (
        value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        if isinstance(value, str) and "\0" in value
        else value
    )
