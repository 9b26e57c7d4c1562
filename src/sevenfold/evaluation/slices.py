"""Where it fails: the score of each part of the rows against the rest, with the luck of many looks taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Schema
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric
from sevenfold.core.report import Score
from sevenfold.evaluation.groups import Part, parts
from sevenfold.evaluation.intervals import standard_error

if TYPE_CHECKING:
    import polars as pl

_NORMAL = NormalDist()
FALSE_DISCOVERY_RATE = 0.05


@dataclass(frozen=True)
class Slice:
    """One part of the rows and how the model does on it.

    Args:
        column: the column that makes it.
        label: value or range.
        share: share of all rows.
        score: value with interval on its rows.
        rest: value on all other rows.
        worse: its loss less the rest's; above 0 the model does worse here.
        p_value: of no difference, two-sided, by the normal approximation.
        q_value: p-value after Benjamini-Hochberg over all slices.
    """

    column: str
    label: str
    share: float
    score: Score
    rest: float
    worse: float
    p_value: float
    q_value: float

    @property
    def significant(self) -> bool:
        """Whether it stands out after control for the number of slices."""
        return self.q_value <= FALSE_DISCOVERY_RATE

    def to_json(self) -> dict[str, Any]:
        """Plain data for `--json` and the report."""
        return {
            "column": self.column,
            "label": self.label,
            "share": self.share,
            **self.score.to_json(),
            "rest": self.rest,
            "worse": self.worse,
            "p_value": self.p_value,
            "q_value": self.q_value,
            "significant": self.significant,
        }


def score_slices(
    metric: Metric,
    truth: Floats,
    predicted: Floats,
    table: pl.DataFrame,
    schema: Schema,
    columns: Sequence[str],
    stream: np.random.Generator,
    weights: Floats | None = None,
    min_rows: int = 30,
    seconds_left: Callable[[], float] = lambda: float("inf"),
) -> list[Slice]:
    """Slices by each column, those that stand out first, then the worst.

    Slices of fewer than `min_rows` rows, and those on which the metric is undefined, are left out.

    Args:
        truth: (rows,).
        predicted: what the metric needs, rows first.
        table: typed table of the same rows.
        columns: columns to slice by; ids, images and sequences make no slices.
        seconds_left: when it reaches 0, the columns not yet looked at are left out.
    """
    found: list[Slice] = []
    for name in columns:
        if seconds_left() <= 0:
            break
        for part in parts(table[name], schema[name].kind):
            if min_rows <= part.rows.sum() <= len(truth) - min_rows:
                made = _slice(metric, truth, predicted, weights, name, part, stream)
                if made is not None:
                    found.append(made)
    adjusted = benjamini_hochberg([s.p_value for s in found])
    found = [
        Slice(s.column, s.label, s.share, s.score, s.rest, s.worse, s.p_value, q)
        for s, q in zip(found, adjusted, strict=True)
    ]
    return sorted(found, key=lambda s: (not (s.significant and s.worse > 0), -s.worse))


def _slice(
    metric: Metric,
    truth: Floats,
    predicted: Floats,
    weights: Floats | None,
    column: str,
    part: Part,
    stream: np.random.Generator,
) -> Slice | None:
    inside, outside = np.flatnonzero(part.rows), np.flatnonzero(~part.rows)
    measured = []
    try:
        for rows in (inside, outside):
            some = None if weights is None else weights[rows]
            value = metric(truth[rows], predicted[rows], some)
            measured.append((value, standard_error(metric, truth[rows], predicted[rows], stream, some)))
    except DataError:
        return None
    (value, error), (rest, rest_error) = measured
    worse = metric.loss(value) - metric.loss(rest)
    both = float(np.hypot(error, rest_error))
    p_value = 2 * _NORMAL.cdf(-abs(worse) / both) if both > 0 else 1.0
    least, most = sorted((metric.spec.best, metric.spec.worst))
    if metric.spec.name == "bias":
        least = -most
    score = Score(value, max(least, value - 1.96 * error), min(most, value + 1.96 * error), len(inside))
    return Slice(column, part.label, len(inside) / len(truth), score, rest, worse, p_value, 1.0)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the given order: the least false discovery rate at which each is a discovery.

    Source: Benjamini and Hochberg 1995.
    """
    given = np.asarray(p_values, dtype=np.float64)
    if len(given) == 0:
        return []
    order = np.argsort(given)
    scaled = given[order] * len(given) / np.arange(1, len(given) + 1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return [float(value) for value in adjusted]
