"""Whether the rows' order, or a date, tells the target: then a random split shows validation the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Floats, Ints, average_ranks
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.report import Finding, Severity
from sevenfold.core.task import Target

if TYPE_CHECKING:
    import polars as pl

_SORTED_SHARE = 0.999
_DISTINCT_TIMES = 20
_ALIKE = 0.1  # least effect that matters
_SURE = 6.0  # standard errors
_BLOCKS = 20
_BLOCK_ROWS = 5_000


@dataclass(frozen=True)
class Alike:
    """How much more alike neighbouring rows' targets are than two rows drawn at random.

    Args:
        effect: 0 for no more than chance, 1 for always equal (kappa), or the rank correlation of neighbours.
        errors: the effect in standard errors of chance.
        runs: runs of equal classes; 0 for regression.
        monotone: share of steps that do not fall.
    """

    effect: float
    errors: float
    runs: int
    monotone: float

    @property
    def matters(self) -> bool:
        """Large enough and beyond chance."""
        return self.effect >= _ALIKE and self.errors >= _SURE


def neighbours_alike(target: Target, order: Ints | None = None) -> Alike:
    """How alike neighbours are in the given order of the target's rows (as they stand by default).

    Of many rows, 20 evenly spaced stretches of 5,000 are looked at.
    """
    values = target.values if order is None else target.values[order]
    if target.goal.is_classification:
        values = values.astype(np.int64)
    stretches = _stretches(values)
    pairs = sum(len(stretch) - 1 for stretch in stretches)
    if pairs < 20:
        return Alike(0.0, 0.0, 0, 0.0)
    whole = np.concatenate(stretches)
    rising = sum(int((np.diff(stretch) >= 0).sum()) for stretch in stretches) / pairs
    if target.goal.is_classification:
        shares = np.bincount(whole.astype(np.int64)) / len(whole)
        chance = float((shares**2).sum())
        if chance >= 1:
            return Alike(0.0, 0.0, 1, rising)
        same = sum(int((np.diff(stretch) == 0).sum()) for stretch in stretches)
        effect = (same / pairs - chance) / (1 - chance)
        runs = pairs - same + 1
    else:
        ranks = average_ranks(whole)
        pieces = np.split(ranks, np.cumsum([len(stretch) for stretch in stretches])[:-1])
        left = np.concatenate([piece[:-1] for piece in pieces])
        right = np.concatenate([piece[1:] for piece in pieces])
        spread = float(left.std() * right.std())
        effect = float(((left - left.mean()) * (right - right.mean())).mean() / spread) if spread else 0.0
        runs = 0
    return Alike(float(effect), float(effect * np.sqrt(pairs)), runs, rising)


def sorted_by_target(target: Target, alike: Alike) -> bool:
    """Whether neighbours are alike only because the rows stand sorted by the target."""
    if target.goal.is_classification:
        return alike.runs <= 5 * target.classes
    return alike.monotone >= 0.99


def trend(target: Target, order: Ints | None = None) -> tuple[float, float]:
    """Share of the target's variance that 20 equal stretches of the order explain beyond chance, and its F statistic.

    For classes, the largest over the classes' indicators.
    """
    from scipy.special import fdtrc

    values = target.values if order is None else target.values[order]
    rows = len(values)
    blocks = min(_BLOCKS, rows // 10)
    if blocks < 2:
        return 0.0, 1.0
    block = np.arange(rows) * blocks // rows
    sizes = np.bincount(block, minlength=blocks)
    if target.goal.is_classification:
        columns = [(values == code).astype(np.float64) for code in range(target.classes)]
    else:
        columns = [average_ranks(values)]
    best, best_p = 0.0, 1.0
    for column in columns:
        total = float(((column - column.mean()) ** 2).sum())
        if total <= 0:
            continue
        means = np.bincount(block, weights=column, minlength=blocks) / sizes
        between = float((sizes * (means - column.mean()) ** 2).sum())
        within = max(total - between, 1e-12)
        statistic = (between / (blocks - 1)) / (within / (rows - blocks))
        p_value = float(fdtrc(blocks - 1, rows - blocks, statistic)) * len(columns)
        effect = 1 - (within / (rows - blocks)) / (total / (rows - 1))
        if p_value < best_p:
            best, best_p = max(0.0, effect), p_value
    return best, min(1.0, best_p)


def date_columns(table: pl.DataFrame, schema: Schema, apart: frozenset[str]) -> list[str]:
    """Date columns that could say when a row happened: hardly ever missing, with at least 20 distinct times."""
    found = []
    for column in schema.of_kind(Kind.DATE):
        if column.name in apart:
            continue
        values = table.get_column(column.name)
        if values.null_count() <= 0.01 * len(values) and values.n_unique() >= _DISTINCT_TIMES:
            found.append(column.name)
    return found


def in_order(column: pl.Series) -> bool:
    """Whether rows stand in ascending order of a date column, but for one step in a thousand."""
    steps = column.drop_nulls().diff().drop_nulls()
    if len(steps) == 0:
        return False
    forward = int((steps.dt.total_microseconds() >= 0).sum())
    return forward >= _SORTED_SHARE * len(steps)


def follows(table: pl.DataFrame, test_table: pl.DataFrame, column: str) -> float:
    """Share of the test rows that are later than all but the last hundredth of the training rows."""
    last = table.get_column(column).drop_nulls().quantile(0.99)
    later = test_table.get_column(column).drop_nulls()
    if last is None or len(later) == 0:
        return 0.0
    return float((later >= last).mean())  # type: ignore[arg-type]


def row_order_findings(target: Target, rows: Ints) -> list[Finding]:
    """Findings on the order in which the rows stand, without any date."""
    alike = neighbours_alike(target)
    evidence = {"effect": round(alike.effect, 4), "standard_errors": round(alike.errors, 1)}
    if not alike.matters:
        return []
    if sorted_by_target(target, alike):
        return [
            Finding(
                "order-leakage",
                Severity.NOTE,
                "The rows are sorted by the target.",
                why="Row numbers, and columns that count rows, then tell the target and are worth nothing in use.",
                advice="Leave out any column that follows the order of the rows. A random split is right here.",
                evidence=evidence,
            )
        ]
    measure = "agreement beyond chance" if target.goal.is_classification else "rank correlation"
    return [
        Finding(
            "order-leakage",
            Severity.WARNING,
            f"Neighbouring rows have alike targets ({measure} {alike.effect:.2f}) and no date column says why.",
            why="If rows stand in the order of time, or each subject's rows stand together, a random split puts near "
            "copies of training rows into validation, and the score promises more than use will show.",
            advice="If the rows are in time order, add a column that says when and name it with --time; "
            "if they belong to subjects, name the subject's column with --group.",
            evidence=evidence,
        )
    ]


def date_findings(table: pl.DataFrame, columns: Sequence[str], target: Target, rows: Ints) -> list[Finding]:
    """Findings on date columns: sorted by the date, are neighbours alike or is there a trend?"""
    findings = []
    for name in columns:
        column = table.get_column(name)
        ordered = in_order(column)
        moments = column[rows].dt.epoch("us")
        order = moments.arg_sort(nulls_last=False).to_numpy().astype(np.int64)
        alike = neighbours_alike(target, order)
        effect, p_value = trend(target, order)
        tells = alike.matters or (effect >= 0.02 and p_value < 1e-6)
        if not (tells or ordered):
            continue
        parts = []
        if ordered:
            parts.append(f"The rows stand in the order of '{name}'.")
        if alike.matters:
            parts.append(f"In the order of '{name}' neighbouring rows have alike targets (effect {alike.effect:.2f}).")
        elif tells:
            parts.append(f"The target changes along '{name}': it explains {effect:.1%} of its variance.")
        findings.append(
            Finding(
                "time-order",
                Severity.WARNING if tells else Severity.NOTE,
                " ".join(parts),
                (name,),
                why="A random split learns from rows later than those it is validated on, which use cannot do.",
                advice=f"Name it with --time {name}: later rows then validate and test. "
                "If new rows will come from the same period, a random split is right.",
                evidence={
                    "in_order": ordered,
                    "neighbours_effect": round(alike.effect, 4),
                    "trend_effect": round(effect, 4),
                    "trend_p_value": p_value,
                },
            )
        )
    return findings


def _stretches(values: Floats) -> list[Floats]:
    if len(values) <= _BLOCKS * _BLOCK_ROWS:
        return [values]
    starts = np.linspace(0, len(values) - _BLOCK_ROWS, _BLOCKS).astype(np.int64)
    return [values[start : start + _BLOCK_ROWS] for start in starts]
