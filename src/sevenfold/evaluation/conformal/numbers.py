"""Intervals of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.data.profile import bin_edges
from sevenfold.evaluation.conformal.quantiles import LEVEL, Quantiles

KIND = "numbers"
_PARTS = 5
_LEAST_JUDGED = 200  # rows from which on anything but the plain width is tried
_SHRINK_ROWS, _LEAST_SIZE = 10, 0.05
_SURE = 2.0  # standard errors that a richer form must gain


@dataclass(frozen=True)
class Spread:
    """How large errors are, by the size of the prediction: straight lines between the middles of bins.

    Args:
        places: (bins,) predictions, ascending.
        sizes: (bins,) mean absolute error there, above 0.
    """

    places: Floats
    sizes: Floats

    @classmethod
    def of(cls, predicted: Floats, error: Floats) -> Spread | None:
        """Learn from predictions and errors; None where all predictions or all errors are the same."""
        edges = bin_edges(predicted, min(20, max(1, len(predicted) // 40)))
        overall = float(np.abs(error).mean())
        if len(edges) < 3 or overall <= 0:
            return None
        cells = len(edges) - 1
        place = np.clip(np.searchsorted(edges, predicted, side="right") - 1, 0, cells - 1)
        rows = np.bincount(place, minlength=cells)
        kept = rows > 0
        middles = np.bincount(place, predicted, minlength=cells)[kept] / rows[kept]
        sums = np.bincount(place, np.abs(error), minlength=cells)[kept]
        sizes = (sums + _SHRINK_ROWS * overall) / (rows[kept] + _SHRINK_ROWS)
        rising = np.concatenate(([True], np.diff(middles) > 0))
        return cls(middles[rising], np.maximum(sizes, _LEAST_SIZE * overall)[rising])

    def at(self, predicted: Floats) -> Floats:
        """(rows,) size of the error to be expected."""
        return np.interp(predicted, self.places, self.sizes)


@dataclass(frozen=True)
class Form:
    """What an interval may follow.

    Args:
        scaled: its width follows the size of the prediction.
        sided: it reaches further to one side than to the other.
    """

    scaled: bool = False
    sided: bool = False


@dataclass(frozen=True)
class Intervals:
    """From which to which number.

    Args:
        ordered: the rows were split by time: the promise rests on the future being like the past.
        spread: by which errors are divided, or None.
        below, above: scores of errors to each side, in units of `spread`; the same of the absolute errors, and then
            `sided` is False.
        sided: whether either side has half of the errors that the coverage allows.
        least: no target was ever below it: an interval ends there, at a price of at most 1 / (n + 1) in coverage.
    """

    ordered: bool
    spread: Spread | None
    below: Quantiles
    above: Quantiles
    sided: bool
    least: float | None = None

    @classmethod
    def of(
        cls,
        predicted: Floats,
        truth: Floats,
        stream: np.random.Generator,
        *,
        ordered: bool = False,
        form: Form | None = None,
    ) -> Intervals:
        """Learn from rows that the model had not learned from.

        Args:
            predicted, truth: (rows,).
            stream: parts the rows.
            form: None for the one with the best interval score on unseen parts, a richer one only where it is surely
                better.
        """
        part = stream.permutation(len(truth)) % _PARTS
        chosen = _best_form(predicted, truth, part) if form is None else form
        error = truth - predicted
        spread, scores = None, error
        if chosen.scaled:
            spread = Spread.of(predicted, error)
            if spread is not None:
                scores = _unseen_scores(predicted, error, part, spread)
        floor = 0.0 if len(truth) and truth.min() >= 0 else None
        return _joined(scores, spread, chosen.sided, ordered, floor)

    @property
    def rows(self) -> int:
        """Calibration rows."""
        return self.above.rows

    def limits(self, predicted: Floats, coverage: float) -> Floats:
        """(rows, 2) low and high end; infinite where calibration rows are too few for the coverage."""
        each = 1 - (1 - coverage) / 2 if self.sided else coverage
        unit = 1.0 if self.spread is None else self.spread.at(predicted)
        low = predicted - unit * self.below.reach(each)
        high = predicted + unit * self.above.reach(each)
        if self.least is not None:
            low, high = np.maximum(low, self.least), np.maximum(high, self.least)
        return np.stack([low, high], axis=1)

    def blocks(self, coverage: float) -> tuple[int, int]:
        """See `Quantiles.blocks`."""
        if not self.sided:
            return self.above.blocks(coverage)
        each = 1 - (1 - coverage) / 2
        outside = self.below.blocks(each)[1] + self.above.blocks(each)[1]
        return self.rows + 1 - outside, outside

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        spread = self.spread
        return {
            "kind": KIND,
            "ordered": self.ordered,
            "sided": self.sided,
            "spread": None if spread is None else [spread.places.tolist(), spread.sizes.tolist()],
            "below": self.below.to_json() if self.sided else None,
            "above": self.above.to_json(),
            "least": self.least,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Intervals:
        """What `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: it is not.
        """
        spread = None
        if data["spread"] is not None:
            places, sizes = (np.array(values, np.float64) for values in data["spread"])
            if places.ndim != 1 or places.shape != sizes.shape or not len(places) or not (np.diff(places) > 0).all():
                raise ValueError("places and sizes do not fit together")
            spread = Spread(places, sizes)
        above = Quantiles.from_json(data["above"])
        below = Quantiles.from_json(data["below"]) if data["sided"] else above
        least = None if data["least"] is None else float(data["least"])
        return cls(bool(data["ordered"]), spread, below, above, bool(data["sided"]), least)


def interval_score(limits: Floats, truth: Floats, coverage: float) -> Floats:
    """(rows,) width plus what is missed, times 2 / (1 - coverage): least where the limits are the true quantiles.
    Source: Gneiting and Raftery 2007, equation 43."""
    low, high = limits[:, 0], limits[:, 1]
    missed = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return high - low + 2 / (1 - coverage) * missed


def _joined(scores: Floats, spread: Spread | None, sided: bool, ordered: bool, least: float | None) -> Intervals:
    if sided:
        return Intervals(ordered, spread, Quantiles.of(-scores), Quantiles.of(scores), True, least)
    both = Quantiles.of(np.abs(scores))
    return Intervals(ordered, spread, both, both, False, least)


def _unseen_scores(predicted: Floats, error: Floats, part: Ints, whole: Spread) -> Floats:
    """(rows,) errors over a spread that was learned without the row."""
    scores = np.empty_like(error)
    for number in range(_PARTS):
        seen, unseen = part != number, part == number
        spread = Spread.of(predicted[seen], error[seen]) or whole
        scores[unseen] = error[unseen] / spread.at(predicted[unseen])
    return scores


def _best_form(predicted: Floats, truth: Floats, part: Ints) -> Form:
    best = Form()
    if len(truth) < _LEAST_JUDGED:
        return best
    forms = (best, Form(scaled=True), Form(sided=True), Form(scaled=True, sided=True))
    losses = {form: _unseen_losses(form, predicted, truth, part) for form in forms}
    for form in forms[1:]:
        gain = losses[best] - losses[form]
        if gain.mean() > _SURE * gain.std() / np.sqrt(len(gain)):
            best = form
    return best


def _unseen_losses(form: Form, predicted: Floats, truth: Floats, part: Ints) -> Floats:
    losses = np.empty_like(truth)
    for number in range(_PARTS):
        seen, unseen = part != number, part == number
        error = truth[seen] - predicted[seen]
        spread = Spread.of(predicted[seen], error) if form.scaled else None
        scores = error if spread is None else error / spread.at(predicted[seen])
        made = _joined(scores, spread, form.sided, False, 0.0 if truth[seen].min() >= 0 else None)
        losses[unseen] = interval_score(made.limits(predicted[unseen], LEVEL), truth[unseen], LEVEL)
    return losses
