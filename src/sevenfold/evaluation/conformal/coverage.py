"""Coverage as it turns out on rows with labels: overall, by class, by group, by part of the rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.core.dataset import Schema
from sevenfold.core.report import Score
from sevenfold.core.task import Task
from sevenfold.data.classes import spelled
from sevenfold.evaluation.conformal.classes import ClassSets
from sevenfold.evaluation.conformal.numbers import Intervals
from sevenfold.evaluation.conformal.quantiles import LEVEL, least_rows
from sevenfold.evaluation.conformal.stored import Conformal, learn
from sevenfold.evaluation.groups import parts
from sevenfold.evaluation.intervals import wilson

if TYPE_CHECKING:
    import polars as pl

LEAST_ROWS = 30
_SURE = 0.05  # over all parts that are looked at
_MOST_PARTS = 10
_EXACT_ROWS = 20_000


@dataclass(frozen=True)
class Realised:
    """What sets or intervals did on rows whose truth is known.

    Args:
        level: the coverage that was asked for.
        hits: (rows,) whether the truth lies inside.
        sizes: (rows,) classes in the set, or width of the interval.
        blocks: see `Quantiles.blocks`.
    """

    level: float
    hits: Flags
    sizes: Floats
    blocks: tuple[int, int]

    @classmethod
    def of(cls, conformal: Conformal, answers: Floats, decided: Ints | None, truth: Floats, level: float) -> Realised:
        """On rows that neither the model nor the scores have seen.

        Args:
            answers: (rows, classes) probabilities or (rows,) numbers.
            decided: (rows,) class that was decided for; None for numbers.
            truth: (rows,) class indices or numbers.
        """
        if isinstance(conformal, Intervals):
            limits = conformal.limits(answers, level)
            inside = (limits[:, 0] <= truth) & (truth <= limits[:, 1])
            return cls(level, inside, limits[:, 1] - limits[:, 0], conformal.blocks(level))
        chosen = np.argmax(answers, axis=1) if decided is None else decided
        members = conformal.members(answers, chosen.astype(np.int64), level)
        inside = members[np.arange(len(truth)), truth.astype(np.int64)]
        return cls(level, inside, members.sum(axis=1).astype(np.float64), conformal.blocks(level))

    def score(self, rows: Flags | Ints | None = None) -> Score:
        """Share of some rows that are covered, with Wilson's 95 % interval."""
        hits = self.hits if rows is None else self.hits[rows]
        count = len(hits)
        low, high = wilson(float(hits.sum()), count)
        return Score(float(hits.mean()) if count else math.nan, low, high, count)

    def shortfall(self, rows: Flags | Ints | None = None, blocks: tuple[int, int] | None = None) -> float:
        """The chance of so few hits among some rows if they are exchangeable with the calibration rows.

        The luck of the calibration rows is part of it: with 100 of them a coverage of 0.9 is 0.84 to 0.95.
        """
        hits = self.hits if rows is None else self.hits[rows]
        return chance_of_so_few(int(hits.sum()), len(hits), *(blocks or self.blocks))

    def to_json(self, rows: Flags | Ints | None = None) -> dict[str, Any]:
        """Coverage with its interval, rows, and mean and median size (None where it is infinite)."""
        sizes = self.sizes if rows is None else self.sizes[rows]
        if not len(sizes):
            return {**self.score(rows).to_json(), "value": None, "size": None, "median_size": None}
        mean, median = float(np.mean(sizes)), float(np.median(sizes))
        return {
            **self.score(rows).to_json(),
            "size": mean if math.isfinite(mean) else None,
            "median_size": median if math.isfinite(median) else None,
        }


def chance_of_so_few(hits: int, rows: int, inside: int, outside: int) -> float:
    """P(X <= hits) for X of `rows` new rows within a limit from exchangeable calibration rows.

    X is beta-binomial with parameters inside and outside, the blocks on both sides of the limit; by the normal
    approximation from 20,000 rows on. Source: Wilks 1941; Vovk 2012, section 2.
    """
    if rows == 0 or outside == 0 or hits >= rows:
        return 1.0
    if rows <= _EXACT_ROWS:
        from scipy.special import betaln, gammaln

        counts = np.arange(hits + 1, dtype=np.float64)
        ways = gammaln(rows + 1.0) - gammaln(counts + 1) - gammaln(rows - counts + 1)
        terms = ways + betaln(counts + inside, rows - counts + outside) - betaln(inside, outside)
        return float(min(1.0, np.exp(terms).sum()))
    from statistics import NormalDist

    total = inside + outside
    share = inside / total
    spread = math.sqrt(rows * share * (1 - share) * (total + rows) / (total + 1))
    return NormalDist().cdf((hits + 0.5 - rows * share) / spread)


