"""What is deployed where a limit keeps the best choice out: fewer fits, fewer members, a single trial or a student."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.api.price import price_of, told_costs, told_price
from sevenfold.api.session import Session
from sevenfold.api.students import School
from sevenfold.core.errors import LimitError
from sevenfold.core.predictor import Member, Predictor
from sevenfold.core.run import write_json
from sevenfold.tuning.final import Choice, bagged, choose, load_pipeline
from sevenfold.tuning.limits import DEFAULT_BYTES, Limits
from sevenfold.tuning.objective import score_predictions
from sevenfold.tuning.trial import STUDENT, Status, Trial

if TYPE_CHECKING:
    from sevenfold.api.collect import Collected
    from sevenfold.api.tune import Final

Settle = Callable[[Choice, bool], "Final"]
"""Makes a choice's predictor: of the models of its folds, or, where the flag says so, with one fit a member."""


@dataclass(frozen=True)
class Contender:
    """Something that keeps the limits.

    Args:
        choice: its members, and what it predicts out of fold.
        one_fold: each member is one fit.
        loss: out of fold.
    """

    choice: Choice
    one_fold: bool
    loss: float

    @property
    def name(self) -> str:
        """For the journal."""
        names = " and ".join(f"{t.recipe.model} ({t.name})" for t in self.choice.members)
        if self.choice.members[0].origin == STUDENT:
            return f"the student {names}"
        return f"{names}, one fit each" if self.one_fold else names


