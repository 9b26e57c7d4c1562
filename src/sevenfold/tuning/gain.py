"""Which proposal promises the most gain for its seconds: what is known of models in general, then of this run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sevenfold.core.model import Trait
from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.proposals import Proposal, leader_of
from sevenfold.tuning.trial import Trial


@dataclass(frozen=True)
class Known:
    """What is known of models in general, as parts of what a run gains over the constant; only ratios matter.

    Args:
        first: of a first try of a model.
        other: of one that `first` does not name.
        next_start: of the model's, for each further starting point.
        variant: of a first variant of the leading model.
    """

    first: Mapping[str, float]
    other: float = 0.1
    next_start: float = 0.6
    variant: float = 0.3


# Judged from public tables in general; only their order of size matters.
KNOWN = Known(
    first={
        "lightgbm": 1.0,
        "image_network": 1.0,
        "catboost": 0.8,
        "xgboost": 0.5,
        "extra_trees": 0.35,
        "mlp": 0.35,
        "random_forest": 0.3,
        "logistic_l2": 0.3,
        "ridge": 0.3,
        "svm_rbf": 0.25,
        "neighbours": 0.15,
        "additive": 0.12,
        "elastic_net": 0.12,
        "logistic_l1": 0.12,
        "lasso": 0.1,
        "svm_linear": 0.1,
        "naive_bayes": 0.06,
        "decision_tree": 0.04,
        "perceptron": 0.03,
    }
)
_GAP = 10.0  # how fast promise falls with what the model's best trial gives up of the best one's gain
_VARIANTS_WEAR = 0.1  # how the promise of a variant falls with those tried
_SHORT = 0.1  # share of the time left below which it does not matter how short a trial is


def gap_of(model: str, told: Sequence[Trial], constant: Trial | None) -> float | None:
    """Share of the best trial's gain over the constant that the model's best trial gives up; None where unknown."""
    leader = leader_of(told)
    own = [trial for trial in told if trial.recipe.model == model and trial.folds]
    if leader is None or not own:
        return None
    ceiling = constant.loss if constant is not None and constant.folds else np.inf
    distance = ceiling - leader.loss
    if not np.isfinite(distance) or distance <= 0:
        return None
    return float(max(0.0, min(trial.comparable_loss(leader) for trial in own) - leader.loss) / distance)


def promise(proposal: Proposal, told: Sequence[Trial], constant: Trial | None, known: Known = KNOWN) -> float:
    """Expected gain of a starting point. A linear model that was not tried does about as well as those that were."""
    general = known.first.get(proposal.candidate.name, known.other) * known.next_start**proposal.level
    gap = gap_of(proposal.candidate.name, told, constant)
    if gap is None and Trait.LINEAR in proposal.candidate.spec.traits:
        kin = {t.recipe.model for t in told if Trait.LINEAR in MODELS.get(t.recipe.model).spec.traits}
        gap = min((g for name in kin if (g := gap_of(name, told, constant)) is not None), default=None)
    return general if gap is None else float(general * np.exp(-_GAP * gap))


def variant_promise(variants: int, known: Known = KNOWN) -> float:
    """Expected gain of one more variant of what leads, after so many."""
    return known.variant / (1.0 + _VARIANTS_WEAR * variants)


def a_second(gain: float, seconds: float, left_seconds: float) -> float:
    """Gain a second; trials that take next to nothing of the time left count as equally long.

    Args:
        seconds: work of all folds.
        left_seconds: work that can still be done by all workers.
    """
    return gain / max(seconds, _SHORT * left_seconds, 1e-3)
