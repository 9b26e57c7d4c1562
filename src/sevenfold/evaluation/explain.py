"""Why this answer for this row: what each column added to the average answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import DataError
from sevenfold.evaluation.subject import Predicts

if TYPE_CHECKING:
    import polars as pl

OTHERS = "(other columns)"
MOST_CALL_ROWS = 20_000


@dataclass(frozen=True)
class Explanation:
    """Contributions of columns to the answers of some rows.

    For each row, `baseline` plus the sum of its contributions is its prediction, to rounding.

    Args:
        columns: names of the contributions; the last one may be "(other columns)", all others together.
        contributions: (rows, columns), in the unit of the prediction.
        baseline: (rows,) mean prediction over the background, of the output that is explained.
        prediction: (rows,) prediction of the output that is explained.
        output: (rows,) which class is explained; 0 for numbers.
    """

    columns: tuple[str, ...]
    contributions: Floats
    baseline: Floats
    prediction: Floats
    output: Ints

    def to_json(self, row: int) -> dict[str, Any]:
        """One row's explanation, the largest contributions first."""
        order = np.argsort(-np.abs(self.contributions[row]), kind="stable")
        return {
            "prediction": float(self.prediction[row]),
            "baseline": float(self.baseline[row]),
            "output": int(self.output[row]),
            "contributions": {self.columns[c]: float(self.contributions[row, c]) for c in order},
        }


def explain_rows(
    predictor: Predicts,
    table: pl.DataFrame,
    background: pl.DataFrame,
    columns: Sequence[str],
    stream: np.random.Generator,
    *,
    output: int | None = None,
    samples: int = 16,
) -> Explanation:
    """Shapley values by sampling (Strumbelj and Kononenko 2014), with antithetic orders (Mitchell et al. 2022).

    Each sample starts from one row of the background and gives it, in a random order, one column after the other
    of the explained row; what the prediction moves is that column's due. The reverse order is sampled, too. All
    columns not named move together. Contributions and baseline use the same background rows, so they add up to
    the prediction exactly. Cost: 2 * samples * (columns + 1) predictions for each row, at most.

    Args:
        table: typed rows to explain.
        background: typed rows of ordinary cases, say 100 of the training rows; the first `samples` of a random
            order are used.
        columns: columns to tell apart, the most important ones; about ten keep it fast and readable.
        output: class to explain; by default the positive one of two, or each row's most likely one.
        samples: background rows to start from, each with two orders.
    Raises:
        DataError: the background is empty.
    """
    if background.is_empty():
        raise DataError("An explanation needs background rows.", "at least one row", "none", "Give training rows.")
    named = [name for name in columns if name in table.columns]
    rest = [name for name in table.columns if name not in named]
    players = [[name] for name in named] + ([rest] if rest else [])
    start = background[stream.permutation(background.height)[:samples]]
    orders = _orders(len(players), start.height, stream)
    answers = predictor.predict(table)
    classes = 1 if answers.ndim == 1 else answers.shape[1]
    explained = _explained(answers, classes, output)
    contributions = np.zeros((table.height, len(players)))
    baseline = np.zeros(table.height)
    begun = predictor.predict(start).reshape(start.height, classes)
    for row in range(table.height):
        path = _walk(predictor, table[row], start, players, orders).reshape(len(orders), len(players), classes)
        path = path[:, :, explained[row]]
        first = np.tile(begun[:, explained[row]], 2)[:, None]
        moves = np.diff(np.concatenate([first, path], axis=1), axis=1)
        for player in range(len(players)):
            contributions[row, player] = moves[orders == player].sum() / len(orders)
        baseline[row] = begun[:, explained[row]].mean()
    names = tuple(named + ([OTHERS] if rest else []))
    prediction = answers.reshape(table.height, classes)[np.arange(table.height), explained]
    return Explanation(names, contributions, baseline, prediction, explained)


def _orders(players: int, starts: int, stream: np.random.Generator) -> Ints:
    """(2 * starts, players): an order for each start, then each of them reversed."""
    forward = np.stack([stream.permutation(players) for _ in range(starts)])
    return np.concatenate([forward, forward[:, ::-1]]).astype(np.int64)


def _explained(answers: Floats, classes: int, output: int | None) -> Ints:
    rows = len(answers)
    if classes == 1:
        return np.zeros(rows, dtype=np.int64)
    if output is not None:
        return np.full(rows, output, dtype=np.int64)
    if classes == 2:
        return np.ones(rows, dtype=np.int64)
    return answers.argmax(axis=1).astype(np.int64)


def _walk(
    predictor: Predicts, row: pl.DataFrame, start: pl.DataFrame, players: Sequence[Sequence[str]], orders: Ints
) -> Floats:
    """Predictions after each step of each order: (orders * players,) or (orders * players, classes)."""
    import polars as pl

    both = pl.concat([row, start])
    walks, steps = orders.shape
    arrival = np.argsort(orders, axis=1)  # when each player moves
    origin = 1 + np.tile(np.arange(start.height), 2)
    series = []
    place = {name: player for player, names in enumerate(players) for name in names}
    for name in both.columns:
        moved = arrival[:, place[name], None] <= np.arange(steps)[None, :]
        source = np.where(moved, 0, origin[:, None]).reshape(-1)
        series.append(both[name].gather(source))
    mixed = pl.DataFrame(series)
    parts = [predictor.predict(mixed[i : i + MOST_CALL_ROWS]) for i in range(0, walks * steps, MOST_CALL_ROWS)]
    return np.concatenate(parts)