@dataclass
class Contest:
    """Chooses by the loss on the same validated rows among what keeps the limits.

    Out-of-fold predictions are those of one fit for each row: a choice with one fit a member has the loss of the same
    choice whose folds are averaged, as far as validation can tell.

    Args:
        session, collected: of the run.
        trials: that may be deployed.
        best: the choice without limits.
        limits: of the plan.
        settle: makes a choice's predictor.
        seconds: time for weighing trials.
    """

    session: Session
    collected: Collected
    trials: Sequence[Trial]
    best: Choice
    limits: Limits
    settle: Settle
    seconds: float = float("inf")
    _broken: str = "nothing was small enough"

    def winner(self, best: Final | None) -> Final:
        """The contender with the smallest loss.

        Args:
            best: the settled best choice where it keeps the limits itself.
        Raises:
            LimitError: nothing keeps the limits.
        """
        contenders = [Contender(self.best, best.one_fold, self._loss(self.best))] if best is not None else []
        if best is None:
            contenders += [c for c in (self._first(self._blends()), self._first(self._singles())) if c is not None]
        contenders += self._students(contenders)
        # Of equal losses the first: the simpler way.
        for contender in sorted(contenders, key=lambda c: c.loss):
            if best is not None and contender.choice is self.best:
                return best
            final = self.settle(contender.choice, contender.one_fold)
            price = price_of(final.predictor, self.collected.workspace)
            self._broken = self.limits.broken(price.bytes, price.seconds)
            if not self._broken:
                return self._told(contender, contenders, final)
            self.session.decide("tuning", f"{contender.name} is not deployed", self._broken)
        plan = self.session.plan
        raise LimitError(
            "No trained model keeps the limits.",
            f"--max-size {plan.max_size}, --max-latency {plan.max_latency}",
            f"the last one tried: {self._broken}",
            "Raise the limits, or name smaller models with --models; the run can be gone on with.",
        )

    def _told(self, taken: Contender, contenders: Sequence[Contender], final: Final) -> Final:
        ranked = sorted(contenders, key=lambda c: c.loss)
        why = "; ".join(f"{c.name}: {c.loss:.5g}" for c in ranked)
        self.session.decide("tuning", f"{taken.name} is deployed", f"loss out of fold of what keeps the limits: {why}")
        return final

    def _first(self, options: Iterator[tuple[Choice, bool]]) -> Contender | None:
        """The first that keeps the limits, by the models of its folds, before anything is fitted again."""
        for choice, one_fold in options:
            price = price_of(self._shown(choice, one_fold), self.collected.workspace)
            broken = self.limits.broken(price.bytes, price.seconds)
            contender = Contender(choice, one_fold, self._loss(choice))
            if not broken:
                return contender
            self._broken = broken
            self.session.decide("tuning", f"{contender.name} is not deployed", broken)
        return None

    def _blends(self) -> Iterator[tuple[Choice, bool]]:
        """The best choice with one fit a member, then with fewer and fewer members."""
        if len(self.best.members) < 2:
            return
        if self._averaged:
            yield self.best, True
        room = DEFAULT_BYTES if self.limits.bytes is None else self.limits.bytes
        for fewer in range(len(self.best.members) - 1, 1, -1):
            choice = choose(
                self.trials, self.session.folder.trials, self.collected.workspace, self.session.plan.costs, fewer,
                most_bytes=room, seconds=self.seconds,
            )  # fmt: skip
            for one_fold in self._ways:
                yield choice, one_fold

    def _singles(self) -> Iterator[tuple[Choice, bool]]:
        """Trials by themselves, the best first; those on the folds of the best choice before others."""
        folds = self.best.members[0].folds.keys()
        finished = [t for t in self.trials if t.status is Status.FINISHED]
        for trial in sorted(finished, key=lambda t: (t.folds.keys() != folds, t.loss)):
            choice = self._alone(trial)
            for one_fold in self._ways:
                if not (choice is self.best and not one_fold):
                    yield choice, one_fold

    @property
    def _averaged(self) -> bool:
        """Whether the models of folds are averaged; elsewhere each member is one fit in any case."""
        collected = self.collected
        workspace = collected.workspace
        return workspace.whole is None and bagged(collected.task, collected.strategy, len(workspace.folds))

    @property
    def _ways(self) -> tuple[bool, ...]:
        return (False, True) if self._averaged else (True,)

    def _alone(self, trial: Trial) -> Choice:
        if len(self.best.members) == 1 and self.best.members[0] is trial:
            return self.best
        return choose([trial], self.session.folder.trials, self.collected.workspace, self.session.plan.costs)

    def _students(self, contenders: Sequence[Contender]) -> list[Contender]:
        """Students, unless what keeps the limits is as good as the best already and they were not asked for."""
        wanted, least = self.session.plan.distil, min((c.loss for c in contenders), default=float("inf"))
        if wanted == "none" or (wanted == "auto" and least <= self._loss(self.best)):
            return []
        school = School(self.session, self.collected, self.trials, self.best, self.limits)
        taught = school.teach()
        if taught:
            self._list(taught)
        return [Contender(choice, True, self._loss(choice)) for choice in map(self._alone, taught)]

    def _list(self, taught: Sequence[Trial]) -> None:
        board = [t.leaderboard_row() for t in (*self.trials, *taught)]
        write_json(
            self.session.folder.leaderboard, sorted(board, key=lambda row: (row["status"] != "finished", row["loss"]))
        )

    def _shown(self, choice: Choice, one_fold: bool) -> Predictor:
        members: list[Member] = []
        for trial in choice.members:
            numbers = sorted(trial.folds)
            fits = numbers[-1:] if one_fold else numbers
            folder = self.session.folder.trials / trial.name
            members.append(Member(trial.name, tuple(load_pipeline(folder / f"fold-{n}") for n in fits)))
        return Predictor(self.collected.task, tuple(members), choice.combiner, choice.calibrator, choice.decision)

    def _loss(self, choice: Choice) -> float:
        workspace, rows = self.collected.workspace, np.flatnonzero(choice.seen)
        return score_predictions(workspace.task, workspace.target.take(rows), choice.predicted[rows])[1]


def told_limits(collected: Collected, best: Choice, final: Final, best_cost: Predictor) -> str:
    """The price of the limits: score given up, and time and size of both."""
    workspace = collected.workspace
    lost = told_price(workspace, best, final.choice)
    costs = told_costs(price_of(best_cost, workspace), price_of(final.predictor, workspace))
    return f"{lost}; {costs}" if lost else costs
