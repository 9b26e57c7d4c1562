"""Equal states give equal bytes, whatever the order of their keys."""

import numpy as np

from sevenfold.core.state import pack, unpack


def test_order_of_keys_does_not_matter() -> None:
    first = {"b": np.arange(3), "a": {"d": np.zeros(2), "c": b"x"}}
    second = {"a": {"c": b"x", "d": np.zeros(2)}, "b": np.arange(3)}
    assert pack(first) == pack(second) == pack(unpack(pack(first)))
