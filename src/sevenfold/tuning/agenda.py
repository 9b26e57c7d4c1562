"""What a search starts next: starting points by their gain a second, then variants of what leads, never what would not
end in time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sevenfold.core.model import Trait
from sevenfold.core.recipe import Recipe
from sevenfold.tuning.gain import a_second, promise, variant_promise
from sevenfold.tuning.pace import Pace
from sevenfold.tuning.proposals import Proposal, Searcher, leader_of, told_trials
from sevenfold.tuning.trial import Status, Trial

_MOST_DECLINED = 20  # proposals too slow for the time left, one after the other, before the search ends
MODELS_FIRST = 4  # different models that hold their own are tried before variants of what leads,
MODELS_AT_MOST = 8  # but not more models in all
_SHORT_YARDSTICK = 0.03  # of the work that can still be done
FIRST_SHARE = 0.5  # of that work, at most, for the first real trial, where another one of at least
FIRST_PROMISE = 1.0 / 3.0  # of the best one's promise takes no more: time must be left for models that err differently
_SLOW_START = 3.0  # cost estimates are trusted up to this factor until a fold has been timed


@dataclass(frozen=True)
class Standing:
    """How a search stands when it asks what to start.

    Args:
        trials: all so far.
        window: number of the first trial whose results must not be used yet, where a run must repeat exactly.
        constant: the constant baseline, once it is scored.
        folds: of a trial.
        work_left: seconds of work that all workers can still do; infinite where trials count.
        most_trials: that may be started besides the yardsticks, or None under a budget.
    """

    trials: Sequence[Trial]
    window: int | None
    constant: Trial | None
    folds: int
    work_left: float
    most_trials: int | None

    @property
    def timed(self) -> bool:
        """Whether time counts, not trials."""
        return self.work_left != float("inf")

    @property
    def full(self) -> bool:
        """Whether all trials asked for have been started."""
        return self.most_trials is not None and sum(t.origin != "yardstick" for t in self.trials) >= self.most_trials

    @property
    def has_model(self) -> bool:
        """Whether something real is finished."""
        return any(t.status is Status.FINISHED and t.origin != "yardstick" for t in self.trials)


@dataclass
class Agenda:
    """Decides what is started next.

    Args:
        queue: starting points that were not started yet, in order.
        searcher: proposes variants once the starting points are through, or None.
        pace: what a fold takes.
        named: models that the user asked for, if any.
        declined: recipes left out since `next` was last asked, each with its reason.
        end: why nothing is left, or "".
    """

    queue: list[Proposal]
    searcher: Searcher | None
    pace: Pace
    named: Collection[str]
    declined: list[tuple[Recipe, str]] = field(default_factory=list)
    end: str = ""
    _too_slow: set[str] = field(default_factory=set)

    def leave_out(self, model: str) -> None:
        """One fold of the model ran past its deadline: none of it is started again."""
        self._too_slow.add(model)

    def next(self, standing: Standing) -> Proposal | None:
        """What to start, or None: `end` says why where nothing will be left later either."""
        self.declined.clear()
        while self.queue:
            proposal = self._best_start(standing)
            if proposal is None:
                break
            if standing.full and proposal.origin != "yardstick":
                return None
            reason = self._unaffordable(proposal, standing)
            self.queue.remove(proposal)
            if not reason:
                return proposal
            self.declined.append((proposal.recipe, reason))
        return None if standing.full else self._variant(standing)

    def _variant(self, standing: Standing) -> Proposal | None:
        if self.searcher is None:
            self.end = "every starting point was tried"
            return None
        told = list(told_trials(standing.trials, standing.window))
        for declined in range(_MOST_DECLINED):
            proposal = self.searcher.propose(standing.trials, told, standing.constant, declined)
            if proposal is None:
                self.end = "nothing new was left to try"
                return None
            if not self._unaffordable(proposal, standing):
                return proposal
        self.end = "nothing that is left to try would end in time"
        return None

    def _best_start(self, standing: Standing) -> Proposal | None:
        """The next starting point: the first in order, or, under a budget and once something real has been started,
        the one with the most expected gain a second. None where a variant of what leads promises more."""
        first = self.queue[0]
        begun = [t for t in standing.trials if t.recipe.model != "constant" and t.origin != "yardstick"]
        if not standing.timed or first.candidate.name == "constant" or self.named:
            return first
        if not begun:
            # A linear yardstick that takes more than a moment waits until the first real trial is under way.
            long = self._work(first, standing) > _SHORT_YARDSTICK * standing.work_left
            return first if first.origin == "yardstick" and not long else self._first_real(standing) or first
        yardstick = next((p for p in self.queue if p.origin == "yardstick"), None)
        if yardstick is not None:
            return yardstick
        told = list(told_trials(standing.trials, None))

        def worth(proposal: Proposal) -> float:
            gain = promise(proposal, told, standing.constant)
            return a_second(gain, self._work(proposal, standing), standing.work_left)

        best = max(self.queue, key=worth)
        leader = leader_of([t for t in told if t.recipe.model != "constant"])
        tried = {t.recipe.model for t in told if t.origin == "portfolio"}
        held = {t.recipe.model for t in told if t.origin == "portfolio" and t.status is Status.FINISHED}
        if self.searcher is None or leader is None or (len(held) < MODELS_FIRST and len(tried) < MODELS_AT_MOST):
            return best
        variants = sum(t.origin not in ("yardstick", "portfolio") for t in standing.trials)
        return best if worth(best) >= a_second(variant_promise(variants), leader.seconds, standing.work_left) else None

    def _first_real(self, standing: Standing) -> Proposal | None:
        """The first starting point in order, unless its folds would take most of the time and another one would not.

        With two classes or numbers an estimate is not reason enough: a boosted model is often faster than that. With
        more it grows a tree a class in each round.
        """
        real = [proposal for proposal in self.queue if proposal.origin != "yardstick"]
        if not real or self.pace.classes < 3:
            return real[0] if real else None
        least = FIRST_PROMISE * promise(real[0], (), None)
        short = (p for p in real if self._work(p, standing) <= FIRST_SHARE * standing.work_left)
        return next((p for p in short if promise(p, (), None) >= least), real[0])

    def _work(self, proposal: Proposal, standing: Standing) -> float:
        """Expected work of all folds."""
        return self.pace.seconds(proposal.recipe) * standing.folds

    def _unaffordable(self, proposal: Proposal, standing: Standing) -> str:
        """Why a proposal does not fit into the time left, or ""."""
        if not standing.timed:
            return ""
        name = proposal.candidate.name
        if name in self._too_slow:
            return "one fold of it took too long before"
        if name in self.named and not standing.has_model:
            return ""  # nobody asked for anything else
        patience = 1.15 if self.pace.knows(name) else _SLOW_START * (0.7 if standing.has_model else 1.0)
        if Trait.EARLY_STOPPING in proposal.candidate.spec.traits and not standing.has_model:
            # It can be stopped and still be of use, while there is nothing to compare it with.
            patience *= 2.0
        left, needed = standing.work_left, self._work(proposal, standing)
        if needed <= left * patience:
            return ""
        return f"its {standing.folds} folds would take about {needed:.0f} s of work and {left:.0f} s are left"
