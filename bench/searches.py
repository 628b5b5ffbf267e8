"""What a search takes without a server, in one thread: `python -m bench.searches DATA [--queries 400]`.

Every query twice: at first the model embeds it, the second time its vector is known. Prints Markdown: CPU-ms
of the thread that searches, in which the model runs, too, and of the whole process. With
STACKROOM_RERANKER, each query is then asked anew without the reranker and with it, in turns.
"""

import argparse
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench.processes import print_table
from bench.words import queries
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.embedding.models import Models
from stackroom.embedding.reranking.reranker import RerankerSource
from stackroom.embedding.reranking.rerankers import chosen_reranker
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.searches", description=__doc__)
    parser.add_argument("data", type=Path, help="an indexed data folder")
    parser.add_argument("--queries", type=int, default=400, help="fewer than are kept, which is 1,000")
    arguments = parser.parse_args()
    settings = Settings.read(data=arguments.data.resolve())
    asked = [*queries(arguments.queries + 50)]
    with closing(_reader(settings)) as reader:
        reader.warm()
        _measure(reader, asked[:50])
        rows = [
            ("new queries", *_measure(reader, asked[50:])),
            ("the same again", *_measure(reader, asked[50:])),
        ]
        reranker = chosen_reranker(settings, settings.models)
        if reranker:
            rows += _in_turns(settings, reranker, asked)
    print_table(["", "CPU-ms, the thread that searches", "CPU-ms, the process"], *rows)


def _reader(settings: Settings, reranker: RerankerSource | None = None) -> Reader:
    models = Models(settings.models, settings.precision, queries=True)
    return Reader(Catalog(settings.catalog), WordIndex(settings.words), models, reranker=reranker)


def _in_turns(
    settings: Settings, reranker: RerankerSource, asked: Sequence[str]
) -> list[tuple[str, str, str]]:
    with closing(_reader(settings)) as without, closing(_reader(settings, reranker)) as other:
        spent = {"new queries, without the reranker": (without, [0.0, 0.0]), "with it": (other, [0.0, 0.0])}
        for reader, _ in spent.values():
            reader.warm()
            reader.warm_reranker()
            _measure(reader, asked[:50])
        for query in asked[50:]:
            for reader, total in spent.values():
                thread, process = time.thread_time(), time.process_time()
                reader.search(query)
                total[0] += time.thread_time() - thread
                total[1] += time.process_time() - process
    count = (len(asked) - 50) / 1000
    return [(name, f"{one / count:.1f}", f"{all_ / count:.1f}") for name, (_, (one, all_)) in spent.items()]


def _measure(reader: Reader, asked: Sequence[str]) -> tuple[str, str]:
    thread, process = time.thread_time(), time.process_time()
    for query in asked:
        reader.search(query)
    of_thread, of_process = time.thread_time() - thread, time.process_time() - process
    return f"{1000 * of_thread / len(asked):.1f}", f"{1000 * of_process / len(asked):.1f}"


if __name__ == "__main__":
    main()
