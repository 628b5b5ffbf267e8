"""How much is found with each precision of the bundled model: nDCG@10 on a collection in BEIR's form.

    python -m bench.parity FOLDER [--limit N]     # corpus.jsonl, queries.jsonl and qrels.tsv are in FOLDER

Whole documents are passages; vectors go through the catalogue's 8-bit codes, as in an index.
"""

import argparse
import csv
import json
import math
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.vector_codes import decode, encode
from stackroom.embedding.embedder import Embedder
from stackroom.embedding.model_card import BUNDLED_CARD
from stackroom.embedding.model_files import BUNDLED_NAME, bundled_folder
from stackroom.embedding.models import Models
from stackroom.embedding.processor import Precision, best_precision
from stackroom.embedding.running.sentence_transformer import SentenceTransformerEmbedder, load_model

REFERENCE = "sentence-transformers fp32"


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.parity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="of the collection")
    parser.add_argument("--limit", type=int, metavar="N", help="most documents; relevant ones come first")
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help="folder of prepared models (default: a new one)"
    )
    arguments = parser.parse_args()
    passages, queries, relevant = read_collection(arguments.folder, arguments.limit)
    print(f"{len(passages)} documents, {len(queries)} queries\n")
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as work:
        compare(arguments.models or Path(work), passages, queries, relevant)


def read_collection(folder: Path, limit: int | None) -> tuple[list[str], list[str], list[dict[int, int]]]:
    """Passages, queries, and for each of these the grades of relevant passages, by their row."""
    grades: dict[str, dict[str, int]] = {}
    with (folder / "qrels.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if int(row["score"]) > 0:
                grades.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    judged = {document for graded in grades.values() for document in graded}
    corpus.sort(key=lambda entry: entry["_id"] not in judged)
    row_of = {entry["_id"]: row for row, entry in enumerate(corpus[:limit])}
    queries, relevant = [], []
    for line in (folder / "queries.jsonl").read_text().splitlines():
        query = json.loads(line)
        graded = grades.get(query["_id"], {})
        if graded and graded.keys() <= row_of.keys():
            queries.append(query["text"])
            relevant.append({row_of[document]: grade for document, grade in graded.items()})
    return [f"{entry.get('title', '')} {entry['text']}" for entry in corpus[:limit]], queries, relevant


def compare(models: Path, passages: list[str], queries: list[str], relevant: list[dict[int, int]]) -> None:
    """Computes each set of vectors once, and prints what is found with each pair of sets."""
    precisions: list[Precision] = ["fp32", "int8"]
    if best_precision(queries=False) == "bf16":
        precisions.insert(1, "bf16")
    runtimes = [REFERENCE, *(f"OpenVINO {precision}" for precision in precisions)]
    vectors = {}
    print("| embedding | CPU-seconds for the passages | least and mean cosine to the first |")
    print("| --- | --- | --- |")
    for runtime in runtimes:
        embedder = _load(models, runtime)
        embedder.embed_passages(passages[:8])
        started = time.process_time()
        found = embedder.embed_passages(passages)
        seconds = time.process_time() - started
        vectors[runtime] = (found, embedder.embed_queries(queries))
        cosines = (found * vectors[REFERENCE][0]).sum(axis=1)
        print(f"| {runtime} | {seconds:.0f} | {cosines.min():.4f}, {cosines.mean():.5f} |", flush=True)
    pairs = [(runtime, runtime) for runtime in runtimes]
    if "bf16" in precisions:
        pairs.append(("OpenVINO bf16", "OpenVINO int8"))
    print("\n| passages | queries | nDCG@10 | in 8-bit codes |")
    print("| --- | --- | --- | --- |")
    for for_passages, for_queries in pairs:
        exact, asked = vectors[for_passages][0], vectors[for_queries][1]
        coded = decode(encode(exact), exact.shape[1])
        figures = [mean_ndcg(asked @ found.T, relevant) for found in (exact, coded)]
        print(f"| {for_passages} | {for_queries} | {figures[0]:.4f} | {figures[1]:.4f} |")


def _load(models: Path, runtime: str) -> Embedder:
    if runtime == REFERENCE:
        return SentenceTransformerEmbedder(load_model(bundled_folder()), BUNDLED_NAME, BUNDLED_CARD)
    precision: Precision = runtime.removeprefix("OpenVINO ")  # type: ignore[assignment]
    return Models(models, precision).load(BUNDLED_CARD.fingerprint(BUNDLED_NAME))


def mean_ndcg(scores: NDArray[np.float32], relevant: list[dict[int, int]]) -> float:
    """nDCG@10 over all queries; `scores` has shape (queries, passages)."""
    total = 0.0
    for row, grades in zip(scores, relevant, strict=True):
        best = np.argsort(-row, kind="stable")[:10].tolist()
        gained = sum(grades.get(passage, 0) / math.log2(rank + 2) for rank, passage in enumerate(best))
        ideal = sorted(grades.values(), reverse=True)[:10]
        total += gained / sum(grade / math.log2(rank + 2) for rank, grade in enumerate(ideal))
    return total / len(relevant)


if __name__ == "__main__":
    main()
