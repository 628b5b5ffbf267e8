"""A library in files against the same one in PostgreSQL: `python -m bench.stores DATA --at FOLDER`.

Starts a server of its own with its data in FOLDER, on a disk as in earnest, and moves a copy of the library
there: an indexed data folder, such as bench.synthetic makes. With FOLDER as it was left by an earlier call,
that is there already. Then asks both, in turns, all in one thread. Prints Markdown:

- what moving took, in CPU-seconds of this process and of the server; and bytes for each passage
- the nearest passages alone: CPU-ms of a search for 100 of them, and how many of the ten nearest are right
  (recall@10) against comparing all vectors. Parts are vectors of passages with noise
- with --filters, the same for searches of parts in some of the documents only, drawn by chance
- with --words, the words of questions, and of four of the commonest words: CPU-ms for passages, pages and
  documents
- with --whole, whole searches (`Reader.search`): CPU-ms, the database included; how many of the ten documents
  of a search of files that compares all vectors are found; and whether both give the same, each as it is, and
  if both compare all vectors. Scores may differ in a small library if its index of words was not written in
  one go: words that are removed count until the engine drops them

Questions are those of bench.words, which are about no document of a synthetic library, and those of --set: a
folder with an evaluation set, or a file of JSON lines with a "question" or a "text". Linux only: CPU time is
that of /proc.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.nearest import nearest_of, read_codes
from bench.processes import print_table
from bench.words import queries

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from indexer.passages.writers import follow_nearest, words_writer
from postgres_server import PostgresServer
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.vector_codes import decode
from stackroom.cli.commands.searching import open_reader
from stackroom.cli.evaluation.sets import read_set
from stackroom.common.postgres.database import database
from stackroom.common.settings import Settings
from stackroom.embedding.models import Models
from stackroom.indexes.nearest import NearestPassages
from stackroom.indexes.opened import matching_words
from stackroom.indexes.postgres.nearest import PostgresNearest
from stackroom.indexes.vectors import VectorIndex
from stackroom.reading.in_memory import Turn
from stackroom.reading.reader import Reader

_ASKED, _PARTS, _NOISE = 200, 200, 0.6
_DEPTH, _TEN = 100, 10
_WARM = 30
_FILTERED = 50  # vectors that are asked with each filter
_NEAR = 0.01  # that two stores may differ by in a score

# A machine of 8 GB that PostgreSQL shares with nobody would be given these by its manual.
_SERVER = """
shared_buffers = 4GB
effective_cache_size = 8GB
maintenance_work_mem = 2GB
max_wal_size = 8GB
max_parallel_maintenance_workers = 0
autovacuum_naptime = 10min
"""

_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measures, and prints the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.stores",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, help="an indexed data folder")
    parser.add_argument("--at", type=Path, required=True, help="a folder for the server's data")
    parser.add_argument("--set", type=Path, help="questions about the library's documents")
    parser.add_argument("--asked", type=int, default=_ASKED, help="most questions of each kind")
    parser.add_argument("--filters", action="store_true", help="measure filters, too")
    parser.add_argument("--words", action="store_true", help="measure words alone, too")
    parser.add_argument("--whole", action="store_true", help="measure whole searches, too")
    arguments = parser.parse_args()
    files = Settings.read(data=arguments.data.resolve())
    asked = {"other questions": queries(arguments.asked)}
    if arguments.set:
        asked["own questions"] = _questions(arguments.set)[: arguments.asked]
    arguments.at.mkdir(parents=True, exist_ok=True)
    with PostgresServer(durable=True, folder=arguments.at.resolve(), settings=_SERVER) as server:
        store = replace(files, store=server.url())
        meter = Meter(server.pid)
        _move(files, store, meter)
        _sizes(store)
        _nearest(files, store, asked, meter)
        if arguments.filters:
            _filters(files, store, meter)
        if arguments.words:
            _words(files, store, asked, meter)
        if arguments.whole:
            _whole(files, store, asked, meter)


class Meter:
    """CPU time of this process, and of a server with all its processes, in seconds."""

    def __init__(self, pid: int) -> None:
        """`pid` is that of the server's first process."""
        self._pid = pid
        self._before = self._now()

    def spent(self) -> tuple[float, float]:
        """What this process and the server have spent since the last call."""
        now, before = self._now(), self._before
        self._before = now
        return now[0] - before[0], now[1] - before[1]

    def _now(self) -> tuple[float, float]:
        times = [fields for fields in _processes() if self._pid in fields[:2]]
        ticks = sum(sum(ticks[: 4 if pid == self._pid else 2]) for pid, _, *ticks in times)
        return time.process_time(), ticks / _TICKS


