"""Whether a model can tell live rows from earlier ones at all, and by which columns: sees what single columns hide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Kind, Schema
from sevenfold.data.statistics import midranks
from sevenfold.evaluation.intervals import delong_error
from sevenfold.monitoring.drift import ALPHA
from sevenfold.monitoring.shares import ROWS

if TYPE_CHECKING:
    import polars as pl

LEAST_ROWS = 200
MOST_ROWS = 4_000  # of each side
_FOLDS = 3
LEAST_AUC = 0.54  # the best there is for a single normal column shifted by a seventh of its deviation
_NAMED = 5


@dataclass(frozen=True)
class Shift:
    """What the classifier found.

    Args:
        auc: area under the ROC curve of telling live rows from earlier ones, by rows it had not learned from; 0.5 is
            by chance.
        low, high: its 95 % interval.
        p_value: of 0.5, one-sided (DeLong).
        shifted: significant and large enough.
        columns: the columns it used most, with their share of the gain.
        rows: of both sides.
        compared_with: what the earlier rows were.
    """

    auc: float
    low: float
    high: float
    p_value: float
    shifted: bool
    columns: tuple[tuple[str, float], ...]
    rows: int
    compared_with: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**vars(self), "columns": [{"column": name, "share": share} for name, share in self.columns]}


def tell_apart(
    earlier: pl.DataFrame,
    live: pl.DataFrame,
    schema: Schema,
    columns: Sequence[str],
    compared_with: str,
    *,
    alpha: float = ALPHA * ROWS,
) -> Shift | None:
    """Train small trees to tell two typed tables apart; None where either has too few rows.

    Dates and row keys are left out: they tell when a row came, and every later row could be told by them. `alpha` is
    the chance that rows alike are called shifted.
    """
    import lightgbm

    kinds = (Kind.NUMBER, Kind.CATEGORY, Kind.FLAG, Kind.TEXT, Kind.SEQUENCE)
    used = [c for c in columns if c in earlier.columns and c in live.columns and schema[c].kind in kinds]
    if min(earlier.height, live.height) < LEAST_ROWS or not used:
        return None
    rng = np.random.default_rng(0)
    sizes = [min(MOST_ROWS, table.height) for table in (earlier, live)]
    sides = [
        t.select(used)[np.sort(rng.choice(t.height, size, replace=False))]
        for t, size in zip((earlier, live), sizes, strict=True)
    ]
    X = _numbers(sides[0], sides[1])
    y = np.repeat([0.0, 1.0], sizes)
    weights = np.repeat([1 / sizes[0], 1 / sizes[1]], sizes) * sum(sizes) / 2  # both sides alike, however long
    # Folds of each side by itself: where one is short, each fold has its share of it.
    folds = np.concatenate([rng.permutation(np.arange(size) % _FOLDS) for size in sizes])
    scores, gains = np.zeros(len(y)), np.zeros(len(used))
    params = {
        "objective": "binary", "num_leaves": 7, "learning_rate": 0.05, "verbosity": -1, "lambda_l2": 5.0,
        "min_data_in_leaf": 20, "bagging_fraction": 0.7, "bagging_freq": 1,
        "num_threads": 1, "seed": 0, "deterministic": True, "force_row_wise": True, "max_bin": 31,
    }  # fmt: skip
    errors, areas = [], []
    for fold in range(_FOLDS):
        learn, test = folds != fold, folds == fold
        booster = lightgbm.train(
            params, lightgbm.Dataset(X[learn], y[learn], weight=weights[learn]), num_boost_round=60
        )
        scores[test] = booster.predict(X[test])
        gains += booster.feature_importance("gain")
        areas.append(_area(y[test] == 1, scores[test]))
        errors.append(delong_error(y[test] == 1, scores[test]))
    auc = float(np.mean(areas))
    # Folds learn from each other's rows, so their areas are right or wrong together; but however much they hang
    # together, their mean varies no more than they do.
    error = max(float(np.sqrt(np.square(errors).mean())), 1e-9)
    p_value = 1 - NormalDist().cdf((auc - 0.5) / error)
    shares = gains / gains.sum() if gains.sum() > 0 else gains
    named = tuple((used[i], round(float(shares[i]), 4)) for i in np.argsort(-shares)[:_NAMED] if shares[i] > 0.05)
    return Shift(
        auc, max(0.0, auc - 1.96 * error), min(1.0, auc + 1.96 * error), float(p_value),
        bool(p_value <= alpha and auc >= LEAST_AUC), named, sum(sizes), compared_with,
    )  # fmt: skip


def _area(positive: np.ndarray[tuple[int], np.dtype[np.bool_]], scores: Floats) -> float:
    ranks = midranks(scores)
    ups, downs = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - ups * (ups + 1) / 2) / (ups * downs))


def _numbers(first: pl.DataFrame, second: pl.DataFrame) -> Floats:
    """(rows, columns) of both: numbers as they are, lengths of texts and sequences, categories by frequency."""
    import polars as pl

    both = pl.concat([first, second], how="vertical_relaxed")
    made: list[Floats] = []
    for series in both.iter_columns():
        if series.dtype == pl.String and series.n_unique() > 1_000:
            plain = series.str.len_chars()
        elif series.dtype == pl.String:
            counts = series.value_counts(sort=True).get_column(series.name).to_list()
            order = {label: place for place, label in enumerate(counts) if label is not None}
            plain = pl.Series([order.get(label) for label in series.to_list()], dtype=pl.Float64)
        elif isinstance(series.dtype, pl.List):
            plain = series.list.len()
        else:
            plain = series
        made.append(plain.cast(pl.Float64).fill_null(float("nan")).to_numpy())
    return np.column_stack(made)
