"""What is deployed where a limit keeps the best choice out: fewer fits, fewer members, one trial, weights in eight
bits, or a small model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.api.price import price_of, told_costs, told_price
from sevenfold.api.rounding import Rounding
from sevenfold.api.session import Session
from sevenfold.api.students import School
from sevenfold.core.errors import LimitError
from sevenfold.core.int8 import FLOAT, INT8
from sevenfold.core.metric import Needs
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.predictor import Member, Predictor
from sevenfold.core.run import write_json
from sevenfold.evaluation.metrics.catalogue import metric_for
from sevenfold.tuning.ensemble import AverageCombiner
from sevenfold.tuning.final import Choice, bagged, choose, load_pipeline
from sevenfold.tuning.limits import DEFAULT_BYTES, Limits, Price
from sevenfold.tuning.objective import score_predictions
from sevenfold.tuning.trial import SMALL, STUDENT, Status, Trial

if TYPE_CHECKING:
    from sevenfold.api.collect import Collected
    from sevenfold.api.tune import Final

Settle = Callable[[Choice, bool], "Final"]
"""Makes a choice's predictor: of the models of its folds, or, where the flag says so, with one fit a member."""
_ROUGHLY = 0.9  # of what a student may grow to be
_ROUNDED = 3  # choices whose form in eight bits is judged
_ROOM = 0.5  # of the limits that one fit a member may take for it to be worth a try whether all folds' models keep them


@dataclass(frozen=True)
class Contender:
    """Something that may be deployed.

    Args:
        choice: its members, and what it predicts out of fold.
        loss: out of fold.
        price: of one fit a member, by the models of a fold.
        broken: which limit that breaks, or "".
    """

    choice: Choice
    loss: float
    price: Price
    broken: str

    @property
    def name(self) -> str:
        """For the journal."""
        names = " and ".join(f"{t.recipe.model} ({t.name})" for t in self.choice.members)
        return f"the {self.choice.members[0].origin} {names}" if self.made else names

    @property
    def made(self) -> bool:
        """Whether it was made to keep the limits."""
        return self.choice.members[0].origin in (STUDENT, SMALL)

    @property
    def rounded(self) -> bool:
        """Whether weights are stored in eight bits."""
        return any(trial.precision == INT8 for trial in self.choice.members)

    @property
    def told(self) -> str:
        """Name, loss and price."""
        return f"{self.name} {self.loss:.5g} ({self.price})"


