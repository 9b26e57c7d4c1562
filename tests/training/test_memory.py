"""Estimates of memory, and freed memory that goes back to the system."""

import gc
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from sevenfold.core.errors import LimitError
from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.task import Goal, Target
from sevenfold.training.memory import (
    EARLY,
    LIBRARIES_BYTES,
    Need,
    frames_given_back,
    give_back,
    need_of,
    share_that_fits,
    surely_fits,
    thinned,
)


class Ring:
    """Something that only a collection frees."""

    alive = 0

    def __init__(self) -> None:
        Ring.alive += 1
        self.itself = self

    def __del__(self) -> None:
        Ring.alive -= 1


def test_rings_are_collected() -> None:
    gc.disable()
    try:
        Ring()
        assert Ring.alive == 1
        give_back()
        assert Ring.alive == 0
    finally:
        gc.enable()


def _table(rows: int, categories: int = 10) -> tuple[pl.DataFrame, Target]:
    generator = np.random.default_rng(1)
    table = pl.DataFrame(
        {
            "a": generator.normal(size=rows),
            "b": generator.normal(size=rows),
            "c": [f"level {code}" for code in generator.integers(0, categories, rows)],
        }
    )
    return table, Target(Goal.BINARY, (generator.random(rows) < 0.5).astype(np.float64), 2)


PLAIN = Recipe("lightgbm", {}, (Step("numbers", "passthrough", ("a", "b")),), ("numbers",))
WIDE = Recipe(
    "logistic_l2",
    {},
    (Step("filled", "impute", ("a", "b")), Step("levels", "one_hot", ("c",))),
    ("filled", "levels"),
)


def test_the_need_grows_with_rows_and_with_encoded_columns() -> None:
    table, target = _table(2000)
    plain = need_of(PLAIN, table, target, valid_rows=1000, train_rows=10**6)
    assert plain.of(10**6) - plain.of(0) == pytest.approx(10**6 * plain.row)
    assert 10**6 * 2 * 8 * 3 < plain.of(10**6) < 10**6 * 2 * 8 * 12 + LIBRARIES_BYTES + 10**8
    few = need_of(WIDE, *_table(2000, 5), valid_rows=0, train_rows=10**6)
    many = need_of(WIDE, *_table(2000, 40), valid_rows=0, train_rows=10**6)
    assert few.row < many.row


def test_a_fit_is_made_smaller_in_few_steps_and_skipped_with_its_reason() -> None:
    need = Need(1e6, 100.0)
    assert share_that_fits(need, 100_000, 2e7) == 1.0
    assert share_that_fits(need, 100_000, 7e6) == 0.5
    assert share_that_fits(need, 100_000, 2.5e6) == 0.125
    with pytest.raises(LimitError, match=r"(?s)fit into memory.*10 MiB"):
        share_that_fits(need, 100_000, 2e6)
    with pytest.raises(LimitError):
        share_that_fits(need, 600, 1.04e6)  # too few rows would be left


def test_thinned_rows_are_the_same_each_time_and_in_order() -> None:
    rows = np.arange(10, 1010)
    first = thinned(rows, 0.25, np.random.default_rng(3))
    assert len(first) == 250
    assert (np.diff(first) > 0).all()
    assert set(first) <= set(rows)
    assert (first == thinned(rows, 0.25, np.random.default_rng(3))).all()
    assert thinned(rows, 1.0, np.random.default_rng(3)) is rows


def test_small_data_need_no_estimate() -> None:
    assert surely_fits(1e5, 4e9)
    assert not surely_fits(1e9, 4e9)
    assert not surely_fits(1.0, 10.0)


def test_polars_is_loaded_to_give_back_and_the_environment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    monkeypatch.delitem(sys.modules, "polars")
    monkeypatch.delenv("_RJEM_MALLOC_CONF", raising=False)
    monkeypatch.setattr("importlib.import_module", lambda name: seen.append(os.environ.get("_RJEM_MALLOC_CONF")))
    frames_given_back()
    assert seen == [EARLY["_RJEM_MALLOC_CONF"]]
    assert "_RJEM_MALLOC_CONF" not in os.environ
    monkeypatch.setitem(sys.modules, "polars", pl)
    frames_given_back()
    assert len(seen) == 1


def test_a_heap_that_trims_early_still_works() -> None:
    code = "from sevenfold.training.memory import trim_early; trim_early(); print(sum(bytearray(10**7)))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "0\n"
