"""Names become unique text and nothing is done in silence."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from sevenfold.data.readers.names import positions, tidy


def test_tidy() -> None:
    assert tidy(["a", "b"]) == (["a", "b"], [])
    assert tidy([" a", "a"]) == ([" a", "a"], [])
    names, notes = tidy([" a", "a", None, "", 3, "a_2"], strip=True)
    assert names == ["a", "a_3", "unnamed_2", "unnamed_3", "3", "a_2"]
    assert len(notes) == 3
    assert positions(3) == ["0", "1", "2"]


@given(st.lists(st.none() | st.integers(0, 3) | st.text("ab_2 \ufeff", max_size=4), max_size=12))
def test_always_unique_and_never_empty(names: list[object]) -> None:
    tidied, _ = tidy(names, strip=True)
    assert len(tidied) == len(names) == len(set(tidied))
    assert all(tidied)
    assert tidy(tidied, strip=True) == (tidied, [])
