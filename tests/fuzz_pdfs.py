"""Fuzzes extracting and splitting: `python tests/fuzz_pdfs.py SECONDS [FOLDER]`; `make fuzz` runs it.

PDFs of the tests' own generator, and those of a folder, are damaged at random: bytes and numbers changed,
parts cut out, doubled or taken from another file. Each is read as the indexer reads it, in a process with
limits; what comes out must be a document whose passages cover its text, or a failure of a known kind. What
breaks that is kept.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fakes import WordHashEmbedder
from indexer.passages.split import split
from indexer.pdf.processes.extract_all import Limits, extract_all
from indexer.pdf.processes.task import Task
from make_pdfs import write_claiming_pdf, write_pdf, write_scanned_pdf, write_text_objects
from stackroom.common.documents import Document

_LIMITS = Limits(workers=2, file_seconds=20, stall_seconds=10, file_memory_mb=1024)
_LARGEST_SEED = 300_000  # bytes: of larger files a change hits pictures and fonts
_NUMBER = re.compile(rb"\d+")
_NUMBERS = [b"0", b"-1", b"1", b"65536", b"2147483647", b"4294967296", b"9" * 20, b"1e38"]
_TOKENS = [b"<<", b">>", b"[", b"]", b"(", b")", b"obj", b"endobj", b"stream", b"endstream", b"/Kids", b"R"]


def main() -> None:
    """Fuzzes, and says how much. Exits with 1 if something broke, and says where it is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("folder", nargs="?", type=Path, help="of PDFs to damage, beside the tests' own")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="stackroom-fuzz-") as name:
        seeds = _seeds(Path(name), arguments.folder)
        outcomes, longest, broken = _fuzz(Path(name), seeds, chance, arguments.seconds)
    told = ", ".join(f"{outcome} {count}" for outcome, count in outcomes.most_common())
    print(f"PDFs (seed {arguments.seed}): {outcomes.total():,} made of {len(seeds)} files: {told}")
    print(f"longest {longest:.1f} s; broken: {broken or 'none'}")
    raise SystemExit(bool(broken))


def _seeds(work: Path, folder: Path | None) -> list[bytes]:
    made = [
        write_pdf(
            work / "1.pdf",
            ["A page of text. " * 20, "Another\n\npage."],
            title="A title",
            outline=[("One", 1, 0)],
        ),
        write_pdf(work / "2.pdf", ["Locked."], password=""),
        write_scanned_pdf(work / "3.pdf"),
        write_claiming_pdf(work / "4.pdf", 1000),
        write_text_objects(work / "5.pdf", [b"BT /F 12 Tf 72 700 Td (text) Tj ET"] * 3, to_unicode={65: "ﬁ"}),
    ]
    found = sorted(folder.rglob("*.pdf")) if folder else []
    return [path.read_bytes() for path in [*made, *found] if 0 < path.stat().st_size <= _LARGEST_SEED]


def _fuzz(
    work: Path, seeds: list[bytes], chance: random.Random, seconds: float
) -> tuple[Counter[str], float, list[str]]:
    """How often each outcome was, the longest time of a file in seconds, and what broke."""
    until = time.monotonic() + seconds
    started: dict[Path, float] = {}

    def tasks() -> Iterator[Task]:
        number = 0
        while time.monotonic() < until:
            number += 1
            path = work / f"fuzzed-{number}.pdf"
            path.write_bytes(mutate(chance.choice(seeds), seeds, chance))
            started[path] = time.monotonic()
            yield Task(path, f"{number:024x}")

    outcomes: Counter[str] = Counter()
    longest, broken = 0.0, []
    tokenizer = WordHashEmbedder()
    for task, outcome in extract_all(tasks(), _LIMITS, lambda pages: None):
        longest = max(longest, time.monotonic() - started.pop(task.path))
        if isinstance(outcome, Document):
            kind = "read"
            wrong = _wrong(outcome, tokenizer)
        else:
            kind = outcome.kind
            # The process died of something that nobody foresaw in Python; PDFium's own crashes are a signal.
            wrong = str(outcome) if "exit code" in str(outcome) or not str(outcome) else ""
        outcomes[kind] += 1
        if wrong:
            kept = Path(tempfile.gettempdir()) / f"broken-{task.path.name}"
            task.path.rename(kept)
            broken.append(f"{kept}: {wrong}")
            print(broken[-1], file=sys.stderr)
        else:
            task.path.unlink()
    return outcomes, longest, broken


def mutate(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """`data`, damaged in one to eight places."""
    fuzzed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(fuzzed) + 1)
        length = chance.choice([1, 4, 50, 1000])
        match chance.randrange(6):
            case 0:
                fuzzed[at : at + length] = chance.randbytes(min(length, 50))
            case 1:
                if numbers := list(_NUMBER.finditer(fuzzed, at, at + 5000)):
                    number = chance.choice(numbers)
                    fuzzed[number.start() : number.end()] = chance.choice(_NUMBERS)
            case 2:
                del fuzzed[at : at + length]
            case 3:
                fuzzed[at:at] = fuzzed[at : at + length] * chance.choice([1, 1, 20])
            case 4:
                other = chance.choice(others)
                start = chance.randrange(len(other))
                fuzzed[at:at] = other[start : start + length]
            case _:
                fuzzed[at:at] = chance.choice(_TOKENS)
    return bytes(fuzzed)


def _wrong(document: Document, tokenizer: WordHashEmbedder) -> str:
    """What is wrong with a document; empty if nothing is."""
    text = document.text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "its text is not Unicode"
    if [page.number for page in document.pages] != list(range(1, len(document.pages) + 1)):
        return "its pages are not numbered from 1"
    passages = split(document, tokenizer, 200)
    covered = "".join(text[passage.start : passage.stop] for passage in passages)
    if "".join(covered.split()) != "".join(text.split()):
        return "its passages do not cover it"
    return ""


if __name__ == "__main__":
    main()