@dataclass
class Contest:
    """Chooses by the loss on the same validated rows among what keeps the limits.

    Out-of-fold predictions are those of one fit a member for each row: a choice has the same loss with one fit a member
    as with the models of all folds averaged. So everything is held against the limits with one fit a member, before
    anything is fitted again, and the winner gets the models of all folds where these keep the limits, too.

    Args:
        session, collected: of the run.
        trials: that may be deployed.
        best: the choice without limits.
        limits: of the plan.
        settle: makes a choice's predictor.
        seconds: time for weighing trials.
        yardstick: loss of what has learned nothing, NaN where it is not known.
    """

    session: Session
    collected: Collected
    trials: Sequence[Trial]
    best: Choice
    limits: Limits
    settle: Settle
    seconds: float = float("inf")
    yardstick: float = float("nan")
    _prices: dict[tuple[str, ...], Price] = field(default_factory=dict)
    _school: School | None = None
    _taught: list[Trial] = field(default_factory=list)
    _rounding: Rounding = field(init=False)

    def __post_init__(self) -> None:
        self._rounding = Rounding(self.session, self.collected, self.trials, self.yardstick)

    def winner(self) -> Final:
        """What has the smallest loss, with its price where it is not the best choice as it would be without limits.

        Raises:
            LimitError: nothing keeps the limits.
        """
        best = self._contender(self.best)
        ranked = self._contenders(best)
        int8 = self.session.plan.precision == INT8
        while ranked:
            # Of equal losses the first: the simpler way. Eight bits that were asked for have been shown to be as good.
            ranked.sort(key=lambda c: (int8 and not c.rounded, c.loss))
            if len(ranked) > 1:
                told = "; ".join(c.told for c in ranked)
                self.session.decide("tuning", f"{ranked[0].name} leads", f"loss out of fold, time and size: {told}")
            contender = ranked.pop(0)
            final, price = self._settled(contender)
            if final is None:
                self._left_out(contender, self.limits.broken(price.bytes, price.seconds))
                ranked += self._smaller(contender, price)
                continue
            if contender is best and (not final.one_fold or not self._averaged):
                return replace(final, price=f"weights stay {FLOAT}: {self._rounding.refusal}") if int8 else final
            return replace(final, price=self._cost(best, contender))
        plan = self.session.plan
        raise LimitError(
            "No trained model keeps the limits.",
            f"--max-size {plan.max_size}, --max-latency {plan.max_latency}",
            f"the best one: {best.broken or 'kept them before its last fit'}",
            "Raise the limits, or name smaller models with --models; the run can be gone on with.",
        )

    def _contenders(self, best: Contender) -> list[Contender]:
        """What keeps the limits; students where something is given up without them, or where they were asked for."""
        asked, precision = self.session.plan.distil, self.session.plan.precision
        if not best.broken:
            rounded = self._rounded([self.best]) if precision == INT8 else []
            return [best, *rounded, *(self._students() if asked == "always" else ())]
        self._left_out(best, best.broken)
        found = [c for c in (self._first(self._blends()), self._first(self._singles())) if c is not None]
        rounded = [] if precision == FLOAT else self._rounded([self.best, *map(self._alone, self._ranked())])
        given = min((c.loss for c in found), default=np.inf) > best.loss
        # Where the best choice itself can be kept in eight bits there is nothing to teach.
        whole = any(len(c.choice.members) == len(self.best.members) for c in rounded)
        found += rounded
        if asked == "always" or (asked == "auto" and given and not whole):
            found += self._students()
        return found

    def _rounded(self, choices: Iterable[Choice]) -> list[Contender]:
        """The first of some choices that keeps the limits with its weights in eight bits, if it is shown to be as good
        as with all bits."""
        judged = 0
        for choice in choices:
            size, price = self._rounding.bytes_of(choice), self._of_one_fit(choice.members, choice)
            if self.limits.broken(size, price.seconds) or not np.isfinite(size):
                self._rounding.refusal = "they would take as much room"
                continue
            form = self._rounding.of(choice, self._loss(choice))
            self._show(self._rounding.made)
            if form is not None:
                contender = self._contender(form)
                if not contender.broken:
                    return [contender]
                self._left_out(contender, contender.broken)
            judged += 1
            if judged == _ROUNDED:
                break
        return []

    def _settled(self, contender: Contender) -> tuple[Final | None, Price]:
        """Its predictor within the limits, if it keeps them when it is fitted again, and what that costs."""
        price, limits = contender.price, self.limits
        wide = not limits.broken(price.bytes / _ROOM, price.seconds / _ROOM)
        ways = (False, True) if self._averaged and wide and not contender.made else (True,)
        for one_fold in ways if limits.any or contender.made else (False,):
            final = self.settle(contender.choice, one_fold)
            price = self._measured(final.predictor.load())
            if not limits.broken(price.bytes, price.seconds):
                return final, price
        return None, price

    def _first(self, choices: Iterator[Choice]) -> Contender | None:
        """The first that keeps the limits."""
        for choice in choices:
            contender = self._contender(choice)
            if not contender.broken:
                return contender
            self._left_out(contender, contender.broken)
        return None

    def _blends(self) -> Iterator[Choice]:
        """Choices of fewer and fewer members; none with one that breaks the limits by itself."""
        if len(self.best.members) < 2:
            return
        for trial in self.best.members:
            self._of_one_fit([trial])
        small = [t for t in self.trials if not self._known_as_too_much(t)]
        if not any(t.status is Status.FINISHED for t in small):
            return
        room = DEFAULT_BYTES if self.limits.bytes is None else self.limits.bytes
        for fewer in range(len(self.best.members) - 1, 1, -1):
            choice = choose(
                small, self.session.folder.trials, self.collected.workspace, self.session.plan.costs, fewer,
                most_bytes=room, seconds=self.seconds,
            )  # fmt: skip
            if len(choice.members) < 2:
                return
            yield choice

    def _singles(self) -> Iterator[Choice]:
        """Trials by themselves, the best first, and those on the folds of the best choice before others; when the time
        for it is over, the smallest."""
        left, tried = self._ranked(), 0
        while left:
            late = tried > 0 and not self._has_time
            trial = min(left, key=lambda t: t.bytes) if late else left[0]
            left.remove(trial)
            if late or not self._known_as_too_much(trial):
                tried += 1
                yield self._alone(trial)

    def _ranked(self) -> list[Trial]:
        """Finished trials, those on the folds of the best choice first."""
        folds = self.best.members[0].folds.keys()
        finished = (t for t in self.trials if t.status is Status.FINISHED)
        return sorted(finished, key=lambda t: (t.folds.keys() != folds, t.loss))

    @property
    def _has_time(self) -> bool:
        """Whether what is kept for the end is still there."""
        reserve = self.session.reserve
        return reserve is None or self.session.time_before(reserve.after_students(self.trials)) > 0

    def _known_as_too_much(self, trial: Trial) -> bool:
        """Whether a model of its kind, no larger than it, has broken a limit by itself."""
        for other in self.trials:
            price = self._prices.get((other.name,))
            if price is None or not self.limits.broken(price.bytes, price.seconds):
                continue
            same = other.recipe.model == trial.recipe.model and other.folds.keys() == trial.folds.keys()
            if same and other.bytes <= trial.bytes:
                return True
        return False

    @property
    def _averaged(self) -> bool:
        """Whether the models of folds are averaged; elsewhere each member is one fit in any case."""
        workspace, collected = self.collected.workspace, self.collected
        return workspace.whole is None and bagged(collected.task, collected.strategy, len(workspace.folds))

    def _alone(self, trial: Trial) -> Choice:
        if len(self.best.members) == 1 and self.best.members[0] is trial:
            return self.best
        return choose([trial], self.session.folder.trials, self.collected.workspace, self.session.plan.costs)

    def _students(self) -> list[Contender]:
        self._school = School(self.session, self.collected, self.trials, self.best, self.limits, self._of_one_fit)
        return self._listed(self._school.teach())

    def _smaller(self, contender: Contender, price: Price) -> list[Contender]:
        """In place of what has grown too large on all rows: a smaller student, or the same in eight bits."""
        trial, limits = contender.choice.members[0], self.limits
        if not contender.made and not contender.rounded and self.session.plan.precision != FLOAT:
            return self._rounded([contender.choice])
        if self._school is None or not contender.made:
            return []
        over = max(price.bytes / (limits.bytes or np.inf), np.nan_to_num(price.seconds) / (limits.seconds or np.inf))
        made = self._school.smaller(trial, _ROUGHLY / over)
        return [] if made is None else self._listed([made])

    def _listed(self, taught: Sequence[Trial]) -> list[Contender]:
        """Students as contenders, and on the leaderboard."""
        self._taught.extend(taught)
        self._show(self._rounding.made)
        return [self._contender(self._alone(trial)) for trial in taught]

    def _show(self, rounded: Sequence[Trial]) -> None:
        """All trials on the leaderboard, with those made to keep a limit."""
        board = [t.leaderboard_row() for t in (*self.trials, *self._taught, *rounded)]
        board.sort(key=lambda row: (row["status"] != "finished", row["loss"]))
        write_json(self.session.folder.leaderboard, board)

    def _contender(self, choice: Choice) -> Contender:
        price = self._of_one_fit(choice.members, choice)
        return Contender(choice, self._loss(choice), price, self.limits.broken(price.bytes, price.seconds))

    def _of_one_fit(self, members: Sequence[Trial], choice: Choice | None = None) -> Price:
        """Price of one fit a member."""
        names = tuple(trial.name for trial in members)
        if names not in self._prices:
            made = tuple(Member(t.name, (self._loaded(t),)) for t in members)
            predictor = Predictor(self.collected.task, made, AverageCombiner([1.0]))
            if choice is not None:
                predictor = replace(predictor, combiner=choice.combiner, calibrator=choice.calibrator)
            self._prices[names] = self._measured(predictor)
        return self._prices[names]

    def _loaded(self, trial: Trial) -> Pipeline:
        """The model of its last fold."""
        return load_pipeline(self.session.folder.trials / trial.name / f"fold-{max(trial.folds)}")

    def _measured(self, predictor: Predictor) -> Price:
        return price_of(predictor, self.collected.workspace, timed=self.limits.seconds is not None)

    def _left_out(self, contender: Contender, broken: str) -> None:
        self.session.decide("tuning", f"{contender.name} is not deployed", broken)

    def _cost(self, best: Contender, taken: Contender) -> str:
        """The score given up beside the best choice, with its interval; time and size of one fit a member of both."""
        if taken is best:
            return "the models of all folds are not averaged, each member is one fit"
        lost = told_price(self.collected.workspace, best.choice, taken.choice)
        costs = told_costs(best.price, taken.price)
        return f"{lost}; {costs}" if lost else costs

    def _loss(self, choice: Choice) -> float:
        workspace, rows = self.collected.workspace, np.flatnonzero(choice.seen)
        if metric_for(workspace.task).spec.needs is Needs.RANKING:
            return choice.members[0].loss  # by whole lists, not by the validated rows alone
        return score_predictions(workspace.task, workspace.target.take(rows), choice.answers(rows))[1]
