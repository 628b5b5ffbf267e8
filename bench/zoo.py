"""Every kind of model of the zoo (tests/zoo.py): what runs it, how near to its own vectors, and at what cost.

    python -m bench.zoo [NAME …]     # prints the table of docs/models.md

Models of random weights, 384 wide, 4 layers, 256 tokens at most: a third of the bundled one. A passage has
some 190 tokens. CPU time is that of one thread. Precisions are tried in this process: if the runtime dies, so
does the bench.
"""

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sentences import SENTENCES
from stackroom.common.errors import ModelDamaged
from stackroom.embedding.model_card import TOKENIZER
from stackroom.embedding.preparing.encoders import write_encoders
from stackroom.embedding.preparing.kinds import doubt, refuse_other_kinds
from stackroom.embedding.preparing.trial import PARITY, Choice, least_cosine
from stackroom.embedding.processor import Precision
from stackroom.embedding.running.prepared import QUERIES, Opening, is_static
from stackroom.embedding.running.sentence_transformer import (
    SentenceTransformerEmbedder,
    describe,
    load_model,
)
from zoo import OTHERS, REFUSED, Size, specimens, write_model

SIZE = Size(width=384, layers=4, heads=12, limit=256)

_PRECISIONS: tuple[Precision, ...] = ("bf16", "int8", "fp32")


def main() -> None:
    """Prints a table, a line for each model as soon as it is known."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.zoo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="as the table has them (default: all)")
    names = parser.parse_args().names or [*specimens(SIZE), *OTHERS, *REFUSED]
    warnings.simplefilter("ignore")
    import torch
    from transformers.utils import logging

    torch.set_num_threads(1)
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    print("| model | run by | least cosine bf16, int8, fp32 | CPU-ms bf16, int8, fp32 | its own library |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="stackroom-zoo-") as work:
        for name in names:
            print(f"| {name} | {_line(Path(work), name)} |", flush=True)


def _line(work: Path, name: str) -> str:
    folder, target = work / name, work / f"{name} prepared"
    target.mkdir()
    if name in REFUSED:
        REFUSED[name](folder, SIZE)
    else:
        write_model(folder, name, SIZE)
    try:
        refuse_other_kinds(folder)
    except ModelDamaged as error:
        return f"refused: {str(error).partition(' is ')[2].partition(':')[0]} | | |"
    model = load_model(folder).float().eval()
    card, tokenizer = describe(model, "digest")
    (target / TOKENIZER).write_text(tokenizer, encoding="utf-8")
    passages = [" ".join(SENTENCES[place:] + SENTENCES[:place])[:600] for place in range(16)]
    own = _milliseconds(SentenceTransformerEmbedder(model, name, card).embed_passages, passages)
    cosines: dict[Precision, float] = {}

    def judge(encoder: Path, _: Sequence[Precision]) -> Choice:
        for precision in ("fp32",) if is_static(encoder) else _PRECISIONS:
            found = least_cosine(encoder, precision)
            cosines[precision] = min(found, cosines.get(precision, 1)) if encoder.name == QUERIES else found
        passed = [each for each in cosines if cosines[each] >= PARITY[each]]
        return Choice(passed[0] if passed else None, ())

    try:
        write_encoders(model, card, target, judge)
    except Exception as error:  # noqa: BLE001  whatever the converter raises: the model's own library runs it
        return f"sentence-transformers: {str(error).splitlines()[0]} | | | {own:.1f}"
    passed = [each for each in cosines if cosines[each] >= PARITY[each]]
    costs = [_milliseconds(Opening(target, each, 1).open().outputs, passages) for each in passed]
    static = [is_static(part) for part in (target, target / QUERIES) if part.exists()]
    runs = "numpy" if all(static) else "OpenVINO, queries numpy" if any(static) else "OpenVINO"
    if not passed:
        runs = "sentence-transformers: OpenVINO's vectors are others"
    elif doubt(folder):
        runs += ", with a warning"
    shown = " ".join(f"{cosines[each]:.4f}" for each in _PRECISIONS if each in cosines)
    return f"{runs} | {shown} | {' '.join(f'{cost:.2f}' for cost in costs)} | {own:.1f}"


def _milliseconds(embed: Callable[[list[str]], np.ndarray], passages: list[str]) -> float:
    """CPU time for each passage, the shorter of two runs."""
    embed(passages)
    taken = []
    for _ in range(2):
        begun = time.process_time()
        embed(passages)
        taken.append(time.process_time() - begun)
    return 1000 * min(taken) / len(passages)


if __name__ == "__main__":
    main()
