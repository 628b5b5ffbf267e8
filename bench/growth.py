"""What the runtime keeps of batches of all sizes: `python -m bench.growth DATA [--batches 800]`.

Embeds batches of 1 to 6 texts of 20 to 190 words, and prints Markdown: the memory after each tenth of them.
"""

import argparse
import random
import resource
from pathlib import Path

from bench.processes import print_table
from bench.words import queries
from stackroom.common.settings import Settings
from stackroom.embedding.models import Models


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("data", type=Path, help="a data folder, whose prepared model is used")
    parser.add_argument("--batches", type=int, default=800)
    arguments = parser.parse_args()
    models = Models(Settings.read(data=arguments.data.resolve()).models)
    embedder = models.load(models.tokenizer("").fingerprint)
    chance = random.Random(3)
    words = [word for query in queries(50) for word in query.split()]
    rows = [["0", _resident_mb()]]
    for number in range(1, arguments.batches + 1):
        lengths = [chance.randrange(20, 190) for _ in range(chance.randrange(1, 7))]
        embedder.embed_passages([" ".join(chance.choices(words, k=length)) for length in lengths])
        if number % max(arguments.batches // 10, 1) == 0:
            rows.append([str(number), _resident_mb()])
    print_table(["batches", "RSS, MB"], *rows)


def _resident_mb() -> str:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return f"{pages * resource.getpagesize() / 1e6:.0f}"


if __name__ == "__main__":
    main()
