"""Recommenders by items that go together: a user's scores are sums over the items of the user's history."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.int8 import Matrix
from sevenfold.core.model import FitContext, FitInfo
from sevenfold.core.state import State
from sevenfold.models.recommenders.events import Events
from sevenfold.models.recommenders.scored import ScoringRecommender, popularity_of

MOST_ENTRIES = 16_000_000  # of the stored matrix; of a larger one each column keeps its strongest entries


class SimilarItems(ScoringRecommender):
    """Learns a matrix (items, items): how much having one item speaks for another.

    Kept whole while small; else each item keeps those that speak most for or against it, in sparse rows. Users
    without a history get what is popular.
    """

    matrices = (Matrix("learned/values", channel=1),)

    _least: float  # strength of the weakest events that count
    _popular: Floats
    _values: Any  # float32 (items, items), or (entries,) in sparse rows
    _places: Any  # int32 (entries,), the column of each; None where the matrix is whole
    _starts: Any  # int64 (items + 1,), where each row begins; None likewise

    @abstractmethod
    def similarities(self, events: Events) -> Any:
        """(items, items): entry (i, j) is what having i adds to the score of j; zero on the diagonal."""

    def learn(self, events: Events, context: FitContext) -> FitInfo:
        """See `ScoringRecommender.learn`."""
        self._least = events.quantile(self.params["weak"])
        liked = events.at_least(self._least)
        self._popular = popularity_of(liked)
        matrix = np.asarray(self.similarities(liked), np.float32)
        kept = max(1, min(int(self.params.get("neighbours", events.items)), MOST_ENTRIES // events.items))
        self._values, self._places, self._starts = matrix, None, None
        if kept <= events.items // 2:
            rows = np.argpartition(-np.abs(matrix), kept - 1, axis=0)[:kept]
            chosen = np.zeros(matrix.shape, np.bool_)
            np.put_along_axis(chosen, rows, True, axis=0)
            chosen &= matrix != 0
            row_of, places = np.nonzero(chosen)
            self._values, self._places = matrix[row_of, places], places.astype(np.int32)
            self._starts = np.searchsorted(row_of, np.arange(events.items + 1)).astype(np.int64)
        return FitInfo(notes={"items": events.items, "entries": int(self._values.size)})

    def scores(self, user: int) -> Floats:
        """See `ScoringRecommender.scores`."""
        items, strengths = self._events.of(user)
        items = items[strengths >= self._least]
        if not len(items):
            return self._popular
        if self._places is None:
            return self._values[items].sum(axis=0, dtype=np.float64)
        rows = [slice(int(self._starts[item]), int(self._starts[item + 1])) for item in items]
        places = np.concatenate([self._places[row] for row in rows])
        values = np.concatenate([self._values[row] for row in rows])
        return np.bincount(places, weights=values, minlength=self._events.items).astype(np.float64, copy=False)

    def unknown_item(self, user: int) -> float:
        """Nothing speaks for it."""
        return 0.0

    def learned(self) -> State:
        """See `ScoringRecommender.learned`."""
        return {
            "least": self._least,
            "popular": self._popular,
            "values": self._values,
            "places": self._places,
            "starts": self._starts,
        }

    def take_over(self, state: State) -> None:
        """See `ScoringRecommender.take_over`."""
        self._least, self._popular, self._values = state["least"], state["popular"], state["values"]
        self._places, self._starts = state["places"], state["starts"]
