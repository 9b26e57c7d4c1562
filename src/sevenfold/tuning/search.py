"""The search: keeps every worker busy with the next fold that is worth its time, and journals each decision."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sevenfold.core.context import Deadline
from sevenfold.core.errors import disk_is_full
from sevenfold.core.events import Happening
from sevenfold.core.inputs import Form
from sevenfold.core.model import Trait
from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.agenda import Agenda, Standing
from sevenfold.tuning.allowance import allowance
from sevenfold.tuning.candidates import Candidate
from sevenfold.tuning.executors.base import Executor, Outcome
from sevenfold.tuning.executors.imports import LIBRARIES
from sevenfold.tuning.fold_count import FEWEST_FOLDS, folds_within
from sevenfold.tuning.job import Job
from sevenfold.tuning.pace import Pace
from sevenfold.tuning.proposals import Proposal, Searcher, portfolio, told_trials
from sevenfold.tuning.pruning import hopeless
from sevenfold.tuning.rescue import far_ahead, rescued
from sevenfold.tuning.standstill import Standstill, perfect
from sevenfold.tuning.trial import Status, Trial, fold_event

Journal = Callable[[str, Mapping[str, Any]], None]

_ROUND = 4  # trials decided together where a run must repeat exactly, whatever the number of workers
_MUCH_KEPT, _SOON = 0.15, 0.5  # of the budget; of what is kept: from then on it is worth a closer look
_KEPT_WITHOUT_MODEL = 0.35  # of the time left, at most, while nothing but the constant is finished


@dataclass
class Search:
    """One search over candidates.

    Args:
        candidates: models in order of first try.
        searcher: proposes variants once the portfolio is through, or None for the portfolio alone.
        executor: runs the folds.
        folder: the run's `trials/`.
        folds: number of folds of each trial.
        rows: training rows of one fold.
        valid_rows: validation rows of one fold.
        classification: which yardsticks apply.
        classes: for cost estimates.
        journal: appends an event.
        deadline: when the last fold must be done; infinite where trials count.
        most_trials: number of trials besides the yardsticks, or None under a time budget.
        named: models that the user asked for, if any: all else is a yardstick.
        kept_seconds: time to keep back after the search, given the trials so far.
        reconsider: finds out what would be deployed now, so that no time is kept for anything else.
        threads: threads of one job.
        best_value: what the metric gives where nothing is wrong.
        trials: those of the run so far, on resume.
    """

    candidates: Sequence[Candidate]
    searcher: Searcher | None
    executor: Executor
    folder: Path
    folds: int
    rows: int
    valid_rows: int
    classification: bool
    classes: int
    journal: Journal
    deadline: Deadline
    most_trials: int | None = None
    named: Collection[str] = ()
    threads: int = 1
    best_value: float | None = None
    kept_seconds: Callable[[Sequence[Trial]], float] = lambda trials: 0.0
    reconsider: Callable[[Sequence[Trial]], None] | None = None
    trials: list[Trial] = field(default_factory=list)
    stop_reason: str = ""
    _folds_settled: bool = False
    _pictures: set[str] = field(default_factory=set)
    _standstill: Standstill = field(default_factory=Standstill)
    _pace: Pace = field(init=False)
    _agenda: Agenda = field(init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.candidates, self.rows, self.classes, self.threads)
        self._agenda = Agenda([], self.searcher, self._pace, self.named)

    def run(self) -> list[Trial]:
        """Search until time, trials or ideas run out; every trial with its status."""
        taken = {trial.recipe.digest for trial in self.trials}
        starts = portfolio(self.candidates, self.classification, self.named)
        self._agenda.queue = [proposal for proposal in starts if proposal.recipe.digest not in taken]
        for trial in self.trials:
            self._pace.learn(trial)
            self._standstill.weigh(trial, self.constant)
            if trial.status is Status.FINISHED and trial.recipe.model != "constant" and trial.origin != "yardstick":
                self.folds, self._folds_settled = min(self.folds, len(trial.folds)), True
        for trial in self.trials:
            # Broken off between its last fold and the word that it had ended.
            if trial.status is Status.OPEN and trial.folds:
                self._judge(trial)
        self._pictures = {
            c.name for c in self.candidates if Form.IMAGES in c.spec.accepts and Trait.BASELINE not in c.spec.traits
        }
        while True:
            self._fill()
            if self.timed and perfect(self.trials, self.best_value):
                self.stop_reason = "the score is perfect on every fold: more time would buy nothing"
                break
            if self.timed and self._standstill.reason and not self._agenda.queue:
                self.stop_reason = self._standstill.reason
                break
            if not self.executor.running:
                break
            if self.left_seconds <= 0:
                break
            self._reconsider()
            for outcome in self.executor.wait(min(1.0, max(0.05, self.left_seconds))):
                self._take(outcome)
        self._end()
        return self.trials

    def _reconsider(self) -> None:
        """Once, before the time kept for the end is all that is left, find out what it would really be needed for."""
        if self.reconsider is None or not self.timed:
            return
        kept = self.kept_seconds(self.trials)
        if kept < _MUCH_KEPT * self.deadline.seconds or self.left_seconds > _SOON * kept:
            return
        if sum(t.status is Status.FINISHED and t.origin != "yardstick" for t in self.trials) > 1:
            self.reconsider(self.trials)
            self.reconsider = None

    @property
    def left_seconds(self) -> float:
        """Time left for searching, without what is kept for the end: less while there is nothing to end with."""
        if self.deadline.seconds == float("inf"):
            return float("inf")
        kept = self.kept_seconds(self.trials)
        if not any(t.folds and self._counts(t) for t in self.trials):
            kept = min(kept, _KEPT_WITHOUT_MODEL * self.deadline.left())
        return max(0.0, self.deadline.left() - kept)

    def _counts(self, trial: Trial) -> bool:
        """Whether it is more than a yardstick."""
        return trial.origin != "yardstick" or trial.recipe.model in self.named

    @property
    def timed(self) -> bool:
        """Whether time counts, not trials."""
        return self.deadline.seconds != float("inf")

    @property
    def constant(self) -> Trial | None:
        """The constant baseline, once it is scored."""
        for trial in self.trials:
            if trial.recipe.model == "constant" and trial.folds:
                return trial
        return None

    def _fill(self) -> None:
        while self.executor.running < self.executor.slots and self.left_seconds > 0:
            job = self._next_job()
            if job is None:
                return
            self.executor.submit(job)

    def _next_job(self) -> Job | None:
        for trial in self.trials:
            if trial.status is Status.OPEN:
                waiting = [fold for fold in range(self.folds) if fold not in trial.started]
                if waiting and trial.folds and self._hopelessly_slow(trial, len(waiting)):
                    continue
                # A trial shows its first fold before the others are started, so that a hopeless one costs little.
                if waiting and (trial.folds or not trial.started or self._sure(trial)):
                    trial.started.add(waiting[0])
                    return self._job(trial, waiting[0])
        proposal = self._propose()
        if proposal is None:
            return None
        trial = Trial(f"t{len(self.trials):03d}", proposal.recipe, proposal.style, proposal.origin)
        self.trials.append(trial)
        self.journal(Happening.TRIAL_STARTED, trial.started_event())
        trial.started.add(0)
        return self._job(trial, 0)

    def _hopelessly_slow(self, trial: Trial, waiting: int) -> bool:
        """Give a trial up whose other folds, at the pace of those done, would not end in time."""
        if self.deadline.seconds == float("inf"):
            return False
        pace = trial.seconds / len(trial.folds)
        rounds = -(-waiting // self.executor.slots)
        if rounds * pace <= self.left_seconds or (waiting == 1 and pace <= 2 * self.left_seconds):
            return False
        finished = [t for t in self._rivals(trial) if t.status is Status.FINISHED]
        begun = 1 + max(trial.started)
        folds = begun + int(self.left_seconds / pace) * self.executor.slots
        first = not finished and folds >= FEWEST_FOLDS
        if first or (finished and far_ahead([trial], finished, self.constant) is trial):
            # Too good to lose, or the first: fewer folds for all, or it counts with those it has done at the end.
            self._use_folds(
                folds, f"a fold of {trial.recipe.model}, {'the first' if first else 'which leads'}, takes {pace:.1f} s"
            )
            return self.folds <= begun
        if not finished:
            # One fold of the only model is more than nothing, and perhaps more than what is quick enough from here on.
            return True
        reason = f"a fold takes {pace:.1f} s, {waiting} are left to do, and {self.left_seconds:.1f} s are left"
        self._close(trial, Status.PRUNED, reason)
        return True

    def _sure(self, trial: Trial) -> bool:
        """Whether all folds of a trial may start at once: nothing could prune it, nor show it to be too slow."""
        if self.timed:
            return trial.recipe.model == "constant" or self._first_to_count(trial)
        return trial.origin == "yardstick" or not any(t.status is Status.FINISHED for t in self._rivals(trial))

    def _first_to_count(self, trial: Trial) -> bool:
        """Whether it is the first real trial, of a kind that the clock can stop: a core that waited for its first fold
        could do nothing better."""
        stops = Trait.EARLY_STOPPING in MODELS.get(trial.recipe.model).spec.traits
        own = stops and trial.origin != "yardstick" and trial.recipe.model not in self._pictures
        return own and not any(t.folds for t in self._rivals(trial) if t is not trial and t.origin != "yardstick")

    def _rivals(self, trial: Trial) -> list[Trial]:
        return [t for t in told_trials(self.trials, self._window(trial)) if t.recipe.model != "constant"]

    def _window(self, trial: Trial) -> int | None:
        """First trial of the round a trial belongs to, where the run must repeat exactly."""
        if self.most_trials is None:
            return None
        number = self.trials.index(trial)
        return number - number % _ROUND

    def _propose(self) -> Proposal | None:
        if self.most_trials is not None:
            # A round starts only when the one before has ended: its decisions then see the same results in any order.
            number = len(self.trials)
            if any(t.status is Status.OPEN for t in self.trials[: number - number % _ROUND]):
                return None
        proposal = self._agenda.next(self._standing())
        for recipe, why in self._agenda.declined:
            self.journal(Happening.DECISION, {"what": f"{recipe.model} is not tried", "why": why, "step": "tuning"})
        self.stop_reason = self._agenda.end
        return proposal

    def _standing(self) -> Standing:
        window = None if self.most_trials is None else len(self.trials) - len(self.trials) % _ROUND
        work_left = self.left_seconds * self.executor.slots
        return Standing(self.trials, window, self.constant, self.folds, work_left, self.most_trials)

    def _job(self, trial: Trial, fold: int) -> Job:
        folder, model = str(self.folder / trial.name), trial.recipe.model
        if not self.timed:
            return Job(trial.name, trial.recipe.to_json(), fold, folder, threads=self.threads)
        now, known, slots = time.monotonic(), self._pace.knows(model), self.executor.slots
        # Until it is known how many folds the time allows, a fold may take as long as if they were the fewest: rounds
        # cut off hurt more than folds left out.
        waiting = self.folds - len(trial.folds) if self._folds_settled else min(FEWEST_FOLDS, self.folds)
        open_folds = self.folds - len(trial.folds)
        given = allowance(
            self.left_seconds,
            -(-waiting // slots),
            self._pace.seconds(trial.recipe) * open_folds / slots if known else 0.0,
            finished=self._standing().has_model,
            pictures=model in self._pictures,
            imports=model in LIBRARIES and not known,
        )
        return Job(
            trial.name,
            trial.recipe.to_json(),
            fold,
            folder,
            stop_at=now + given.stop,
            latest_at=now + given.latest,
            kill_at=now + given.kill,
            threads=self.threads,
        )

    def _take(self, outcome: Outcome) -> None:
        trial = next(t for t in self.trials if t.name == outcome.job.trial)
        if trial.status is not Status.OPEN:
            return
        if outcome.result is None:
            # A full disk says nothing of the trial: the run ends here, and does the fold anew when it is resumed.
            if disk_is_full(outcome.reason):
                raise OSError(errno.ENOSPC, outcome.reason)
            self._close(trial, Status.FAILED, outcome.reason)
            if "deadline" in outcome.reason:
                self._agenda.leave_out(trial.recipe.model)
            return
        trial.add(outcome.job.fold, outcome.result)
        self.journal(Happening.FOLD_FINISHED, fold_event(trial.name, outcome.job.fold, outcome.result))
        self._pace.learn(trial)
        self._fit_folds(trial)
        self._judge(trial)

    def _judge(self, trial: Trial) -> None:
        """End a trial whose folds are done, or that its first folds show to be hopeless."""
        if trial.status is not Status.OPEN:
            return
        # Judged fold by fold in their order, so that the order of arrival decides nothing.
        while trial.judged + 1 < self.folds and trial.judged in trial.folds:
            trial.judged += 1
            shown = trial.first_folds(trial.judged)
            reason = hopeless(shown, self._rivals(trial), self.constant, self._share_of_work(trial))
            if reason:
                trial.folds = shown.folds
                self._close(trial, Status.PRUNED, reason)
                return
        if all(fold in trial.folds for fold in range(self.folds)):
            # Begun before it was known that fewer folds are used: it is compared on those that all trials have.
            trial.folds = trial.first_folds(self.folds).folds
            self._close(trial, Status.FINISHED, "")

    def _share_of_work(self, trial: Trial) -> float:
        """What a trial's open folds would take of all work that can still be done; 0 where time does not count."""
        if not self.timed:
            return 0.0
        open_folds = self.folds - len(trial.folds)
        return open_folds * trial.seconds / len(trial.folds) / max(1e-3, self.left_seconds * self.executor.slots)

    def _fit_folds(self, trial: Trial) -> None:
        """Fewer folds for every trial where the first fold of the first real one shows that time is short."""
        if self._folds_settled or not self.timed or trial.recipe.model == "constant":
            return
        if not self._counts(trial):
            return
        self._folds_settled = True
        pace = trial.seconds / len(trial.folds)
        folds = folds_within(trial, self.folds, self.valid_rows, self.left_seconds * self.executor.slots)
        self._use_folds(
            folds, f"a fold of {trial.recipe.model} takes {pace:.1f} s and {self.left_seconds:.0f} s are left"
        )

    def _use_folds(self, folds: int, why: str) -> None:
        """Fewer folds for every trial, also for those that have done more: they are compared on the same."""
        if folds >= self.folds:
            return
        self.journal(
            Happening.DECISION, {"what": f"{folds} of {self.folds} folds are used", "why": why, "step": "tuning"}
        )
        self.folds = folds
        for trial in self.trials:
            if trial.recipe.model == "constant":
                continue
            if trial.status is Status.FINISHED and all(fold in trial.folds for fold in range(folds)):
                trial.folds = trial.first_folds(folds).folds
            elif trial.status is Status.OPEN and trial.folds:
                self._judge(trial)

    def _close(self, trial: Trial, status: Status, reason: str) -> None:
        trial.status, trial.reason = status, reason
        self._standstill.weigh(trial, self.constant)
        self.executor.cancel(trial.name)
        self.journal(*trial.ended_event())

    def _end(self) -> None:
        saved = rescued(self.trials, self.folds, self.constant)
        if saved is not None:
            trial, why = saved
            self.journal(Happening.DECISION, {"what": f"{trial.name} counts as it is", "why": why, "step": "tuning"})
            self._close(trial, Status.FINISHED, why)
        if self.left_seconds <= 0:
            self.stop_reason = self.stop_reason or "the time for searching was used up"
        for trial in self.trials:
            if trial.status is Status.OPEN:
                self.executor.cancel(trial.name)
                trial.status = Status.CUT
                trial.reason = f"{len(trial.folds)} of {self.folds} folds when the time was used up"
        self.journal(
            Happening.DECISION,
            {"what": "the search ends", "why": self.stop_reason or "the trials asked for are done", "step": "tuning"},
        )
