"""Rates by sensitive group, and how far apart the groups are."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Flags, Floats
from sevenfold.core.dataset import Schema
from sevenfold.core.task import Task
from sevenfold.evaluation.curves import tidy
from sevenfold.evaluation.groups import parts
from sevenfold.evaluation.intervals import wilson

if TYPE_CHECKING:
    import polars as pl

_Z = 1.959963984540054
FOUR_FIFTHS = 0.8
LEAST_ROWS = 10


def fairness(
    task: Task,
    truth: Floats,
    predicted: Floats,
    decided: Floats,
    table: pl.DataFrame,
    schema: Schema,
    columns: Sequence[str],
) -> list[dict[str, Any]]:
    """For each sensitive column its groups with their rates, and the disparities between groups.

    Two classes: `selection_rate` (decided positive), `true_positive_rate`, `false_positive_rate`, `precision`,
    `calibration_gap` (mean probability less frequency), `error_rate`. More classes: `error_rate` and
    `calibration_gap` of the most likely class. Numbers: `mean_error` (prediction less truth) and
    `mean_absolute_error`. Each is `{"value", "low", "high", "rows"}`, with null for a rate of no rows.

    Disparities compare the groups of at least 10 rows: the ratio of the lowest to the highest selection rate (the
    four-fifths rule asks for 0.8 or more) and the largest difference of every other figure. A `clear` one stays
    beyond its limit over its whole interval, which is widened for the number of pairs that were looked at.

    Sources: Hardt et al. 2016 (equalised odds); Katz et al. 1978 (ratio); Newcombe 1998 (difference).
    """
    found = []
    for name in columns:
        groups = [
            {"group": part.label, "rows": int(part.rows.sum()), **_rates(task, truth, predicted, decided, part.rows)}
            for part in parts(table[name], schema[name].kind)
        ]
        compared = [group for group in groups if group["rows"] >= LEAST_ROWS]
        found.append({"column": name, "groups": groups, "disparities": _disparities(compared)})
    return found


def _rates(task: Task, truth: Floats, predicted: Floats, decided: Floats, rows: Flags) -> dict[str, Any]:
    true, said = truth[rows], predicted[rows]
    if not task.goal.is_classification:
        gaps = said - true
        return {"mean_error": _mean(gaps), "mean_absolute_error": _mean(np.abs(gaps))}
    chosen = decided[rows]
    wrong = chosen != true
    if said.shape[1] != 2:
        top = said.argmax(axis=1)
        confidence = said[np.arange(len(top)), top]
        return {"error_rate": _share(wrong), "calibration_gap": _mean(confidence - (top == true))}
    positive, selected = true == 1, chosen == 1
    return {
        "selection_rate": _share(selected),
        "true_positive_rate": _share(selected[positive]),
        "false_positive_rate": _share(selected[~positive]),
        "precision": _share(positive[selected]),
        "calibration_gap": _mean(said[:, 1] - positive),
        "error_rate": _share(wrong),
    }


def _share(hits: Flags) -> dict[str, Any]:
    if len(hits) == 0:
        return {"value": None, "low": 0.0, "high": 1.0, "rows": 0}
    low, high = wilson(float(hits.sum()), len(hits))
    return {"value": tidy(hits.mean()), "low": tidy(low), "high": tidy(high), "rows": len(hits)}


def _mean(values: Floats) -> dict[str, Any]:
    middle = float(values.mean())
    reach = _Z * float(values.std(ddof=1)) / np.sqrt(len(values)) if len(values) > 1 else float("inf")
    if not np.isfinite(reach):
        return {"value": tidy(middle), "low": None, "high": None, "rows": len(values)}
    return {"value": tidy(middle), "low": tidy(middle - reach), "high": tidy(middle + reach), "rows": len(values)}


def _disparities(groups: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(groups) < 2:
        return []
    found = []
    pairs = len(groups) * (len(groups) - 1) / 2
    wider = NormalDist().inv_cdf(1 - 0.025 / pairs) / _Z
    for figure in [key for key in groups[0] if key not in ("group", "rows")]:
        known = [g for g in groups if g[figure]["value"] is not None and g[figure]["low"] is not None]
        if len(known) < 2:
            continue
        least = min(known, key=lambda g: g[figure]["value"])
        most = max(known, key=lambda g: g[figure]["value"])
        entry = {"figure": figure, "lowest": least["group"], "highest": most["group"]}
        if figure == "selection_rate":
            found.append({**entry, "measure": "ratio", **_ratio(least[figure], most[figure], wider)})
        else:
            found.append({**entry, "measure": "difference", **_difference(least[figure], most[figure], wider)})
    return found


def _ratio(least: dict[str, Any], most: dict[str, Any], wider: float) -> dict[str, Any]:
    """The lower rate over the higher; limits on the log scale, half a hit added where there is none."""
    hits = [max(0.5, rate["value"] * rate["rows"]) for rate in (least, most)]
    sizes = [least["rows"], most["rows"]]
    if most["value"] == 0:
        return {"value": 1.0, "low": 0.0, "high": 1.0, "clear": False}
    error = wider * float(np.sqrt(sum(max(0.0, 1 / h - 1 / n) for h, n in zip(hits, sizes, strict=True))))
    value = least["value"] / most["value"]
    middle = np.log((hits[0] / sizes[0]) / (hits[1] / sizes[1]))
    low, high = float(np.exp(middle - _Z * error)), float(np.exp(middle + _Z * error))
    return {
        "value": tidy(value),
        "low": tidy(min(low, value)),
        "high": tidy(max(high, value)),
        "clear": max(high, value) < FOUR_FIFTHS,
    }


def _difference(least: dict[str, Any], most: dict[str, Any], wider: float) -> dict[str, Any]:
    """The higher figure less the lower, with limits joined from the two intervals (Newcombe's method 10)."""
    value = most["value"] - least["value"]
    low = value - wider * float(np.hypot(most["value"] - most["low"], least["high"] - least["value"]))
    high = value + wider * float(np.hypot(most["high"] - most["value"], least["value"] - least["low"]))
    return {"value": tidy(value), "low": tidy(low), "high": tidy(high), "clear": low > 0}
