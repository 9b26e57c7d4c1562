"""How the chance of a false alarm is shared among all that can raise one.

Every kind of test has a share of it, and the shares add up to one: a look at rows of a model that is as good as ever
raises any alarm at all with a probability of at most the stated one (Bonferroni; the tests are not independent).
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

from sevenfold.core.report import Score
from sevenfold.deployment.documents import number

COLUMNS = 0.5  # inputs and predictions, over all lengths
TARGET = 0.1
ROWS = 0.1  # told apart
EXPECTED = 0.1  # score without labels
PERFORMANCE = 0.1  # score with labels
COVERAGE = 0.1  # of sets and intervals, over all that is looked at

_Z = 1.959964  # scores come with 95 % intervals


def clearly_worse(told: Score, now: Score, greater_is_better: bool, alpha: float) -> bool:
    """Whether a score is so much worse than the one told after training that chance explains it with a probability of
    at most `alpha`; errors of both are read off the ends of their intervals that face each other.
    """
    if greater_is_better:
        gap, reach = told.value - now.value, (told.value - told.low) ** 2 + (now.high - now.value) ** 2
    else:
        gap, reach = now.value - told.value, (told.high - told.value) ** 2 + (now.value - now.low) ** 2
    return bool(gap > NormalDist().inv_cdf(1 - alpha) / _Z * reach**0.5)


def worse_on_rows(told: Score, now: Score, greater_is_better: bool, alpha: float) -> bool:
    """`clearly_worse` for a score that was measured, as the told one was, on rows of its own.

    Where nothing has changed, rows of both come from one distribution, and what one row adds to the error is the same
    for both; the larger of the two estimates of it is taken. Of errors with heavy tails, rows that happen to hold no
    large one give a score that is too good *and* an interval that is too narrow: with each score's own, 200 told rows
    and 2,000 new ones of Student's t with 4 degrees of freedom gave 18 false alarms in 1,000 looks where 1 was stated;
    so, 0.2. Scores of unknown numbers of rows keep their own errors.
    """
    if not told.rows or not now.rows:
        return clearly_worse(told, now, greater_is_better, alpha)
    gap = told.value - now.value if greater_is_better else now.value - told.value
    of_told = told.value - told.low if greater_is_better else told.high - told.value
    of_now = now.high - now.value if greater_is_better else now.value - now.low
    of_a_row = max(of_told**2 * told.rows, of_now**2 * now.rows)
    reach = (of_a_row * (1 / told.rows + 1 / now.rows)) ** 0.5
    return bool(gap > NormalDist().inv_cdf(1 - alpha) / _Z * reach)


def told_after_training(metadata: Mapping[str, Any]) -> Score | None:
    """The test score that the bundle's metadata hold, `test.value`, `test.low` and `test.high`."""
    test = metadata.get("test")
    if not isinstance(test, Mapping):
        return None
    low, value, high = (number(test.get(key)) for key in ("low", "value", "high"))
    if low is None or high is None:
        return None
    rows = test.get("rows")
    return Score((low + high) / 2 if value is None else value, low, high, rows if isinstance(rows, int) else 0)
