"""Small models of random weights, one of each architecture that people name, as their library saves them.

They are made here, from transformers' own classes; that takes seconds and no network. Their weights are
larger than transformers draws them, so that a mask that is wrong shows in the vectors.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from sentences import SENTENCES

_WORDS = 500
_BERT_SIGNS = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}
_SIGNS = {f"{name}_token": f"<{name}>" for name in ("pad", "unk", "mask")}
_SIGNS |= {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


class Size(NamedTuple):
    """How large a model is: numbers in a vector, layers, heads, and most tokens of a text."""

    width: int = 64
    layers: int = 2
    heads: int = 4
    limit: int = 64


SMALL = Size()
"""As in the tests."""


class Specimen(NamedTuple):
    """How a transformer of the zoo is made.

    Attributes:
        architecture: the beginning of its classes' names in transformers.
        tokenizer: one of the functions below.
        settings: of its configuration, beside the usual ones.
        pooling: as sentence-transformers names it; empty for a checkpoint without.
        pads_left: whether shorter texts of a batch are filled up on the left.
    """

    architecture: str
    tokenizer: Callable[[], Any]
    settings: Mapping[str, Any] = {}
    pooling: str = "mean"
    pads_left: bool = False


@cache
def wordpiece() -> Any:
    """A tokenizer such as BERT's."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = list(_BERT_SIGNS.values())
    trainer = trainers.WordPieceTrainer(vocab_size=_WORDS, special_tokens=special, show_progress=False)
    return _trained(tokenizer, trainer, "[CLS] $A [SEP]", _BERT_SIGNS)


@cache
def sentencepiece() -> Any:
    """A tokenizer such as XLM-R's and Gemma's."""
    return _sentencepiece("<s> $A </s>")


@cache
def sentencepiece_ended() -> Any:
    """A tokenizer such as T5's: nothing stands before a text."""
    return _sentencepiece("$A </s>")


def _sentencepiece(template: str) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=_WORDS,
        special_tokens=_SPECIAL,
        unk_token="<unk>",  # noqa: S106
        show_progress=False,
    )
    return _trained(tokenizer, trainer, template, _SIGNS)


@cache
def byte_pairs() -> Any:
    """A tokenizer such as RoBERTa's, ModernBERT's and Llama's."""
    return _byte_pairs("<s> $A </s>")


@cache
def byte_pairs_ended() -> Any:
    """A tokenizer such as Qwen's: nothing stands before a text."""
    return _byte_pairs("$A </s>")


def _byte_pairs(template: str) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=_WORDS,
        special_tokens=_SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    return _trained(tokenizer, trainer, template, _SIGNS)


def _trained(tokenizer: Any, trainer: Any, template: str, signs: Mapping[str, str]) -> Any:
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    tokenizer.train_from_iterator(SENTENCES, trainer)
    used = [sign for sign in set(signs.values()) if sign in template]
    tokenizer.post_processor = TemplateProcessing(
        single=template, special_tokens=[(sign, tokenizer.token_to_id(sign)) for sign in used]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, **signs
    )


