"""Vectors in 8 bits: what comes back is what went in, near enough."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stackroom.catalog.vector_codes import decode, encode, split_codes


def unit_vectors(count: int, dimensions: int, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((count, dimensions))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def cosines(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(ones, axis=1) * np.linalg.norm(others, axis=1)
    products = (ones.astype(np.float64) * others).sum(axis=1)
    return np.asarray(products / lengths, np.float64)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 64, 384, 1024, 4096])
def test_a_vector_comes_back(dimensions: int) -> None:
    vectors = unit_vectors(200, dimensions)
    codes = encode(vectors)
    assert {len(code) for code in codes} == {dimensions + 2}
    back = decode(codes, dimensions)
    assert back.dtype == np.float32
    assert back.shape == vectors.shape
    assert cosines(vectors, back).min() >= 0.9995
    np.testing.assert_allclose((vectors * back).sum(axis=1), 1, atol=0.0005)
    np.testing.assert_allclose(np.linalg.norm(back, axis=1), 1, atol=0.003)


@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 5, 384, 768]), st.floats(0, 8))
def test_so_does_one_whose_dimensions_differ_much(seed: int, dimensions: int, skew: float) -> None:
    chance = np.random.default_rng(seed)
    vectors = chance.standard_normal((4, dimensions)) * np.exp(skew * chance.standard_normal(dimensions))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    assert cosines(vectors, decode(encode(vectors), dimensions)).min() >= 0.998


def test_extreme_vectors_come_back() -> None:
    one_hot = np.eye(384, dtype=np.float32)
    np.testing.assert_allclose(decode(encode(one_hot), 384), one_hot, atol=1e-3)
    np.testing.assert_allclose(decode(encode(-one_hot), 384), -one_hot, atol=1e-3)
    flat = np.full((1, 384), 384**-0.5, np.float32)
    np.testing.assert_allclose(decode(encode(flat), 384), flat, rtol=1e-3)
    tiny = one_hot.copy()
    tiny[tiny == 0] = 1e-30  # vanishes beside the 1, and does no harm
    np.testing.assert_array_equal(decode(encode(tiny), 384), decode(encode(one_hot), 384))
    small = np.full((1, 384), np.finfo(np.float32).tiny, np.float32)  # no model gives such a thing
    assert np.isfinite(decode(encode(small), 384)).all()


@given(st.integers(0, 2**32 - 1), st.sampled_from([384, 1024]))
def test_coding_again_changes_nothing(seed: int, dimensions: int) -> None:
    codes = encode(unit_vectors(5, dimensions, seed))
    (levels, steps), (again, steps_again) = (
        split_codes(some, dimensions) for some in (codes, encode(decode(codes, dimensions)))
    )
    np.testing.assert_array_equal(levels, again)
    np.testing.assert_allclose(steps, steps_again, rtol=0.001)


def test_a_code_is_its_levels_and_its_step() -> None:
    vectors = unit_vectors(7, 48)
    codes = encode(vectors)
    levels, steps = split_codes(codes, 48)
    assert levels.dtype == np.int8
    assert levels.shape == (7, 48)
    assert steps.dtype == np.float32
    assert steps.shape == (7,)
    for row, code in enumerate(codes):
        assert np.frombuffer(code[:48], np.int8).tolist() == levels[row].tolist()
        assert np.frombuffer(code[48:], "<f2")[0] == steps[row]
        np.testing.assert_allclose(levels[row] * steps[row], vectors[row], atol=steps[row])


def test_none_are_none() -> None:
    assert encode(np.empty((0, 8), np.float32)) == []
    assert decode([], 8).shape == (0, 8)
