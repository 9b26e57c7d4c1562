"""A winner learns from the whole file behind a sample, and never from sealed rows."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sevenfold.core.context import Streams
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.model import FitContext
from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.state import pack
from sevenfold.core.task import Goal, Task
from sevenfold.data.readers.lottery import PIECE_ROWS, Lottery
from sevenfold.data.target import encode
from sevenfold.training.fit import fit_features
from sevenfold.training.refit import fit_whole, learns_whole
from sevenfold.training.whole import Whole, share_within
from sevenfold.training.workspace import Workspace

ROWS = PIECE_ROWS + 2000
SCHEMA = Schema((Column("a", Kind.NUMBER), Column("c", Kind.CATEGORY, levels=("u", "v")), Column("y", Kind.NUMBER)))
RECIPE = Recipe(
    "lightgbm",
    {"leaves": 8, "learning_rate": 0.2},
    (Step("numbers", "passthrough", ("a",)), Step("codes", "ordinal", ("c",))),
    ("numbers", "codes"),
)


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A sample of a file whose rows without a target, and whose sealed rows, nobody learns from."""
    generator = np.random.default_rng(1)
    a, c = generator.normal(size=ROWS), generator.integers(0, 2, ROWS)
    y = np.where(np.arange(ROWS) % 10 == 0, np.nan, 3 * a + 5 * c)
    path = tmp_path_factory.mktemp("large") / "t.parquet"
    labels = np.array(["u", "v"])[c]
    pl.DataFrame({"a": a, "c": labels, "y": y}).with_columns(pl.col("y").fill_nan(None)).write_parquet(path)
    lottery = Lottery(str(path), ROWS, 0.05, 2)
    table = lottery.sample()
    kept = np.ones(table.height, np.bool_)
    kept[::2] = False
    task = Task(Goal.REGRESSION, "y", "rmse")
    target, rows = encode(table, task)
    return Workspace(table[rows], target, task, SCHEMA, (), 0, Whole(lottery, kept, 1e9))


def learned(workspace: Workspace, share: float) -> tuple[dict[str, bytes], int, np.ndarray]:
    streams = Streams(0)
    fitted = fit_features(RECIPE, workspace.table, workspace.target, None, lambda name: streams.generator(name))
    context = FitContext(streams.generator("model"), rounds=30)
    pipeline, info = fit_whole(RECIPE, fitted, workspace.target, workspace, share, context)
    probe = pl.DataFrame({"a": [-1.0, 0.0, 1.0], "c": ["u", "v", "v"]})
    return pack(pipeline.state()), info.notes["rows"], pipeline.predict(probe)


def test_every_row_with_a_target_is_learned_except_sealed_ones(sampled: Workspace) -> None:
    assert sampled.whole is not None
    state, rows, predicted = learned(sampled, 1.0)
    drawn = sampled.whole.lottery.sample()
    sealed = drawn.filter(~sampled.whole.kept)["y"].is_not_null().sum()
    assert rows == ROWS - len(range(0, ROWS, 10)) - sealed
    np.testing.assert_allclose(predicted, [-3, 5, 8], atol=0.6)
    again, _, _ = learned(sampled, 1.0)
    assert again == state


def test_a_share_of_the_rows_may_be_learned(sampled: Workspace) -> None:
    _, rows, _ = learned(sampled, 0.3)
    assert 0.22 * ROWS < rows < 0.28 * ROWS


def test_only_models_of_batches_learn_whole_files(sampled: Workspace, tmp_path: Path) -> None:
    assert learns_whole(sampled, RECIPE)
    assert not learns_whole(sampled, Recipe("ridge", {}, RECIPE.steps, RECIPE.outputs))
    sampled.save(tmp_path)
    loaded = Workspace.load(tmp_path)
    assert loaded.whole is not None
    assert loaded.whole.lottery == sampled.whole.lottery  # type: ignore[union-attr]
    np.testing.assert_array_equal(loaded.whole.kept, sampled.whole.kept)  # type: ignore[union-attr]


def test_the_share_keeps_memory_and_time() -> None:
    whole = Whole(Lottery("t.parquet", 10**7, 0.01, 0), np.ones(1, np.bool_), 0.9e9)
    assert 0.2 < whole.fitting_share(columns=20) < 1.0
    assert Whole(whole.lottery, whole.kept, 1e12).fitting_share(20) == 1.0
    assert 0.01 < whole.fitting_share(20, 4e8) < whole.fitting_share(20)
    assert Whole(whole.lottery, whole.kept, 1e6).fitting_share(20) == 0.01
    assert share_within(1e-6, 100, 10**6, 10.0) == pytest.approx(0.07)
    assert share_within(1e-6, 100, 10**6, float("inf")) == 1.0
    assert share_within(None, 100, 10**6, 10.0) == 1.0
