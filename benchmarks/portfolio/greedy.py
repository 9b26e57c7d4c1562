"""A fixed order of starting points, the next always the one that raises the best so far most a second, on average over
sets (Feurer et al., Auto-sklearn 2.0, JMLR 2022, section 3.1, with cost as in Streeter and Golovin, NeurIPS 2008).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from gains import starts_of
from results import SetResults

SHORT = 0.05  # of what all starting points of a set cost: below it seconds do not matter


def greedy(sets: Sequence[SetResults]) -> list[str]:
    """Names of starting points, those that raise nothing last.

    Args:
        sets: to learn from; a starting point that does not fit a set's task raises nothing there.
    """
    names = sorted({tried.name for results in sets for own in starts_of(results).values() for tried in own})
    shares = np.zeros((len(sets), len(names)))
    costs = np.full((len(sets), len(names)), np.nan)
    best = np.zeros(len(sets))
    for row, results in enumerate(sets):
        best[row] = max(results.single(results.yardstick), results.single("lightgbm-0"))
        for column, name in enumerate(names):
            if name in results.tried:
                shares[row, column] = results.single(name)
                costs[row, column] = results.tried[name].core_seconds
    costs /= np.nansum(costs, axis=1, keepdims=True)
    seconds = np.maximum(np.nanmean(costs, axis=0), SHORT)
    order: list[str] = []
    left = [column for column, name in enumerate(names) if name != "lightgbm-0"]
    while left:
        raised = [float(np.maximum(0.0, shares[:, column] - best).mean()) / seconds[column] for column in left]
        if max(raised) <= 0.0:
            break
        column = left.pop(int(np.argmax(raised)))
        order.append(names[column])
        best = np.maximum(best, shares[:, column])
    return order + [names[column] for column in sorted(left, key=lambda column: -shares[:, column].mean())]
