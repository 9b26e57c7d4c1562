"""What recommenders share: one score for each item of a user gives both prediction and ranking."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import RequestError
from sevenfold.core.inputs import Inputs
from sevenfold.core.model import FitContext, FitInfo, Recommender, Valid
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.models.recommenders.events import Events, pairs


class ScoringRecommender(Recommender):
    """A recommender defined by what it learns from events and by how it scores all items for one user."""

    _events: Events

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """See `Estimator.fit`; rows with an unknown user or item are left out."""
        if target.goal not in self.spec.solves:
            raise RequestError(
                f"Model '{self.spec.name}' recommends; it cannot reach the goal '{target.goal}'.",
                "the goal 'recommendation'",
                str(target.goal),
                "Choose another model; `sevenfold models` lists what each can do.",
            )
        self._events = Events.learn(inputs, target)
        return self.learn(self._events, context)

    @abstractmethod
    def learn(self, events: Events, context: FitContext) -> FitInfo:
        """Learn from the training events."""

    @abstractmethod
    def scores(self, user: int) -> Floats:
        """(items,) finite scores; -1 is an unknown user. Computed alike whatever other users are asked for."""

    @abstractmethod
    def unknown_item(self, user: int) -> float:
        """The score of an item that was not in the training rows."""

    @abstractmethod
    def learned(self) -> State:
        """What was learned beside the events."""

    @abstractmethod
    def take_over(self, state: State) -> None:
        """Take over what `learned` gave; `self._events` is already there."""

    def predict(self, inputs: Inputs) -> Floats:
        """(rows,) scores, finite for unknown users and items too."""
        users, items = pairs(inputs)
        predicted = np.empty(inputs.rows)
        order = np.argsort(users, kind="stable")
        starts = np.flatnonzero(np.diff(users[order], prepend=np.iinfo(np.int32).min))
        for rows in np.split(order, starts[1:]) if inputs.rows else ():
            user, wanted = int(users[rows[0]]), items[rows]
            known = (wanted >= 0) & (wanted < self._events.items)
            scores = self.scores(user)
            predicted[rows] = np.where(known, scores[np.where(known, wanted, 0)], self.unknown_item(user))
        return predicted

    def rank(self, users: np.ndarray[Any, np.dtype[np.int32]]) -> Floats:
        """See `Recommender.rank`."""
        ranked = np.empty((len(users), self._events.items))
        for row, user in enumerate(users):
            ranked[row] = self.scores(int(user))
            ranked[row, self._events.of(int(user))[0]] = -np.inf
        return ranked

    def state(self) -> State:
        """See `Model.state`."""
        return {"events": self._events.state(), "learned": self.learned()}

    def restore(self, state: State) -> None:
        """See `Model.restore`."""
        self._events = Events.restored(state["events"])
        self.take_over(state["learned"])


def popularity_of(events: Events) -> Floats:
    """(items,) share of the users who have an event with each item, in [0, 1]."""
    return events.counts / max(1, len(np.unique(events.user_of)))