def _processes() -> Iterator[list[int]]:
    """Of each process its id, its parent's, and ticks of its own and of children that ended, each in two."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        yield [int(folder.name), int(fields[1]), *map(int, fields[11:15])]


def _questions(place: Path) -> list[str]:
    if place.is_dir():
        return [query.text for query in read_set(place.resolve()).queries]
    lines = [json.loads(line) for line in place.read_text().splitlines()]
    return [line.get("question") or line["text"] for line in lines]


# Moving


def _move(files: Settings, store: Settings, meter: Meter) -> None:
    from indexer.upkeep.moving.move import to_database

    rows = []

    def measured(what: str, work: Callable[[], object]) -> None:
        meter.spent()
        started = time.monotonic()
        work()
        own, servers = meter.spent()
        rows.append((what, f"{own:.1f}", f"{servers:.1f}", f"{time.monotonic() - started:.0f}"))

    measured("the truth", lambda: to_database(files, store.store))
    with Catalog(store.truth) as catalog:
        with closing(words_writer(store)) as writer:
            measured("words", lambda: writer.follow(catalog))
        measured("nearest passages", lambda: follow_nearest(store, catalog))
    with database(store.store).session() as session:
        session.execute("VACUUM (ANALYZE)")
    print_table(["moving", "CPU-s, this process", "CPU-s, server", "s"], *rows)


def _sizes(store: Settings) -> None:
    with database(store.store).session() as session:
        (passages,) = session.execute("SELECT count(*) FROM passages").fetchone()
        tables = session.execute(
            "SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'stackroom'::regnamespace"
            " AND pg_total_relation_size(oid) > 10 * ? ORDER BY pg_total_relation_size(oid) DESC",
            (passages,),
        ).fetchall()
    rows = [(name, f"{own / passages:.0f}", f"{indexes / passages:.0f}") for name, own, indexes in tables]
    total = [
        sum(sizes) / passages for sizes in zip(*((own, indexes) for _, own, indexes in tables), strict=True)
    ]
    print_table(
        [f"{passages:,} passages", "bytes each, rows", "indexes"],
        *rows,
        ("together", *(f"{one:.0f}" for one in total)),
    )


# The nearest passages


def _nearest(files: Settings, store: Settings, asked: Mapping[str, Sequence[str]], meter: Meter) -> None:
    with Catalog(files.truth) as ours, Catalog(store.truth) as theirs:
        model = ours.model()
        assert model  # noqa: S101
        ids, codes = read_codes(ours, model)
        embedder = Models.of(files, queries=True).load(model.fingerprint)
        kinds = {kind: embedder.embed_queries(texts) for kind, texts in asked.items()}
        kinds["parts"] = _parts(codes, model.fingerprint.dimensions)
        turn = Turn(ours)
        turn.load_all()
        rows = []
        with turn.at_one_moment() as memory, theirs.snapshot():
            both = {"files": memory.vectors, "PostgreSQL": PostgresNearest(theirs.rows, model)}
            for kind, vectors in kinds.items():
                right = nearest_of(vectors, ids, codes)
                for name, nearest in both.items():
                    own, servers, recall = _measured(nearest, vectors, right, meter)
                    figures = (own, servers, own + servers)
                    rows.append((kind, name, *(f"{one:.2f}" for one in figures), f"{recall:.3f}"))
        titles = ["nearest passages", "", "CPU-ms, process", "server", "together", "recall@10"]
        print_table(titles, *rows)


def _parts(codes: NDArray[np.uint8], dimensions: int) -> NDArray[np.float32]:
    chance = np.random.default_rng(1)
    some = chance.choice(len(codes), min(_PARTS, len(codes)), replace=False).tolist()
    vectors = decode([codes[row].tobytes() for row in some], dimensions)
    noise = chance.standard_normal(vectors.shape)
    parts = vectors + _NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return np.asarray(parts / np.linalg.norm(parts, axis=1, keepdims=True), np.float32)


def _measured(
    nearest: NearestPassages,
    vectors: NDArray[np.float32],
    right: NDArray[np.int64],
    meter: Meter,
    **filters: Any,
) -> tuple[float, float, float]:
    """CPU-ms of a search, of this process and of the server; and the recall."""
    for vector in vectors[:_WARM]:
        nearest.search(vector, _DEPTH, **filters)
    meter.spent()
    found = [nearest.search(vector, _DEPTH, **filters)[:_TEN] for vector in vectors]
    own, servers = (1000 * spent / len(vectors) for spent in meter.spent())
    hits = sum(
        len({id_ for id_, _ in one} & set(ids)) for one, ids in zip(found, right.tolist(), strict=True)
    )
    return own, servers, hits / right.size


def _filters(files: Settings, store: Settings, meter: Meter) -> None:
    chance = np.random.default_rng(3)
    with Catalog(files.truth) as ours, Catalog(store.truth) as theirs:
        model = ours.model()
        assert model  # noqa: S101
        ids, codes = read_codes(ours, model)
        vectors = _parts(codes, model.fingerprint.dimensions)[:_FILTERED]
        ranges = np.array([(one.first, one.last) for one in ours.passage_ranges(model)], np.int64)
        turn = Turn(ours)
        turn.load_all()
        rows = []
        with turn.at_one_moment() as memory, theirs.snapshot():
            both = {"files": memory.vectors, "PostgreSQL": PostgresNearest(theirs.rows, model)}
            for count in (2, 50, 500, 1000, 5000, 15_000):
                if count > len(ranges) / 2:
                    break
                some = ranges[np.sort(chance.choice(len(ranges), count, replace=False))]
                inside = np.concatenate([np.arange(first, last + 1) for first, last in some])
                for kind in ("within", "without"):
                    let = np.isin(ids, inside, invert=kind == "without")
                    right = nearest_of(vectors, ids[let], codes[let])
                    for name, nearest in both.items():
                        own, servers, recall = _measured(
                            nearest, vectors, right, meter, **{kind: list(map(tuple, some.tolist()))}
                        )
                        figures = (own, servers, own + servers)
                        about = f"{kind} {count} documents, {len(inside)} passages"
                        rows.append((about, name, *(f"{one:.2f}" for one in figures), f"{recall:.3f}"))
        titles = ["filters", "", "CPU-ms, process", "server", "together", "recall@10"]
        print_table(titles, *rows)


# Words


def _words(files: Settings, store: Settings, asked: Mapping[str, Sequence[str]], meter: Meter) -> None:
    with database(store.store).session() as session:
        found = session.execute(
            "SELECT term FROM postings WHERE field = 0 GROUP BY term"
            " ORDER BY sum(passage_count) DESC LIMIT 400"
        ).fetchall()
    common = [term for (term,) in found if term.isalpha() and len(term) > 2]
    fours = [" ".join(common[first : first + 4]) for first in range(0, len(common) - 4, 2)]
    rows = []
    for kind, texts in {**asked, "common words": fours}.items():
        for name, words in (("files", matching_words(files)), ("PostgreSQL", matching_words(store))):
            ways: dict[str, Callable[[str], object]] = {
                "passages": partial(words.search, k=_DEPTH),
                "pages": partial(words.pages, k=_DEPTH, documents=None),
                "documents": partial(words.documents, documents=None),
            }
            for what, ask in ways.items():
                for text in texts[:_WARM]:
                    ask(text)
                meter.spent()
                for text in texts:
                    ask(text)
                own, servers = (1000 * spent / len(texts) for spent in meter.spent())
                rows.append((kind, what, name, f"{own:.1f}", f"{servers:.1f}", f"{own + servers:.1f}"))
    print_table(["words", "", "", "CPU-ms, process", "server", "together"], *rows)


# Whole searches


def _whole(files: Settings, store: Settings, asked: Mapping[str, Sequence[str]], meter: Meter) -> None:
    with ExitStack() as stack:
        readers = {
            "files": stack.enter_context(closing(open_reader(files))),
            "PostgreSQL": stack.enter_context(closing(open_reader(store))),
        }
        exact, theirs = (stack.enter_context(closing(open_reader(one))) for one in (files, store))
        theirs._turn._in_memory._nearest = partial(_AllCompared, theirs._turn.catalog.rows)
        # Lists that the library keeps would be used otherwise.
        exact._turn._in_memory._no_vectors = lambda model: VectorIndex(  # type: ignore[method-assign]
            model.fingerprint.dimensions, exact_limit=10**9
        )
        for reader in (*readers.values(), exact, theirs):
            reader.warm()
            for query in queries(_WARM):
                reader.search(query)
        rows = []
        for kind, texts in asked.items():
            right = [_found(exact, text) for text in texts]
            answers = {}
            for name, reader in readers.items():
                meter.spent()
                answers[name] = [_found(reader, text) for text in texts]
                own, servers = (1000 * spent / len(texts) for spent in meter.spent())
                recall = _share(
                    len({*one} & {*best}) / len(best)
                    for one, best in zip(answers[name], right, strict=True)
                    if best
                )
                rows.append(
                    (kind, name, f"{own:.1f}", f"{servers:.1f}", f"{own + servers:.1f}", f"{recall:.3f}")
                )
            _compare(
                f"{kind}, all vectors compared",
                zip(right, [_found(theirs, text) for text in texts], strict=True),
            )
            _compare(kind, zip(*answers.values(), strict=True))
        print_table(["whole searches", "", "CPU-ms, process", "server", "together", "recall@10"], *rows)


class _AllCompared(PostgresNearest):
    """Without the graph."""

    def _known(self) -> Any:
        return super()._known()._replace(indexed=0)


def _compare(what: str, answers: Iterable[tuple[Mapping[str, float], Mapping[str, float]]]) -> None:
    pairs = list(answers)
    alike = _share({*one} == {*other} for one, other in pairs)
    same = _share(_is_same(one, other) for one, other in pairs)
    far = max((abs(one[id_] - other[id_]) for one, other in pairs for id_ in one.keys() & other), default=0)
    print(f"{what}: the same ids {alike:.3f}, in the same order but for ties {same:.3f};")
    print(f"scores of the same documents differ by at most {far:.4f}.\n")


def _found(reader: Reader, text: str) -> dict[str, float]:
    """The documents that a search finds, the best first, with their scores."""
    return {hit.document_id: evidence.score for hit, evidence in reader.answer(text).hits}


def _is_same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether both have the same documents in the same order, but for those whose scores are nearly equal."""
    scores = zip(one.items(), other.items(), strict=False)
    return len(one) == len(other) and all(
        mine == theirs or abs(score - another) < _NEAR / 10 for (mine, score), (theirs, another) in scores
    )


def _share(values: Iterable[float]) -> float:
    all_ = list(values)
    return sum(all_) / max(len(all_), 1)


if __name__ == "__main__":
    main()