def coverage_report(
    conformal: Conformal,
    answers: Floats,
    decided: Ints | None,
    truth: Floats,
    task: Task,
    table: pl.DataFrame,
    schema: Schema,
    columns: Sequence[str] = (),
    level: float = LEVEL,
) -> dict[str, Any]:
    """Coverage on some rows as plain data.

    Args:
        answers, decided, truth: see `Realised.of`.
        table: typed table of the same rows.
        columns: to look for parts that are covered less.
    Returns:
        `{"level", "value", "low", "high", "rows", "size", "median_size", "unit", "enough", "ordered", "by_class",
        "calibration_rows", "p_value", "classes", "groups", "segments"}`: `classes` for each class by its true rows,
        `groups` for every group of the task's sensitive columns, `segments` the parts that are surely covered less
        than asked, luck allowed for over all of them.
    """
    realised = Realised.of(conformal, answers, decided, truth, level)
    by_class = isinstance(conformal, ClassSets) and conformal.by_class
    found: dict[str, Any] = {
        "level": level,
        **realised.to_json(),
        "unit": "classes" if isinstance(conformal, ClassSets) else "width",
        "enough": conformal.rows >= least_rows(level) and realised.blocks[1] > 0,
        "ordered": conformal.ordered,
        "by_class": by_class,
        "calibration_rows": conformal.rows,
        "p_value": realised.shortfall(),
        "classes": _classes(conformal, realised, truth, task) if isinstance(conformal, ClassSets) else [],
    }
    found["groups"] = [
        entry for name in task.sensitive if name in schema for entry in _parts(realised, name, table, schema)
    ]
    looked_at = [entry for name in columns if name in schema for entry in _parts(realised, name, table, schema)]
    limit = _SURE / max(1, len(looked_at))
    worst = sorted((e for e in looked_at if e["p_value"] < limit), key=lambda entry: float(entry["value"]))
    found["segments"] = worst[:_MOST_PARTS]
    return found


def rolling(
    task: Task,
    answers: Floats,
    truth: Floats,
    folds: Sequence[Ints],
    stream: np.random.Generator,
    decide: Callable[[Floats], Ints],
    level: float = LEVEL,
) -> dict[str, Any] | None:
    """Coverage of each fold by scores from the folds before it, over all folds: what it was over time.

    Args:
        answers: (rows, ...) out-of-fold predictions; NaN where there is none.
        truth: (rows,).
        folds: validation rows of each fold, in the order of time.
        decide: from probabilities to classes.
    Returns:
        as `Realised.to_json`; None where there are fewer than two folds.
    """
    known = np.isfinite(answers if answers.ndim == 1 else answers.sum(axis=1))
    hits: list[Flags] = []
    sizes: list[Floats] = []
    for number in range(1, len(folds)):
        before = np.unique(np.concatenate(folds[:number]))
        before = before[known[before]]
        now = np.setdiff1d(folds[number], before)
        now = now[known[now]]
        learned = learn(task, answers[before], truth[before], stream, ordered=True) if len(before) else None
        if learned is None or not len(now):
            continue
        decided = decide(answers[now]) if task.goal.is_classification else None
        realised = Realised.of(learned, answers[now], decided, truth[now], level)
        hits.append(realised.hits)
        sizes.append(realised.sizes)
    if not hits:
        return None
    return Realised(level, np.concatenate(hits), np.concatenate(sizes), (1, 0)).to_json()


def _classes(conformal: ClassSets, realised: Realised, truth: Floats, task: Task) -> list[dict[str, Any]]:
    found = []
    for code, name in enumerate(spelled(task.classes)):
        rows = np.flatnonzero(truth == code)
        if len(rows):
            found.append(
                {
                    "label": name,
                    **realised.to_json(rows),
                    "p_value": realised.shortfall(rows, conformal.blocks(realised.level, code)),
                }
            )
    return found


def _parts(realised: Realised, name: str, table: pl.DataFrame, schema: Schema) -> list[Mapping[str, Any]]:
    if name not in table.columns:
        return []
    return [
        {
            "column": name,
            "label": part.label,
            **realised.to_json(part.rows),
            "p_value": realised.shortfall(part.rows),
        }
        for part in parts(table[name], schema[name].kind)
        if part.rows.sum() >= LEAST_ROWS
    ]
