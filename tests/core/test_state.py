from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.errors import BundleError
from sevenfold.core.state import load_state, pack, save_state, unpack

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1, max_size=4), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=3), PLAIN, max_size=4))
def test_plain_values_survive(state: dict[str, Any]) -> None:
    assert unpack(pack(state)) == state


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32", "uint8", "bool", "int16"])
def test_arrays_and_bytes_survive_bit_for_bit(dtype: str, tmp_path: Path) -> None:
    array = np.arange(12).reshape(3, 4).astype(dtype)
    save_state(tmp_path / "s", {"deep": {"a": array, "strided": array.T}, "blob": b"\x00\xff", "inf": float("-inf")})
    back = load_state(tmp_path / "s")
    assert back["deep"]["a"].dtype == array.dtype
    np.testing.assert_array_equal(back["deep"]["a"], array)
    np.testing.assert_array_equal(back["deep"]["strided"], array.T)
    assert back["blob"] == b"\x00\xff"
    assert back["inf"] == float("-inf")


def test_equal_states_give_equal_bytes() -> None:
    assert pack({"b": np.ones(3), "a": 1}) == pack({"b": np.ones(3), "a": 1})


@pytest.mark.parametrize("wrong", [{"o": np.array(["a", 1], dtype=object)}, {"f": print}, {"s": {1, 2}}])
def test_anything_that_is_no_data_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        pack(wrong)


def test_damage_is_a_bundle_error() -> None:
    members = pack({"a": np.ones(3)})
    with pytest.raises(BundleError):
        unpack({**members, "arrays.safetensors": b"junk"})
    with pytest.raises(BundleError):
        unpack({})
