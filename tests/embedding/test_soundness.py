"""Models that their own library loads, although they can't mean anything, are refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cross_encoders import write_random
from sentences import SENTENCES
from stackroom.common.errors import ModelDamaged
from stackroom.embedding.preparing import conversion
from stackroom.embedding.preparing.soundness import refuse_unsound
from stackroom.embedding.reranking import pair_conversion
from stackroom.embedding.running.sentence_transformer import SentenceTransformerEmbedder, describe, load_model
from zoo import wordpiece, write_model

# They load torch, and nothing but the code of embedding takes part.
pytestmark = [pytest.mark.proved_once, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("whole") / "model", "BERT, CLS")


def _weights(folder: Path, change: Callable[[str], float | None]) -> None:
    """Multiplies each table of a model by what `change` gives for its name; None removes it."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    tables = {name: table * factor for name, table in load_file(path).items() if (factor := change(name))}
    save_file(tables, path, {"format": "pt"})


def _no_tokenizer(folder: Path) -> None:
    for path in folder.glob("token*"):
        path.unlink()


def _set(folder: Path, name: str, **settings: object) -> None:
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


_BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no tokenizer": (_no_tokenizer, "knows no word.*missing or empty"),
    "a layer is missing": (
        lambda folder: _weights(folder, lambda name: None if "layer.1." in name else 1),
        "lacks weights .*16 tables, such as encoder.layer.1",
    ),
    "NaN": (
        lambda folder: _weights(folder, lambda name: float("nan") if "layer.1." in name else 1),
        r"no numbers \(NaN\)",
    ),
    "no room": (
        lambda folder: _set(folder, "sentence_bert_config.json", max_seq_length=2),
        "reads 2 tokens of a text",
    ),
    "no limit that is a number": (
        lambda folder: _set(folder, "sentence_bert_config.json", max_seq_length="many"),
        "cannot load the model.*'many'.*download it again",
    ),
    "half of the weights": (
        lambda folder: (folder / "model.safetensors").write_bytes(
            (folder / "model.safetensors").read_bytes()[:9999]
        ),
        "cannot load the model.*download it again",
    ),
    "no pooling": (lambda folder: shutil.rmtree(folder / "1_Pooling"), "cannot load the model.*Pooling"),
    "a list of modules that is none": (
        lambda folder: (folder / "modules.json").write_text('{"a": 1}'),
        "cannot load the model.*TypeError",
    ),
}


@pytest.mark.parametrize(("damage", "message"), _BROKEN.values(), ids=_BROKEN)
def test_what_is_not_whole(
    whole: Path, tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(whole, folder)
    damage(folder)
    with pytest.raises(ModelDamaged, match=message) as refused:
        conversion.convert(folder, "digest", tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["BERT, CLS", "Llama, right"])
def test_a_tokenizer_without_a_token_to_pad_with(tmp_path: Path, name: str) -> None:
    folder = write_model(tmp_path / "model", name)
    its = folder / "tokenizer_config.json"
    settings = json.loads(its.read_text())
    found = []
    for _ in range(2):
        model = load_model(folder)
        card, _ = describe(model, "digest")
        embedder = SentenceTransformerEmbedder(model, "", card)
        refuse_unsound(model, embedder, folder)
        found.append(embedder.embed_passages(["x", *SENTENCES]))
        its.write_text(json.dumps({key: of for key, of in settings.items() if key != "pad_token"}))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


def test_a_reranker_whose_head_would_be_random(tmp_path: Path) -> None:
    folder = write_random(tmp_path / "model", "Bert", wordpiece(), "[CLS] $A [SEP] $B:1 [SEP]:1")
    _weights(folder, lambda name: None if "classifier" in name else 1)
    with pytest.raises(ModelDamaged, match=r"lacks weights .*such as classifier"):
        pair_conversion.convert(folder, "digest", tmp_path)
    _no_tokenizer(folder)
    with pytest.raises(ModelDamaged, match="knows no word"):
        pair_conversion.convert(folder, "digest", tmp_path)
