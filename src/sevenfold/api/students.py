"""Small models where a limit keeps the best choice out: students, which learn its answers, and others, which do not."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.api.price import price_of
from sevenfold.api.session import Session
from sevenfold.core.events import Happening
from sevenfold.core.inputs import Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.predictor import Member, Predictor
from sevenfold.core.task import Goal, Target
from sevenfold.models.baseline.constant import Constant
from sevenfold.tuning.distil import TRUST, allowed_share, models_for, refusal, sized, student
from sevenfold.tuning.ensemble import AverageCombiner
from sevenfold.tuning.executors.base import Executor
from sevenfold.tuning.final import Choice, load_pipeline
from sevenfold.tuning.job import Job
from sevenfold.tuning.limits import Limits, Price
from sevenfold.tuning.teacher import Teacher
from sevenfold.tuning.trial import Status, Trial, fold_event

if TYPE_CHECKING:
    from sevenfold.api.collect import Collected

_MOST, _MOST_LOOKED_AT = 3, 6  # models that students are taught after, and looked at for it
_TRIES = 3  # at a size that keeps the limits
_SMALLER = 0.7
_GROWN = 0.9  # of a limit that a fold's fit may take: one on all rows may be larger
_LEAST_SECONDS = 1.0
_LAST_FITS = 2.0  # on all training rows, and on the sealed ones as well
_SHARE, _LONGEST_SECONDS = 0.15, 120.0  # of a budget


def seconds_for_students(session: Session) -> float:
    """What a search has to leave for them: nothing where no limit could ask for any."""
    plan = session.plan
    wanted = plan.distil == "always" or (plan.distil == "auto" and Limits.of(plan).any)
    return min(_LONGEST_SECONDS, _SHARE * (plan.budget_seconds or 0.0)) if wanted else 0.0


@dataclass
class School:
    """Teaches students after the models that have done best, each as large as the limits allow.

    Args:
        session, collected: of the run.
        trials: of the search.
        best: the choice that teaches.
        limits: of the plan.
        price: of one fit of a trial that was made.
    """

    session: Session
    collected: Collected
    trials: Sequence[Trial]
    best: Choice
    limits: Limits
    price: Callable[[Sequence[Trial]], Price]
    _until: float = float("inf")
    _taught: dict[str, tuple[Trial, Trial, float]] = field(default_factory=dict)
    _again: set[tuple[str, str]] = field(default_factory=set)

    def teach(self) -> list[Trial]:
        """Students that keep the limits, as far as one of their fits shows it, scored on the folds of the teacher; and
        beside each the same model that learns the labels: often the answers teach no more than these do."""
        workspace, left = self.collected.workspace, self._left_seconds()
        reason, sizes = refusal(workspace), workspace.whole is None and workspace.task.goal is not Goal.RECOMMENDATION
        if left < _LEAST_SECONDS:
            reason, sizes = f"{left:.1f} s are left for it", False
        teacher = None
        if reason:
            self.session.decide("tuning", "no student is taught", reason)
        else:
            teacher = self._teacher()
            why = "it was asked for" if self.session.plan.distil == "always" else "the limits keep the best choice out"
            self.session.decide("tuning", f"students are taught the answers of {', '.join(teacher.trials)}", why)
        self._until = time.monotonic() + left
        done = 0
        for trial in models_for(self.trials, _MOST_LOOKED_AT) if sizes else ():
            if done == _MOST or time.monotonic() >= self._until:
                break
            share = self._share(trial)
            if sized(trial, share) is None:
                model = trial.recipe.model
                self.session.decide("tuning", f"no smaller {model} is tried", "not even the smallest would do")
                continue
            done += 1
            small = self._one(trial, None, share) if share < 1.0 else None
            if teacher is not None:
                self._one(trial, teacher, share if small is None else self._taught[small.name][2])
        return [made for made, _, _ in self._taught.values()]

    def smaller(self, made: Trial, ratio: float) -> Trial | None:
        """Another one in place of one whose fit on all rows has broken a limit; once for each.

        Args:
            ratio: of its size to the one before.
        """
        _, trial, share = self._taught[made.name]
        if (trial.name, made.origin) in self._again:
            return None
        self._again.add((trial.name, made.origin))
        return self._one(trial, None if made.teacher is None else Teacher.from_json(made.teacher), share * ratio)

    def _left_seconds(self) -> float:
        reserve = self.session.reserve
        return float("inf") if reserve is None else self.session.time_before(reserve.after_students(self.trials))

    @property
    def _folds(self) -> list[int]:
        return sorted(self.best.members[0].folds)

    def _teacher(self) -> Teacher:
        names = [trial.name for trial in self.best.members]
        last = [f"fold-{number}" for number in self._folds]
        if self.collected.strategy == "time":
            last = last[-1:]  # it has learned from the most, and the latest, rows
        combiner = self.best.combiner
        return Teacher(tuple(names), tuple(last), combiner.name, combiner.state(), TRUST)

    def _one(self, trial: Trial, teacher: Teacher | None, share: float) -> Trial | None:
        """A student modelled on a trial, of that share of its size, and made smaller until it keeps the limits."""
        if time.monotonic() >= self._until:
            return None
        for _ in range(_TRIES):
            recipe = sized(trial, share)
            if recipe is None:
                return None
            made = student(trial, recipe, teacher)
            self.session.note(Happening.TRIAL_STARTED, made.started_event())
            if not self._fits(made, self._folds[:1]):
                return None
            price = self.price([made])
            if not self.limits.broken(price.bytes / _GROWN, price.seconds / _GROWN):
                break
            self._close(made, Status.PRUNED, f"{price}: too near the limits, or above them")
            share *= _SMALLER
        else:
            return None
        reason = self._too_long(made)
        if reason:
            self._close(made, Status.PRUNED, reason)
            return None
        if not self._fits(made, self._folds[1:]):
            return None
        self._close(made, Status.FINISHED, "")
        self._taught[made.name] = made, trial, share
        return made

    def _share(self, trial: Trial) -> float:
        """Size that the limits allow, by what one fit of the trial costs with and without all that it has learned."""
        if not self.limits.any:
            return float("inf")
        workspace = self.collected.workspace
        pipeline = load_pipeline(self.session.folder.trials / trial.name / f"fold-{self._folds[0]}")
        classes = workspace.target.classes
        # Every class occurs, so that the empty answer has its place for each.
        truth = Target(workspace.task.goal, np.arange(max(classes, 1), dtype=np.float64), classes)
        empty = Constant()
        empty.fit(Inputs(len(truth)), truth, None, FitContext(self.session.streams.generator("students")))
        bare = Pipeline(pipeline.recipe, pipeline.features, empty, pipeline.target)
        limit = Price(self.limits.bytes or float("inf"), self.limits.seconds or float("inf"))
        alone = Predictor(workspace.task, (Member("bare", (bare,)),), AverageCombiner([1.0]))
        least = price_of(alone, workspace, timed=self.limits.seconds is not None)
        known = self.price([trial])
        share = allowed_share(known, least, limit)
        # What keeps the limits by itself is not made smaller for the sake of safety.
        return share if self.limits.broken(known.bytes, known.seconds) else max(1.0, share)

    def _too_long(self, made: Trial) -> str:
        """Why the student could not be finished in time, and fitted on all rows, by its first fold; "" where it can."""
        reserve = self.session.reserve
        if reserve is None:
            return ""
        pace = made.seconds / len(made.folds)
        rounds = -(-(len(self._folds) - 1) // self._executor.slots)
        last = _LAST_FITS * reserve.last_fits([made])
        left = self.session.time_before(reserve.before_refit(self.trials))
        if rounds * pace <= self._until - time.monotonic() and rounds * pace + last <= left:
            return ""
        return f"a fold takes {pace:.1f} s, {rounds * pace + last:.1f} s are needed in all and {left:.1f} s are left"

    @property
    def _executor(self) -> Executor:
        assert self.session.executor is not None
        return self.session.executor

    def _fits(self, made: Trial, folds: Sequence[int]) -> bool:
        """Fit folds of a student; whether all were done in time."""
        waiting = [self._job(made, fold) for fold in folds]
        running = 0
        while waiting or running:
            while waiting and self._executor.running < self._executor.slots:
                self._executor.submit(waiting.pop(0))
                running += 1
            left = self._until - time.monotonic()
            outcomes = self._executor.wait(min(1.0, left)) if left > 0 else ()
            for outcome in outcomes:
                running -= 1
                if outcome.result is None:
                    self._close(made, Status.FAILED, outcome.reason)
                    return False
                made.add(outcome.job.fold, outcome.result)
                self.session.note(Happening.FOLD_FINISHED, fold_event(made.name, outcome.job.fold, outcome.result))
            if left <= 0 and (waiting or running):
                self._close(made, Status.PRUNED, "the time for students was used up")
                return False
        return True

    def _job(self, made: Trial, fold: int) -> Job:
        folder = self.session.folder.trials
        return Job(
            made.name,
            made.recipe.to_json(),
            fold,
            str(folder / made.name),
            stop_at=self._until,
            kill_at=self._until,
            threads=max(1, self.session.threads // self.session.slots),
            teacher=made.teacher,
            taught_in=str(folder),
        )

    def _close(self, made: Trial, status: Status, reason: str) -> None:
        self._executor.cancel(made.name)
        made.status, made.reason = status, reason
        self.session.note(*made.ended_event())
