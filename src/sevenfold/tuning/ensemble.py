"""Ensembles of trials: greedy weighted averaging and stacking, kept only for a real gain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.predictor import Combiner
from sevenfold.core.registry import Catalogue
from sevenfold.core.state import State

Loss = Callable[[Floats, Ints], float]
"""Loss of (rows, ...) predictions of the given row numbers, smaller is better."""


class AverageCombiner(Combiner):
    """A weighted average with weights that sum to 1."""

    name = "average"

    def __init__(self, weights: Sequence[float] = (1.0,)) -> None:
        self.weights = [float(weight) for weight in weights]

    def combine(self, predictions: list[Floats]) -> Floats:
        """The weighted sum."""
        total = predictions[0] * self.weights[0]
        for weight, predicted in zip(self.weights[1:], predictions[1:], strict=True):
            total = total + predicted * weight
        return total

    def state(self) -> State:
        """The weights."""
        return {"weights": self.weights}

    def restore(self, state: State) -> None:
        """Take over the weights."""
        self.weights = [float(weight) for weight in state["weights"]]


class StackCombiner(Combiner):
    """A learned linear stack: regression by non-negative least squares, classes by a ridge-shrunk softmax on members'
    log odds (Wolpert 1992; Breiman 1996).

    Args:
        weights: (members,) non-negative.
        shift: (classes,) added to log odds, or one constant for regression.
    """

    name = "stack"

    def __init__(self) -> None:
        self.weights = np.ones(1)
        self.shift = np.zeros(1)
        self.classification = False

    def fit(self, predictions: list[Floats], target: Floats, classes: int) -> None:
        """Learn from out-of-fold predictions, each (rows,) or (rows, classes)."""
        from scipy.optimize import minimize, nnls

        members = len(predictions)
        self.classification = classes > 0
        if not self.classification:
            X = np.stack(predictions, axis=1)
            scale = float(np.abs(X - X.mean(axis=0)).mean()) or 1.0
            # Shrunk towards equal weights, with a strength worth a few dozen rows.
            extra = np.eye(members) * scale * np.sqrt(30.0 / members)
            A = np.vstack([X - X.mean(axis=0), extra])
            b = np.concatenate([target - target.mean(), extra.sum(axis=1) / members])
            self.weights = nnls(A, b)[0]
            self.shift = np.array([target.mean() - float(X.mean(axis=0) @ self.weights)])
            return
        logits = np.stack([_centred_logits(p) for p in predictions])
        codes = target.astype(np.int64)
        rows = np.arange(len(codes))
        start = np.concatenate([np.full(members, 1.0 / members), np.zeros(classes)])

        def loss(point: Floats) -> tuple[float, Floats]:
            z = np.tensordot(point[:members], logits, axes=1) + point[members:]
            z -= z.max(axis=1, keepdims=True)
            e = np.exp(z)
            total = e.sum(axis=1, keepdims=True)
            value = float(np.mean(np.log(total[:, 0]) - z[rows, codes]))
            slope = e / total
            slope[rows, codes] -= 1.0
            gradient = np.concatenate([np.einsum("mrc,rc->m", logits, slope), slope.sum(axis=0)]) / len(codes)
            penalty = 30.0 / len(codes) * 0.5
            away = point - start
            return value + penalty * float(away @ away), gradient + 2 * penalty * away

        bounds = [(0.0, None)] * members + [(None, None)] * classes
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
        self.weights, self.shift = found.x[:members], found.x[members:]

    def combine(self, predictions: list[Floats]) -> Floats:
        """(rows,) values or (rows, classes) probabilities."""
        if not self.classification:
            total = np.full(len(predictions[0]), float(self.shift[0]))
            for weight, predicted in zip(self.weights, predictions, strict=True):
                total = total + weight * predicted
            return total
        z = np.zeros_like(predictions[0]) + self.shift
        for weight, predicted in zip(self.weights, predictions, strict=True):
            z = z + weight * _centred_logits(predicted)
        z = np.exp(z - z.max(axis=1, keepdims=True))
        return z / z.sum(axis=1, keepdims=True)

    def state(self) -> State:
        """Weights and shifts."""
        return {"weights": self.weights, "shift": self.shift, "classification": self.classification}

    def restore(self, state: State) -> None:
        """Take over weights and shifts."""
        self.weights, self.shift = np.asarray(state["weights"]), np.asarray(state["shift"])
        self.classification = bool(state["classification"])


COMBINERS: Catalogue[type[Combiner]] = Catalogue(
    "Combiner",
    "sevenfold.combiners",
    {
        "average": "sevenfold.tuning.ensemble:AverageCombiner",
        "stack": "sevenfold.tuning.ensemble:StackCombiner",
    },
)


@dataclass(frozen=True)
class Blend:
    """Chosen members and their weights.

    Args:
        members: indices into the candidates, heaviest first.
        weights: one a member, summing to 1.
        loss: on all rows.
    """

    members: tuple[int, ...]
    weights: tuple[float, ...]
    loss: float


@dataclass(frozen=True)
class Room:
    """Bytes of each candidate, and what all members together may take."""

    sizes: Sequence[float]
    most: float


def greedy_blend(
    predictions: Sequence[Floats],
    loss: Loss,
    rows: Ints,
    most_members: int,
    steps: int = 25,
    least_gain: float = 0.0,
    room: Room | None = None,
) -> Blend:
    """Greedy selection with replacement from the best single candidate on (Caruana et al. 2004).

    Args:
        predictions: one (rows, ...) array for each candidate, out of fold.
        loss: of blended predictions.
        rows: row numbers to be judged on.
        most_members: distinct candidates allowed.
        steps: additions at most.
        least_gain: a new member must lower the loss by this share of it.
        room: how large the members may be; the first is the best that fits.
    """
    singles = [loss(predicted, rows) for predicted in predictions]
    sizes, most = (np.zeros(len(predictions)), 0.0) if room is None else (np.asarray(room.sizes), room.most)
    first = int(np.argmin(np.where(sizes <= most, singles, np.inf)))
    counts = np.zeros(len(predictions), np.int64)
    counts[first] = 1
    total = predictions[first].copy()
    best = singles[first]
    for _ in range(steps):
        held = int(counts.sum())
        full = np.count_nonzero(counts) >= most_members
        free = most - float(sizes[counts > 0].sum())
        allowed = [i for i in range(len(predictions)) if counts[i] or (not full and sizes[i] <= free)]
        trials = [(loss((total + predictions[i]) / (held + 1), rows), i) for i in allowed]
        # Another share for a member costs nothing, a new member does.
        worth = [(value, i) for value, i in trials if value < best - (0.0 if counts[i] else least_gain * abs(best))]
        if not worth:
            break
        value, chosen = min(worth)
        counts[chosen] += 1
        total = total + predictions[chosen]
        best = value
    members = sorted(np.flatnonzero(counts), key=lambda i: (-int(counts[i]), singles[i]))
    share = counts / counts.sum()
    return Blend(tuple(int(i) for i in members), tuple(float(share[i]) for i in members), best)


def _centred_logits(probabilities: Floats) -> Floats:
    logits: Floats = np.log(np.clip(probabilities, 1e-9, 1.0))
    return logits - logits.mean(axis=1, keepdims=True)
