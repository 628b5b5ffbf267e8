"""The nearest passages alone, one thread: `python -m bench.nearest DATA [--against CHECKOUT]`.

Takes the vectors of an indexed data folder into an index, and asks it for the ten nearest to parts of
passages (vectors of passages with noise), to the questions in bench/questions.csv, and to those of --others:
JSON lines with a "question" or a "text". Another checkout is measured in turns with this one, each in a
process of its own. Prints Markdown, the median of the rounds: CPU-ms of a search; recall@10 against comparing
all vectors as the catalogue has them; CPU-seconds until the index can be searched, with the lists that DATA
keeps, if it has any; and of making new lists.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.processes import print_table

_PARTS, _NOISE = 200, 0.6
_OTHERS = 300
_BLOCK = 50_000
_K = 10


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.nearest", description=__doc__)
    parser.add_argument("data", type=Path, help="an indexed data folder with a prepared model")
    parser.add_argument("--others", type=Path, nargs="*", default=[], help="questions about other topics")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="an older checkout, to compare")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(_measure(arguments.data, arguments.once)))
        return
    here = Path(__file__).resolve().parents[1]
    checkouts = [*([arguments.against.resolve()] if arguments.against else []), here]
    found: dict[Path, list[dict[str, float]]] = {checkout: [] for checkout in checkouts}
    with TemporaryDirectory() as folder:
        asked = Path(folder) / "asked.npz"
        _prepare(arguments.data, arguments.others, asked)
        for number in range(arguments.rounds):
            for checkout in checkouts:
                found[checkout].append(_measured_by(checkout, here, arguments.data, asked))
                print(f"round {number + 1}, {checkout.name}: {found[checkout][-1]}", file=sys.stderr)
    rows = []
    for what in found[here][0]:
        medians = [statistics.median(one.get(what, 0) for one in found[c]) for c in checkouts]
        rows.append((what, *(f"{median:.3f}" for median in medians)))
    print_table(["", *(["before"] if arguments.against else []), "now"], *rows)


def _measured_by(checkout: Path, here: Path, data: Path, asked: Path) -> dict[str, float]:
    """What a process finds that imports the product from a checkout, and the rest from here."""
    path = os.pathsep.join(map(str, (checkout / "src", checkout, here)))
    command = [sys.executable, str(Path(__file__).resolve()), str(data), "--once", str(asked)]
    # One thread for the products that numpy makes, too: where two spin, CPU time says little.
    environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _measure(data: Path, asked: Path) -> dict[str, float]:
    try:
        module = import_module("stackroom.indexes.vectors")
    except ModuleNotFoundError:
        module = import_module("stackroom.vectors")  # where it was before November 2026
    questions = dict(np.load(asked))
    ids = questions.pop("ids")
    codes = np.load(asked.with_name("codes.npy"), mmap_mode="r")
    index = module.VectorIndex(codes.shape[1] - 2, **_kept(data))
    started = time.process_time()
    for start in range(0, len(ids), _BLOCK):
        block = [row.tobytes() for row in codes[start : start + _BLOCK]]
        index.add(ids[start : start + _BLOCK].tolist(), block)
    figures = {"adding all, CPU-s": time.process_time() - started}
    if getattr(index, "outgrown", False):
        figures["new lists, CPU-s"] = _make_lists(index)
    for kind in [name for name in questions if not name.startswith("nearest ")]:
        vectors, right = questions[kind], questions[f"nearest {kind}"]
        for vector in vectors[:20]:
            index.search(vector, _K)
        started = time.thread_time()
        found = [index.search(vector, _K) for vector in vectors]
        figures[f"{kind}, ms"] = 1000 * (time.thread_time() - started) / len(vectors)
        hits = [
            len({id_ for id_, _ in one} & set(row)) for one, row in zip(found, right.tolist(), strict=True)
        ]
        figures[f"{kind}, recall"] = sum(hits) / right.size
    return figures


def _kept(data: Path) -> dict[str, Any]:
    """The lists that the data folder keeps, if this checkout knows of such."""
    try:
        from stackroom.catalog.catalog import Catalog
        from stackroom.common.settings import Settings
        from stackroom.indexes.vector_lists import read_lists
    except ModuleNotFoundError:
        return {}
    settings = Settings.read(data=data.resolve())
    with Catalog(settings.catalog) as catalog:
        model = catalog.model()
        assert model  # noqa: S101
        change = catalog.last_change()
        return {"kept": read_lists(settings.vector_lists, catalog.id(), model.fingerprint.digest, change)}


def _make_lists(index: Any) -> float:
    from stackroom.indexes.inverted_lists import make_lists

    started = time.process_time()
    lists = make_lists(index.sample(), len(index))
    while not index.move_to(lists):
        pass
    return time.process_time() - started


def _prepare(data: Path, others: Sequence[Path], asked: Path) -> None:
    """Writes the vectors' codes, and for each kind of question the vectors and their nearest passages."""
    from stackroom.catalog.catalog import Catalog
    from stackroom.catalog.vector_codes import decode
    from stackroom.common.settings import Settings
    from stackroom.embedding.models import Models

    settings = Settings.read(data=data.resolve())
    with Catalog(settings.catalog) as catalog:
        model = catalog.model()
        assert model  # noqa: S101
        dimensions = model.fingerprint.dimensions
        ids, codes = read_codes(catalog, model)
    np.save(asked.with_name("codes.npy"), codes)
    embedder = Models.of(settings, queries=True).load(model.fingerprint)
    with (Path(__file__).parent / "questions.csv").open(newline="") as stream:
        own = [row["question"] for row in csv.DictReader(stream)]
    kinds = {"own questions": embedder.embed_queries(own)}
    chance = np.random.default_rng(1)
    lines = [json.loads(line) for file in others for line in file.read_text().splitlines()]
    if lines:
        chosen = chance.permutation(len(lines))[:_OTHERS].tolist()
        texts = [lines[row].get("question") or lines[row]["text"] for row in chosen]
        kinds["other questions"] = embedder.embed_queries(texts)
    rows = chance.choice(len(ids), _PARTS, replace=False).tolist()
    passages = decode([codes[row].tobytes() for row in rows], dimensions)
    noise = chance.standard_normal(passages.shape)
    parts = passages + _NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    kinds["parts of passages"] = (parts / np.linalg.norm(parts, axis=1, keepdims=True)).astype(np.float32)
    arrays: dict[str, Any] = {"ids": ids, **kinds}
    for kind, vectors in kinds.items():
        arrays[f"nearest {kind}"] = nearest_of(vectors, ids, codes)
    np.savez(asked, **arrays)


