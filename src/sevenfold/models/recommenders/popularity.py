"""What most people like: the yardstick of every recommender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.core.arrays import Floats
from sevenfold.core.inputs import Form
from sevenfold.core.model import Cost, FitContext, FitInfo, ModelSpec, Size, Trait
from sevenfold.core.space import Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal
from sevenfold.models.recommenders.events import Events
from sevenfold.models.recommenders.scored import ScoringRecommender, popularity_of


def _cost(params: Mapping[str, Any], size: Size) -> Cost:
    return Cost(0.01 + 3e-7 * size.rows, 40.0 * size.rows)


class Popularity(ScoringRecommender):
    """Scores an item by the share of users who have it."""

    spec = ModelSpec(
        name="popularity",
        title="Most popular",
        solves=frozenset({Goal.RECOMMENDATION}),
        accepts=frozenset({Form.IDS}),
        space=Space(weak=Real(0.0, 0.0, 0.9, help="share of the events, weakest first, that are no sign of liking")),
        portfolio=({},),
        cost=_cost,
        source="the usual baseline, see Cremonesi et al. 2010",
        summary="The same list for everybody: what any recommender has to beat, and what new users get.",
        traits=frozenset({Trait.BASELINE}),
    )

    _scores: Floats

    def learn(self, events: Events, context: FitContext) -> FitInfo:
        """Count."""
        self._scores = popularity_of(events.at_least(events.quantile(self.params["weak"])))
        return FitInfo()

    def scores(self, user: int) -> Floats:
        """See `ScoringRecommender.scores`."""
        return self._scores

    def unknown_item(self, user: int) -> float:
        """Nobody has it."""
        return 0.0

    def learned(self) -> State:
        """See `ScoringRecommender.learned`."""
        return {"scores": self._scores}

    def take_over(self, state: State) -> None:
        """See `ScoringRecommender.take_over`."""
        self._scores = state["scores"]
