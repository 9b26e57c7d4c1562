import numpy as np
import polars as pl
import pytest

from sevenfold.data.rows import taken


@pytest.mark.parametrize("rows", [[], [2], [1, 2, 3], [0, 1, 2, 3], [3, 2, 1], [0, 2, 1], [1, 1, 3], [0, 3]])
def test_the_rows_come_in_the_order_given(rows: list[int]) -> None:
    table = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": ["a", "b", "c", "d"]})
    chosen = np.array(rows, dtype=np.int64)
    assert taken(table, chosen).equals(table[chosen])