def specimens(size: Size = SMALL) -> Mapping[str, Specimen]:
    """The transformers of the zoo, by the names that docs/models.md gives them."""
    width, layers, heads, limit = size
    each = width // heads
    grouped = {"num_key_value_heads": heads // 2}
    t5 = {"d_model": width, "d_kv": each, "d_ff": 2 * width, "num_layers": layers, "num_heads": heads}
    gemma = {"num_key_value_heads": 1, "head_dim": each, "sliding_window": 16}
    modern = {"num_hidden_layers": layers + 1, "local_attention": 16, "global_attn_every_n_layers": 3}

    return {
        "XLM-R": Specimen("XLMRoberta", sentencepiece),
        "MPNet": Specimen("MPNet", sentencepiece),
        "BERT, CLS": Specimen("Bert", wordpiece, pooling="cls"),
        "ALBERT": Specimen("Albert", sentencepiece, {"embedding_size": width // 2}),
        "DeBERTa": Specimen(
            "DebertaV2",
            sentencepiece,
            {
                "relative_attention": True,
                "pos_att_type": ["p2c", "c2p"],
                "position_buckets": 32,
                "norm_rel_ebd": "layer_norm",
                "share_att_key": True,
            },
        ),
        "T5": Specimen("T5Encoder", sentencepiece_ended, t5),
        "DistilBERT, max": Specimen(
            "DistilBert",
            wordpiece,
            {"dim": width, "n_layers": layers, "n_heads": heads, "hidden_dim": 2 * width},
            "max",
        ),
        "Qwen3, left": Specimen("Qwen3", byte_pairs_ended, {**grouped, "head_dim": each}, "lasttoken", True),
        "Qwen3, right": Specimen("Qwen3", byte_pairs_ended, {**grouped, "head_dim": each}, "lasttoken"),
        "Llama, left": Specimen("Llama", byte_pairs, grouped, "lasttoken", True),
        "Llama, right": Specimen("Llama", byte_pairs, grouped, "lasttoken"),
        "Mistral": Specimen("Mistral", byte_pairs, {**grouped, "sliding_window": 16}, "lasttoken"),
        "ModernBERT, CLS": Specimen("ModernBert", byte_pairs, modern, "cls"),
        "ModernBERT, mean": Specimen("ModernBert", byte_pairs, modern),
        "EmbeddingGemma": Specimen(
            "Gemma3Text",
            sentencepiece,
            {**gemma, "num_hidden_layers": layers + 1, "use_bidirectional_attention": True},
        ),
        "Gemma 3, causal": Specimen("Gemma3Text", sentencepiece, gemma, "lasttoken"),
        "GPT-2, weighted mean": Specimen(
            "GPT2",
            byte_pairs,
            {"n_embd": width, "n_layer": layers, "n_head": heads, "n_positions": limit},
            "weightedmean",
        ),
        "RoBERTa": Specimen("Roberta", byte_pairs),
        "ELECTRA": Specimen("Electra", wordpiece, {"embedding_size": width // 2}, "cls"),
        "GTE": Specimen("Gte", wordpiece, pooling="cls"),
        "Nomic": Specimen("NomicBert", wordpiece),
        "EuroBERT": Specimen("EuroBert", byte_pairs),
        "Jina 3": Specimen("JinaEmbeddingsV3", sentencepiece),
        "CamemBERT": Specimen("Camembert", sentencepiece),
        "mT5": Specimen("MT5Encoder", sentencepiece_ended, t5),
        "Gemma 2": Specimen("Gemma2", sentencepiece, gemma, "lasttoken"),
        "Qwen2": Specimen("Qwen2", byte_pairs_ended, grouped, "lasttoken", True),
        "Phi-3": Specimen("Phi3", byte_pairs, grouped, "lasttoken"),
        "OLMo 2": Specimen("Olmo2", byte_pairs, {}, "lasttoken"),
        "GPT-NeoX": Specimen("GPTNeoX", byte_pairs, {}, "weightedmean"),
        "BLOOM": Specimen("Bloom", byte_pairs, {"n_layer": layers, "n_head": heads}, "weightedmean"),
        "LFM2": Specimen("Lfm2", byte_pairs, grouped, "lasttoken"),
        "MobileBERT": Specimen(
            "MobileBert",
            wordpiece,
            {
                "embedding_size": width // 2,
                "intra_bottleneck_size": width // 2,
                "true_hidden_size": width // 2,
            },
        ),
        "BigBird": Specimen("BigBird", sentencepiece, {"attention_type": "original_full"}),
        "Longformer": Specimen("Longformer", byte_pairs, {"attention_window": 16}),
        "DeBERTa, first": Specimen(
            "Deberta", byte_pairs, {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}
        ),
        "BERT without pooling": Specimen("Bert", wordpiece, pooling=""),
        "Llama without pooling": Specimen("Llama", byte_pairs, grouped, ""),
    }


def write_transformer(
    folder: Path, specimen: Specimen, size: Size = SMALL, suffix: str = "Model", **more: Any
) -> Path:
    """Writes a specimen as transformers saves it: random weights of its architecture, and a tokenizer."""
    import torch
    import transformers

    torch.manual_seed(1)
    tokenizer = specimen.tokenizer()
    settings = {
        "vocab_size": len(tokenizer),
        "hidden_size": size.width,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": 2 * size.width,
        "max_position_embeddings": size.limit + 2,
        "initializer_range": size.width**-0.5,
        **{
            f"{name}_token_id": getattr(tokenizer, f"{name}_token_id")
            for name in ("pad", "bos", "eos", "cls", "sep")
        },
        **specimen.settings,
        **more,
    }
    named = specimen.architecture.removesuffix("Encoder")
    config = getattr(transformers, f"{named}Config")(**settings)
    getattr(transformers, f"{specimen.architecture}{suffix}")(config).save_pretrained(folder)
    tokenizer.model_max_length = size.limit
    tokenizer.padding_side = "left" if specimen.pads_left else "right"
    tokenizer.save_pretrained(folder)
    return folder


def write_model(folder: Path, name: str, size: Size = SMALL) -> Path:
    """Writes one of the specimens or of OTHERS into a folder as its library saves it. Returns the folder."""
    specimen = specimens(size).get(name)
    if specimen is None:
        OTHERS[name](folder, size)
    elif specimen.pooling:
        _save(folder, _encoder(folder, name, size))
    else:
        suffix = "ForCausalLM" if specimen.architecture == "Llama" else "Model"
        write_transformer(folder, specimen, size, suffix)
    return folder


def _encoder(folder: Path, name: str, size: Size) -> list[Any]:
    """The modules of a specimen, whose transformer is written beside `folder`."""
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    written = write_transformer(folder.with_name(f"{folder.name} {name}"), specimens(size)[name], size)
    first = Transformer(str(written))
    return [first, Pooling(first.get_embedding_dimension(), specimens(size)[name].pooling)]


def _save(folder: Path, modules: Sequence[Any], **settings: Any) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(modules=list(modules), device="cpu", **settings)
    model.save(str(folder), create_model_card=False)


def _static(size: Size) -> Any:
    import torch
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    torch.manual_seed(2)
    return StaticEmbedding(wordpiece(), embedding_dim=size.width)


def _with_prompts(folder: Path, size: Size) -> None:
    prompts = {"query": "search_query: ", "document": "search_document: "}
    _save(folder, _encoder(folder, "Nomic", size), prompts=prompts)


def _router(folder: Path, size: Size, *queries: Any) -> None:
    from sentence_transformers.sentence_transformer.modules import Router

    _save(folder, [Router.for_query_document(list(queries), _encoder(folder, "BERT, CLS", size))])


def _with_dense(folder: Path, size: Size) -> None:
    import torch
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize

    dense = Dense(size.width, 48, activation_function=torch.nn.Identity())
    _save(folder, [*_encoder(folder, "XLM-R", size), dense, Normalize()])


def _with_layer_norm(folder: Path, size: Size) -> None:
    from sentence_transformers.sentence_transformer.modules import LayerNorm

    _save(folder, [*_encoder(folder, "Nomic", size), LayerNorm(size.width)])


def _without_prompt_in_mean(folder: Path, size: Size) -> None:
    first, pooling = _encoder(folder, "T5", size)
    pooling.include_prompt = False
    _save(folder, [first, pooling], prompts={"query": "Represent the question: "})


def _without_limit(folder: Path, size: Size) -> None:
    first, pooling = _encoder(folder, "RoBERTa", size)
    first.tokenizer.model_max_length = 10**30  # what transformers takes for none
    _save(folder, [first, pooling])


def _model2vec(folder: Path, size: Size) -> None:
    from safetensors.torch import save_file

    static = _static(size)
    folder.mkdir(parents=True)
    save_file({"embeddings": static.embedding.weight.detach()}, folder / "model.safetensors")
    static.tokenizer.save(str(folder / "tokenizer.json"))
    config = {"model_type": "model2vec", "architectures": ["StaticModel"], "normalize": True}
    (folder / "config.json").write_text(json.dumps(config))


def _sparse(folder: Path, size: Size) -> None:
    from sentence_transformers import SparseEncoder
    from sentence_transformers.sparse_encoder.modules import MLMTransformer, SpladePooling

    written = write_transformer(
        folder.with_name(f"{folder.name} parts"), specimens(size)["BERT, CLS"], size, "ForMaskedLM"
    )
    modules: list[Any] = [MLMTransformer(str(written)), SpladePooling("max")]
    SparseEncoder(modules=modules, device="cpu").save(str(folder), create_model_card=False)


def _cross(folder: Path, size: Size) -> None:
    from sentence_transformers import CrossEncoder

    written = write_transformer(
        folder.with_name(f"{folder.name} parts"),
        specimens(size)["BERT, CLS"],
        size,
        "ForSequenceClassification",
        num_labels=1,
    )
    CrossEncoder(str(written), device="cpu").save_pretrained(str(folder), create_model_card=False)


OTHERS: Mapping[str, Callable[[Path, Size], None]] = {
    "cut short": lambda folder, size: _save(folder, _encoder(folder, "MPNet", size), truncate_dim=32),
    "with prompts": _with_prompts,
    "static": lambda folder, size: _save(folder, [_static(size)]),
    "model2vec": _model2vec,
    "Router": lambda folder, size: _router(folder, size, *_encoder(folder, "DistilBERT, max", size)),
    "Router, static queries": lambda folder, size: _router(folder, size, _static(size)),
    "with a dense layer": _with_dense,
    "with a layer norm": _with_layer_norm,
    "without a stated limit": _without_limit,
    "prompt left out of the mean": _without_prompt_in_mean,
}
"""Models of several parts, by the names that docs/models.md gives them."""

REFUSED: Mapping[str, Callable[[Path, Size], None]] = {"SparseEncoder": _sparse, "CrossEncoder": _cross}
"""Models that are no embedding models."""
