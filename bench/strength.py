"""Whether a result says how surely it answers: `python -m bench.strength KEEP SET SET...`.

Each question of a set is asked of its own library; of the library of another set, which lacks the document;
and of its own without the document (`-id:`). A set's own unanswerable questions are asked, too. A question
counts where less than a twentieth of its document is in the library that should lack it (8 words in a row,
one in eight of them): a report that is in two sets, or in two versions, answers in both.

Prints for each half the AUC of the first result's certainty (of `reading.finding.strength`), and of the first
results called strong how many are wrong: from a document that does not answer. With --fit also the weights of
a logistic regression on first halves, in which each set counts the same, its right results as much as the
others.

A SET is a folder as `stackroom eval` takes it, or FOLDER:QUESTIONS. The indexes are kept in the folder KEEP.
"""

import argparse
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.processes import print_table
from stackroom.catalog.catalog import Catalog
from stackroom.cli.commands.evaluation import index_set
from stackroom.cli.commands.searching import open_reader
from stackroom.cli.evaluation.sets import EvaluationSet, Query, read_set
from stackroom.common.settings import Settings
from stackroom.embedding.models import Models
from stackroom.reading.finding.ranking import similarity
from stackroom.reading.finding.strength import STRONG, WEAK, certainty
from stackroom.reading.reader import Reader

KINDS = ("another library", "its own, without the document", "the set's own unanswerable")
_ANSWERED = "answered"

# Questions of one set, in the order in which they are asked: all of a smaller one.
_MOST = 400


@dataclass(frozen=True)
class Asked:
    """A question that was asked, and its first result.

    Attributes:
        set: the name of its set.
        half: of the set, 1 or 2.
        kind: `_ANSWERED`, or one of KINDS.
        is_right: whether the first result answers.
        certainty: of the first result.
        evidence: its similarity, page and document, which the certainty is made of.
    """

    set: str
    half: int
    kind: str
    is_right: bool
    certainty: float
    evidence: tuple[float, float, float]


class Library:
    """The index of one set."""

    def __init__(self, name: str, model: str, keep: Path) -> None:
        folder, _, questions = name.partition(":")
        self.set: EvaluationSet = read_set(Path(folder), questions=Path(questions) if questions else None)
        settings = Settings.read(data=keep / self.set.name, model=model)
        index_set(self.set, settings, keep / "models", quiet=True)
        self.reader: Reader = open_reader(settings, keep / "models")
        self.reader.warm()
        with Catalog(settings.catalog) as catalog:
            current = catalog.model()
            assert current is not None  # noqa: S101  the set has documents
            self.embedder = Models.of(settings, keep / "models", queries=True).load(current.fingerprint)
            self.ids = catalog.holdings(self.set.root)
            documents = catalog.rows("SELECT key, id FROM documents")
        self.words = {id_: _in_a_row(self.reader.fetch(id_, 10**9).text) for _, id_ in documents}

    def right(self, query: Query) -> frozenset[str]:
        """The ids of the documents that answer."""
        return frozenset(self.ids[path] for path, grade in query.relevant.items() if grade > 0)

    def lacks(self, words: set[int], without: frozenset[str] = frozenset()) -> bool:
        """Whether the library has less than a twentieth of a text, some documents left out."""
        others = (found for id_, found in self.words.items() if id_ not in without)
        return len(words & set().union(*others)) <= 0.05 * len(words)


