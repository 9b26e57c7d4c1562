"""Bayesian search: Optuna's tree-structured Parzen estimator (Bergstra et al. 2011)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from sevenfold.core.space import Choice, Dimension, Integer, Space
from sevenfold.tuning.samplers.base import Sampler

_STARTUP = 6  # random points before the estimator has something to go by


class BayesSampler(Sampler):
    """Multivariate TPE over everything told."""

    def propose(
        self, space: Space, told: Sequence[tuple[dict[str, Any], float]], number: int, stream: np.random.Generator
    ) -> dict[str, Any] | None:
        """One point by TPE; the first few are random."""
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
