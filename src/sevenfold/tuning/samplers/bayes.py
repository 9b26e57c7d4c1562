"""Bayesian search: Optuna's tree-structured Parzen estimator, and steps around the best points known.

Sources: Bergstra et al. 2011; steps around the incumbent as in Wu et al., Frugal Optimization for Cost-related
Hyperparameters, AAAI 2021.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from sevenfold.core.space import Choice, Dimension, Integer, Space
from sevenfold.tuning.samplers.base import Sampler

_STARTUP = 6  # points told before the estimator has something to go by
_NEAR = 0.5  # of later points are steps from one of the best
_BEST = 3
_MOVED = 0.4  # of the dimensions, at a step
_STEP = 0.15  # of a dimension's range, on its scale


class BayesSampler(Sampler):
    """Multivariate TPE over everything told."""

    def propose(
        self, space: Space, told: Sequence[tuple[dict[str, Any], float]], number: int, stream: np.random.Generator
    ) -> dict[str, Any] | None:
        """One point: a step from one of the best while few are known and every other time later on, else by TPE."""
        if told and (len(told) < _STARTUP or stream.random() < _NEAR):
            best = sorted(range(len(told)), key=lambda place: told[place][1])[: min(_BEST, 1 + len(told) // _STARTUP)]
            return _step(space, told[best[int(stream.integers(len(best)))]][0], stream)
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        seed = int(stream.integers(2**31))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # multivariate TPE is marked experimental
            sampler = optuna.samplers.TPESampler(n_startup_trials=_STARTUP, multivariate=True, seed=seed)
            study = optuna.create_study(direction="minimize", sampler=sampler)
            distributions = {name: _distribution(dimension) for name, dimension in space.items()}
            for point, loss in told:
                inside = {n: _encode(space[n], point.get(n, space[n].default)) for n in space}
                study.add_trial(
                    optuna.trial.create_trial(params=inside, distributions=distributions, value=float(loss))
                )
            asked = study.ask(fixed_distributions=distributions)
        return {name: _decode(space[name], value) for name, value in asked.params.items()}


def _step(space: Space, point: dict[str, Any], stream: np.random.Generator) -> dict[str, Any]:
    """A point near another one: some dimensions moved, at least one."""
    names = list(space)
    moved = stream.random(len(names)) < _MOVED
    moved[int(stream.integers(len(names)))] = True
    near = {}
    for name, moves in zip(names, moved, strict=True):
        dimension, value = space[name], point.get(name, space[name].default)
        near[name] = _moved(dimension, value, stream) if moves else value
    return near


def _moved(dimension: Dimension, value: Any, stream: np.random.Generator) -> Any:
    if isinstance(dimension, Choice):
        others = [option for option in dimension.options if option != value]
        return others[int(stream.integers(len(others)))] if others else value
    low, high, log = dimension.low, dimension.high, dimension.log and dimension.low > 0
    if log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    step = float(stream.normal(0.0, _STEP * (high - low)))
    found = value + step
    if not low <= found <= high:
        found = min(max(value - step, low), high)  # back from the wall
    found = math.exp(found) if log else found
    if isinstance(dimension, Integer):
        return min(max(round(found), dimension.low), dimension.high)
    return min(max(float(found), dimension.low), dimension.high)


def _distribution(dimension: Dimension) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choice):
        return CategoricalDistribution(tuple(range(len(dimension.options))))
    if isinstance(dimension, Integer):
        return IntDistribution(dimension.low, dimension.high, log=dimension.log and dimension.low > 0)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _encode(dimension: Dimension, value: Any) -> Any:
    return dimension.options.index(value) if isinstance(dimension, Choice) else value


def _decode(dimension: Dimension, value: Any) -> Any:
    return dimension.options[value] if isinstance(dimension, Choice) else value
