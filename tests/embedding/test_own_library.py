"""Models that can't be compiled are run by their own library, and give its vectors."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bundled import BUNDLED, OwnVectors, least_cosine
from sentences import PASSAGES, QUERIES
from stackroom.common.errors import ModelDamaged, ModelMismatch
from stackroom.embedding.embedder import Embedder
from stackroom.embedding.model_card import BUNDLED_CARD, CARD, TOKENIZER
from stackroom.embedding.model_files import (
    BUNDLED_DIGEST,
    bundled_folder,
    find_model,
)
from stackroom.embedding.models import Models
from stackroom.embedding.preparing import conversion
from stackroom.embedding.preparing.failures import versions
from stackroom.embedding.running.sentence_transformer import SentenceTransformerEmbedder, describe, load_model

# It loads torch, and nothing but the code of embedding takes part.
pytestmark = pytest.mark.proved_once


def test_a_model_that_can_t_be_compiled_is_run_by_its_own_library(
    prepared_models: Path, tmp_path: Path, own_vectors: OwnVectors
) -> None:
    home = tmp_path / BUNDLED_DIGEST[:16]
    home.mkdir()
    shutil.copy(prepared_models / home.name / TOKENIZER, home)
    replace(BUNDLED_CARD, problem="it wants legs", versions=versions()).write(home)
    models = Models(tmp_path)
    embedder = models.load(BUNDLED)
    assert embedder.runtime == "sentence-transformers fp32"
    assert embedder.fingerprint == BUNDLED
    passages, queries = own_vectors(PASSAGES, QUERIES)
    assert least_cosine(embedder.embed_queries(QUERIES[:5]), queries[:5]) > 0.99999
    assert least_cosine(embedder.embed_passages(PASSAGES[:5]), passages[:5]) > 0.99999
    assert embedder.embed_passages([]).shape == (0, BUNDLED.dimensions)
    expected = "run by sentence-transformers, because it could not be compiled: it wants legs"
    assert models.runtime(BUNDLED_DIGEST) == expected


def _write_small_model(folder: Path) -> None:
    """A model of two small layers, not trained, that leaves its prompts out of the mean."""
    import torch
    from transformers import BertConfig, BertModel

    shutil.copytree(bundled_folder(), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder)
    pooling = folder / "1_Pooling" / "config.json"
    settings = {"word_embedding_dimension": 32, "include_prompt": False}
    pooling.write_text(json.dumps(json.loads(pooling.read_text()) | settings))
    prompts = {"query": "what is asked: ", "passage": "what is written: "}
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))


def _load_and_compare(folder: Path, models: Models) -> tuple[Embedder, float]:
    name = str(folder)
    tokenizer = models.tokenizer(name)
    assert tokenizer.fingerprint.dimensions == 32
    assert tokenizer.fingerprint.passage_tokens == BUNDLED.passage_tokens - 4  # what the prompt takes
    embedder = models.load(tokenizer.fingerprint)
    assert embedder.fingerprint == tokenizer.fingerprint
    model = load_model(folder)
    card, _ = describe(model, tokenizer.fingerprint.digest)
    own = SentenceTransformerEmbedder(model, name, card)
    cosines = [
        least_cosine(embedder.embed_passages(PASSAGES), own.embed_passages(PASSAGES)),
        least_cosine(embedder.embed_queries(QUERIES), own.embed_queries(QUERIES)),
    ]
    return embedder, min(cosines)


@pytest.mark.filterwarnings("ignore")  # as in the process that usually converts
def test_one_that_leaves_its_prompts_out_of_the_mean_is_not_compiled(tmp_path: Path) -> None:
    _write_small_model(tmp_path / "model")
    digest = find_model(str(tmp_path / "model")).digest
    home = tmp_path / "prepared" / digest[:16]
    home.mkdir(parents=True)
    conversion.convert(tmp_path / "model", digest, home)  # here, where torch is loaded already
    models = Models(tmp_path / "prepared")
    embedder, cosine = _load_and_compare(tmp_path / "model", models)
    assert embedder.runtime == "sentence-transformers fp32"
    assert cosine > 0.99999
    assert "its pooling leaves out the prompt" in models.runtime(embedder.fingerprint.digest)
    assert sorted(path.name for path in home.iterdir()) == [CARD, TOKENIZER]
    # Its own files are needed, and have to be the same.
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text() + "\n")
    (home / CARD).unlink()
    with pytest.raises(ModelMismatch, match="have changed"):
        models.load(embedder.fingerprint)


class Crash(BaseException):
    """Nobody can go on after it, as after the end of a process."""


@pytest.mark.filterwarnings("ignore")
def test_what_is_known_before_compiling_outlives_a_crash(tmp_path: Path) -> None:
    def crash(*_: object) -> None:
        raise Crash

    _write_small_model(tmp_path / "model")
    digest = find_model(str(tmp_path / "model")).digest
    home = tmp_path / "prepared" / digest[:16]
    home.mkdir(parents=True)
    with pytest.raises(Crash):
        conversion.convert(tmp_path / "model", digest, home, write=crash)
    models = Models(tmp_path / "prepared")
    embedder, cosine = _load_and_compare(tmp_path / "model", models)
    assert embedder.runtime == "sentence-transformers fp32"
    assert cosine > 0.99999


def test_files_that_are_no_model_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelDamaged, match="cannot load the model"):
        load_model(tmp_path)
