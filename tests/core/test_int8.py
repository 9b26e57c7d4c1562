"""Weights in eight bits: how far entries move, what is refused, and that storing again changes nothing."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sevenfold.core.errors import BundleError, DataError
from sevenfold.core.int8 import BLOCK, LEAST_CELLS, Matrix, Quantised, dequantise, narrowed, quantise, widened
from sevenfold.core.state import pack, unpack

SHAPES = st.one_of(
    hnp.array_shapes(min_dims=1, max_dims=1, min_side=0, max_side=3 * BLOCK),
    st.tuples(st.integers(1, 4), st.integers(0, 2 * BLOCK + 3)),
)
NUMBERS = st.floats(-(2.0**99), 2.0**99, width=32, allow_nan=False, allow_subnormal=False)
PATHS = (Matrix("layers/*/matrix", channel=1), Matrix("weights/head.*.weight"))


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Any, int]:
    fill = draw(st.sampled_from([0.0, 1.0, -1e30, 1e-36, 3e-5]))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return draw(hnp.arrays(dtype, SHAPES, elements=NUMBERS, fill=st.just(dtype(fill)))), draw(st.integers(0, 1))


def steps(stored: Quantised) -> Any:
    """The scale of each entry."""
    channels = stored.codes[None, :] if stored.codes.ndim == 1 else stored.codes
    turned = channels.T if stored.channel and stored.codes.ndim == 2 else channels
    wide = np.repeat(stored.scales.astype(float), BLOCK, axis=1)[:, : turned.shape[1]]
    return (wide.T if stored.channel and stored.codes.ndim == 2 else wide).reshape(stored.codes.shape)


@settings(max_examples=80, deadline=None)
@given(matrices())
def test_no_entry_moves_by_more_than_half_a_step(made: tuple[Any, int]) -> None:
    matrix, channel = made
    stored = quantise(matrix, channel)
    found = dequantise(stored, matrix.dtype.name)
    assert found.shape == matrix.shape and found.dtype == matrix.dtype and found.flags.c_contiguous
    moved = np.abs(found.astype(float) - matrix.astype(float))
    assert (moved <= 0.5 * steps(stored) * (1 + 1e-9)).all()
    assert (np.abs(stored.codes.astype(int)) <= 127).all() and (stored.scales > 0).all()


@settings(max_examples=80, deadline=None)
@given(matrices())
def test_storing_again_gives_the_same_bits(made: tuple[Any, int]) -> None:
    matrix, channel = made
    stored = quantise(matrix, channel)
    again = quantise(dequantise(stored, matrix.dtype.name), channel)
    np.testing.assert_array_equal(again.codes, stored.codes)
    np.testing.assert_array_equal(again.scales, stored.scales)


def test_channels_and_blocks_have_scales_of_their_own() -> None:
    matrix = np.zeros((2, 2 * BLOCK), np.float32)
    matrix[0, :BLOCK], matrix[0, BLOCK:], matrix[1, 0] = 1000.0, 0.001, 7.0
    found = dequantise(quantise(matrix))
    np.testing.assert_allclose(found, matrix, rtol=1e-4)  # constant channels keep their value but for the scale's bits
    assert (found[1, 1:] == 0).all() and (dequantise(quantise(np.zeros((3, 40), np.float32))) == 0).all()
    assert quantise(matrix.T.copy(), channel=1).scales.shape == (2, 2)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, 2e30])
def test_what_is_not_finite_or_too_large_is_refused(strange: float) -> None:
    matrix = np.ones((4, 5), np.float32)
    matrix[2, 3] = strange
    with pytest.raises(DataError, match="int8"):
        quantise(matrix)


def state() -> dict[str, Any]:
    draws = np.random.default_rng(0)
    return {
        "layers": [{"matrix": draws.normal(size=(60, 40)), "bias": draws.normal(size=40)}],
        "weights": {"head.0.weight": draws.normal(size=(30, 40)).astype(np.float32), "head.0.bias": np.ones(2000)},
        "levels": [3, 4],
    }


def test_a_state_is_changed_where_its_paths_lead_and_survives_storing() -> None:
    given_state = state()
    small = narrowed(given_state, PATHS)
    sizes = [sum(map(len, pack(each).values())) for each in (small, given_state)]
    assert sizes[0] < 0.6 * sizes[1]
    back = widened(unpack(pack(small)), PATHS)
    assert back["levels"] == [3, 4]
    np.testing.assert_array_equal(back["weights"]["head.0.bias"], given_state["weights"]["head.0.bias"])
    np.testing.assert_array_equal(back["layers"][0]["bias"], given_state["layers"][0]["bias"])
    np.testing.assert_allclose(back["layers"][0]["matrix"], given_state["layers"][0]["matrix"], atol=0.02)
    assert back["layers"][0]["matrix"].dtype == np.float64 and back["weights"]["head.0.weight"].dtype == np.float32
    assert pack(narrowed(back, PATHS)) == pack(small)


def test_small_matrices_and_other_types_stay_as_they_are() -> None:
    kept = {"layers": [{"matrix": np.ones((2, LEAST_CELLS // 4))}, {"matrix": np.ones(5000, np.int32)}, {"matrix": 3}]}
    assert narrowed(kept, PATHS) == kept


@pytest.mark.parametrize(
    "broken",
    [
        {"scales": np.ones((40, 2), np.float32)},
        {"scales": np.ones((40, 1))},
        {"scales": np.full((40, 1), np.nan, np.float32)},
        {"scales": np.full((40, 1), np.inf, np.float32)},
        {"scales": np.full((40, 1), -1.0, np.float32)},
        {"scales": [1.0]},
        {"$int8": np.ones((60, 40), np.int16)},
        {"$int8": np.full((60, 40), -128, np.int8)},
        {"$int8": np.ones((2, 3, 4), np.int8)},
        {"$int8": "codes"},
        {"channel": 2},
        {"channel": [1]},
        {"dtype": "object"},
        {"dtype": ["float32"]},
        {"more": 1},
    ],
)
def test_forged_matrices_are_refused(broken: dict[str, Any]) -> None:
    forged = narrowed(state(), PATHS)
    forged["layers"][0]["matrix"].update(broken)
    with pytest.raises(BundleError, match="damaged"):
        widened(forged, PATHS)
