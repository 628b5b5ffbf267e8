"""Small models of random weights, one of each architecture that people name, as their library saves them.

They are made here, from transformers' own classes; that takes seconds and no network. Weights are larger than
transformers draws them, so that a mask that is wrong shows in the vectors.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentences import PASSAGES, SENTENCES

WIDTH, LAYERS, HEADS, LIMIT = 64, 2, 4, 64
"""Numbers in a vector, layers, heads, and the most tokens of a text, of most of them."""

_WORDS = 500
_BERT_SIGNS = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}
_SIGNS = {f"{name}_token": f"<{name}>" for name in ("pad", "unk", "mask")}
_SIGNS |= {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}


def wordpiece() -> Any:
    """A tokenizer such as BERT's."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=_WORDS, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(_texts(), trainer)
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        **_BERT_SIGNS,
        model_max_length=LIMIT,
    )


def sentencepiece(*, begins: bool = True) -> Any:
    """A tokenizer such as XLM-R's, T5's and Gemma's."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=_WORDS,
        special_tokens=special,
        unk_token="<unk>",  # noqa: S106
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>" if begins else "$A </s>",
        pair="<s> $A </s> </s> $B </s>" if begins else "$A </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        **_SIGNS,
        model_max_length=LIMIT,
    )


def bytes_of_words(*, ends: bool = False, padding_side: str = "right") -> Any:
    """A tokenizer such as RoBERTa's, ModernBERT's and the decoders'."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_WORDS,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    tokenizer.post_processor = TemplateProcessing(
        single="$A </s>" if ends else "<s> $A </s>",
        pair="$A $B </s>" if ends else "<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        **_SIGNS,
        model_max_length=LIMIT,
        padding_side=padding_side,
    )


def _texts() -> Iterator[str]:
    yield from SENTENCES
    yield from PASSAGES


def write_transformer(folder: Path, tokenizer: Any, architecture: str, **config: Any) -> Path:
    """A model as transformers saves it: random weights of one of its architectures, and a tokenizer."""
    import torch
    import transformers

    torch.manual_seed(1)
    settings = {
        "vocab_size": len(tokenizer),
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": 2 * WIDTH,
        "max_position_embeddings": LIMIT + 2,
        "initializer_range": WIDTH**-0.5,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    } | config
    made = getattr(transformers, f"{architecture}Config")(**settings)
    for name in (f"{architecture}Model", f"{architecture}EncoderModel"):
        if hasattr(transformers, name) and name != "T5Model":
            getattr(transformers, name)(made).save_pretrained(folder)
            break
    tokenizer.save_pretrained(folder)
    return folder


def write_model(folder: Path, transformer: Path, pooling: Any = "mean", *more: Any, **settings: Any) -> Path:
    """A model as sentence-transformers saves it: a transformer, its pooling, and more modules."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    first = Transformer(str(transformer))
    width = first.get_embedding_dimension()
    modules = [first, *([Pooling(width, pooling)] if pooling else []), *more]
    SentenceTransformer(modules=modules, device="cpu", **settings).save(str(folder), create_model_card=False)
    return folder
