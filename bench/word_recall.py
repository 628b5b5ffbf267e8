"""How much of known texts is read: `python -m bench.word_recall PDFS TEXTS [--against CHECKOUT]`.

TEXTS is a corpus.jsonl whose `_id`s are the PDFs' names, with `title` and `text`, or a folder of .md or .txt
files with the names of the PDFs. Words are compared without regard to their case, and in any order; hyphens
and line ends part no words. Prints Markdown: of the words of the texts, the share that was read (recall), of
the words that were read, the share that is in the texts (precision), and the PDFs with the lowest recall.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

from bench.processes import print_table

_WORD = re.compile(r"[^\W_]+")
_AT_LINE_END = re.compile(r"(?<=\w)[-\u00ad\u2010]\s*\n\s*(?=\w)|[-\u2010\u2011\u00ad]")
_WORST = 5

# What an older checkout of the product runs with: it reads names of PDFs and prints their texts.
_READER = """
import json, sys
try:
    from indexer.pdf.pdfium import extract
except ModuleNotFoundError:
    from indexer.extract import extract
from pathlib import Path
for line in sys.stdin:
    document = extract(Path(line.rstrip("\\n")), "0" * 24, on_page=lambda done, total: None)
    print(json.dumps("\\n".join(page.text for page in document.pages)), flush=True)
"""


def main() -> None:
    """Measures, and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.word_recall", description=__doc__)
    parser.add_argument("pdfs", type=Path, help="a folder of PDFs")
    parser.add_argument("texts", type=Path, help="what they say")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="an older checkout, to compare")
    arguments = parser.parse_args()
    known = read_texts(arguments.texts)
    paths = [path for path in sorted(arguments.pdfs.rglob("*.pdf")) if path.stem in known]
    checkouts = {"Stackroom": Path(__file__).resolve().parents[1]}
    if arguments.against:
        checkouts = {"before": arguments.against.resolve(), **checkouts}
    rows, worst = [], []
    for name, checkout in checkouts.items():
        found = [(path, words_of(text)) for path, text in zip(paths, _read(checkout, paths), strict=True)]
        shares = {path.name: share(words_of(known[path.stem]), words) for path, words in found}
        expected = sum((words_of(known[path.stem]) for path in paths), Counter[str]())
        read = sum((words for _, words in found), Counter[str]())
        both = sum(sum((words_of(known[path.stem]) & words).values()) for path, words in found)
        rows.append([name, str(len(paths)), str(expected.total()), _shown(both / expected.total())])
        rows[-1].append(_shown(both / read.total()))
        worst = sorted(shares.items(), key=lambda one: one[1])[:_WORST]
    print_table(["", "PDFs", "words", "recall", "precision"], *rows)
    print()
    print_table(["least recall", "now"], *([name, _shown(recall)] for name, recall in worst))


def read_texts(source: Path) -> dict[str, str]:
    """The known texts, by the names of their PDFs without ".pdf"."""
    if source.is_dir():
        files = [path for path in source.iterdir() if path.suffix in (".md", ".txt")]
        return {path.stem: path.read_text(encoding="utf-8") for path in files}
    documents = map(json.loads, source.read_text(encoding="utf-8").splitlines())
    return {one["_id"]: f"{one.get('title', '')}\n{one['text']}" for one in documents}


def words_of(text: str) -> "Counter[str]":
    """The words of a text, each with how often it is there."""
    joined = _AT_LINE_END.sub("", unicodedata.normalize("NFKC", text))
    return Counter(_WORD.findall(joined.casefold()))


def share(expected: "Counter[str]", read: "Counter[str]") -> float:
    """Of the expected words, the share that was read; 1 if there are none."""
    return (expected & read).total() / expected.total() if expected else 1.0


def _read(checkout: Path, paths: list[Path]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _READER],
        input="".join(f"{path.resolve()}\n" for path in paths),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (checkout / "src", checkout)))},
        cwd=checkout,  # Python looks here first
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _shown(number: float) -> str:
    return f"{number:.4f}"


if __name__ == "__main__":
    main()
