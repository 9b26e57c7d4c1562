"""Fitting the chosen members again on more rows than a fold gave them, beside whatever else the run has to do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.api.session import Session
from sevenfold.core.events import Happening
from sevenfold.core.model import Trait
from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.executors.base import Executor, Outcome
from sevenfold.tuning.job import Job, JobResult, worthwhile_share
from sevenfold.tuning.limits import DEFAULT_BYTES
from sevenfold.tuning.reserve import Reserve
from sevenfold.tuning.trial import Trial, fold_event

if TYPE_CHECKING:
    from sevenfold.api.collect import Collected

_TRIED = 2.0  # times the time left that the estimate of a single fit may come to: estimates err
MOST_REPEATS = 3
"""Fits of a model that learns with chance on the same rows; on public tables three of them, averaged, do as well as
the models of five folds, each of which has seen four fifths of the rows."""


def repeats_for(trial: Trial, most: int = MOST_REPEATS) -> int:
    """Fits that are worth averaging: one where chance has no part or the model is an average already."""
    return most if Trait.EARLY_STOPPING in MODELS.get(trial.recipe.model).spec.traits else 1


def folds_kept(members: Sequence[Trial], most_bytes: float = DEFAULT_BYTES) -> dict[str, list[int]]:
    """The folds whose models are deployed, of each member, where together they should take no more: of whichever takes
    the most one is left out after the other. One of each stays.

    Args:
        members: with their folds done.
    """
    kept = {trial.name: sorted(trial.folds) for trial in members}
    sizes = {trial.name: trial.bytes / max(1, len(trial.folds)) for trial in members}
    while sum(sizes[name] * len(folds) for name, folds in kept.items()) > most_bytes:
        several = [name for name, folds in kept.items() if len(folds) > 1]
        if not several:
            break
        kept[max(several, key=lambda name: sizes[name] * len(kept[name]))].pop()
    return kept


def fits_in_time(
    members: Sequence[Trial], reserve: Reserve | None, left_seconds: float, most_bytes: float = DEFAULT_BYTES
) -> dict[str, int]:
    """Fits of each member that the time and the size allow: first one of as many members as possible, the dearest left
    out, then further ones of the cheapest. A member that is not named keeps the models of its folds.

    Args:
        reserve: knows what a fit takes; None where time does not count.
        left_seconds: for all of it.
    """
    kept, spare = list(members), 0.8 * left_seconds
    # The last one is tried even if it will hardly end in time: the clock stops it, and nothing is lost.
    while kept and reserve is not None and reserve.last_fits(kept) > left_seconds * (_TRIED if len(kept) == 1 else 1.0):
        kept.remove(max(kept, key=lambda trial: max(result.seconds for result in trial.folds.values())))
    sizes = {trial.name: trial.bytes / max(1, len(trial.folds)) for trial in kept}
    numbers = {trial.name: 1 for trial in kept}
    for _ in range(2, MOST_REPEATS + 1):
        for trial in sorted(kept, key=lambda trial: trial.seconds / max(1, len(trial.folds))):
            more = {**numbers, trial.name: numbers[trial.name] + 1}
            small = sum(sizes[name] * number for name, number in more.items()) <= most_bytes
            times = [fit for fit in kept for _ in range(more[fit.name])]
            if (
                more[trial.name] <= repeats_for(trial)
                and small
                and (reserve is None or reserve.last_fits(times) <= spare)
            ):
                numbers = more
    return numbers


@dataclass
class LastFit:
    """Fits of members on every training row, or on every row once the sealed ones have been opened.

    Args:
        session, collected: of the run.
        members: trials to fit.
        numbers: fits of each, by the trial's name.
        sealed: learn from the sealed rows as well.
        until: monotonic clock time by which all must be done.
    """

    session: Session
    collected: Collected
    members: Sequence[Trial]
    numbers: Mapping[str, int]
    sealed: bool
    until: float = float("inf")
    _waiting: list[Job] = field(default_factory=list)
    _failed: dict[str, str] = field(default_factory=dict)
    _results: list[tuple[Job, JobResult]] = field(default_factory=list)
    _under_way: int = 0
    _beside: Thread | None = None
    _broken: BaseException | None = None

    def start(self) -> None:
        """Give the fits to the workers; where these are processes, a thread keeps them busy until all are done."""
        for trial in self.members:
            for repeat in range(self.numbers[trial.name]):
                job = self._job(trial, repeat)
                if not (Path(job.folder) / job.name / "state.json").exists():
                    self._waiting.append(job)
        self._executor.refresh()
        self._submit()
        self._executor.settle()
        if self._executor.beside:
            self._beside = Thread(target=self._work_beside, name="last-fit", daemon=True)
            self._beside.start()

    def finish(self) -> dict[str, tuple[Path, ...]]:
        """Wait for all fits, but no longer than `until`; where the pipelines lie of those members of which a fit
        succeeded and none failed. Of a member's further fits those count that were done in time."""
        if self._beside is None:
            self._work()
        else:
            self._beside.join()
        if self._broken is not None:
            raise self._broken
        if self.sealed:
            self._executor.rest()
        for job, result in self._results:
            # Each fit has a number of its own, below those of the folds.
            number = -1 - 2 * job.repeat - int(self.sealed)
            event = {**fold_event(job.trial, number, result), "repeat": job.repeat, "sealed": self.sealed}
            self.session.note(Happening.FOLD_FINISHED, event)
        done: dict[str, tuple[Path, ...]] = {}
        for trial in self.members:
            folder = self.session.folder.trials / trial.name
            jobs = [self._job(trial, repeat) for repeat in range(self.numbers[trial.name])]
            ready = [job for job in jobs if (folder / job.name / "state.json").exists()]
            if len(ready) < len(jobs):
                self._executor.cancel(trial.name)
            if not ready:
                self._failed.setdefault(trial.name, "the time did not suffice")
            if trial.name not in self._failed:
                done[trial.name] = tuple(folder / job.name for job in ready)
        for name, reason in self._failed.items():
            where = "all rows" if self.sealed else "all training rows"
            self.session.decide("tuning", f"{name} is not fitted again on {where}", reason)
        return done

    @property
    def _executor(self) -> Executor:
        executor = self.session.executor
        assert executor is not None
        return executor

    def _work_beside(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._broken = error  # told by `finish`, in the thread that asked for the fits

    def _work(self) -> None:
        while self._under_way:
            left = self.until - time.monotonic()
            if left <= 0:
                break
            for outcome in self._executor.wait(min(1.0, left)):
                self._take(outcome)
            self._submit()

    def _submit(self) -> None:
        while self._waiting and self._executor.running < self._executor.slots:
            self._executor.submit(self._waiting.pop(0))
            self._under_way += 1
        if self.sealed and not self._waiting:
            self._executor.rest()  # nothing follows

    def _take(self, outcome: Outcome) -> None:
        job = outcome.job
        self._under_way -= 1
        if outcome.result is None or (outcome.result.truncated and job.rounds is not None):
            self._failed[job.trial] = outcome.reason or "the clock cut it short"
            self._waiting = [other for other in self._waiting if other.trial != job.trial]
            return
        self._results.append((job, outcome.result))

    def _job(self, trial: Trial, repeat: int) -> Job:
        rounds = [result.rounds for result in trial.folds.values() if result.rounds]
        workspace, share = self.collected.workspace, None
        if workspace.whole is not None and not self.sealed:
            fold_rows = sum(len(workspace.folds[number][0]) for number in trial.folds)
            left = self.until - time.monotonic()
            share = worthwhile_share(workspace, trial.recipe, list(trial.folds.values()), fold_rows, left)
        return Job(
            trial.name,
            trial.recipe.to_json(),
            -1,
            str(self.session.folder.trials / trial.name),
            stop_at=self.until,
            kill_at=self.until,
            threads=max(1, self.session.threads // self.session.slots),
            rounds=max(1, round(float(np.mean(rounds)))) if rounds else None,
            repeat=repeat,
            share=share,
            more=str(self.session.folder.sealed.resolve()) if self.sealed else None,
            teacher=trial.teacher,
            taught_in=str(self.session.folder.trials),
            precision=trial.precision,
        )
