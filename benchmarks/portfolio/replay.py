"""Runs on a data set whose trials are known: the search's own choices, with kept results instead of fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from gains import draws_of, starts_of
from results import SetResults, Tried

from sevenfold.core.recipe import Recipe
from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.agenda import FIRST_PROMISE, FIRST_SHARE, MODELS_AT_MOST, MODELS_FIRST
from sevenfold.tuning.candidates import FIRST_TRIES, Candidate
from sevenfold.tuning.gain import Known, a_second, promise, variant_promise
from sevenfold.tuning.job import JobResult
from sevenfold.tuning.proposals import Proposal, leader_of
from sevenfold.tuning.pruning import hopeless
from sevenfold.tuning.trial import Status, Trial

SHOWN = 1 / 3  # of a hopeless trial's cost is spent: one fold of three


@dataclass
class Replay:
    """One run under way.

    Args:
        core_seconds: for all trials.
        growth: how many times as dear as measured each trial is, as if the set had so many times the rows.
    """

    results: SetResults
    core_seconds: float
    growth: float = 1.0
    told: list[Trial] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    def begin(self, first: str = "lightgbm-0") -> None:
        """The first model and the yardsticks, whatever they cost: every run has them, and what comes first is not given
        up."""
        for name in ("constant-0", first, self.results.yardstick):
            self.take(self.results.tried[name], "portfolio" if name == first else "yardstick")

    def first(self, known: Known) -> str:
        """What a run begins with: LightGBM, unless there are several classes and most of the time would be its."""
        usual = self.results.tried["lightgbm-0"]
        short = FIRST_SHARE * self.core_seconds
        if len(self.results.task.classes) < 3 or self.cost(usual) <= short:
            return usual.name
        least = FIRST_PROMISE * promise(proposal_of(usual, 0), (), None, known)
        starts = [self.results.tried[f"{model}-0"] for model in FIRST_TRIES if f"{model}-0" in self.results.tried]
        worth = (t for t in starts if promise(proposal_of(t, 0), (), None, known) >= least)
        return next((t.name for t in worth if self.cost(t) <= short), usual.name)

    def cost(self, tried: Tried) -> float:
        """Core-seconds of a trial here."""
        return tried.core_seconds * self.growth

    def fits(self, tried: Tried) -> bool:
        """Whether a trial would end in time."""
        return self.cost(tried) <= self.core_seconds

    def take(self, tried: Tried, origin: str) -> None:
        """Try it: the ensemble may use it unless it is hopeless."""
        loss = self.results.losses[tried.name]
        trial = Trial(tried.name, Recipe(tried.model), "default", origin, status=Status.FINISHED)
        trial.add(0, JobResult(loss, -loss, None, self.cost(tried), 0.0, 0.0, 0, 0))
        rivals = [t for t in self.told if t.recipe.model != "constant"]
        share = (1.0 - SHOWN) * self.cost(tried) / max(self.core_seconds, 1e-9)
        given_up = bool(hopeless(trial, rivals, self.told[0] if self.told else None, share))
        if given_up:
            trial.status = Status.PRUNED
        elif tried.model != "constant":
            self.finished.append(tried.name)
        self.core_seconds -= self.cost(tried) * (SHOWN if given_up else 1.0)
        self.told.append(trial)

    def reached(self) -> float:
        """The share of the gain that the ensemble of what is finished has."""
        return self.results.ensemble(self.finished)


def by_promise(results: SetResults, core_seconds: float, growth: float, known: Known) -> float:
    """A run that takes what promises most a second, as the search does under a budget."""
    run = Replay(results, core_seconds, growth)
    first = run.first(known)
    run.begin(first)
    queue = [(proposal_of(tried, level), tried) for tried, level in levelled(results) if tried.name != first]
    variants = 0
    while True:
        fitting = [pair for pair in queue if run.fits(pair[1])]
        leader = leader_of([t for t in run.told if t.recipe.model != "constant"])
        assert leader is not None
        drawn = [t for t in draws_of(results, leader.recipe.model) if t.name not in {k.name for k in run.told}]
        variant = next((t for t in drawn if run.fits(t)), None)
        if not fitting and variant is None:
            return run.reached()

        def worth(pair: tuple[Proposal, Tried], run: Replay = run) -> float:
            gain = promise(pair[0], run.told, run.told[0], known)
            return a_second(gain, run.cost(pair[1]), run.core_seconds)

        best = max(fitting, key=worth, default=None)
        begun = [t for t in run.told if t.origin == "portfolio"]
        held = {t.recipe.model for t in begun if t.status is Status.FINISHED}
        enough = len(held) >= MODELS_FIRST or len({t.recipe.model for t in begun}) >= MODELS_AT_MOST
        of_variant = a_second(variant_promise(variants, known), leader.seconds, run.core_seconds)
        if variant is not None and (best is None or (enough and worth(best) < of_variant)):
            run.take(variant, "bayes")
            variants += 1
        elif best is not None:
            queue.remove(best)
            run.take(best[1], "portfolio")


def in_order(results: SetResults, core_seconds: float, growth: float, order: Sequence[Tried]) -> float:
    """A run that takes starting points one after the other, whatever they cost."""
    run = Replay(results, core_seconds, growth)
    run.begin()
    for tried in order:
        if tried.name != "lightgbm-0" and run.fits(tried):
            run.take(tried, "portfolio")
    return run.reached()


def after(results: SetResults, trials: int, order: Sequence[Tried]) -> float:
    """What so many starting points give, in order, LightGBM's first among them."""
    run = Replay(results, float("inf"))
    run.begin()
    for tried in [tried for tried in order if tried.name != "lightgbm-0"][: trials - 1]:
        run.take(tried, "portfolio")
    return run.reached()


def in_turn(results: SetResults, models: Sequence[str]) -> list[Tried]:
    """First starting points of the models in order, then second ones, and so on."""
    place = {model: number for number, model in enumerate(models)}
    ranked = sorted(levelled(results), key=lambda pair: (pair[1], place.get(pair[0].model, len(place))))
    return [tried for tried, _ in ranked]


def listed(results: SetResults, names: Sequence[str]) -> list[Tried]:
    """The set's starting points among those named, in the names' order, then its others."""
    place = {name: number for number, name in enumerate(names)}
    return sorted((tried for tried, _ in levelled(results)), key=lambda tried: place.get(tried.name, len(place)))


def levelled(results: SetResults) -> list[tuple[Tried, int]]:
    """Starting points with their place among those of their model."""
    return [(tried, level) for own in starts_of(results).values() for level, tried in enumerate(own)]


def proposal_of(tried: Tried, level: int) -> Proposal:
    """A starting point as the search sees it."""
    candidate = Candidate(MODELS.get(tried.model).spec, {}, ("identity",), 1)
    return Proposal(candidate, Recipe(tried.model), "default", "portfolio", level)


def shuffled(results: SetResults, seed: int) -> list[Tried]:
    """Starting points in an order drawn at random."""
    starts = [tried for tried, _ in levelled(results)]
    return [starts[i] for i in np.random.default_rng([seed, *results.name.encode()]).permutation(len(starts))]
