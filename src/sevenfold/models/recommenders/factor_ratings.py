"""Biased matrix factorisation: predicts the rating itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.inputs import Form
from sevenfold.core.int8 import Matrix
from sevenfold.core.model import Cost, FitContext, FitInfo, ModelSpec, Size, Trait
from sevenfold.core.space import Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal
from sevenfold.models.recommenders.events import Events
from sevenfold.models.recommenders.scored import ScoringRecommender


def _cost(params: Mapping[str, Any], size: Size) -> Cost:
    factors, sides = params["factors"], 0.1 * size.rows
    seconds = params["rounds"] * (size.rows * factors**2 * 1e-9 + sides * (6e-5 + factors**3 * 1e-9))
    return Cost(0.2 + seconds, 60.0 * size.rows + 16.0 * sides * factors)


class FactorRatings(ScoringRecommender):
    """Mean, bias of the user, bias of the item, and a product of learned vectors, by alternating ridge regressions."""

    spec = ModelSpec(
        name="factor_ratings",
        title="Matrix factorisation of ratings",
        solves=frozenset({Goal.RECOMMENDATION}),
        accepts=frozenset({Form.IDS}),
        space=Space(
            factors=Integer(32, 0, 256, help="length of the vectors; 0 keeps the biases only"),
            ridge=Real(0.15, 0.005, 5.0, log=True, help="shrinks vectors, for each rating of a user or item"),
            bias_ridge=Real(4.0, 0.0, 100.0, help="ratings at which a bias counts half"),
            rounds=Integer(12, 1, 100, help="alternations between users and items"),
        ),
        portfolio=({}, {"factors": 0}, {"factors": 16, "ridge": 0.2}, {"factors": 64, "ridge": 0.12}),
        cost=_cost,
        source="Koren, Bell & Volinsky 2009; Zhou et al. 2008 (weighted ridge)",
        summary="Predicts how many stars, also for users and items with few ratings.",
        traits=frozenset({Trait.RATINGS}),
    )

    matrices = (Matrix("learned/user_factors"), Matrix("learned/item_factors"))

    _mean: float
    _range: tuple[float, float]
    _user_bias: Floats
    _item_bias: Floats
    _user_factors: Floats
    _item_factors: Floats

    def learn(self, events: Events, context: FitContext) -> FitInfo:
        """See `ScoringRecommender.learn`."""
        self._mean = float(events.strengths.mean())
        self._range = (float(events.strengths.min()), float(events.strengths.max()))
        users, items = events.user_of, events.items_of.astype(np.int64)
        self._learn_biases(users, items, events)
        left = events.strengths - self._mean - self._user_bias[users] - self._item_bias[items]
        factors = self.params["factors"]
        self._user_factors = np.zeros((events.users, factors))
        self._item_factors = context.stream.normal(0.0, 0.1, (events.items, factors))
        rounds, truncated = 0, False
        if factors:
            by_item = np.argsort(items, kind="stable")
            item_starts = np.searchsorted(items[by_item], np.arange(events.items + 1))
            for _ in range(self.params["rounds"]):
                if context.seconds_left() <= 0 and rounds:
                    truncated = True
                    break
                self._solve(self._user_factors, events.starts, items, left, self._item_factors)
                self._solve(self._item_factors, item_starts, users[by_item], left[by_item], self._user_factors)
                rounds += 1
        return FitInfo(rounds=rounds or None, truncated=truncated)

    def _learn_biases(self, users: Ints, items: Ints, events: Events) -> None:
        ridge = self.params["bias_ridge"] + 1e-12
        centred = events.strengths - self._mean
        self._user_bias, self._item_bias = np.zeros(events.users), np.zeros(events.items)
        user_counts, item_counts = np.diff(events.starts), events.counts
        for _ in range(10):
            sums = np.bincount(items, weights=centred - self._user_bias[users], minlength=events.items)
            self._item_bias = sums / (item_counts + ridge)
            sums = np.bincount(users, weights=centred - self._item_bias[items], minlength=events.users)
            self._user_bias = sums / (user_counts + ridge)

    def _solve(self, side: Floats, starts: Ints, others: Ints, left: Floats, factors: Floats) -> None:
        """One ridge regression for each row of `side`, in place; a row without ratings is zero."""
        identity = np.eye(factors.shape[1])
        for row in range(len(side)):
            begin, end = int(starts[row]), int(starts[row + 1])
            if begin == end:
                side[row] = 0.0
                continue
            seen = factors[others[begin:end]]
            gram = seen.T @ seen + self.params["ridge"] * (end - begin) * identity
            side[row] = np.linalg.solve(gram, seen.T @ left[begin:end])

    def scores(self, user: int) -> Floats:
        """(items,) expected ratings within the range of those seen."""
        expected = self._mean + self._item_bias
        if 0 <= user < self._events.users:
            product = (self._item_factors * self._user_factors[user]).sum(axis=1)
            expected = expected + self._user_bias[user] + product
        return np.clip(expected, *self._range)

    def unknown_item(self, user: int) -> float:
        """The user's mean."""
        known = 0 <= user < self._events.users
        return float(np.clip(self._mean + (self._user_bias[user] if known else 0.0), *self._range))

    def learned(self) -> State:
        """See `ScoringRecommender.learned`."""
        return {
            "mean": self._mean,
            "range": list(self._range),
            "user_bias": self._user_bias,
            "item_bias": self._item_bias,
            "user_factors": self._user_factors,
            "item_factors": self._item_factors,
        }

    def take_over(self, state: State) -> None:
        """See `ScoringRecommender.take_over`."""
        self._mean, self._range = state["mean"], (state["range"][0], state["range"][1])
        self._user_bias, self._item_bias = state["user_bias"], state["item_bias"]
        self._user_factors, self._item_factors = state["user_factors"], state["item_factors"]
