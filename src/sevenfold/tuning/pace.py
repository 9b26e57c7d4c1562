"""How long models take on this machine: the models' own estimates, corrected by every fold that was timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sevenfold.core.model import Trait
from sevenfold.core.recipe import Recipe
from sevenfold.tuning.candidates import Candidate
from sevenfold.tuning.trial import Trial

_USUAL_SPEED = (0.3, 2.0)


@dataclass
class Pace:
    """Seconds of work that recipes take.

    Args:
        candidates: whose estimates are corrected.
        rows: training rows of one fold.
        classes: number of classes, 0 for numbers.
        threads: of one job.
    """

    candidates: Sequence[Candidate]
    rows: int
    classes: int
    threads: int
    _speed: dict[str, float] = field(default_factory=dict)

    def learn(self, trial: Trial) -> None:
        """This machine's seconds for the estimate's second, for the trial's model."""
        candidate = self._candidate(trial.recipe.model)
        if candidate is None or not trial.folds or Trait.BASELINE in candidate.spec.traits:
            return
        new = trial.seconds / len(trial.folds) / max(self._estimate(candidate, trial.recipe), 1e-6)
        old = self._speed.get(candidate.name)
        self._speed[candidate.name] = new if old is None else 0.5 * (old + new)

    def knows(self, model: str) -> bool:
        """Whether a fold of the model has been timed."""
        return model in self._speed

    def seconds(self, recipe: Recipe) -> float:
        """Expected work of one fold. Of a model that has not been timed here nothing is known but how slow the others
        make this machine look. 0 for a model that is no candidate."""
        candidate = self._candidate(recipe.model)
        if candidate is None:
            return 0.0
        usual = float(np.clip(np.median(list(self._speed.values())), *_USUAL_SPEED)) if self._speed else 1.0
        return self._estimate(candidate, recipe) * self._speed.get(candidate.name, usual)

    def _candidate(self, model: str) -> Candidate | None:
        return next((c for c in self.candidates if c.name == model), None)

    def _estimate(self, candidate: Candidate, recipe: Recipe) -> float:
        return candidate.seconds(dict(recipe.params), self.rows, self.classes, self.threads)
