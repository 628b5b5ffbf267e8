"""Static models: a table of tokens, in numpy, without torch and without OpenVINO."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.model_card import BUNDLED_CARD, TOKENIZER
from stackroom.embedding.model_files import bundled_folder
from stackroom.embedding.running.static import TABLE, StaticModel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A prepared static model: the bundled one's tokenizer, and a table of random numbers."""
    described = json.loads((bundled_folder() / TOKENIZER).read_text(encoding="utf-8"))
    (tmp_path / TOKENIZER).write_text(json.dumps(described), encoding="utf-8")
    BUNDLED_CARD.write(tmp_path)
    np.save(tmp_path / TABLE, np.random.default_rng(1).standard_normal((30522, 16)).astype(np.float32))
    return tmp_path


def test_a_text_s_vector_is_the_mean_of_its_tokens_rows(folder: Path) -> None:
    model = StaticModel(folder)
    ids = model.tokenizer.encode("otters hold hands", add_special_tokens=False).ids
    expected = np.load(folder / TABLE)[ids].mean(axis=0)
    vectors = model.outputs(["otters hold hands", "hands hold otters", "", "otters " * 30_000])
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, 16)
    np.testing.assert_allclose(vectors[0], expected / np.linalg.norm(expected), atol=1e-5)
    np.testing.assert_allclose(vectors[1], vectors[0], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[3], model.outputs(["otters"])[0], atol=1e-4)
    assert model.outputs([]).shape == (0, 16)


def test_it_needs_neither_torch_nor_openvino(folder: Path) -> None:
    code = """
import sys
from pathlib import Path
from stackroom.embedding.running.prepared import Opening
print(*Opening(Path(sys.argv[1]), "fp32", 2).open().outputs(["otters"]).shape)
assert not {"torch", "transformers", "sentence_transformers", "openvino"} & sys.modules.keys()
"""
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "1 16\n"), done.stderr


def test_a_damaged_table_is_named(folder: Path) -> None:
    (folder / TABLE).write_bytes(b"otters")
    with pytest.raises(ModelDamaged, match="Delete that folder"):
        StaticModel(folder)
