"""Every kind of model that people name gives its own library's vectors, or is refused by name."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from stackroom.embedding.preparing.encoders import write_encoders
from stackroom.embedding.preparing.trial import PARITY, Choice, least_cosine
from stackroom.embedding.processor import Precision, precisions
from stackroom.embedding.running.prepared import is_static
from zoo import write_model

# One of each kind; python -m bench.zoo tries all of them. In two halves, for two processes.
_HALVES = (
    (
        "without a stated limit",
        "ALBERT",
        "Qwen3, left",
        "ModernBERT, mean",
        "static",
        "cut short",
    ),
    ("EmbeddingGemma", "T5", "DeBERTa", "Llama, right", "Router, static queries", "with a dense layer"),
)


@pytest.mark.proved_once
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("names", _HALVES, ids=["some", "others"])
def test_every_kind_gives_its_own_library_s_vectors(names: Sequence[str], tmp_path: Path) -> None:
    import torch
    from transformers.utils import logging as told

    from stackroom.embedding.running.sentence_transformer import describe, load_model

    torch.set_num_threads(1)
    told.set_verbosity_error()  # type: ignore[no-untyped-call]
    found: dict[str, list[Path]] = {}

    def judge(folder: Path, _: Sequence[Precision]) -> Choice:
        # In this process, which has loaded torch already: a process for each would take two minutes.
        found[name].append(folder)
        return Choice("fp32", ())

    for name in names:
        found[name] = []
        model = load_model(write_model(tmp_path / name, name)).eval()
        card, tokenizer = describe(model, "digest")
        target = tmp_path / f"{name} prepared"
        target.mkdir()
        (target / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
        write_encoders(model, card, target, judge)
        for folder in set(found[name]):
            tried: Sequence[Precision] = ["fp32"] if is_static(folder) else precisions(queries=False)
            for precision in tried:
                assert least_cosine(folder, precision) >= PARITY[precision], (name, precision)
