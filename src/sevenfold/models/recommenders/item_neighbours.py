"""Item neighbours: people who have this also have that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold.core.inputs import Form
from sevenfold.core.model import Cost, ModelSpec, Size
from sevenfold.core.space import Integer, Real, Space
from sevenfold.core.task import Goal
from sevenfold.models.recommenders.events import Events
from sevenfold.models.recommenders.similar import SimilarItems


def _cost(params: Mapping[str, Any], size: Size) -> Cost:
    items = size.columns if size.columns > 2 else size.rows**0.65
    return Cost(0.1 + 5e-6 * size.rows + 2e-8 * items**2, 24.0 * items**2 + 60.0 * size.rows)


class ItemNeighbours(SimilarItems):
    """Cosine of two items' users, shrunk where the users are few; each item keeps its nearest ones."""

    spec = ModelSpec(
        name="item_neighbours",
        title="Item neighbours",
        solves=frozenset({Goal.RECOMMENDATION}),
        accepts=frozenset({Form.IDS}),
        space=Space(
            neighbours=Integer(200, 1, 5000, log=True, help="items kept for each item"),
            shrink=Real(20.0, 0.0, 1000.0, help="users in common at which a likeness counts half"),
            weak=Real(0.0, 0.0, 0.9, help="share of the events, weakest first, that are no sign of liking"),
        ),
        portfolio=({}, {"neighbours": 50, "shrink": 100.0}, {"neighbours": 1000, "shrink": 0.0}),
        cost=_cost,
        source="Sarwar et al. 2001; Deshpande & Karypis 2004",
        summary="Explains itself: each recommendation is due to items that the user has.",
    )

    def similarities(self, events: Events) -> Any:
        """See `SimilarItems.similarities`."""
        history = events.matrix()
        common = (history.T @ history).toarray()
        lengths = np.sqrt(np.maximum(np.diag(common), 1.0))
        likeness = common / lengths / lengths[:, None]
        likeness *= common / (common + self.params["shrink"] + 1e-12)
        np.fill_diagonal(likeness, 0.0)
        return likeness
