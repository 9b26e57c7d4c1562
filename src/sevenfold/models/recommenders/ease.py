"""EASE: a linear model from what a user has to everything else, in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Form
from sevenfold.core.model import Cost, ModelSpec, Size
from sevenfold.core.space import Real, Space
from sevenfold.core.task import Goal
from sevenfold.models.recommenders.events import Events
from sevenfold.models.recommenders.similar import SimilarItems

MOST_ITEMS = 20_000  # the closed form inverts an (items, items) matrix: 3.2 GB and some minutes at this size


def _cost(params: Mapping[str, Any], size: Size) -> Cost:
    items = min(MOST_ITEMS, size.columns if size.columns > 2 else size.rows**0.65)
    return Cost(
        0.1 + 1e-6 * size.rows + items**3 * 2e-10 / max(1, size.threads) ** 0.8, 24.0 * items**2 + 60.0 * size.rows
    )


class Ease(SimilarItems):
    """Ridge regression of each item on all others."""

    spec = ModelSpec(
        name="ease",
        title="EASE",
        solves=frozenset({Goal.RECOMMENDATION}),
        accepts=frozenset({Form.IDS}),
        space=Space(
            ridge=Real(300.0, 1.0, 20_000.0, log=True, help="larger trusts only what many users have in common"),
            weak=Real(0.0, 0.0, 0.9, help="share of the events, weakest first, that are no sign of liking"),
        ),
        portfolio=({}, {"ridge": 100.0}, {"ridge": 1000.0}, {"ridge": 3000.0}),
        cost=_cost,
        source="Steck 2019, Embarrassingly shallow autoencoders for sparse data, equation 8",
        summary="The first choice up to about 15,000 items: no rounds, one setting, hard to beat.",
    )

    def similarities(self, events: Events) -> Any:
        """See `SimilarItems.similarities`.

        Raises:
            DataError: too many items for the closed form.
        """
        from scipy import linalg

        if events.items > MOST_ITEMS:
            raise DataError(
                "There are too many items for EASE.",
                f"at most {MOST_ITEMS}",
                str(events.items),
                "Take 'item_neighbours' or 'factor_ratings'.",
            )
        history = events.matrix()
        gram = (history.T @ history).toarray()
        gram[np.diag_indices_from(gram)] += self.params["ridge"]
        inverse = linalg.inv(gram, overwrite_a=True, check_finite=False)
        matrix = inverse / -np.diag(inverse)
        np.fill_diagonal(matrix, 0.0)
        return matrix
