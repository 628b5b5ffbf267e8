"""Reads files of questions and judgments: JSON lines, TSV and CSV. Errors name the file and the line."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from stackroom.common.errors import QuestionsUnusable


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file. `line` is its line number, from 1; of an entry with several lines, the last."""

    path: Path
    line: int
    fields: Mapping[str, Any]

    def error(self, problem: str) -> QuestionsUnusable:
        """The exception to raise about this entry; its message begins with file and line."""
        return QuestionsUnusable(f"{self.path}, line {self.line}: {problem}")

    def text(self, field: str) -> str:
        """The text of a field, without blanks around it. A whole number counts as text.

        Raises:
            QuestionsUnusable: there is no such field, or it holds something else.
        """
        value = self.fields.get(field)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise self.error(f"{field!r} must be a text, and is {_shown(value)}.")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self.error(f"{field!r} holds half a character (a lone surrogate). Remove it.") from None
        return value.strip()

    def number(self, field: str) -> int:
        """The whole number in a field. Raises QuestionsUnusable if there is none."""
        value = self.fields.get(field)
        if isinstance(value, str):
            try:
                return int(value)
            except ValueError:
                pass
        elif isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self.error(f"{field!r} must be a whole number, and is {_shown(value)}.")


def read_json_lines(path: Path) -> Iterator[Entry]:
    """The entries of a file with one JSON object in each line. Blank lines are skipped."""
    for number, line in enumerate(_content(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise QuestionsUnusable(
                f"{path}, line {number}: not JSON ({error}). Each line must be one JSON object."
            ) from error
        if not isinstance(fields, dict):
            raise QuestionsUnusable(f"{path}, line {number}: each line must be one JSON object.")
        yield Entry(path, number, fields)


def read_qrels(path: Path) -> Iterator[Entry]:
    """The judgments of a BEIR file: query-id, corpus-id and score, with tabs between. A header is skipped."""
    columns = ["query-id", "corpus-id", "score"]
    for number, line in enumerate(_text(path).split("\n"), 1):
        values = line.rstrip("\r").split("\t")
        if not line.strip() or (number == 1 and values[0] == columns[0]):
            continue
        if len(values) != len(columns):
            raise QuestionsUnusable(
                f"{path}, line {number}: must be query-id, corpus-id and score, with a tab between each two."
            )
        yield Entry(path, number, dict(zip(columns, values, strict=True)))


def read_csv(path: Path, columns: tuple[str, ...]) -> Iterator[Entry]:
    """The entries of a CSV file. Its first line must name its columns, at least `columns`, in any order."""
    text = _text(path)
    header = text.partition("\n")[0]
    # Spreadsheets write semicolons where the comma is the decimal sign.
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise QuestionsUnusable(
                f"{path}, line 1: must name the columns, and {missing[0]!r} is not there."
            )
        for fields in reader:
            if any(fields.values()):
                yield Entry(path, reader.line_num, fields)
    except csv.Error as error:
        raise QuestionsUnusable(f"{path}, line {reader.line_num}: not CSV ({error}).") from error


def _text(path: Path) -> str:
    try:
        return _content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionsUnusable(f"{path} is not in UTF-8 ({error}). Save it as UTF-8.") from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise QuestionsUnusable(f"{path} cannot be read: {error.strerror or error}.") from error


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]
