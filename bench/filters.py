"""What filters and removals cost at 20,000 documents: `python -m bench.filters DATA [--against CHECKOUT]`.

In DATA a library is made for each build by its own code, as formats differ, if it is not there: 300,000
passages with random vectors, as `bench.synthetic` makes them, in three languages. Another checkout is
measured in turns with this one. Queries have random vectors:
what a model takes is not measured. Prints Markdown, the median of the rounds: CPU-ms of the thread that
searches, of the same queries with a filter more than without; then what a search takes after 1,000 documents
were removed.
"""

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np

from bench.processes import print_table
from bench.words import queries

_PASSAGES_EACH = 15
_REMOVED = 1000
_QUERIES = 20

_FILTERS = {
    "lang: (a tenth)": "lang:de",
    "lang: (nine tenths)": "lang:en",
    "-lang:": "-lang:fr",
    "folder: (a twentieth)": "folder:library/003",
    "title:": "title:footnote",
    "author: (a fiftieth)": "author:hopper",
    "after: (a half)": "after:2023-07",
    "after: (a tenth)": "after:2025-07",
    "id:": f"id:{7777:024x}",
}


def main() -> None:
    """Measures, and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.filters", description=__doc__)
    parser.add_argument("data", type=Path, help="a data folder; made if it is not there")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="an older checkout, to compare")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=20_000, help="1,000 of which are removed")
    parser.add_argument("--once", choices=("make", "measure"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once == "make":
        _make(arguments.data, arguments.documents)
        return
    if arguments.once:
        print(json.dumps(_measure(arguments.data, arguments.documents)))
        return
    here = Path(__file__).resolve().parents[1]
    checkouts = [*([arguments.against.resolve()] if arguments.against else []), here]
    libraries = {
        checkout: arguments.data / ("now" if checkout == here else "before") for checkout in checkouts
    }
    for checkout, data in libraries.items():
        if not data.exists():
            _by(checkout, here, "make", data, arguments.documents)
    found: dict[Path, list[dict[str, float]]] = {checkout: [] for checkout in checkouts}
    for number in range(arguments.rounds):
        for checkout in checkouts:
            measured = _by(checkout, here, "measure", libraries[checkout], arguments.documents)
            found[checkout].append(json.loads(measured))
            print(f"round {number + 1}, {checkout.name}: {found[checkout][-1]}", file=sys.stderr, flush=True)
    rows = []
    for what in found[here][0]:
        rows.append((what, *(f"{statistics.median(one[what] for one in found[c]):.1f}" for c in checkouts)))
    print_table(["", *(["before"] if arguments.against else []), "now"], *rows)


def _by(checkout: Path, here: Path, what: str, data: Path, documents: int) -> str:
    """What a process prints that imports the product from a checkout, and what that lacks from here."""
    path = os.pathsep.join(map(str, (checkout / "src", checkout, here)))
    command = [sys.executable, str(Path(__file__).resolve()), "--once", what, str(data)]
    command += ["--documents", str(documents)]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, timeout=3600, check=True
    )
    return done.stdout


def _measure(data: Path, documents: int) -> dict[str, float]:
    found: dict[str, float] = {}
    asked = queries(_QUERIES)
    words = data / "index" / "words"
    with TemporaryDirectory(dir=data.parent) as folder:
        copy = Path(folder) / "catalog.sqlite3"
        shutil.copyfile(data / "index" / "catalog.sqlite3", copy)
        with closing(_reader(copy, words)) as reader:
            started = time.thread_time()
            reader.search("lang:de", 1)
            found["the first query with a filter of a process, CPU-ms"] = _ms(time.thread_time() - started)
            reader.warm()
            plain = _thread_ms(reader, asked, "")
            found["no filter, CPU-ms"] = plain
            for name, operator in _FILTERS.items():
                found[f"{name}, CPU-ms more"] = _thread_ms(reader, asked, operator) - plain
            found["filters alone (lang:de after:2025), CPU-ms"] = _thread_ms(
                reader, [""], "lang:de after:2025"
            )
            _remove(copy, documents)
            times = []
            for query in asked[:5]:
                started = time.monotonic()
                reader.search(query)
                times.append(_ms(time.monotonic() - started))
            found[f"the first search after {_REMOVED:,} removals, ms"] = times[0]
            found["the next ones, ms"] = statistics.median(times[1:])
    return found


def _thread_ms(reader: Any, asked: Sequence[str], operator: str) -> float:
    texts = [f"{query} {operator}".strip() for query in asked]
    reader.search(texts[0])
    each = []
    for text in texts:
        started = time.thread_time()
        reader.search(text)
        each.append(_ms(time.thread_time() - started))
    return statistics.mean(each)


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 2)


def _reader(catalog: Path, words: Path) -> Any:
    open_catalog = _either("stackroom.catalog.catalog:Catalog", "stackroom.catalog:Catalog")
    open_words = _either("stackroom.indexes.words:WordIndex", "stackroom.lexicon:Lexicon")
    read = _either("stackroom.reading.reader:Reader", "stackroom.reader:Reader")
    return read(open_catalog(catalog), open_words(words), cast("Any", _RandomModels()))


def _either(now: str, before: str) -> Any:
    """What a module of this checkout has, or what it was called before November 2026 in an older one."""
    module, _, name = now.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError:
        module, _, name = before.partition(":")
        return getattr(import_module(module), name)


def _remove(catalog: Path, documents: int) -> None:
    """Removes 1,000 documents, spread evenly over the library, in one commit."""
    place = _either("indexer.store.publisher:Place", "indexer.publish:Place")
    publish = _either("indexer.store.publisher:Publisher", "indexer.publish:Publisher")
    with closing(publish(catalog)) as publisher:
        (library,) = publisher.libraries().values()
        numbers = range(0, documents, documents // _REMOVED)
        publisher.settle({}, [place(library, f"{number // 1000:03}/{number:06}.pdf") for number in numbers])


def _make(data: Path, documents: int) -> None:
    from bench import synthetic

    chance = np.random.default_rng(1)
    texts, draw = synthetic.passage_texts(chance, None), synthetic.like_clusters(chance)
    count = documents * _PASSAGES_EACH
    if hasattr(synthetic, "PASSAGES_PER_DOCUMENT"):
        synthetic.write(data, count, texts, draw, _PASSAGES_EACH)
    else:  # commit 3474622, which has no argument for it
        vars(synthetic)["_PASSAGES_PER_DOCUMENT"] = _PASSAGES_EACH
        synthetic.write(data, count, texts, draw)
    with closing(sqlite3.connect(data / "index" / "catalog.sqlite3")) as db, db:
        db.execute(
            "UPDATE documents SET"
            " language = CASE key % 20 WHEN 0 THEN 'de' WHEN 1 THEN 'de' WHEN 2 THEN 'fr' ELSE 'en' END,"
            " author = CASE key % 50 WHEN 0 THEN 'Grace Hopper' ELSE 'Author ' || key % 50 END,"
            " created = date('2021-01-01', (key * 7919 % 1826) || ' days'), modified = ''"
        )


class _RandomModels:
    """A model source whose queries have random vectors; a passage's are in the catalogue."""

    runtime = "chance"
    unrelated_cosine = 0.0

    def __init__(self) -> None:
        self.fingerprint: Any = None

    def preparation(self, model: Any) -> Any:
        from stackroom.embedding.embedder import Preparation

        return Preparation.DONE

    def load(self, model: Any) -> Any:
        self.fingerprint = model
        return self

    def embed_queries(self, texts: Sequence[str]) -> Any:
        rows = [np.random.default_rng(list(text.encode())).standard_normal(384) for text in texts]
        return np.stack([np.asarray(row / np.linalg.norm(row), np.float32) for row in rows])

    def known_share(self, text: str) -> float:
        return 1.0


if __name__ == "__main__":
    main()
