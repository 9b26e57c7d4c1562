"""Choices with their weights in eight bits, where validated rows show that accuracy holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.api.price import given_up
from sevenfold.api.session import Session
from sevenfold.core.context import Streams
from sevenfold.core.errors import DataError
from sevenfold.core.events import Happening
from sevenfold.core.int8 import INT8
from sevenfold.core.metric import Needs
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.predictor import Member, Predictor
from sevenfold.evaluation.compare import Gain, compare
from sevenfold.evaluation.metrics.catalogue import metric_for
from sevenfold.tuning.ensemble import AverageCombiner
from sevenfold.tuning.final import Choice, exchanged, load_pipeline
from sevenfold.tuning.int8 import KEPT, rank_values, round_fold, rounded, tolerance, worthwhile
from sevenfold.tuning.limits import state_bytes
from sevenfold.tuning.trial import Status, Trial, fold_event

if TYPE_CHECKING:
    from sevenfold.api.collect import Collected


@dataclass
class Rounding:
    """Makes them, and judges each by paired draws of the rows on which the choice itself was validated.

    Args:
        session, collected: of the run.
        trials: of the search, for what is kept of the time.
        yardstick: loss of what has learned nothing; NaN where it is not known.
        refusal: why the last choice that was asked for stays as it is, or "".
    """

    session: Session
    collected: Collected
    trials: Sequence[Trial]
    yardstick: float
    refusal: str = ""
    _forms: dict[str, Trial] = field(default_factory=dict)
    _last: dict[str, Pipeline] = field(default_factory=dict)

    @property
    def made(self) -> list[Trial]:
        """Trials that were made, for the leaderboard."""
        return list(self._forms.values())

    def bytes_of(self, choice: Choice) -> float:
        """What one fit a member would take; infinite where it would be no smaller than it is."""
        if not any(worthwhile(self._of_last_fold(trial)) for trial in choice.members):
            return float("inf")
        members = tuple(
            Member(t.name, (replace(self._of_last_fold(t), precision=INT8),)) for t in choice.members
        )  # fmt: skip
        return state_bytes(Predictor(self.collected.task, members, AverageCombiner([1.0])))

    def of(self, choice: Choice, loss: float) -> Choice | None:
        """The choice in eight bits; None where it is not shown to be as good, or there is no time to find out.

        Args:
            loss: of the choice, out of fold.
        """
        names = ", ".join(trial.name for trial in choice.members)
        try:
            self.refusal = self._too_long(choice)
            if not self.refusal:
                members = [self._form(trial) for trial in choice.members]
                folder, workspace = self.session.folder.trials, self.collected.workspace
                form = exchanged(choice, members, folder, workspace, self.session.plan.costs)
                self.refusal = self._worse(choice, form, loss)
        except DataError as error:
            self.refusal = f"{error.what} {error.received}"
        if self.refusal:
            self.session.decide("tuning", f"{names}: weights are not stored in int8", self.refusal)
            return None
        return form

    def _form(self, trial: Trial) -> Trial:
        """The trial in eight bits, made once; itself where that saves nothing."""
        if trial.name in self._forms or not worthwhile(self._of_last_fold(trial)):
            return self._forms.get(trial.name, trial)
        made = rounded(trial)
        self.session.note(Happening.TRIAL_STARTED, made.started_event())
        for fold in trial.folds:
            result = round_fold(self.collected.workspace, self.session.folder.trials, trial, made, fold)
            made.add(fold, result)
            self.session.note(Happening.FOLD_FINISHED, fold_event(made.name, fold, result))
        made.status = Status.FINISHED
        self.session.note(*made.ended_event())
        self._forms[trial.name] = made
        return made

    def _worse(self, choice: Choice, form: Choice, loss: float) -> str:
        """Why accuracy is not shown to hold, or ""."""
        allowed = tolerance(loss, self.yardstick)
        gain = self._lost(choice, form)
        if gain is None:
            return "its loss cannot be compared on the validated rows"
        if gain.high <= allowed:
            names = ", ".join(trial.name for trial in form.members)
            why = f"its loss is at most {gain.high:.3g} larger (95 %), and {allowed:.3g} is allowed"
            self.session.decide("tuning", f"{names}: accuracy holds in int8", why)
            return ""
        return (
            f"its loss may be {gain.high:.3g} larger (95 % interval {gain.low:.3g} to {gain.high:.3g}), and "
            f"{allowed:.3g} is allowed: {KEPT:.0%} of what it gains over the yardstick must be kept"
        )

    def _lost(self, choice: Choice, form: Choice) -> Gain | None:
        workspace, folder = self.collected.workspace, self.session.folder.trials
        metric = metric_for(workspace.task)
        if metric.spec.needs is not Needs.RANKING:
            return given_up(workspace, choice, form)
        before, after = (rank_values(workspace, folder, each.members[0]) for each in (choice, form))
        stream = Streams(workspace.seed).generator("price")
        return compare(metric, np.zeros(len(before)), after, before, stream)

    def _of_last_fold(self, trial: Trial) -> Pipeline:
        if trial.name not in self._last:
            self._last[trial.name] = load_pipeline(self.session.folder.trials / trial.name / f"fold-{max(trial.folds)}")
        return self._last[trial.name]

    def _too_long(self, choice: Choice) -> str:
        """Why the form cannot be judged in time, or ""."""
        reserve = self.session.reserve
        if reserve is None:
            return ""
        results = [r for t in choice.members if t.name not in self._forms for r in t.folds.values()]
        needed = sum(result.feature_seconds + result.predict_seconds for result in results)
        left = self.session.time_before(reserve.after_students(self.trials))
        return "" if needed <= left else f"judging that takes {needed:.1f} s and {left:.1f} s are left"
