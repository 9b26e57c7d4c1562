"""Is the challenger better? A test on paired losses that may be looked at after every observation.

The wealth of a bettor who bets on "better" at odds that are fair if it is not: sequences of bets `1 + share * x`, one
for each of a few shares, mixed with equal weights. Under the null hypothesis each is a nonnegative supermartingale
that begins at 1, and so is the mixture; by Ville's inequality it ever exceeds `1 / alpha` with chance at most `alpha`,
however often and whenever somebody looks. Bets against every other mean give the confidence sequence.

What is bounded is the chance that a challenger is promoted which, at no time, could be expected to do better on the
next observation, whatever has been seen before. So observations must come in an order that does not depend on the
losses that are still to come, and must not foretell each other: rows that were asked about together count as one
(their mean). A challenger that is better for a while and worse later may rightly be promoted in between.

Source: Waudby-Smith and Ramdas 2023, "Estimating means of bounded random variables by betting", sections 3 and 4;
Ville 1939.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError, RequestError

ALPHA = 0.05
SHARES = np.geomspace(0.003, 0.9, 16)
_HALVINGS = 30


@dataclass(frozen=True)
class Evidence:
    """What the paired losses say.

    Args:
        decision: "promote" (the challenger is better), "keep" (it is worse) or "undecided".
        e_value: evidence for "better": the bettor's wealth now; 1 / alpha decides.
        e_value_worse: evidence for "worse".
        gain: mean loss of the champion less that of the challenger; above 0 the challenger is better.
        low, high: limits of the gain that hold at all looks together with chance 1 - alpha.
        rows: pairs.
        alpha: chance of a wrong promotion, over all looks together.
    """

    decision: str
    e_value: float
    e_value_worse: float
    gain: float
    low: float
    high: float
    rows: int
    alpha: float

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "decision": self.decision, "e_value": self.e_value, "e_value_worse": self.e_value_worse,
            "gain": {"value": self.gain, "low": self.low, "high": self.high}, "rows": self.rows, "alpha": self.alpha,
        }  # fmt: skip


def weigh(champion: Floats, challenger: Floats, alpha: float = ALPHA) -> Evidence:
    """What paired losses say of the challenger.

    The decision is that of the first row at which the evidence was enough, so that it does not depend on when somebody
    looks.

    Args:
        champion, challenger: (rows,) losses in [0, 1] of the same rows, in the order in which their labels came.
        alpha: chance of a wrong promotion that is accepted.
    Raises:
        RequestError: alpha is out of range.
        DataError: there are no rows, their numbers differ, or a loss is outside [0, 1].
    """
    if not 0 < alpha < 1:
        raise RequestError("--alpha is out of range.", "between 0 and 1", str(alpha), "Say 0.05.")
    if len(champion) != len(challenger) or len(champion) == 0:
        raise DataError("Losses cannot be paired.", "as many of each, at least one", f"{len(champion)} and others")
    both = np.concatenate([champion, challenger])
    if not ((both >= 0) & (both <= 1)).all():
        raise DataError("A loss is out of range.", "from 0 to 1", f"{both.min():.3g} to {both.max():.3g}")
    gains = champion - challenger
    better, worse = np.exp(log_wealth(gains)), np.exp(log_wealth(-gains))
    enough = 1 / alpha
    first_better, first_worse = _first(better >= enough), _first(worse >= enough)
    decision = "undecided"
    if min(first_better, first_worse) < len(gains):
        decision = "promote" if first_better < first_worse else "keep"
    low, high = limits(gains, alpha)
    return Evidence(decision, float(better[-1]), float(worse[-1]), float(gains.mean()), low, high, len(gains), alpha)


def log_wealth(gains: Floats) -> Floats:
    """(..., rows) logarithm of the wealth after each row of a bettor who bets that the mean is above 0.

    Args:
        gains: (..., rows), each in [-1, 1].
    """
    total = np.full(gains.shape, -np.inf)
    for share in SHARES:
        np.logaddexp(total, np.cumsum(np.log1p(share * gains), axis=-1), out=total)
    return np.asarray(np.minimum(total - np.log(len(SHARES)), 700.0))  # beyond that its exponential is no number


def limits(gains: Floats, alpha: float) -> tuple[float, float]:
    """The means against which neither side's bettor has won half of alpha's share by now.

    Args:
        gains: (rows,), each in [-1, 1].
    """
    enough = float(np.log(2 / alpha))
    return _lower(gains, enough), -_lower(-gains, enough)


def _lower(gains: Floats, enough: float) -> float:
    """The least mean that the bettor on "above it" has not refuted: wealth falls as the mean grows."""
    values, counts = np.unique(gains, return_counts=True)

    def refuted(mean: float) -> bool:
        scaled = (values - mean) / (1 + mean)  # at least -1, so that no bet loses more than it has
        logs = np.array([(counts * np.log1p(share * scaled)).sum() for share in SHARES])
        top = logs.max()
        return float(top + np.log(np.exp(logs - top).mean())) >= enough

    low, high = -1.0, float(gains.mean())
    if not refuted(low + 1e-9):
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if refuted(middle):
            low = middle
        else:
            high = middle
    return low


def _first(hits: Any) -> int:
    return int(np.argmax(hits)) if hits.any() else len(hits)
