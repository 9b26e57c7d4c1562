"""Is the challenger better? A test on paired losses that may be looked at after every observation.

The wealth of a bettor who bets on "better" at odds that are fair if it is not: sequences of bets `1 + share * x`, one
for each of a few shares, mixed with equal weights. Under the null hypothesis each is a nonnegative supermartingale
that begins at 1, and so is the mixture; by Ville's inequality it ever exceeds `1 / alpha` with chance at most `alpha`,
however often and whenever somebody looks. The same bets against every other mean give the limits that are told: the
lower one is the least mean that the bet on "better" has never refuted at that same `alpha`, the upper one likewise for
"worse". So the lower limit reaches 0 exactly when the decision is "promote", the upper one exactly when it is "keep".

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
_HALVINGS = 24
_MARGIN = 1e-6  # of rounding, in a logarithm


@dataclass(frozen=True)
class Evidence:
    """What the paired losses say.

    Args:
        decision: "promote" (the challenger is better), "keep" (it is worse) or "undecided".
        e_value: evidence for "better": the bettor's wealth now; 1 / alpha decides.
        e_value_worse: evidence for "worse".
        gain: mean loss of the champion less that of the challenger; above 0 the challenger is better.
        low, high: limits of the gain, the decision's own: each holds at all looks together with chance 1 - alpha.
        rows: pairs.
        alpha: chance of a wrong promotion, over all looks together.
        turned: whether later rows decide the opposite as well, so that the gain has changed with time; the limits are
            those of the row that decided then.
    """

    decision: str
    e_value: float
    e_value_worse: float
    gain: float
    low: float
    high: float
    rows: int
    alpha: float
    turned: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "decision": self.decision, "e_value": self.e_value, "e_value_worse": self.e_value_worse,
            "gain": {"value": self.gain, "low": self.low, "high": self.high}, "rows": self.rows, "alpha": self.alpha,
            "turned": self.turned,
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
    better, worse = log_wealth(gains), log_wealth(-gains)
    enough = _enough(alpha)
    first_better, first_worse = _first(better >= enough), _first(worse >= enough)
    decision, seen = "undecided", len(gains)
    turned = max(first_better, first_worse) < len(gains)
    if min(first_better, first_worse) < len(gains):
        decision = "promote" if first_better < first_worse else "keep"
    if turned:
        seen = min(first_better, first_worse) + 1
    low, high = limits(gains[:seen], alpha)
    better_now, worse_now = float(np.exp(better[-1])), float(np.exp(worse[-1]))
    return Evidence(decision, better_now, worse_now, float(gains.mean()), low, high, len(gains), alpha, turned)


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
    """The least and the greatest mean that the bet on "better" and that on "worse" have refuted at no row until now.

    Each limit holds at all looks together with chance 1 - alpha.

    Args:
        gains: (rows,), each in [-1, 1].
    """
    enough = _enough(alpha)
    return _lower(gains, enough), -_lower(-gains, enough)


def _lower(gains: Floats, enough: float) -> float:
    """The least mean that the bettor on "above it" has never refuted: wealth falls as the mean grows.

    The first mean that is asked about is 0, with the very figures that decide.
    """
    values, which = np.unique(gains, return_inverse=True)
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        mean = (low + high) / 2
        if _refuted(mean, gains, values, which, enough):
            low = mean
        else:
            high = mean
    return low


def _refuted(mean: float, gains: Floats, values: Floats, which: Any, enough: float) -> bool:
    """Whether the wealth of a bet on "above this mean" was ever enough.

    The best share's wealth bounds the mixture's from both sides, and mostly settles it.
    """
    best = -np.inf
    for share in SHARES:  # a bet loses at most what it has: scaled gains are at least -1
        best = max(best, float(np.cumsum(np.log1p(share * ((values - mean) / (1 + mean)))[which]).max()))
    if best < enough - _MARGIN or best - np.log(len(SHARES)) > enough + _MARGIN:
        return best >= enough
    return bool(log_wealth((gains - mean) / (1 + mean)).max() >= enough)


def _enough(alpha: float) -> float:
    return -float(np.log(alpha))


def _first(hits: Any) -> int:
    return int(np.argmax(hits)) if hits.any() else len(hits)
