"""Samples of large files, and their rows met again."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sevenfold.data.readers.lottery import COPIES, FIXED_BYTES, PIECE_ROWS, Lottery, lottery_for
from sevenfold.data.readers.read import read

ROWS = PIECE_ROWS + 5000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("large") / "t.parquet"
    frame = pl.DataFrame({"a": np.arange(ROWS), "b": ["x", None] * (ROWS // 2)})
    frame.write_parquet(file, row_group_size=10_000)
    return str(file)


def test_a_table_that_fits_is_read_whole(path: str) -> None:
    assert lottery_for(path, FIXED_BYTES + COPIES * ROWS * 32, 0) is None
    assert read(path, options={"memory_bytes": 1e12}).frame.height == ROWS
    assert "lottery" not in read(path, options={"memory_bytes": 1e12}).source


def test_a_larger_one_is_sampled_in_order_and_the_same_way_again(path: str) -> None:
    memory = FIXED_BYTES + COPIES * ROWS * 32 * 0.2
    raw = read(path, options={"memory_bytes": memory, "seed": 3})
    numbers = raw.frame["a"].to_numpy()
    assert abs(len(numbers) / ROWS - 0.2) < 0.01
    assert (np.diff(numbers) > 0).all()
    assert raw.source["lottery"]["rows"] == ROWS
    again = Lottery(**raw.source["lottery"]).sample()
    np.testing.assert_array_equal(again["a"].to_numpy(), numbers)
    other = read(path, options={"memory_bytes": memory, "seed": 4}).frame["a"].to_numpy()
    assert len(np.intersect1d(numbers, other)) < 0.5 * len(numbers)


def test_memory_that_fits_nothing_still_gives_some_rows(path: str) -> None:
    height = read(path, options={"memory_bytes": 1}).frame.height
    assert 800 < height < 1200


def test_pieces_of_a_larger_share_tell_which_rows_the_sample_holds(path: str) -> None:
    lottery = Lottery(path, ROWS, 0.1, 5)
    sampled = lottery.sample()["a"].to_list()
    met = [(piece.frame["a"].to_numpy(), piece.drawn) for piece in lottery.pieces(0.6, ["a"])]
    assert len(met) == 2
    assert [number for numbers, drawn in met for number in numbers[drawn]] == sampled
    everything = np.concatenate([piece.frame["a"].to_numpy() for piece in lottery.pieces(1.0)])
    np.testing.assert_array_equal(everything, np.arange(ROWS))


def test_the_runs_own_options_are_not_kept_as_the_users(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4\n")
    assert "options" not in read(tmp_path / "a.csv", options={"memory_bytes": 1e9, "seed": 1}).source
