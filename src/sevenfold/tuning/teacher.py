"""Whose answers a student learns: the members of a choice and how they are joined, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.predictor import Combiner
from sevenfold.core.state import load_state, own_states

if TYPE_CHECKING:
    import polars as pl

Faculty = tuple[tuple[Pipeline, ...], ...]
"""Pipelines of each member, averaged within it."""


@dataclass(frozen=True)
class Teacher:
    """A choice that answers for others to learn.

    A student of a fold must not have seen, nor heard of, the rows that validate it: it is taught by the fits of that
    same fold, which learned from the same training rows. Out-of-fold answers for these rows would be no such thing:
    each comes from a model that has learned from most of the fold's validation rows. The price is that a fit answers
    for rows which it has learned from, and is too sure of them; rows made from them, and the mix with the labels, make
    up for it. As for any trial, validation rows choose rounds, and the combiner's weights were chosen out of fold.

    Args:
        trials: of the members.
        last: fits of each that teach a fit on all rows, averaged: those of the folds, by time the last of them.
        combiner, state: how the members are joined, see `tuning.ensemble.COMBINERS`.
        trust: weight of the answers beside the labels.
    """

    trials: tuple[str, ...]
    last: tuple[str, ...]
    combiner: str
    state: Mapping[str, Any]
    trust: float

    def faculty(self, folder: Path, fold: int) -> Faculty:
        """The pipelines that teach a fold, or, for fold -1, a fit on all rows.

        Args:
            folder: the run's `trials/`.
        """
        fits = self.last if fold < 0 else (f"fold-{fold}",)
        return tuple(tuple(_loaded(folder / trial / fit) for fit in fits) for trial in self.trials)

    def answers(self, faculty: Faculty, table: pl.DataFrame) -> Floats:
        """(rows,) values or (rows, classes) probabilities for typed rows."""
        predicted = [np.mean([pipeline.predict(table) for pipeline in fits], axis=0) for fits in faculty]
        return self._joiner().combine(predicted)

    def _joiner(self) -> Combiner:
        from sevenfold.tuning.ensemble import COMBINERS

        joiner = COMBINERS.get(self.combiner)()
        joiner.restore(dict(self.state))
        return joiner

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        state = {key: value.tolist() if hasattr(value, "tolist") else value for key, value in self.state.items()}
        return {
            "trials": list(self.trials),
            "last": list(self.last),
            "combiner": self.combiner,
            "state": state,
            "trust": self.trust,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Teacher:
        """The teacher that `to_json` wrote."""
        return cls(tuple(data["trials"]), tuple(data["last"]), data["combiner"], data["state"], float(data["trust"]))


def _loaded(folder: Path) -> Pipeline:
    from sevenfold.features.catalogue import FEATURES
    from sevenfold.features.target import TARGETS
    from sevenfold.models.catalogue import MODELS

    with own_states():
        return Pipeline.from_state(load_state(folder)["pipeline"], FEATURES, MODELS, TARGETS)
