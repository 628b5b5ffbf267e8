"""Small cross-encoders: random ones of several architectures, and one that has learnt a rule in a second."""

from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

from zoo import SMALL

ANSWERS = {"red": "apple", "blue": "river", "green": "meadow", "black": "stone"}
"""The rule that `write_trained` learns: which word of a passage answers which word of a query."""


def write_random(folder: Path, architecture: str, tokenizer: Any, pair: str, **config: Any) -> Path:
    """A cross-encoder of random weights, as transformers saves it: large ones, so that scores differ.

    Args:
        folder: for its files.
        architecture: the beginning of its classes' names in transformers.
        tokenizer: of the zoo.
        pair: how it puts two texts together.
        config: of the architecture, beside the usual.
    """
    import torch
    from tokenizers.processors import TemplateProcessing

    transformers: Any = import_module("transformers")  # its classes lack types
    tokenizer = deepcopy(tokenizer)
    tokenizer.model_max_length = SMALL.limit
    signs = {sign: tokenizer.convert_tokens_to_ids(sign) for sign in tokenizer.all_special_tokens}
    used = [(sign, id_) for sign, id_ in signs.items() if sign in pair]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing("$A", pair, used)
    torch.manual_seed(1)
    settings = {
        "vocab_size": len(tokenizer),
        "hidden_size": SMALL.width,
        "num_hidden_layers": SMALL.layers,
        "num_attention_heads": SMALL.heads,
        "intermediate_size": 2 * SMALL.width,
        "max_position_embeddings": SMALL.limit + 2,
        "initializer_range": 2 * SMALL.width**-0.5,
        "pad_token_id": tokenizer.pad_token_id,
        "cls_token_id": tokenizer.cls_token_id,
        "sep_token_id": tokenizer.sep_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "num_labels": 1,
    } | config
    made = getattr(transformers, f"{architecture}Config")(**settings)
    getattr(transformers, f"{architecture}ForSequenceClassification")(made).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def with_prompt(folder: Path, prompt: str) -> Path:
    """The cross-encoder in a folder as sentence-transformers saves it, with a prompt before each query."""
    from sentence_transformers import CrossEncoder

    saved = folder.with_name(f"{folder.name}-with-prompt")
    model = CrossEncoder(str(folder), device="cpu", prompts={"ask": prompt}, default_prompt_name="ask")
    model.save_pretrained(str(saved))
    return saved


def passage(word: str) -> str:
    """A passage that differs from others of its kind in one word."""
    return f"here is the {word} which is there"


def write_trained(folder: Path) -> Path:
    """A cross-encoder that has learnt `ANSWERS`, as sentence-transformers saves it."""
    import torch
    from sentence_transformers import CrossEncoder

    written = folder.with_name(f"{folder.name}-untrained")
    torch.set_num_threads(1)
    for seed in range(8):  # a small model may stay where it began
        torch.manual_seed(seed)
        _write_untrained(written)
        model = CrossEncoder(str(written), device="cpu", local_files_only=True)
        if _train(model) < 0.05:
            model.save_pretrained(str(folder))
            return folder
    raise AssertionError("no seed has learnt the rule")


def _write_untrained(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from tokenizers.processors import TemplateProcessing

    transformers: Any = import_module("transformers")  # its classes lack types
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *ANSWERS, *ANSWERS.values(), *passage("which").split()]
    vocabulary = {word: id_ for id_, word in enumerate(dict.fromkeys(words))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
    ).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=1,
        initializer_range=0.3,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)


def _train(model: Any) -> float:
    """Teaches the model the rule. Returns the loss at the end."""
    import torch

    right = list(ANSWERS.items())
    wrong = [(query, word) for query in ANSWERS for word in ANSWERS.values() if ANSWERS[query] != word]
    batch = model.preprocess([(f"which {query}", passage(word)) for query, word in 3 * right + wrong])
    truth = torch.tensor([1.0] * (3 * len(right)) + [0.0] * len(wrong))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    loss = torch.tensor(1.0)
    for _ in range(200):
        scores = model(dict(batch))["scores"].reshape(-1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, truth)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return float(loss.detach())