def nearest_of(
    vectors: NDArray[np.float32], ids: NDArray[np.int64], codes: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """The ids of the ten nearest passages of each vector, in any order."""
    from stackroom.catalog.vector_codes import decode

    best_ids, best = [], []
    for start in range(0, len(codes), _BLOCK):
        block = decode([row.tobytes() for row in codes[start : start + _BLOCK]], vectors.shape[1])
        scores = vectors @ block.T
        rows = np.argpartition(-scores, _K, axis=1)[:, :_K]
        best_ids.append(ids[start + rows])
        best.append(np.take_along_axis(scores, rows, axis=1))
    rows = np.argpartition(-np.hstack(best), _K - 1, axis=1)[:, :_K]
    return np.take_along_axis(np.hstack(best_ids), rows, axis=1)


def read_codes(catalog: Any, model: Any) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """The ids of a model's passages, ascending, and aligned with them their codes, a row for each."""
    blocks = list(_blocks(catalog, model))
    return np.concatenate([ids for ids, _ in blocks]), np.concatenate([codes for _, codes in blocks])


def _blocks(catalog: Any, model: Any) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """All passages' ids and codes, which have to be of one kind."""
    last = -1
    while True:
        ids, codes = catalog.vectors(model, last + 1)
        if not ids:
            return
        yield np.array(ids), np.frombuffer(b"".join(codes), np.uint8).reshape(len(ids), -1)
        last = ids[-1]


if __name__ == "__main__":
    main()
