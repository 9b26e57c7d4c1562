"""What to try next: yardsticks, then tuned starting points of each model, then search around what works."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sevenfold.core.context import Streams
from sevenfold.core.model import Trait
from sevenfold.core.recipe import Recipe
from sevenfold.core.space import Choice, Space
from sevenfold.tuning.candidates import YARDSTICKS, Candidate
from sevenfold.tuning.samplers.base import Sampler
from sevenfold.tuning.trial import Status, Trial

_ATTEMPTS = 20  # at a variant that was not tried yet


@dataclass(frozen=True)
class Proposal:
    """A recipe to try, where it comes from, and for which model; `level` counts the model's starting points."""

    candidate: Candidate
    recipe: Recipe
    style: str
    origin: str
    level: int = 0


def portfolio(candidates: Sequence[Candidate], classification: bool, named: Collection[str]) -> list[Proposal]:
    """Yardsticks, then first starting points of every model in order, then second ones, and so on.

    Args:
        candidates: in order of first try.
        named: models that the user asked for, if any: yardsticks are still measured, and all else is theirs.
    """
    by_name = {candidate.name: candidate for candidate in candidates}
    first = [_start(by_name[name], 0, "yardstick") for name in YARDSTICKS[classification] if name in by_name]
    seen = {proposal.recipe.digest for proposal in first}
    rest: list[Proposal] = []
    # Baselines are no starting points, unless somebody asked for them or there is nothing else.
    chosen = bool(named) or all(Trait.BASELINE in candidate.spec.traits for candidate in candidates)
    for candidate in candidates:
        if (Trait.BASELINE in candidate.spec.traits and not chosen) or (named and candidate.name not in named):
            continue
        for number in range(max(1, len(candidate.spec.portfolio))):
            proposal = _start(candidate, number, "portfolio")
            if proposal.recipe.digest not in seen:
                seen.add(proposal.recipe.digest)
                rest.append(proposal)
    order = {candidate.name: place for place, candidate in enumerate(candidates)}
    level: dict[str, int] = {}
    ranked: list[tuple[tuple[int, int], Proposal]] = []
    for proposal in rest:
        depth = level.get(proposal.candidate.name, 0)
        level[proposal.candidate.name] = depth + 1
        ranked.append(((depth, order[proposal.candidate.name]), replace(proposal, level=depth)))
    ranked.sort(key=lambda pair: pair[0])
    return first + [proposal for _, proposal in ranked]


def _start(candidate: Candidate, number: int, origin: str) -> Proposal:
    params = dict(candidate.usual)
    if number < len(candidate.spec.portfolio):
        params |= candidate.spec.portfolio[number]
    style = next(iter(candidate.plans))
    return Proposal(candidate, candidate.recipe(params, style), style, origin)


class Searcher:
    """Proposes variants of the models that do well. What was tried decides what is asked: nothing else is kept."""

    def __init__(self, candidates: Sequence[Candidate], sampler: Sampler, origin: str, streams: Streams) -> None:
        self._candidates = [c for c in candidates if len(c.spec.space) and Trait.BASELINE not in c.spec.traits]
        self._sampler = sampler
        self._origin = origin
        self._streams = streams

    def propose(
        self, trials: Sequence[Trial], told: Sequence[Trial], constant: Trial | None, declined: int = 0
    ) -> Proposal | None:
        """The next variant, or None when nothing new is left.

        Args:
            trials: everything proposed so far, by anyone.
            told: finished or pruned trials whose losses may be used.
            constant: the constant baseline.
            declined: proposals just made and not taken up; with the same number the same one comes again.
        """
        number = sum(trial.origin == self._origin for trial in trials)
        known = {trial.recipe.digest for trial in trials}
        for attempt in range(_ATTEMPTS * declined, _ATTEMPTS * (declined + 1)):
            stream = self._streams.generator("search", number, attempt)
            candidate = self._choose(told, constant, stream)
            if candidate is None:
                return None
            proposal = self._variant(candidate, trials, told, stream, attempt)
            if proposal is not None and proposal.recipe.digest not in known:
                return proposal
        return None

    def _choose(self, told: Sequence[Trial], constant: Trial | None, stream: np.random.Generator) -> Candidate | None:
        """A model, the likelier the nearer its best trial is to the best of all."""
        if not self._candidates:
            return None
        best: dict[str, float] = {}
        leader = leader_of(told)
        for trial in told:
            if trial.folds and leader is not None:
                best[trial.recipe.model] = min(best.get(trial.recipe.model, np.inf), trial.comparable_loss(leader))
        scored = [c for c in self._candidates if c.name in best]
        if not scored:
            return self._candidates[int(stream.integers(len(self._candidates)))]
        losses = np.array([best[c.name] for c in scored])
        ceiling = constant.loss if constant is not None and constant.folds else float(losses.max())
        spread = max(ceiling - float(losses.min()), 1e-12)
        weights = np.exp(-25.0 * (losses - losses.min()) / spread)
        return scored[int(stream.choice(len(scored), p=weights / weights.sum()))]

    def _variant(
        self,
        candidate: Candidate,
        trials: Sequence[Trial],
        told: Sequence[Trial],
        stream: np.random.Generator,
        attempt: int,
    ) -> Proposal | None:
        space = search_space(candidate)
        own = [t for t in told if t.recipe.model == candidate.name and t.folds]
        leader = leader_of(told)
        points = [(_point(candidate, t), t.loss if leader is None else t.comparable_loss(leader)) for t in own]
        made = sum(t.recipe.model == candidate.name and t.origin == self._origin for t in trials)
        point = self._sampler.propose(space, points, made + attempt, stream)
        if point is None:
            return None
        style, target = point.pop("features:style", None), point.pop("target:transform", None)
        recipe = candidate.recipe(point, style, target)
        return Proposal(candidate, recipe, style or next(iter(candidate.plans)), self._origin)


def search_space(candidate: Candidate) -> Space:
    """The model's own space, less what is settled; feature style and target transformation join it where there is a
    choice."""
    dimensions: dict[str, Any] = {n: d for n, d in candidate.spec.space.items() if n not in candidate.settled}
    if len(candidate.plans) > 1:
        names = tuple(candidate.plans)
        dimensions["features:style"] = Choice(names[0], names)
    if len(candidate.targets) > 1:
        dimensions["target:transform"] = Choice(candidate.targets[0], candidate.targets)
    return Space(**dimensions)


def leader_of(told: Sequence[Trial]) -> Trial | None:
    """The best finished trial."""
    finished = [trial for trial in told if trial.status is Status.FINISHED]
    return min(finished, key=lambda trial: trial.loss, default=None)


def _point(candidate: Candidate, trial: Trial) -> dict[str, Any]:
    point = candidate.spec.space.resolve(trial.recipe.params)
    point["features:style"] = trial.style
    point["target:transform"] = trial.recipe.target
    return point


def told_trials(trials: Sequence[Trial], window: int | None) -> Iterator[Trial]:
    """Trials whose results a decision may use: all ended ones, or, to repeat exactly, those before the window.

    Args:
        window: number of the first trial of the present round, or None under a time budget.
    """
    for number, trial in enumerate(trials):
        if window is not None and number >= window:
            return
        if trial.status in (Status.FINISHED, Status.PRUNED):
            yield trial
