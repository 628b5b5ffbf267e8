"""What several test files share."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stackroom.embedding.embedder import Embedder, Tokenizer
from stackroom.embedding.model_files import bundled_folder
from stackroom.embedding.models import Models

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of prepared models for the whole session: preparing one takes 20 seconds."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def bundled_tokenizer(models_folder: Path) -> Tokenizer:
    """The real default model's tokenizer; needs no prepared model."""
    return Models(models_folder).tokenizer("")


@pytest.fixture(scope="session")
def bundled_model(models_folder: Path, bundled_tokenizer: Tokenizer) -> Embedder:
    """The real default model, in the precision that every machine computes alike."""
    return Models(models_folder, "fp32").load(bundled_tokenizer.fingerprint)


@pytest.fixture(scope="session")
def prepared_models(models_folder: Path, bundled_model: Embedder) -> Path:
    """That folder, with the bundled model in it; not to be changed."""
    return models_folder


@pytest.fixture(scope="session")
def prepare_data(prepared_models: Path) -> Callable[[Path], Path]:
    """Puts the models that are prepared so far into a data folder, which it gives back.

    For commands that need a model but are not about preparing it.
    """

    def prepare(data: Path) -> Path:
        # Links: nobody writes into a prepared model's files.
        shutil.copytree(prepared_models, data / "models", copy_function=os.link)
        return data

    return prepare


@pytest.fixture(scope="session")
def model_with_prompts(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> Path:
    """The files of a model like the bundled one, but as if it had been trained with prompts; prepared."""
    folder = tmp_path_factory.mktemp("files") / "with prompts"
    shutil.copytree(bundled_folder(), folder)
    prompts = {"query": "query: ", "passage": "passage: "}
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    Models(models_folder).tokenizer(str(folder))
    return folder


@pytest.fixture(scope="session")
def real_pdfs() -> Path:
    """A folder of 52 real PDFs that this repository does not contain."""
    folder = SHARED / "pdfs" / "real"
    if not folder.is_dir():
        pytest.skip("the shared collection of real PDFs is not beside this checkout")
    return folder
