"""Prepares the two models whose files are known to the byte, the bundled and the multilingual one.

Both are BERT encoders, so that neither torch nor sentence-transformers has to be there. What that library
would say of them is written down: their cards here, and in a file for each the vectors that it gives of some
texts. `encoders.write_encoders` has made these files; tests/embedding/test_known.py holds them against it.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer as RustTokenizer

from stackroom.embedding.model_card import BUNDLED_CARD, TOKENIZER, ModelCard
from stackroom.embedding.multilingual.data_file import DataFile
from stackroom.embedding.multilingual.model_folder import tokenizer_of, weights_of
from stackroom.embedding.multilingual.package import DATA_FILE, MULTILINGUAL_DIGEST
from stackroom.embedding.preparing.bert import INPUTS, Bert, write_bert
from stackroom.embedding.preparing.trial import SAMPLES, choose
from stackroom.embedding.processor import precisions
from stackroom.embedding.prompts import Prompts, has_same_files

MULTILINGUAL_CARD = ModelCard(
    MULTILINGUAL_DIGEST,
    dimensions=384,
    most_tokens=512,
    passage_tokens=510,
    pad_token=1,
    unrelated_cosine=0.775,  # with its own prompts
)


class Known(NamedTuple):
    """A known model.

    Attributes:
        card: without prompts.
        read: gives the encoder and the tokenizer that the folder of its files holds.
        samples: the file of its vectors, as `trial.write_samples` has it.
    """

    card: ModelCard
    read: Callable[[Path], tuple[Bert, RustTokenizer]]
    samples: Path


def known_model(digest: str) -> Known | None:
    """The known model with these files, whatever the prompts; None if they are of another."""
    return next((one for one in _all() if has_same_files(digest, one.card.digest)), None)


def describe_known(known: Known, tokenizer: RustTokenizer, digest: str, prompts: Prompts) -> ModelCard:
    """The card of a known model with prompts, which the digest includes."""
    tokens = len(tokenizer.encode(prompts.passage).ids)
    card = replace(known.card, digest=digest, passage_tokens=known.card.most_tokens - tokens)
    return card.with_prompts(prompts)


def write_known(known: Known, bert: Bert, card: ModelCard, target: Path) -> None:
    """Fills a folder with a known model's encoder, and has it tried: `trial.choose` keeps what it finds.

    Args:
        known: the model.
        bert: its encoder.
        card: of the model; it is written anew.
        target: a folder that holds its tokenizer.
    """
    shutil.copyfile(known.samples, target / SAMPLES)
    write_bert(bert, target)
    replace(card, inputs=INPUTS).write(target)
    for queries in (False, True):
        choose(target, precisions(queries=queries))


def _all() -> tuple[Known, Known]:
    samples = Path(__file__).parent
    return (
        Known(BUNDLED_CARD, _bundled, samples / "bundled.npz"),
        Known(MULTILINGUAL_CARD, _multilingual, samples / "multilingual.npz"),
    )


def _bundled(folder: Path) -> tuple[Bert, RustTokenizer]:
    from safetensors.numpy import load_file

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    bert = Bert(
        load_file(folder / "model.safetensors"),
        config["num_hidden_layers"],
        config["num_attention_heads"],
        config["layer_norm_eps"],
    )
    tokenizer = RustTokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return bert, tokenizer


def _multilingual(folder: Path) -> tuple[Bert, RustTokenizer]:
    data = DataFile.read(folder / DATA_FILE)
    sizes = data.sizes
    words = data.packed("emb.word", sizes.hidden)
    bert = Bert(dict(weights_of(data)), sizes.layers, sizes.heads, sizes.epsilon, words)
    return bert, tokenizer_of(data)