def main() -> None:
    """Measures, and prints the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.strength", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("keep", type=Path, metavar="KEEP")
    parser.add_argument("sets", nargs="+", metavar="SET", help="at least two")
    parser.add_argument("--model", default="")
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    libraries = [Library(name, arguments.model, arguments.keep) for name in arguments.sets]
    asked = [one for number, _ in enumerate(libraries) for one in _asked(libraries, number)]
    for half in (1, 2):
        rows = [_row(asked, half, kinds) for kinds in (*((kind,) for kind in KINDS), KINDS)]
        head = [f"half {half}, the other questions are of", "questions", "AUC", "strong", "of them wrong"]
        print_table([*head, "right ones weak", "others weak"], *rows)
    if arguments.fit:
        print("weights, first halves:", np.round(_fit([one for one in asked if one.half == 1]), 2))


def _asked(libraries: list[Library], number: int) -> Iterator[Asked]:
    own = libraries[number]
    for half in (1, 2):
        part = own.set.half(half)
        for at, query in enumerate(part.queries[:_MOST]):
            right = own.right(query)
            words = set().union(*(own.words[id_] for id_ in right))
            yield from _first(own, query.text, half, _ANSWERED, right)
            if own.lacks(words, right):
                without = "".join(f" -id:{id_}" for id_ in sorted(right))
                yield from _first(own, query.text + without, half, KINDS[1], frozenset(), own)
            other = libraries[(number + 1 + at % (len(libraries) - 1)) % len(libraries)]
            if other.lacks(words):
                yield from _first(other, query.text, half, KINDS[0], frozenset(), own)
        for query in part.unanswerable:
            yield from _first(own, query.text, half, KINDS[2], frozenset())


def _first(
    library: Library, text: str, half: int, kind: str, right: frozenset[str], of: Library | None = None
) -> Iterator[Asked]:
    for hit, evidence in library.reader.answer(text, 1).hits:
        known = library.embedder.known_share(text.partition(" -id:")[0])
        unrelated = library.embedder.unrelated_cosine
        similar = 0.0 if evidence.meaning is None else similarity(evidence.meaning, known, unrelated)
        yield Asked(
            (of or library).set.name,
            half,
            kind,
            hit.document_id in right,
            certainty(evidence, known, unrelated),
            (similar, evidence.page, evidence.document),
        )


def _row(asked: list[Asked], half: int, kinds: tuple[str, ...]) -> tuple[str, ...]:
    some = [one for one in asked if one.half == half and one.kind in (_ANSWERED, *kinds)]
    sure = np.array([one.certainty for one in some])
    answered = np.array([one.kind == _ANSWERED for one in some])
    right = np.array([one.is_right for one in some])
    strong, weak = sure >= STRONG, sure < WEAK
    return (
        "all three" if len(kinds) > 1 else kinds[0],
        str(len(some)),
        f"{_auc(sure, answered):.3f}" if 0 < answered.sum() < len(some) else "-",
        str(strong.sum()),
        f"{(strong & ~right).sum() / max(strong.sum(), 1):.3f}",
        f"{(weak & right).sum() / max(right.sum(), 1):.3f}",
        f"{(weak & ~answered).sum() / max((~answered).sum(), 1):.3f}",
    )


def _auc(sure: NDArray[np.float64], answered: NDArray[np.bool_]) -> float:
    """How often an answerable question has the surer first result; ties count half."""
    yes, no = sure[answered][:, None], sure[~answered][None, :]
    return float(((yes > no) + 0.5 * (yes == no)).mean())


def _fit(asked: list[Asked]) -> NDArray[Any]:
    """The weights of similarity, page and document, and what is taken off; by Newton's method."""
    asked = [one for one in asked if one.kind != KINDS[2]]
    rows = np.array([(*one.evidence, -1.0) for one in asked])
    right = np.array([float(one.is_right) for one in asked])
    groups = [(one.set, one.is_right) for one in asked]
    counts = {group: groups.count(group) for group in set(groups)}
    weights = np.array([1 / counts[group] for group in groups])
    weights *= len(weights) / weights.sum()
    found = np.zeros(rows.shape[1])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (weights * (likely - right)) + 1e-4 * len(right) * found
        bend = (rows * (weights * likely * (1 - likely))[:, None]).T @ rows + 1e-4 * len(right) * np.eye(4)
        found -= np.linalg.solve(bend, slope)
    return found


def _in_a_row(text: str) -> set[int]:
    """Of each 8 words in a row a number, one in eight of these."""
    words = re.findall(r"\w+", text.lower())
    rows = (zlib.crc32(" ".join(words[at : at + 8]).encode()) for at in range(len(words) - 7))
    return {number for number in rows if number % 8 == 0}


if __name__ == "__main__":
    main()
