"""From measured gains to what `sevenfold.tuning.gain` holds as known of models in general."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from gains import Gain

from sevenfold.tuning.gain import Known

# What was judged from public tables before anything was measured.
JUDGED = Known(
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
WEIGHT = 6.0  # the judgement counts like so many measured sets
LEAST = 0.1  # of what was judged: a measured loss is no reason never to try a model
CLIP = 0.05  # what one set shows counts as no more: mostly chance, where classes are rare


def learned(gains: Sequence[Gain]) -> Known:
    """Means over sets, drawn towards what was judged, in its unit."""
    means: dict[tuple[str, str], tuple[float, int]] = {}
    for key in {(gain.model, gain.step) for gain in gains}:
        found = [np.clip(g.gain, -CLIP, CLIP) for g in gains if (g.model, g.step) == key]
        means[key] = (float(np.mean(found)), len(found))
    unit = _unit(means)
    sets = len({gain.set for gain in gains})
    next_start = _next_start(means, sets)
    first = dict(JUDGED.first)
    for model in {model for model, _ in means if model}:
        if model == "lightgbm":
            # Its first try is what a run begins with: the figure serves its further ones.
            mean, count = means.get((model, "next"), (0.0, 0))
            mean /= next_start
        else:
            mean, count = means.get((model, "first"), (0.0, 0))
        judged = JUDGED.first.get(model, JUDGED.other)
        drawn = _drawn(mean / unit, count, judged)
        first[model] = round(max(drawn, LEAST * judged), 3)
    variant, count = means.get(("", "variant"), (0.0, 0))
    return Known(
        first=first,
        next_start=round(next_start, 2),
        variant=round(max(_drawn(variant / unit, count, JUDGED.variant), LEAST * JUDGED.variant), 3),
    )


def _drawn(mean: float, count: int, judged: float) -> float:
    return (count * mean + WEIGHT * judged) / (count + WEIGHT)


def _unit(means: dict[tuple[str, str], tuple[float, int]]) -> float:
    """Measured gain that a judged promise of 1 stands for: least squares over the models."""
    pairs = [
        (JUDGED.first.get(model, JUDGED.other), mean)
        for (model, step), (mean, _) in means.items()
        if step == "first" and model
    ]
    judged, measured = np.array(pairs).T
    return float(max((judged * measured).sum() / (judged**2).sum(), 1e-4))


def _next_start(means: dict[tuple[str, str], tuple[float, int]], sets: int) -> float:
    both = [model for model, step in means if step == "next" and (model, "first") in means]
    firsts = sum(max(0.0, means[model, "first"][0]) for model in both)
    nexts = sum(max(0.0, means[model, "next"][0]) for model in both)
    ratio = nexts / firsts if firsts > 0 else JUDGED.next_start
    return float(np.clip(_drawn(ratio, sets, JUDGED.next_start), 0.1, 0.9))
