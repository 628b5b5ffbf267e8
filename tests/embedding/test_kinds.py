"""Models of other kinds are refused by name before anything is loaded; doubtful ones are told of."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from shelf import Shelf
from stackroom.cli.main import main
from stackroom.common.errors import ModelDamaged
from stackroom.embedding.model_card import BUNDLED_CARD, TOKENIZER
from stackroom.embedding.model_files import ModelFiles, bundled_folder, find_model
from stackroom.embedding.models import Models
from stackroom.embedding.preparing import conversion
from stackroom.embedding.preparing.kinds import doubt, refuse_other_kinds


def _folder(folder: Path, modules: list[str] | None, config: object, kind: str = "") -> Path:
    """As a model's library leaves it, without its weights."""
    if modules is not None:
        found = [
            {"idx": place, "name": str(place), "path": "", "type": name} for place, name in enumerate(modules)
        ]
        (folder / "modules.json").write_text(json.dumps(found))
    (folder / "config.json").write_text(json.dumps(config))
    if kind:
        (folder / "config_sentence_transformers.json").write_text(json.dumps({"model_type": kind}))
    return folder


_LIBRARY = "sentence_transformers"
_TRANSFORMER = f"{_LIBRARY}.models.Transformer"


@pytest.mark.parametrize(
    ("modules", "config", "kind", "what"),
    [
        ([_TRANSFORMER], {}, "SparseEncoder", "a sparse encoder"),
        ([f"{_LIBRARY}.sparse_encoder.modules.MLMTransformer"], {}, "", "a sparse encoder"),
        ([_TRANSFORMER, f"{_LIBRARY}.sparse_encoder.models.SpladePooling"], {}, "", "a sparse encoder"),
        ([_TRANSFORMER], {}, "CrossEncoder", "a cross-encoder.*STACKROOM_RERANKER"),
        (None, {"architectures": ["BertForSequenceClassification"]}, "", "a cross-encoder"),
        ([_TRANSFORMER], {}, "MultiVectorEncoder", "late-interaction"),
        ([_TRANSFORMER, "pylate.models.Dense.Dense"], {}, "", "late-interaction"),
        (None, {"architectures": ["HF_ColBERT"]}, "", "late-interaction"),
    ],
)
def test_other_kinds_are_refused(
    tmp_path: Path, modules: list[str] | None, config: object, kind: str, what: str
) -> None:
    folder = _folder(tmp_path, modules, config, kind)
    with pytest.raises(ModelDamaged, match=f"{what}.*|Set STACKROOM_MODEL to an embedding model"):
        refuse_other_kinds(folder)
    with pytest.raises(ModelDamaged, match=what):
        conversion.prepare(ModelFiles("it", folder, "digest"), tmp_path / "prepared", ["nothing is started"])


@pytest.mark.parametrize(
    ("modules", "config"),
    [
        ([_TRANSFORMER, f"{_LIBRARY}.models.Pooling"], {"architectures": ["BertForSequenceClassification"]}),
        ([f"{_LIBRARY}.models.StaticEmbedding"], []),
        (None, {"architectures": ["BertModel"]}),
        (None, {"architectures": ["LlamaForCausalLM"]}),
        (None, {"architectures": None}),
    ],
)
def test_embedding_models_are_not(tmp_path: Path, modules: list[str] | None, config: object) -> None:
    refuse_other_kinds(_folder(tmp_path, modules, config, "SentenceTransformer"))


def test_a_checkpoint_without_pooling_is_doubted(tmp_path: Path) -> None:
    assert doubt(bundled_folder()) == ""
    assert "the mean of its tokens' is taken" in doubt(
        _folder(tmp_path, None, {"architectures": ["BertModel"]})
    )
    assert "its last token" in doubt(_folder(tmp_path, None, {"architectures": ["LlamaForCausalLM"]}))
    assert doubt(_folder(tmp_path, None, {"model_type": "model2vec"})) == ""
    (tmp_path / "modules.json").write_text("{")  # sentence-transformers says what is wrong with it
    refuse_other_kinds(tmp_path)


def test_status_repeats_the_doubt(shelf: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    shelf.add(1, "Otters sleep.\n")
    data = shelf.path.parents[1]
    digest = shelf.embedder.fingerprint.digest
    home = data / "models" / digest[:16]
    home.mkdir(parents=True)
    replace(BUNDLED_CARD, digest=digest, warning="it lacks legs").write(home)
    assert main(["--data", str(data), "status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model_warning"] == "it lacks legs"
    assert main(["--data", str(data), "status"]) == 0
    assert "\n            it lacks legs\n" in capsys.readouterr().out


def test_whoever_indexes_with_a_doubtful_model_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    _folder(folder, None, {"architectures": ["BertModel"]})
    home = tmp_path / "models" / find_model(str(folder)).digest[:16]
    home.mkdir(parents=True)
    shutil.copy(bundled_folder() / TOKENIZER, home)
    replace(BUNDLED_CARD, warning=doubt(folder)).write(home)
    # A conversion that failed in this process leaves the level of all loggers at ERROR (OpenVINO).
    with caplog.at_level(logging.WARNING, "stackroom.embedding.models"):
        Models(tmp_path / "models").tokenizer(str(folder))
    assert "it lacks sentence-transformers' files" in caplog.text
